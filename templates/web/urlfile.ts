// The URL parser's states of file URLs: file, file slash.
import { fileHost } from "./urlauthority.ts"
import { enterQueryOrFragment, path } from "./urlpath.ts"
import { isNormalizedDrive, shorten } from "./urlrecord.ts"
import { reconsume, type Parser } from "./urlstate.ts"

/** "Starts with a Windows drive letter": what follows the letter must end it. */
const startsWithDrive = (p: Parser) => /^[A-Za-z][:|](?:[/\\?#]|$)/.test(p.text.slice(p.at, p.at + 3).join(""))

/** File state. */
export function file(p: Parser, c: string | undefined): undefined {
  const { url, base } = p
  url.scheme = "file:"
  url.host = ""
  if (c === "/" || c === "\\") {
    p.state = fileSlash
    return
  }
  if (base?.scheme !== "file:") {
    reconsume(p, path)
    return
  }
  url.host = base.host
  url.path = [...(base.path as string[])]
  url.query = base.query
  if (enterQueryOrFragment(p, c) || c === undefined) return
  url.query = null
  if (startsWithDrive(p)) url.path = []
  else shorten(url)
  reconsume(p, path)
}

/** File slash state: a path that begins with a slash stays on the base's drive. */
export function fileSlash(p: Parser, c: string | undefined): undefined {
  if (c === "/" || c === "\\") {
    p.state = fileHost
    return
  }
  if (p.base?.scheme === "file:") {
    p.url.host = p.base.host
    const first = (p.base.path as string[])[0]
    if (!startsWithDrive(p) && first !== undefined && isNormalizedDrive(first)) (p.url.path as string[]).push(first)
  }
  reconsume(p, path)
}

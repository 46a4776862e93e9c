// The URL parser's states from the path to the end: path start, path, opaque path, query, fragment.
import { c0Set, fragmentSet, pathSet, percentEncode, querySet, specialQuerySet } from "./percent.ts"
import { isSpecial, shorten } from "./urlrecord.ts"
import { reconsume, type Parser } from "./urlstate.ts"

const windowsDriveLetter = /^[A-Za-z][:|]$/

/** "Windows drive letter": a letter and `:` or `|`. */
export const isWindowsDriveLetter = (text: string) => windowsDriveLetter.test(text)

/** What follows a path begins with `?` or `#`: true when this is one. */
export function enterQueryOrFragment(p: Parser, c: string | undefined): boolean {
  if (c === "?") {
    p.url.query = ""
    p.state = query
  } else if (c === "#") {
    p.url.fragment = ""
    p.state = fragment
  } else return false
  return true
}

/** Path start state. */
export function pathStart(p: Parser, c: string | undefined): undefined {
  const { url } = p
  if (isSpecial(url)) {
    p.state = path
    if (c !== "/" && c !== "\\") p.at--
  } else if (!p.isOverride && enterQueryOrFragment(p, c)) return
  else if (c === "/") p.state = path
  else if (c !== undefined) reconsume(p, path)
  else if (p.isOverride && url.host === null) (url.path as string[]).push("")
}

/** Path state. */
export function path(p: Parser, c: string | undefined): undefined {
  const isSlash = c === "/" || (c === "\\" && isSpecial(p.url))
  if (c === undefined || isSlash || (!p.isOverride && (c === "?" || c === "#"))) {
    endSegment(p, isSlash)
    enterQueryOrFragment(p, c)
  } else p.buffer += percentEncode(c, pathSet)
}

/** The segment in the buffer is whole. `isSlash`: there is another one after it. */
function endSegment(p: Parser, isSlash: boolean): void {
  const { url, buffer } = p
  const segments = url.path as string[]
  const dots = buffer.length > 6 ? "" : buffer.replace(/%2e/gi, ".")
  p.buffer = ""
  if (dots === "..") {
    shorten(url)
    if (!isSlash) segments.push("")
  } else if (dots === ".") {
    if (!isSlash) segments.push("")
  } else if (url.scheme === "file:" && segments.length === 0 && isWindowsDriveLetter(buffer)) {
    segments.push(`${buffer[0]}:`)
  } else segments.push(buffer)
}

/** Opaque path state. */
export function opaquePath(p: Parser, c: string | undefined): undefined {
  if (enterQueryOrFragment(p, c) || c === undefined) return
  p.url.path = `${p.url.path as string}${percentEncode(c, c0Set)}`
}

/** Query state. */
export function query(p: Parser, c: string | undefined): undefined {
  if (c === undefined || (c === "#" && !p.isOverride)) {
    p.url.query += percentEncode(p.buffer, isSpecial(p.url) ? specialQuerySet : querySet)
    p.buffer = ""
    enterQueryOrFragment(p, c)
  } else p.buffer += c
}

/** Fragment state: all the rest at once. */
export function fragment(p: Parser, c: string | undefined): undefined {
  if (c === undefined) return
  p.url.fragment += percentEncode(p.text.slice(p.at).join(""), fragmentSet)
  p.at = p.text.length
}

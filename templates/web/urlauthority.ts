// The URL parser's states between the slashes: authority, host, hostname, file host, port.
import { percentEncode, userinfoSet } from "./percent.ts"
import { parseHost } from "./urlhost.ts"
import { isWindowsDriveLetter, path, pathStart } from "./urlpath.ts"
import { hasCredentials, isSpecial, specialPorts, type UrlRecord } from "./urlrecord.ts"
import { reconsume, type End, type Parser } from "./urlstate.ts"

const endsAuthority = (url: UrlRecord, c: string | undefined) =>
  c === undefined || c === "/" || c === "?" || c === "#" || (c === "\\" && isSpecial(url))

/** Authority state: until an `@` or the end it is not known whether this is a user's name or a host. */
export function authority(p: Parser, c: string | undefined): End {
  if (c === "@") takeCredentials(p)
  else if (endsAuthority(p.url, c)) {
    if (p.atSignSeen && p.buffer === "") return "failure"
    p.at -= Array.from(p.buffer).length + 1
    p.buffer = ""
    p.state = host
  } else p.buffer += c
}

/** The buffer ends with an `@`: user and password, or more of them, if there was an `@` before. */
function takeCredentials(p: Parser): void {
  const text = p.atSignSeen ? `%40${p.buffer}` : p.buffer
  p.atSignSeen = true
  p.buffer = ""
  for (const character of text) {
    if (character === ":" && !p.passwordTokenSeen) {
      p.passwordTokenSeen = true
      continue
    }
    const encoded = percentEncode(character, userinfoSet)
    if (p.passwordTokenSeen) p.url.password += encoded
    else p.url.username += encoded
  }
}

/** Host state. */
export function host(p: Parser, c: string | undefined): End {
  if (p.isOverride && p.url.scheme === "file:") reconsume(p, fileHost)
  else if (c === ":" && !p.insideBrackets) {
    if (p.buffer === "" || !takeHost(p)) return "failure"
    p.state = port
  } else if (endsAuthority(p.url, c)) {
    if (mustHaveHost(p) || !takeHost(p)) return "failure"
    if (p.isOverride) return "done"
    reconsume(p, pathStart)
  } else {
    if (c === "[") p.insideBrackets = true
    if (c === "]") p.insideBrackets = false
    p.buffer += c
  }
}

/** Hostname state: the host state of the setter that leaves the port alone. */
export function hostname(p: Parser, c: string | undefined): End {
  if (c === ":" && !p.insideBrackets && p.url.scheme !== "file:") return "failure"
  return host(p, c)
}

/** The buffer is empty, and an empty host would not do. */
function mustHaveHost(p: Parser): boolean {
  if (p.buffer !== "") return false
  return isSpecial(p.url) || (p.isOverride && (hasCredentials(p.url) || p.url.port !== null))
}

/** The buffer becomes the URL's host; false is failure. */
function takeHost(p: Parser): boolean {
  const parsed = parseHost(p.buffer, !isSpecial(p.url))
  if (parsed === undefined) return false
  p.url.host = parsed
  p.buffer = ""
  return true
}

/** File host state. */
export function fileHost(p: Parser, c: string | undefined): End {
  if (c !== undefined && c !== "/" && c !== "\\" && c !== "?" && c !== "#") {
    p.buffer += c
    return
  }
  if (!p.isOverride && isWindowsDriveLetter(p.buffer)) {
    // The buffer stays: it is the beginning of the path.
    reconsume(p, path)
    return
  }
  if (p.buffer === "") p.url.host = ""
  else if (!takeHost(p)) return "failure"
  else if (p.url.host === "localhost") p.url.host = ""
  if (p.isOverride) return "done"
  reconsume(p, pathStart)
}

/** Port state. */
export function port(p: Parser, c: string | undefined): End {
  if (c !== undefined && c >= "0" && c <= "9") {
    p.buffer += c
    return
  }
  if (!p.isOverride && !endsAuthority(p.url, c)) return "failure"
  if (p.buffer !== "") {
    const given = Number(p.buffer)
    if (given > 65535) return "failure"
    p.url.port = given === specialPorts[p.url.scheme] ? null : given
    p.buffer = ""
    if (p.isOverride) return "done"
  }
  if (p.isOverride) return "failure"
  reconsume(p, pathStart)
}

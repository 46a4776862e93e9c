// The URL parser's states at the beginning: the scheme, and what a URL without one has from its base.
import { authority } from "./urlauthority.ts"
import { file } from "./urlfile.ts"
import { enterQueryOrFragment, fragment, opaquePath, path } from "./urlpath.ts"
import { hasCredentials, isSpecial, shorten, specialPorts, type UrlRecord } from "./urlrecord.ts"
import { reconsume, type End, type Parser } from "./urlstate.ts"

const inScheme = /[A-Za-z0-9+\-.]/

/** Scheme start state. */
export function schemeStart(p: Parser, c: string | undefined): End {
  if (c !== undefined && /[A-Za-z]/.test(c)) {
    p.buffer += c.toLowerCase()
    p.state = scheme
  } else if (p.isOverride) return "failure"
  else reconsume(p, noScheme)
}

/** Scheme state. */
export function scheme(p: Parser, c: string | undefined): End {
  if (c !== undefined && inScheme.test(c)) p.buffer += c.toLowerCase()
  else if (c === ":") {
    const given = `${p.buffer}:`
    p.buffer = ""
    if (p.isOverride) return changeScheme(p.url, given)
    afterScheme(p, given)
  } else if (p.isOverride) return "failure"
  else {
    // It was no scheme: again from the beginning.
    p.buffer = ""
    p.state = noScheme
    p.at = -1
  }
}

/** A setter gives a URL another scheme, where the standard lets it. */
function changeScheme(url: UrlRecord, given: string): "done" {
  const isRefused =
    isSpecial(url) !== Object.hasOwn(specialPorts, given) ||
    ((hasCredentials(url) || url.port !== null) && given === "file:") ||
    (url.scheme === "file:" && (url.host === "" || url.host === null))
  if (isRefused) return "done"
  url.scheme = given
  if (url.port === specialPorts[given]) url.port = null
  return "done"
}

function afterScheme(p: Parser, given: string): void {
  const { url, base } = p
  url.scheme = given
  if (given === "file:") p.state = file
  else if (isSpecial(url)) p.state = base?.scheme === given ? specialRelativeOrAuthority : specialAuthoritySlashes
  else if (p.text[p.at + 1] === "/") {
    p.state = pathOrAuthority
    p.at++
  } else {
    url.path = ""
    p.state = opaquePath
  }
}

/** No scheme state. */
export function noScheme(p: Parser, c: string | undefined): End {
  const { base } = p
  if (base === undefined) return "failure"
  if (typeof base.path === "string") {
    if (c !== "#") return "failure"
    Object.assign(p.url, { scheme: base.scheme, path: base.path, query: base.query, fragment: "" })
    p.state = fragment
  } else reconsume(p, base.scheme === "file:" ? file : relative)
}

/** Special relative or authority state. */
export function specialRelativeOrAuthority(p: Parser, c: string | undefined): undefined {
  if (c === "/" && p.text[p.at + 1] === "/") {
    p.state = specialAuthorityIgnoreSlashes
    p.at++
  } else reconsume(p, relative)
}

/** Path or authority state. */
export function pathOrAuthority(p: Parser, c: string | undefined): undefined {
  if (c === "/") p.state = authority
  else reconsume(p, path)
}

/** Relative state. */
export function relative(p: Parser, c: string | undefined): undefined {
  const { url } = p
  const base = p.base!
  url.scheme = base.scheme
  if (c === "/" || (c === "\\" && isSpecial(url))) {
    p.state = relativeSlash
    return
  }
  takeAuthority(url, base)
  url.path = [...(base.path as string[])]
  url.query = base.query
  if (enterQueryOrFragment(p, c) || c === undefined) return
  url.query = null
  shorten(url)
  reconsume(p, path)
}

/** Relative slash state. */
export function relativeSlash(p: Parser, c: string | undefined): undefined {
  if (c === "/") p.state = isSpecial(p.url) ? specialAuthorityIgnoreSlashes : authority
  else if (c === "\\" && isSpecial(p.url)) p.state = specialAuthorityIgnoreSlashes
  else {
    takeAuthority(p.url, p.base!)
    reconsume(p, path)
  }
}

function takeAuthority(url: UrlRecord, { username, password, host, port }: UrlRecord): void {
  Object.assign(url, { username, password, host, port })
}

/** Special authority slashes state. */
export function specialAuthoritySlashes(p: Parser, c: string | undefined): undefined {
  p.state = specialAuthorityIgnoreSlashes
  if (c === "/" && p.text[p.at + 1] === "/") p.at++
  else p.at--
}

/** Special authority ignore slashes state. */
export function specialAuthorityIgnoreSlashes(p: Parser, c: string | undefined): undefined {
  if (c !== "/" && c !== "\\") reconsume(p, authority)
}

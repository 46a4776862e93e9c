// URL records of the URL Standard (section 4.1) and how they are written (4.5).

/** A URL record. */
export interface UrlRecord {
  /** With its colon. */
  scheme: string
  username: string
  password: string
  host: string | null
  port: number | null
  /** A list, or one string when the path is opaque. */
  path: string[] | string
  query: string | null
  fragment: string | null
}

/** The special schemes and their default ports. */
export const specialPorts: { [scheme: string]: number | null } = {
  "ftp:": 21,
  "file:": null,
  "http:": 80,
  "https:": 443,
  "ws:": 80,
  "wss:": 443,
}

export const isSpecial = (url: UrlRecord) => Object.hasOwn(specialPorts, url.scheme)

export const hasCredentials = (url: UrlRecord) => url.username !== "" || url.password !== ""

/** A record of which nothing is known. */
export function emptyRecord(): UrlRecord {
  return { scheme: "", username: "", password: "", host: null, port: null, path: [], query: null, fragment: null }
}

/** "Normalized Windows drive letter": a letter and a colon. */
export const isNormalizedDrive = (segment: string) => /^[A-Za-z]:$/.test(segment)

/** "Shorten" a URL's path: its last segment goes, but not the drive of a file URL. */
export function shorten(url: UrlRecord): void {
  const path = url.path as string[]
  if (url.scheme === "file:" && path.length === 1 && isNormalizedDrive(path[0]!)) return
  path.pop()
}

/** The URL serializer. */
export function serialize(url: UrlRecord): string {
  const query = url.query === null ? "" : `?${url.query}`
  const fragment = url.fragment === null ? "" : `#${url.fragment}`
  return url.scheme + serializeAuthority(url) + serializePath(url) + query + fragment
}

/** What stands between the scheme and the path. */
function serializeAuthority(url: UrlRecord): string {
  const { host, port, path, username, password } = url
  // Without a host, a path that begins with two slashes would be read as one.
  if (host === null) return typeof path !== "string" && path.length > 1 && path[0] === "" ? "/." : ""
  const user = hasCredentials(url) ? `${username}${password === "" ? "" : `:${password}`}@` : ""
  return `//${user}${host}${port === null ? "" : `:${port}`}`
}

/** The URL path serializer. */
export function serializePath(url: UrlRecord): string {
  return typeof url.path === "string" ? url.path : url.path.map((segment) => `/${segment}`).join("")
}

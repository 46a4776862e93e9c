// node:url: the URL classes and what goes between file URLs and paths. The old parser (url.parse) is not here.
import { kit, useKit, type Kit } from "../guest/kit.ts"
import { toUnicode } from "../web/idna.ts"

export function start(given: Kit): void {
  useKit(given)
  const { URL, URLSearchParams } = globalThis
  given.modules.set("url", {
    URL,
    URLSearchParams,
    fileURLToPath,
    pathToFileURL,
    format,
    domainToASCII: (domain: string) => hostOf(domain),
    domainToUnicode: (domain: string) => toUnicode(hostOf(domain)),
    urlToHttpOptions,
  })
}

function fileURLToPath(given: string | URL): string {
  const url = typeof given === "string" ? new URL(given) : given
  if (typeof url !== "object" || url === null || typeof url.href !== "string")
    throw kit.world().wrongType("path", "of type string or an instance of URL", given)
  if (url.protocol !== "file:")
    throw kit.world().nodeError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file")
  if (url.hostname !== "")
    throw kit
      .world()
      .nodeError(TypeError, "ERR_INVALID_FILE_URL_HOST", 'File URL host must be "localhost" or empty on wasi')
  if (/%2f/i.test(url.pathname))
    throw kit
      .world()
      .nodeError(TypeError, "ERR_INVALID_FILE_URL_PATH", "File URL path must not include encoded / characters")
  return decodeURIComponent(url.pathname)
}

/** What would mean something else in a URL than in a path. */
const escapes: Record<string, string> = {
  "%": "%25",
  "\\": "%5C",
  "\n": "%0A",
  "\r": "%0D",
  "\t": "%09",
  "?": "%3F",
  "#": "%23",
}

function pathToFileURL(path: string): URL {
  if (typeof path !== "string") throw kit.world().wrongType("path", "of type string", path)
  const out: string[] = []
  for (const piece of path.split("/")) {
    if (piece === "..") out.pop()
    else if (piece !== "" && piece !== ".") out.push(piece)
  }
  const full = `/${out.join("/")}${path.endsWith("/") && out.length > 0 ? "/" : ""}`
  return new URL(`file://${full.replace(/[%\\\n\r\t?#]/g, (c) => escapes[c]!)}`)
}

function format(
  url: URL,
  options: { auth?: boolean; fragment?: boolean; search?: boolean; unicode?: boolean } = {},
): string {
  if (typeof url === "string") return url
  if (typeof url !== "object" || url === null || typeof url.href !== "string")
    throw kit.world().wrongType("urlObject", "an instance of URL", url)
  const copy = new URL(url.href)
  if (options.auth === false) copy.username = copy.password = ""
  if (options.fragment === false) copy.hash = ""
  if (options.search === false) copy.search = ""
  return options.unicode ? copy.href.replace(copy.hostname, toUnicode(copy.hostname)) : copy.href
}

/** A domain as a URL's host; "" when it cannot be one. */
function hostOf(domain: string): string {
  const url = new URL("ws://no.host")
  url.hostname = domain
  return url.hostname === "no.host" && domain !== "no.host" ? "" : url.hostname
}

const urlToHttpOptions = (url: URL) => {
  const { protocol, hostname, hash, search, pathname, href, port, username, password } = url
  return {
    protocol,
    hostname: hostname.startsWith("[") ? hostname.slice(1, -1) : hostname,
    hash,
    search,
    pathname,
    path: `${pathname}${search}`,
    href,
    ...(port === "" ? {} : { port: Number(port) }),
    ...(username === "" && password === ""
      ? {}
      : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
  }
}

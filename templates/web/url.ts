// URL of the URL Standard (section 6.1). Parsing is in urlparser.ts, URLSearchParams in searchparams.ts.
import { customInspect } from "../guest/inspection.ts"
import { kit, useKit, type Kit } from "../guest/kit.ts"
import { percentEncode, userinfoSet } from "./percent.ts"
import { replaceQuery, setOwner, URLSearchParams } from "./searchparams.ts"
import { parse, parseFrom, type Override } from "./urlparser.ts"
import { isSpecial, serialize, serializePath, type UrlRecord } from "./urlrecord.ts"
import { exposeInterface, needArguments, usvString } from "./webidl.ts"

export function start(given: Kit): void {
  useKit(given)
  exposeInterface("URL", URL)
  exposeInterface("URLSearchParams", URLSearchParams)
}

const oneUrl = '"url" argument'

/** What is printed of a URL, in Node's order. */
const shownKeys = "href origin protocol username password host hostname port pathname search searchParams hash".split(
  " ",
)

class URL {
  #url: UrlRecord
  #params: URLSearchParams | undefined
  constructor(input: unknown, base?: unknown) {
    needArguments(arguments.length, 1, oneUrl)
    const given = usvString(input)
    const baseText = base === undefined ? undefined : usvString(base)
    this.#url = parseAgainst(given, baseText) ?? refuse(given, baseText)
  }
  static canParse(input: unknown, base?: unknown): boolean {
    needArguments(arguments.length, 1, oneUrl)
    return parseAgainst(usvString(input), base === undefined ? undefined : usvString(base)) !== undefined
  }
  static parse(input: unknown, base?: unknown): URL | null {
    try {
      return new URL(input, base)
    } catch {
      return null
    }
  }
  get href(): string {
    return serialize(this.#url)
  }
  set href(value: unknown) {
    const given = usvString(value)
    this.#url = parse(given) ?? refuse(given, undefined)
    this.#updateParams()
  }
  get origin(): string {
    return serializeOrigin(this.#url)
  }
  get protocol(): string {
    return this.#url.scheme
  }
  set protocol(value: unknown) {
    this.#change("scheme start", `${usvString(value)}:`)
  }
  get username(): string {
    return this.#url.username
  }
  set username(value: unknown) {
    if (hasNoAuthority(this.#url)) return
    this.#url.username = percentEncode(usvString(value), userinfoSet)
  }
  get password(): string {
    return this.#url.password
  }
  set password(value: unknown) {
    if (hasNoAuthority(this.#url)) return
    this.#url.password = percentEncode(usvString(value), userinfoSet)
  }
  get host(): string {
    const { host, port } = this.#url
    return host === null ? "" : port === null ? host : `${host}:${port}`
  }
  set host(value: unknown) {
    if (typeof this.#url.path !== "string") this.#change("host", usvString(value))
  }
  get hostname(): string {
    return this.#url.host ?? ""
  }
  set hostname(value: unknown) {
    if (typeof this.#url.path !== "string") this.#change("hostname", usvString(value))
  }
  get port(): string {
    return this.#url.port === null ? "" : String(this.#url.port)
  }
  set port(value: unknown) {
    if (hasNoAuthority(this.#url)) return
    const given = usvString(value)
    if (given === "") this.#url.port = null
    else this.#change("port", given)
  }
  get pathname(): string {
    return serializePath(this.#url)
  }
  set pathname(value: unknown) {
    if (typeof this.#url.path === "string") return
    const given = usvString(value)
    const old = this.#url.path
    this.#url.path = []
    if (!this.#change("path start", given)) this.#url.path = old
  }
  get search(): string {
    return this.#url.query ? `?${this.#url.query}` : ""
  }
  set search(value: unknown) {
    const given = usvString(value)
    if (given === "") {
      this.#url.query = null
      trimOpaquePath(this.#url)
    } else {
      this.#url.query = ""
      this.#change("query", given.startsWith("?") ? given.slice(1) : given)
    }
    this.#updateParams()
  }
  get searchParams(): URLSearchParams {
    return (this.#params ??= this.#makeParams())
  }
  get hash(): string {
    return this.#url.fragment ? `#${this.#url.fragment}` : ""
  }
  set hash(value: unknown) {
    const given = usvString(value)
    if (given === "") {
      this.#url.fragment = null
      trimOpaquePath(this.#url)
    } else {
      this.#url.fragment = ""
      this.#change("fragment", given.startsWith("#") ? given.slice(1) : given)
    }
  }
  toString(): string {
    return this.href
  }
  toJSON(): string {
    return this.href
  }
  [customInspect](depth: number, options: object): unknown {
    if (depth < 0) return this
    const values = this as unknown as { [key: string]: unknown }
    const shown = Object.fromEntries(shownKeys.map((key) => [key, values[key]]))
    return `${this.constructor.name} ${kit.show().inspect(shown, options)}`
  }
  /** Run the parser from a state; a failure changes nothing. */
  #change(state: Override, input: string): boolean {
    const copy = { ...this.#url, path: typeof this.#url.path === "string" ? this.#url.path : [...this.#url.path] }
    // A host that is followed by a bad port: the host, which was good, stays.
    if (!parseFrom(state, input, copy) && (state !== "host" || copy.host === this.#url.host)) return false
    this.#url = copy
    return true
  }
  #makeParams(): URLSearchParams {
    const params = new URLSearchParams()
    replaceQuery(params, this.#url.query ?? "")
    setOwner(params, () => {
      const query = params.toString()
      this.#url.query = query === "" ? null : query
      if (query === "") trimOpaquePath(this.#url)
    })
    return params
  }
  #updateParams(): void {
    if (this.#params !== undefined) replaceQuery(this.#params, this.#url.query ?? "")
  }
}

/** Parse against the text of a base, if there is one. */
function parseAgainst(input: string, baseText: string | undefined): UrlRecord | undefined {
  if (baseText === undefined) return parse(input)
  const base = parse(baseText)
  return base && parse(input, base)
}

function refuse(input: string, base: string | undefined): never {
  throw kit
    .world()
    .nodeError(TypeError, "ERR_INVALID_URL", "Invalid URL", base === undefined ? { input } : { input, base })
}

/** A URL's origin, serialised: "null" when it is opaque. */
function serializeOrigin(url: UrlRecord): string {
  const { scheme, host, port } = url
  if (scheme === "blob:") {
    const inner = parse(serializePath(url))
    return inner !== undefined && /^https?:$/.test(inner.scheme) ? serializeOrigin(inner) : "null"
  }
  if (!isSpecial(url) || scheme === "file:") return "null"
  return `${scheme}//${host}${port === null ? "" : `:${port}`}`
}

/** "Cannot have a username/password/port". */
const hasNoAuthority = (url: UrlRecord) => url.host === null || url.host === "" || url.scheme === "file:"

/** Spaces at the end of an opaque path may not become the end of the URL. */
function trimOpaquePath(url: UrlRecord): void {
  if (typeof url.path === "string" && url.query === null && url.fragment === null)
    url.path = url.path.replace(/ +$/, "")
}

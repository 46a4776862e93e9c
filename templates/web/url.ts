// URL and URLSearchParams of the URL Standard.
import type { Kit } from "../guest/core.ts"
import {
  isSpecial,
  makeParser,
  serialize,
  serializePath,
  specialPorts,
  type Override,
  type Record as UrlRecord,
} from "./urlparser.ts"

export function start({ native, expose, show, world, modules }: Kit): void {
  const coder = {
    encode: (text: string) => new Uint8Array(native.encode(text)),
    decode: (bytes: Uint8Array) => native.decode(bytes, false)!,
  }
  const { parse, percentEncode, percentDecode, userinfoSet } = makeParser(coder)
  const text = (value: unknown): string => `${value as string}`.toWellFormed()
  const custom = Symbol.for("nodejs.util.inspect.custom")

  const formSafe = /[^*\-.0-9A-Z_a-z]/
  const formEncode = (part: string) => percentEncode(part.replaceAll(" ", "+"), /[^+*\-.0-9A-Z_a-z]/)
  const encodePart = (part: string) =>
    formSafe.test(part)
      ? part
          .split(" ")
          .map((piece) => percentEncode(piece, formSafe))
          .join("+")
      : part
  void formEncode
  const parseForm = (query: string): [string, string][] =>
    query
      .split("&")
      .filter((piece) => piece !== "")
      .map((piece) => {
        const at = piece.indexOf("=")
        const [name, value] = at < 0 ? [piece, ""] : [piece.slice(0, at), piece.slice(at + 1)]
        return [percentDecode(name.replaceAll("+", " ")), percentDecode(value.replaceAll("+", " "))]
      })

  const need = (given: number, wanted: number, names: string) => {
    if (given < wanted) throw world().nodeError(TypeError, "ERR_MISSING_ARGS", `The ${names} must be specified`)
  }
  let ownerOf: (params: URLSearchParams, owner: () => void) => void
  let replaceList: (params: URLSearchParams, query: string) => void

  class URLSearchParams {
    #list: [string, string][] = []
    #changed: (() => void) | undefined
    static {
      ownerOf = (params, owner) => void (params.#changed = owner)
      replaceList = (params, query) => void (params.#list = parseForm(query))
    }
    constructor(init?: unknown) {
      if (init === undefined || init === null) return
      if (typeof init !== "object" && typeof init !== "function") {
        const query = text(init)
        this.#list = parseForm(query.startsWith("?") ? query.slice(1) : query)
        return
      }
      const iterate = (init as Iterable<unknown>)[Symbol.iterator]
      if (iterate != null) {
        if (typeof iterate !== "function")
          throw world().nodeError(TypeError, "ERR_ARG_NOT_ITERABLE", "Query pairs must be iterable")
        for (const pair of init as Iterable<Iterable<unknown>>) {
          const isPair =
            (typeof pair === "object" || typeof pair === "function") &&
            pair !== null &&
            typeof pair[Symbol.iterator] === "function"
          const items = isPair ? [...pair] : []
          if (items.length !== 2)
            throw world().nodeError(
              TypeError,
              "ERR_INVALID_TUPLE",
              "Each query pair must be an iterable [name, value] tuple",
            )
          this.#list.push([text(items[0]), text(items[1])])
        }
        return
      }
      const seen = new Map<string, number>()
      for (const key of Reflect.ownKeys(init)) {
        if (!Reflect.getOwnPropertyDescriptor(init, key)?.enumerable) continue
        if (typeof key === "symbol") throw new TypeError("Cannot convert a Symbol value to a string")
        const name = text(key)
        const value = text((init as { [key: string]: unknown })[key])
        const at = seen.get(name)
        if (at === undefined) seen.set(name, this.#list.push([name, value]) - 1)
        else this.#list[at] = [name, value]
      }
    }
    get size(): number {
      return this.#list.length
    }
    append(name: unknown, value: unknown): void {
      need(arguments.length, 2, '"name" and "value" arguments')
      this.#list.push([text(name), text(value)])
      this.#changed?.()
    }
    delete(name: unknown, value?: unknown): void {
      need(arguments.length, 1, '"name" argument')
      const key = text(name)
      const only = value === undefined ? undefined : text(value)
      this.#list = this.#list.filter(([n, v]) => n !== key || (only !== undefined && v !== only))
      this.#changed?.()
    }
    get(name: unknown): string | null {
      need(arguments.length, 1, '"name" argument')
      const key = text(name)
      return this.#list.find(([n]) => n === key)?.[1] ?? null
    }
    getAll(name: unknown): string[] {
      need(arguments.length, 1, '"name" argument')
      const key = text(name)
      return this.#list.filter(([n]) => n === key).map(([, v]) => v)
    }
    has(name: unknown, value?: unknown): boolean {
      need(arguments.length, 1, '"name" argument')
      const key = text(name)
      const only = value === undefined ? undefined : text(value)
      return this.#list.some(([n, v]) => n === key && (only === undefined || v === only))
    }
    set(name: unknown, value: unknown): void {
      need(arguments.length, 2, '"name" and "value" arguments')
      const key = text(name)
      const entry: [string, string] = [key, text(value)]
      const at = this.#list.findIndex(([n]) => n === key)
      if (at < 0) this.#list.push(entry)
      else this.#list = this.#list.flatMap((old, i) => (i === at ? [entry] : old[0] === key ? [] : [old]))
      this.#changed?.()
    }
    sort(): void {
      // By code units; sort is stable.
      this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      this.#changed?.()
    }
    forEach(callback: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void {
      world().checkCallback(callback)
      for (let at = 0; at < this.#list.length; at++) {
        const [name, value] = this.#list[at]!
        callback.call(self, value, name, this)
      }
    }
    toString(): string {
      return this.#list.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&")
    }
    entries(): IterableIterator<[string, string]> {
      return iterate(
        () => this.#list,
        (entry) => [...entry] as [string, string],
      )
    }
    keys(): IterableIterator<string> {
      return iterate(
        () => this.#list,
        ([name]) => name,
      )
    }
    values(): IterableIterator<string> {
      return iterate(
        () => this.#list,
        ([, value]) => value,
      )
    }
    [custom](depth: number, options: object): string {
      if (depth < 0) return "[Object]"
      const { inspect } = show()
      const pairs = this.#list.map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`)
      if (pairs.length === 0) return "URLSearchParams {}"
      const line = `URLSearchParams { ${pairs.join(", ")} }`
      const { breakLength = 80 } = options as { breakLength?: number }
      return line.length <= breakLength ? line : `URLSearchParams {\n  ${pairs.join(",\n  ")} }`
    }
    declare [Symbol.iterator]: () => IterableIterator<[string, string]>
  }
  Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
    value: URLSearchParams.prototype.entries,
    writable: true,
    configurable: true,
  })

  const iteratorPrototype = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())))
  const steps = new WeakMap<object, () => IteratorResult<unknown>>()
  Object.defineProperty(iteratorPrototype, Symbol.toStringTag, {
    value: "URLSearchParams Iterator",
    configurable: true,
  })
  Object.defineProperty(iteratorPrototype, "next", {
    writable: true,
    enumerable: true,
    configurable: true,
    value: function next(this: object) {
      const step = steps.get(this)
      if (step === undefined)
        throw world().nodeError(
          TypeError,
          "ERR_INVALID_THIS",
          'Value of "this" must be of type URLSearchParamsIterator',
        )
      return step()
    },
  })
  function iterate<T>(list: () => [string, string][], pick: (entry: [string, string]) => T): IterableIterator<T> {
    let at = 0
    const iterator = Object.create(iteratorPrototype) as IterableIterator<T>
    steps.set(iterator, () => {
      const entry = list()[at++]
      return entry === undefined ? { done: true, value: undefined } : { done: false, value: pick(entry) }
    })
    return iterator
  }

  let recordOf: (url: URL) => UrlRecord

  class URL {
    #url: UrlRecord
    #params: URLSearchParams | undefined
    static {
      recordOf = (url) => url.#url
    }
    constructor(input: unknown, base?: unknown) {
      need(arguments.length, 1, '"url" argument')
      const given = text(input)
      const baseText = base === undefined ? undefined : text(base)
      const url = parseWith(given, baseText)
      if (url === undefined) throw invalid(given, baseText)
      this.#url = url
    }
    static canParse(input: unknown, base?: unknown): boolean {
      need(arguments.length, 1, '"url" argument')
      return parseWith(text(input), base === undefined ? undefined : text(base)) !== undefined
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
      const given = text(value)
      const url = parse(given)
      if (url === undefined) throw invalid(given, undefined)
      this.#url = url
      this.#refresh()
    }
    get origin(): string {
      const { scheme, host, port } = this.#url
      if (scheme === "blob:") {
        const inner = parse(serializePath(this.#url))
        return inner !== undefined && /^https?:$/.test(inner.scheme) ? new URL(serialize(inner)).origin : "null"
      }
      if (!isSpecial(this.#url) || scheme === "file:") return "null"
      return `${scheme}//${host}${port === null ? "" : `:${port}`}`
    }
    get protocol(): string {
      return this.#url.scheme
    }
    set protocol(value: unknown) {
      this.#change(`${text(value)}:`, "scheme start")
    }
    get username(): string {
      return this.#url.username
    }
    set username(value: unknown) {
      if (this.#hasNoUser()) return
      this.#url.username = percentEncode(text(value), userinfoSet)
    }
    get password(): string {
      return this.#url.password
    }
    set password(value: unknown) {
      if (this.#hasNoUser()) return
      this.#url.password = percentEncode(text(value), userinfoSet)
    }
    get host(): string {
      const { host, port } = this.#url
      return host === null ? "" : port === null ? host : `${host}:${port}`
    }
    set host(value: unknown) {
      if (typeof this.#url.path !== "string") this.#change(text(value), "host")
    }
    get hostname(): string {
      return this.#url.host ?? ""
    }
    set hostname(value: unknown) {
      if (typeof this.#url.path !== "string") this.#change(text(value), "hostname")
    }
    get port(): string {
      return this.#url.port === null ? "" : String(this.#url.port)
    }
    set port(value: unknown) {
      if (this.#hasNoUser()) return
      const given = text(value)
      if (given === "") this.#url.port = null
      else this.#change(given, "port")
    }
    get pathname(): string {
      return serializePath(this.#url)
    }
    set pathname(value: unknown) {
      if (typeof this.#url.path === "string") return
      const given = text(value)
      const old = this.#url.path
      this.#url.path = []
      if (!this.#change(given, "path start")) this.#url.path = old
    }
    get search(): string {
      return this.#url.query ? `?${this.#url.query}` : ""
    }
    set search(value: unknown) {
      const given = text(value)
      if (given === "") {
        this.#url.query = null
        this.#trimOpaquePath()
      } else {
        this.#url.query = ""
        this.#change(given.startsWith("?") ? given.slice(1) : given, "query")
      }
      this.#refresh()
    }
    get searchParams(): URLSearchParams {
      if (this.#params === undefined) {
        const params = new URLSearchParams(this.#url.query ?? "")
        replaceList(params, this.#url.query ?? "")
        ownerOf(params, () => {
          const query = params.toString()
          this.#url.query = query === "" ? null : query
          if (query === "") this.#trimOpaquePath()
        })
        this.#params = params
      }
      return this.#params
    }
    get hash(): string {
      return this.#url.fragment ? `#${this.#url.fragment}` : ""
    }
    set hash(value: unknown) {
      const given = text(value)
      if (given === "") {
        this.#url.fragment = null
        this.#trimOpaquePath()
      } else {
        this.#url.fragment = ""
        this.#change(given.startsWith("#") ? given.slice(1) : given, "fragment")
      }
    }
    toString(): string {
      return this.href
    }
    toJSON(): string {
      return this.href
    }
    [custom](depth: number, options: object): unknown {
      if (depth < 0) return this
      const shown: { [key: string]: unknown } = {}
      for (const key of [
        "href",
        "origin",
        "protocol",
        "username",
        "password",
        "host",
        "hostname",
        "port",
        "pathname",
        "search",
        "searchParams",
        "hash",
      ])
        shown[key] = (this as unknown as { [key: string]: unknown })[key]
      return `${this.constructor.name} ${show().inspect(shown, options)}`
    }
    #hasNoUser(): boolean {
      return this.#url.host === null || this.#url.host === "" || this.#url.scheme === "file:"
    }
    /** Run the parser from a state; a failure changes nothing. */
    #change(input: string, state: Override): boolean {
      const copy = { ...this.#url, path: typeof this.#url.path === "string" ? this.#url.path : [...this.#url.path] }
      const changed = parse(input, undefined, copy, state)
      // A port that is followed by something else, a host followed by a bad port: what was good stays.
      if (changed === undefined && state !== "host") return false
      if (changed === undefined && copy.host === this.#url.host) return false
      this.#url = copy
      return true
    }
    /** Spaces at the end of an opaque path may not become the end of the URL. */
    #trimOpaquePath(): void {
      const url = this.#url
      if (typeof url.path === "string" && url.query === null && url.fragment === null)
        url.path = url.path.replace(/ +$/, "")
    }
    #refresh(): void {
      if (this.#params !== undefined) replaceList(this.#params, this.#url.query ?? "")
    }
  }

  function parseWith(input: string, baseText: string | undefined): UrlRecord | undefined {
    if (baseText === undefined) return parse(input)
    const base = parse(baseText)
    return base && parse(input, base)
  }

  function invalid(input: string, base: string | undefined): Error {
    return world().nodeError(
      TypeError,
      "ERR_INVALID_URL",
      "Invalid URL",
      base === undefined ? { input } : { input, base },
    )
  }

  for (const [name, type] of Object.entries({ URL, URLSearchParams })) {
    Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true })
    for (const key of Object.getOwnPropertyNames(type.prototype))
      if (key !== "constructor") Object.defineProperty(type.prototype, key, { enumerable: true })
    expose(name, type)
  }
  modules.set("internal/url", { recordOf, specialPorts })
}

// Headers of the Fetch Standard (section 5.1): names in lower case, values normalised, sorted and combined when
// iterated.
import { customInspect } from "../guest/inspection.ts"
import { kit, useKit, type Kit } from "../guest/kit.ts"
import { exposeInterface, pairIterators, type Pair } from "./webidl.ts"

export function start(given: Kit): void {
  useKit(given)
  exposeInterface("Headers", Headers)
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const forbiddenInValue = /[\0\r\n]|[^\x00-\xff]/

/** A header name, in lower case; throws unless it is a token of RFC 9110. */
function nameOf(name: unknown): string {
  const text = `${name as string}`
  if (!token.test(text)) throw new TypeError(`"${text}" is not a valid HTTP header name`)
  return text.toLowerCase()
}

/** "Normalize" a header value; throws unless it is one. */
function valueOf(value: unknown): string {
  const text = `${value as string}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "")
  if (forbiddenInValue.test(text))
    throw new TypeError("the value of an HTTP header cannot contain NUL, CR, LF or characters above U+00FF")
  return text
}

function need(given: number, wanted: number): void {
  if (given < wanted)
    throw new TypeError(`${wanted} argument${wanted > 1 ? "s" : ""} required, but only ${given} present`)
}

const iterate = pairIterators(
  "Headers Iterator",
  () => new TypeError("next was called on an object that is not a Headers Iterator"),
)

class Headers {
  #list: Pair[] = []
  /** Names as they were first written, for printing. */
  #written = new Map<string, string>()
  constructor(init?: unknown) {
    if (init !== undefined) fill(this, init)
  }
  append(name: unknown, value: unknown): void {
    need(arguments.length, 2)
    const key = nameOf(name)
    this.#list.push([key, valueOf(value)])
    if (!this.#written.has(key)) this.#written.set(key, `${name as string}`)
  }
  delete(name: unknown): void {
    need(arguments.length, 1)
    const key = nameOf(name)
    this.#list = this.#list.filter(([other]) => other !== key)
    this.#written.delete(key)
  }
  get(name: unknown): string | null {
    need(arguments.length, 1)
    const key = nameOf(name)
    const values = this.#list.filter(([other]) => other === key).map(([, value]) => value)
    return values.length === 0 ? null : values.join(", ")
  }
  getSetCookie(): string[] {
    return this.#list.filter(([name]) => name === "set-cookie").map(([, value]) => value)
  }
  has(name: unknown): boolean {
    need(arguments.length, 1)
    const key = nameOf(name)
    return this.#list.some(([other]) => other === key)
  }
  set(name: unknown, value: unknown): void {
    need(arguments.length, 2)
    const key = nameOf(name)
    const text = valueOf(value)
    const at = this.#list.findIndex(([other]) => other === key)
    this.#written.set(key, `${name as string}`)
    if (at < 0) this.#list.push([key, text])
    else this.#list = this.#list.flatMap((entry, i) => (i === at ? [[key, text]] : entry[0] === key ? [] : [entry]))
  }
  forEach(callback: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    need(arguments.length, 1)
    if (typeof callback !== "function") throw new TypeError("the argument of Headers.forEach is not a function")
    for (const [name, value] of this) callback.call(self, value, name, this)
  }
  /** "Sort and combine". */
  #sorted(): Pair[] {
    const names = [...new Set(this.#list.map(([name]) => name))].sort()
    return names.flatMap((name): Pair[] =>
      name === "set-cookie" ? this.getSetCookie().map((value) => [name, value]) : [[name, this.get(name)!]],
    )
  }
  entries(): IterableIterator<Pair> {
    return iterate(() => this.#sorted(), "pair")
  }
  keys(): IterableIterator<string> {
    return iterate(() => this.#sorted(), 0)
  }
  values(): IterableIterator<string> {
    return iterate(() => this.#sorted(), 1)
  }
  [customInspect](depth: number, options: { depth?: number | null }): string {
    options.depth ??= depth
    const names = [...new Set(this.#list.map(([name]) => name))]
    const shown = names.map((name) => [this.#written.get(name) ?? name, this.get(name)])
    return `Headers ${kit.show().inspect(Object.fromEntries(shown), options)}`
  }
  declare [Symbol.iterator]: () => IterableIterator<Pair>
}

/** "Fill" a Headers object with a sequence of pairs or a record. */
function fill(headers: Headers, init: unknown): void {
  if ((typeof init !== "object" && typeof init !== "function") || init === null)
    throw new TypeError("the argument of Headers must be an object or a sequence of pairs")
  const iterator = (init as Iterable<unknown>)[Symbol.iterator]
  if (iterator == null) return fillFromRecord(headers, init)
  if (typeof iterator !== "function") throw new TypeError("the argument of Headers is not iterable")
  for (const pair of init as Iterable<Iterable<unknown>>) {
    if (typeof pair !== "object" || pair === null || typeof pair[Symbol.iterator] !== "function")
      throw new TypeError("each header must be a pair")
    const [name, value, ...rest] = [...pair]
    if (rest.length > 0 || [...pair].length !== 2) throw new TypeError("each header must be a pair of name and value")
    headers.append(name, value)
  }
}

function fillFromRecord(headers: Headers, record: object): void {
  for (const key of Reflect.ownKeys(record)) {
    if (Reflect.getOwnPropertyDescriptor(record, key)?.enumerable !== true) continue
    if (typeof key === "symbol") throw new TypeError("a symbol is not a header name")
    headers.append(key, (record as Record<string, unknown>)[key])
  }
}

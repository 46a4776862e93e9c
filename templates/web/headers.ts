// Headers of the Fetch Standard: names in lower case, values normalised, sorted and combined when iterated.
import type { Kit } from "../guest/core.ts"

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const forbiddenInValue = /[\0\r\n]|[^\x00-\xff]/

function nameOf(name: unknown): string {
  const text = `${name as string}`
  if (!token.test(text)) throw new TypeError(`"${text}" is not a valid HTTP header name`)
  return text.toLowerCase()
}

function valueOf(value: unknown): string {
  const text = `${value as string}`.replace(/^[\t\n\r ]+|[\t\n\r ]+$/g, "")
  if (forbiddenInValue.test(text))
    throw new TypeError("the value of an HTTP header cannot contain NUL, CR, LF or characters above U+00FF")
  return text
}

export function start({ expose, show, native }: Kit): void {
  class Headers {
    #list: [name: string, value: string][] = []
    /** Names as they were first written, for printing. */
    #written = new Map<string, string>()
    constructor(init?: unknown) {
      if (init === undefined) return
      if ((typeof init !== "object" && typeof init !== "function") || init === null)
        throw new TypeError("the argument of Headers must be an object or a sequence of pairs")
      const iterate = (init as Iterable<unknown>)[Symbol.iterator]
      if (iterate != null) {
        if (typeof iterate !== "function") throw new TypeError("the argument of Headers is not iterable")
        for (const pair of init as Iterable<Iterable<unknown>>) {
          if (typeof pair !== "object" || pair === null || typeof pair[Symbol.iterator] !== "function")
            throw new TypeError("each header must be a pair")
          const [name, value, ...rest] = [...pair]
          if (rest.length > 0 || [...pair].length !== 2)
            throw new TypeError("each header must be a pair of name and value")
          this.append(name, value)
        }
      } else {
        for (const key of Reflect.ownKeys(init)) {
          const own = Reflect.getOwnPropertyDescriptor(init, key)
          if (own?.enumerable !== true) continue
          if (typeof key === "symbol") throw new TypeError("a symbol is not a header name")
          this.append(key, (init as Record<string, unknown>)[key])
        }
      }
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
    #sorted(): [string, string][] {
      const names = [...new Set(this.#list.map(([name]) => name))].sort()
      return names.flatMap((name): [string, string][] =>
        name === "set-cookie" ? this.getSetCookie().map((value) => [name, value]) : [[name, this.get(name)!]],
      )
    }
    entries(): IterableIterator<[string, string]> {
      return iterator(
        () => this.#sorted(),
        (entry) => entry,
      )
    }
    keys(): IterableIterator<string> {
      return iterator(
        () => this.#sorted(),
        ([name]) => name,
      )
    }
    values(): IterableIterator<string> {
      return iterator(
        () => this.#sorted(),
        ([, value]) => value,
      )
    }
    [Symbol.for("nodejs.util.inspect.custom")](depth: number, options: { depth?: number | null }): string {
      options.depth ??= depth
      const names = [...new Set(this.#list.map(([name]) => name))]
      const shown = names.map((name) => [this.#written.get(name) ?? name, this.get(name)])
      return `Headers ${show().inspect(Object.fromEntries(shown), options)}`
    }
    declare [Symbol.iterator]: () => IterableIterator<[string, string]>
  }
  function need(given: number, wanted: number): void {
    if (given < wanted)
      throw new TypeError(`${wanted} argument${wanted > 1 ? "s" : ""} required, but only ${given} present`)
  }
  // Iteration is live: it looks at the list anew for each step.
  const prototype = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())))
  Object.defineProperty(prototype, Symbol.toStringTag, { value: "Headers Iterator", configurable: true })
  const steps = new WeakMap<object, () => IteratorResult<unknown>>()
  prototype.next = function next(this: object) {
    const step = steps.get(this)
    if (step === undefined) throw new TypeError("next was called on an object that is not a Headers Iterator")
    return step()
  }
  function iterator<T>(list: () => [string, string][], pick: (entry: [string, string]) => T): IterableIterator<T> {
    let at = 0
    const made = Object.create(prototype) as IterableIterator<T>
    steps.set(made, () => {
      const entry = list()[at++]
      return entry === undefined ? { done: true, value: undefined } : { done: false, value: pick(entry) }
    })
    return made
  }
  Object.defineProperty(Headers.prototype, Symbol.iterator, {
    value: Headers.prototype.entries,
    writable: true,
    configurable: true,
  })
  Object.defineProperty(Headers.prototype, Symbol.toStringTag, { value: "Headers", configurable: true })
  for (const key of Object.getOwnPropertyNames(Headers.prototype)) {
    if (key !== "constructor") Object.defineProperty(Headers.prototype, key, { enumerable: true })
  }
  void native
  expose("Headers", Headers)
}

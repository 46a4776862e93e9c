// URLSearchParams of the URL Standard (section 6.2) and application/x-www-form-urlencoded (section 5).
import { customInspect } from "../guest/inspection.ts"
import { kit } from "../guest/kit.ts"
import { formSet, percentDecode, percentEncode } from "./percent.ts"
import { needArguments, pairIterators, usvString, type Pair } from "./webidl.ts"

/** The urlencoded parser. */
export function parseForm(query: string): Pair[] {
  return query
    .split("&")
    .filter((piece) => piece !== "")
    .map(parsePair)
}

function parsePair(piece: string): Pair {
  const at = piece.indexOf("=")
  return at < 0 ? [decodePart(piece), ""] : [decodePart(piece.slice(0, at)), decodePart(piece.slice(at + 1))]
}

const decodePart = (part: string) => percentDecode(part.replaceAll("+", " "))

/** The urlencoded serializer. */
export function serializeForm(list: readonly Pair[]): string {
  return list.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&")
}

function encodePart(part: string): string {
  if (!formSet.test(part)) return part
  return part
    .split(" ")
    .map((piece) => percentEncode(piece, formSet))
    .join("+")
}

/** Two calls for URL: who is told of changes, and a new query from there. Neither is there for programs. */
export let setOwner: (params: URLSearchParams, changed: () => void) => void
export let replaceQuery: (params: URLSearchParams, query: string) => void

const iterate = pairIterators("URLSearchParams Iterator", () =>
  kit.world().nodeError(TypeError, "ERR_INVALID_THIS", 'Value of "this" must be of type URLSearchParamsIterator'),
)

const oneName = '"name" argument'
const nameAndValue = '"name" and "value" arguments'

export class URLSearchParams {
  #list: Pair[] = []
  #changed: (() => void) | undefined
  static {
    setOwner = (params, changed) => void (params.#changed = changed)
    replaceQuery = (params, query) => void (params.#list = parseForm(query))
  }
  constructor(init?: unknown) {
    if (init === undefined || init === null) return
    this.#list = listOf(init)
  }
  get size(): number {
    return this.#list.length
  }
  append(name: unknown, value: unknown): void {
    needArguments(arguments.length, 2, nameAndValue)
    this.#list.push([usvString(name), usvString(value)])
    this.#changed?.()
  }
  delete(name: unknown, value?: unknown): void {
    needArguments(arguments.length, 1, oneName)
    const matches = matcher(name, value)
    this.#list = this.#list.filter((pair) => !matches(pair))
    this.#changed?.()
  }
  get(name: unknown): string | null {
    needArguments(arguments.length, 1, oneName)
    return this.#list.find(matcher(name))?.[1] ?? null
  }
  getAll(name: unknown): string[] {
    needArguments(arguments.length, 1, oneName)
    return this.#list.filter(matcher(name)).map(([, value]) => value)
  }
  has(name: unknown, value?: unknown): boolean {
    needArguments(arguments.length, 1, oneName)
    return this.#list.some(matcher(name, value))
  }
  set(name: unknown, value: unknown): void {
    needArguments(arguments.length, 2, nameAndValue)
    const entry: Pair = [usvString(name), usvString(value)]
    const at = this.#list.findIndex(([other]) => other === entry[0])
    if (at < 0) this.#list.push(entry)
    else this.#list = this.#list.flatMap((old, i) => (i === at ? [entry] : old[0] === entry[0] ? [] : [old]))
    this.#changed?.()
  }
  sort(): void {
    // By code units; sort is stable.
    this.#list.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    this.#changed?.()
  }
  forEach(callback: (value: string, name: string, params: URLSearchParams) => void, self?: unknown): void {
    kit.world().checkCallback(callback)
    // Live: the callback may change the list.
    for (let at = 0; at < this.#list.length; at++) {
      const [name, value] = this.#list[at]!
      callback.call(self, value, name, this)
    }
  }
  toString(): string {
    return serializeForm(this.#list)
  }
  entries(): IterableIterator<Pair> {
    return iterate(() => this.#list, "pair")
  }
  keys(): IterableIterator<string> {
    return iterate(() => this.#list, 0)
  }
  values(): IterableIterator<string> {
    return iterate(() => this.#list, 1)
  }
  [customInspect](depth: number, options: object): string {
    return depth < 0 ? "[Object]" : shown(this.#list, options)
  }
  declare [Symbol.iterator]: () => IterableIterator<Pair>
}

/** Whether a pair has this name, and this value if one is given. */
function matcher(name: unknown, value?: unknown): (pair: Pair) => boolean {
  const wantedName = usvString(name)
  if (value === undefined) return ([other]) => other === wantedName
  const wantedValue = usvString(value)
  return (pair) => pair[0] === wantedName && pair[1] === wantedValue
}

/** The constructor's argument: a sequence of pairs, a record, or a string. */
function listOf(init: {}): Pair[] {
  if (typeof init !== "object" && typeof init !== "function") {
    const query = usvString(init)
    return parseForm(query.startsWith("?") ? query.slice(1) : query)
  }
  const iterator = (init as Iterable<unknown>)[Symbol.iterator]
  if (iterator == null) return pairsOfRecord(init)
  if (typeof iterator !== "function")
    throw kit.world().nodeError(TypeError, "ERR_ARG_NOT_ITERABLE", "Query pairs must be iterable")
  const list: Pair[] = []
  for (const pair of init as Iterable<unknown>) list.push(pairOf(pair))
  return list
}

function pairOf(pair: unknown): Pair {
  const isSequence =
    (typeof pair === "object" || typeof pair === "function") &&
    pair !== null &&
    typeof (pair as Iterable<unknown>)[Symbol.iterator] === "function"
  const items = isSequence ? [...(pair as Iterable<unknown>)] : []
  if (items.length !== 2)
    throw kit
      .world()
      .nodeError(TypeError, "ERR_INVALID_TUPLE", "Each query pair must be an iterable [name, value] tuple")
  return [usvString(items[0]), usvString(items[1])]
}

/** Names that are the same as USVStrings are one: the last value, in the first's place. */
function pairsOfRecord(record: object): Pair[] {
  const pairs = new Map<string, string>()
  for (const key of Reflect.ownKeys(record)) {
    if (!Reflect.getOwnPropertyDescriptor(record, key)?.enumerable) continue
    if (typeof key === "symbol") throw new TypeError("Cannot convert a Symbol value to a string")
    pairs.set(usvString(key), usvString((record as { [key: string]: unknown })[key]))
  }
  return [...pairs]
}

/** As Node prints it: on one line while it fits. */
function shown(list: readonly Pair[], options: { breakLength?: number }): string {
  const { inspect } = kit.show()
  const pairs = list.map(([name, value]) => `${inspect(name, options)} => ${inspect(value, options)}`)
  if (pairs.length === 0) return "URLSearchParams {}"
  const line = `URLSearchParams { ${pairs.join(", ")} }`
  const { breakLength = 80 } = options
  return line.length <= breakLength ? line : `URLSearchParams {\n  ${pairs.join(",\n  ")} }`
}

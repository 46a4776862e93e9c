// Deep equality, as util.isDeepStrictEqual and assert's deepEqual and deepStrictEqual define it.
import { native } from "../guest/kit.ts"

type Bag = Record<PropertyKey, unknown>

/** One comparison: how, and the pairs of objects that are being looked into, outermost first. */
interface Comparison {
  strict: boolean
  left: unknown[]
  right: unknown[]
}

/** Are the two alike all the way down? `strict`: with Object.is, prototypes and symbols; otherwise with ==. */
export function isDeepEqual(a: unknown, b: unknown, strict: boolean): boolean {
  return compare({ strict, left: [], right: [] }, a, b)
}

function compare(c: Comparison, x: unknown, y: unknown): boolean {
  if (x === y) return x !== 0 || !c.strict || Object.is(x, y)
  if (isObject(x) && isObject(y))
    return (!c.strict || Object.getPrototypeOf(x) === Object.getPrototypeOf(y)) && compareObjects(c, x, y)
  if (typeof x === "function" || typeof y === "function") return false
  if (c.strict) return typeof x === "number" && Object.is(x, y)
  return !isObject(x) && !isObject(y) && isLooselyEqual(x, y)
}

const isObject = (value: unknown): value is Bag => typeof value === "object" && value !== null

/** ==, and NaN is NaN. */
export function isLooselyEqual(a: unknown, b: unknown): boolean {
  // eslint-disable-next-line eqeqeq -- what the loose functions are about
  return a == b || (Number.isNaN(a) && Number.isNaN(b))
}

function compareObjects(c: Comparison, x: Bag, y: Bag): boolean {
  const kind = native.className(x)
  if (kind !== native.className(y) || Array.isArray(x) !== Array.isArray(y)) return false
  if (!sameContent(c, kind, x, y)) return false
  if (ArrayBuffer.isView(x) && !sameView(c, x, y as never)) return false
  // An object that contains itself is equal to one that contains itself in the same place.
  const known = c.left.indexOf(x)
  if (known >= 0) return c.right[known] === y
  c.left.push(x)
  c.right.push(y)
  const same = sameKeys(c, x, y, ArrayBuffer.isView(x)) && sameCollections(c, kind, x, y)
  c.left.pop()
  c.right.pop()
  return same
}

/** What an object of a kind is besides its properties. */
function sameContent(c: Comparison, kind: string | undefined, x: Bag, y: Bag): boolean {
  switch (kind) {
    case "Date":
      return Object.is(Date.prototype.getTime.call(x), Date.prototype.getTime.call(y))
    case "RegExp":
      return String(x) === String(y) && x["lastIndex"] === y["lastIndex"]
    case "Error":
      if (x["message"] !== y["message"] || x["name"] !== y["name"]) return false
      return !c.strict || (compare(c, x["cause"], y["cause"]) && compare(c, x["errors"], y["errors"]))
    case "Number":
    case "String":
    case "Boolean":
    case "Symbol":
    case "BigInt": {
      const valueOf = ((globalThis as Bag)[kind] as { prototype: { valueOf(): unknown } }).prototype.valueOf
      return Object.is(valueOf.call(x), valueOf.call(y))
    }
    case "WeakMap":
    case "WeakSet":
    case "Promise":
    case "WeakRef":
      return false
    case "ArrayBuffer":
      return sameBytes(new Uint8Array(x as never), new Uint8Array(y as never))
  }
  return true
}

function sameView({ strict }: Comparison, x: ArrayBufferView, y: ArrayBufferView): boolean {
  if (x.byteLength !== y.byteLength) return false
  if (!strict && /^Float/.test(native.className(x) ?? ""))
    return Array.from(x as Float64Array).every((n, at) => n === (y as Float64Array)[at])
  const bytes = (view: ArrayBufferView) => new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength)
  return sameBytes(bytes(x), bytes(y))
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

function sameKeys(c: Comparison, x: Bag, y: Bag, isView: boolean): boolean {
  const keysOf = (object: Bag) => Object.keys(object).filter((key) => !isView || !/^\d+$/.test(key))
  const keys: PropertyKey[] = keysOf(x)
  if (keys.length !== keysOf(y).length) return false
  if (Array.isArray(x) && x.length !== (y as unknown as unknown[]).length) return false
  if (!keys.every((key) => isEnumerable(y, key))) return false
  if (c.strict) {
    const symbols = symbolsOf(x)
    if (symbols.length !== symbolsOf(y).length || !symbols.every((key) => isEnumerable(y, key))) return false
    keys.push(...symbols)
  }
  return keys.every((key) => compare(c, x[key], y[key]))
}

const isEnumerable = (object: Bag, key: PropertyKey) => Object.prototype.propertyIsEnumerable.call(object, key)

const symbolsOf = (object: Bag) => Object.getOwnPropertySymbols(object).filter((key) => isEnumerable(object, key))

function sameCollections(c: Comparison, kind: string | undefined, x: unknown, y: unknown): boolean {
  if (kind === "Set") return sameSets(c, x as Set<unknown>, new Set(y as Set<unknown>))
  if (kind === "Map") return sameMaps(c, x as Map<unknown, unknown>, new Map(y as Map<unknown, unknown>))
  return true
}

/** May another key be equal to this one, without being the same? */
const mayEqual = ({ strict }: Comparison, key: unknown) => typeof key === "object" || !strict

/** Every item has its own counterpart; `rest` is used up. */
function sameSets(c: Comparison, all: Set<unknown>, rest: Set<unknown>): boolean {
  if (all.size !== rest.size) return false
  for (const item of all) {
    if (rest.delete(item)) continue
    const match = [...rest].find((other) => mayEqual(c, other) && compare(c, item, other))
    if (match === undefined || !rest.delete(match)) return false
  }
  return true
}

/** Every entry has its own counterpart; `rest` is used up. */
function sameMaps(c: Comparison, all: Map<unknown, unknown>, rest: Map<unknown, unknown>): boolean {
  if (all.size !== rest.size) return false
  for (const [key, value] of all) {
    if (rest.has(key) && compare(c, value, rest.get(key))) {
      rest.delete(key)
      continue
    }
    const match = [...rest].find(
      ([other, otherValue]) => mayEqual(c, other) && compare(c, key, other) && compare(c, value, otherValue),
    )
    if (match === undefined) return false
    rest.delete(match[0])
  }
  return true
}

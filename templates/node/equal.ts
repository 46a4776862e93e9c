// Deep equality, as util.isDeepStrictEqual and assert's deepEqual and deepStrictEqual define it.
import type { Native } from "../guest/native.ts"

type Bag = Record<PropertyKey, unknown>

/** Are the two alike all the way down? `strict`: with Object.is, prototypes and symbols; otherwise with ==. */
export function isDeepEqual(native: Native, a: unknown, b: unknown, strict: boolean): boolean {
  const left: unknown[] = []
  const right: unknown[] = []
  return compare(a, b)

  function compare(x: unknown, y: unknown): boolean {
    if (x === y) return x !== 0 || !strict || Object.is(x, y)
    const bothObjects = typeof x === "object" && typeof y === "object" && x !== null && y !== null
    if (!bothObjects) {
      if (typeof x === "function" || typeof y === "function") return false
      if (strict) return typeof x === "number" && Object.is(x, y)
      // eslint-disable-next-line eqeqeq -- loose comparison is what deepEqual is about
      return (
        (x === null || typeof x !== "object") &&
        (y === null || typeof y !== "object") &&
        (x == y || (Number.isNaN(x) && Number.isNaN(y)))
      )
    }
    if (strict && Object.getPrototypeOf(x) !== Object.getPrototypeOf(y)) return false
    return compareObjects(x as Bag, y as Bag)
  }

  function compareObjects(x: Bag, y: Bag): boolean {
    const kind = native.className(x)
    if (kind !== native.className(y) || Array.isArray(x) !== Array.isArray(y)) return false
    switch (kind) {
      case "Date":
        if (!Object.is(Date.prototype.getTime.call(x), Date.prototype.getTime.call(y))) return false
        break
      case "RegExp":
        if (String(x) !== String(y) || x["lastIndex"] !== y["lastIndex"]) return false
        break
      case "Error":
        if (x["message"] !== y["message"] || x["name"] !== y["name"]) return false
        if (strict && (!compare(x["cause"], y["cause"]) || !compare(x["errors"], y["errors"]))) return false
        break
      case "Number":
      case "String":
      case "Boolean":
      case "Symbol":
      case "BigInt": {
        const valueOf = ((globalThis as Bag)[kind] as { prototype: { valueOf(): unknown } }).prototype.valueOf
        if (!Object.is(valueOf.call(x), valueOf.call(y))) return false
        break
      }
      case "WeakMap":
      case "WeakSet":
      case "Promise":
      case "WeakRef":
        return false
      case "ArrayBuffer":
        if (!sameBytes(new Uint8Array(x as never), new Uint8Array(y as never))) return false
        break
    }
    if (ArrayBuffer.isView(x) && !sameView(x, y as never)) return false
    // An object that contains itself is equal to one that contains itself in the same place.
    const known = left.indexOf(x)
    if (known >= 0) return right[known] === y
    left.push(x)
    right.push(y)
    const same = sameKeys(x, y, ArrayBuffer.isView(x)) && sameCollections(kind, x, y)
    left.pop()
    right.pop()
    return same
  }

  function sameView(x: ArrayBufferView, y: ArrayBufferView): boolean {
    if (x.byteLength !== y.byteLength) return false
    if (!strict && /^Float/.test(native.className(x) ?? ""))
      return Array.from(x as Float64Array).every((n, at) => n === (y as Float64Array)[at])
    const bytes = (view: ArrayBufferView) =>
      new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength)
    return sameBytes(bytes(x), bytes(y))
  }

  function sameKeys(x: Bag, y: Bag, isView: boolean): boolean {
    const keys = Object.keys(x).filter((key) => !isView || !/^\d+$/.test(key))
    const others = Object.keys(y).filter((key) => !isView || !/^\d+$/.test(key))
    if (keys.length !== others.length || (Array.isArray(x) && x.length !== (y as unknown as unknown[]).length))
      return false
    if (!keys.every((key) => Object.prototype.propertyIsEnumerable.call(y, key))) return false
    const symbols: PropertyKey[] = []
    if (strict) {
      const own = (object: Bag) =>
        Object.getOwnPropertySymbols(object).filter((key) => Object.prototype.propertyIsEnumerable.call(object, key))
      symbols.push(...own(x))
      if (
        symbols.length !== own(y).length ||
        !symbols.every((key) => Object.prototype.propertyIsEnumerable.call(y, key))
      )
        return false
    }
    return [...keys, ...symbols].every((key) => compare(x[key], y[key]))
  }

  function sameCollections(kind: string | undefined, x: unknown, y: unknown): boolean {
    if (kind === "Set") {
      const [a, b] = [x as Set<unknown>, new Set(y as Set<unknown>)]
      if (a.size !== b.size) return false
      for (const item of a) {
        if (b.delete(item)) continue
        const match = [...b].find((other) => (typeof other === "object" || !strict) && compare(item, other))
        if (match === undefined || !b.delete(match)) return false
      }
    } else if (kind === "Map") {
      const [a, b] = [x as Map<unknown, unknown>, new Map(y as Map<unknown, unknown>)]
      if (a.size !== b.size) return false
      for (const [key, value] of a) {
        if (b.has(key) && compare(value, b.get(key))) {
          b.delete(key)
          continue
        }
        const match = [...b].find(
          ([other, otherValue]) =>
            (typeof other === "object" || !strict) && compare(key, other) && compare(value, otherValue),
        )
        if (match === undefined) return false
        b.delete(match[0])
      }
    }
    return true
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

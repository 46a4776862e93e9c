// What stands between an object's braces in util.inspect: properties, elements, a collection's items.
import type { AnyObject, Inspection, Key } from "./inspection.ts"
import { native } from "./kit.ts"
import { keyText } from "./text.ts"

/** "key: value" */
export function showProperty(i: Inspection, object: AnyObject, key: Key, level: number, isList: boolean): string {
  const own = Object.getOwnPropertyDescriptor(object, key) ?? { value: object[key], enumerable: true }
  let text: string
  if (own.value !== undefined || !("get" in own || "set" in own)) {
    const extra = i.compact !== true || isList ? 2 : 3
    i.indentation += extra
    text = i.show(i, own.value, level)
    i.indentation -= extra
  } else if (own.get !== undefined) {
    text = showGetter(i, object, own, level)
  } else {
    text = i.stylize(own.set === undefined ? "undefined" : "[Setter]", own.set === undefined ? "undefined" : "special")
  }
  let shown = keyText(key)
  if (own.enumerable === false) shown = typeof key === "symbol" ? shown : `[${key}]`
  else if (typeof key === "symbol") shown = i.stylize(shown, "symbol")
  else if (shown.startsWith("'") || shown.startsWith('"')) shown = i.stylize(shown, "string")
  return `${shown}:${i.compact === true && !isList && text.includes("\n") ? "\n" : " "}${text}`
}

function showGetter(i: Inspection, object: AnyObject, own: PropertyDescriptor, level: number): string {
  const label = own.set === undefined ? "Getter" : "Getter/Setter"
  const wanted =
    i.getters === true ||
    (i.getters === "get" && own.set === undefined) ||
    (i.getters === "set" && own.set !== undefined)
  if (!wanted) return i.stylize(`[${label}]`, "special")
  try {
    const value: unknown = own.get?.call(object)
    i.indentation += 2
    const text = i.show(i, value, level)
    i.indentation -= 2
    return typeof value === "object" && value !== null
      ? `${i.stylize(`[${label}]`, "special")} ${text}`
      : `${i.stylize(`[${label}:`, "special")} ${text}${i.stylize("]", "special")}`
  } catch (error) {
    const message = (error as Error)?.message
    return i.stylize(`[${label}: <Inspection threw (${message})>]`, "special")
  }
}

function remaining(count: number): string {
  return `... ${count} more item${count > 1 ? "s" : ""}`
}

export function arrayEntries(i: Inspection, array: unknown[], level: number): string[] {
  const entries: string[] = []
  const length = array.length
  let at = 0
  while (at < length && entries.length < i.maxArrayLength) {
    if (Object.hasOwn(array, at)) {
      entries.push(showElement(i, array, at, level))
      at++
      continue
    }
    const from = at
    at = nextIndex(array, at)
    const empty = at - from
    entries.push(i.stylize(`<${empty} empty item${empty > 1 ? "s" : ""}>`, "undefined"))
  }
  if (at < length) entries.push(remaining(length - at))
  return entries
}

function showElement(i: Inspection, array: unknown[], at: number, level: number): string {
  const own = Object.getOwnPropertyDescriptor(array, at)
  i.indentation += 2
  const text =
    own?.get !== undefined || own?.set !== undefined
      ? showAccessorElement(i, array, own, level)
      : i.show(i, array[at], level)
  i.indentation -= 2
  return text
}

function showAccessorElement(i: Inspection, array: unknown[], own: PropertyDescriptor, level: number): string {
  return own.get !== undefined ? showGetter(i, array as never, own, level) : i.stylize("[Setter]", "special")
}

/** What an element's key looks like. */
export const arrayIndex = /^(?:0|[1-9][0-9]*)$/

// The next index that is there: holes may be as long as 2^32, so look it up among the keys rather than count.
function nextIndex(array: unknown[], from: number): number {
  for (let at = from; at < from + 64 && at < array.length; at++) if (Object.hasOwn(array, at)) return at
  for (const key of Object.keys(array)) if (arrayIndex.test(key) && Number(key) >= from) return Number(key)
  return array.length
}

export function typedArrayEntries(i: Inspection, array: Uint8Array, level: number): string[] {
  const length = typedArrayLength(array)
  const count = Math.min(length, i.maxArrayLength)
  const entries: string[] = []
  for (let at = 0; at < count; at++) entries.push(i.stylize(i.show(i, array[at], level, true), "number"))
  if (count < length) entries.push(remaining(length - count))
  if (i.showHidden) {
    i.indentation += 2
    for (const key of ["BYTES_PER_ELEMENT", "length", "byteLength", "byteOffset", "buffer"] as const)
      entries.push(`[${key}]: ${i.show(i, array[key], level)}`)
    i.indentation -= 2
  }
  return entries
}

const typedArrayLengthGetter = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  "length",
)!.get!
/** Of a typed array, whatever its prototype. */
export const typedArrayLength = (array: unknown): number => typedArrayLengthGetter.call(array) as number
const mapSizeGetter = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get!
const setSizeGetter = Object.getOwnPropertyDescriptor(Set.prototype, "size")!.get!
/** Of a Map, whatever its prototype. */
export const mapSize = (map: unknown): number => mapSizeGetter.call(map) as number
/** Of a Set, whatever its prototype. */
export const setSize = (set: unknown): number => setSizeGetter.call(set) as number

export function collectionEntries(i: Inspection, kind: "Map" | "Set", collection: unknown, level: number): string[] {
  const entries: string[] = []
  const total = kind === "Map" ? mapSize(collection) : setSize(collection)
  const most = Math.min(total, i.maxArrayLength)
  i.indentation += 2
  if (kind === "Map") {
    for (const [key, value] of Map.prototype.entries.call(collection as never)) {
      if (entries.length >= most) break
      entries.push(`${i.show(i, key, level)} => ${i.show(i, value, level)}`)
    }
  } else {
    for (const value of Set.prototype.values.call(collection as never)) {
      if (entries.length >= most) break
      entries.push(i.show(i, value, level))
    }
  }
  i.indentation -= 2
  if (most < total) entries.push(remaining(total - most))
  return entries
}

export function bufferEntry(i: Inspection, buffer: ArrayBuffer): string {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(buffer)
  } catch {
    return i.stylize("(detached)", "special")
  }
  const count = Math.min(Math.max(0, i.maxArrayLength), bytes.length)
  let hex = Array.from(bytes.subarray(0, count), (byte) => byte.toString(16).padStart(2, "0")).join(" ")
  const more = bytes.length - count
  if (more > 0) hex += ` ... ${more} more byte${more > 1 ? "s" : ""}`
  return `${i.stylize("[Uint8Contents]", "special")}: <${hex}>`
}

export function promiseEntries(i: Inspection, promise: unknown, level: number): string[] {
  const [state, result] = native.promise(promise) ?? [0, undefined]
  if (state === 0) return [i.stylize("<pending>", "special")]
  i.indentation += 2
  const text = i.show(i, result, level)
  i.indentation -= 2
  return [state === 2 ? `${i.stylize("<rejected>", "special")} ${text}` : text]
}

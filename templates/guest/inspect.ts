// util.inspect, as Node prints values.
//
// In: any value and options. Out: text. A value becomes a head ("Map(2)", "<ref *1> Foo"), a list of entries and two
// braces; layout.ts decides whether they share a line.
import type { Native } from "./native.ts"
import { errorText } from "./errortext.ts"
import { arrange } from "./layout.ts"
import { keyText, quote, symbolText } from "./text.ts"

/** Options of util.inspect. */
export interface InspectOptions {
  showHidden?: boolean
  depth?: number | null
  colors?: boolean
  customInspect?: boolean
  showProxy?: boolean
  maxArrayLength?: number | null
  maxStringLength?: number | null
  breakLength?: number
  compact?: boolean | number
  sorted?: boolean | ((a: string, b: string) => number)
  getters?: boolean | "get" | "set"
  numericSeparator?: boolean
}

/** What one call of inspect carries along. */
export interface Inspection extends Required<InspectOptions> {
  depth: number
  maxArrayLength: number
  maxStringLength: number
  indentation: number
  /** Level of the object that was looked into last. */
  currentLevel: number
  /** Objects that are being shown right now, outermost first. */
  seen: object[]
  /** Objects that contain themselves, with their numbers. */
  circular: Map<object, number>
  stylize: (text: string, style: string) => string
}

type Key = string | symbol
type AnyObject = Record<Key, any>

export const customInspect = Symbol.for("nodejs.util.inspect.custom")

/** util.inspect.colors */
export const styleColors: Record<string, [number, number]> = {
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  blink: [5, 25],
  inverse: [7, 27],
  hidden: [8, 28],
  strikethrough: [9, 29],
  black: [30, 39],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  white: [37, 39],
  gray: [90, 39],
  grey: [90, 39],
}

/** util.inspect.styles */
export const styleNames: Record<string, string> = {
  special: "cyan",
  number: "yellow",
  bigint: "yellow",
  boolean: "yellow",
  undefined: "grey",
  null: "bold",
  string: "green",
  symbol: "green",
  date: "magenta",
  regexp: "red",
  module: "underline",
}

let native: Native
let bytecodeClass: number

/** Give this file the natives that look into values. */
export function useNative(given: Native): void {
  native = given
  bytecodeClass = native.classId(function () {})
}

export const defaultOptions: Required<InspectOptions> = {
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
}

/** util.inspect(value, options) or its old form inspect(value, showHidden, depth, colors). */
export function inspect(
  value: unknown,
  options?: InspectOptions | boolean,
  depth?: number | null,
  colors?: boolean,
): string {
  const given: InspectOptions = typeof options === "object" && options !== null ? options : {}
  const chosen = { ...defaultOptions, ...definedOnly(given) }
  if (typeof options === "boolean") chosen.showHidden = options
  if (depth !== undefined && typeof options !== "object") chosen.depth = depth
  if (colors !== undefined && typeof options !== "object") chosen.colors = colors
  const inspection: Inspection = {
    ...chosen,
    depth: chosen.depth ?? Infinity,
    maxArrayLength: chosen.maxArrayLength ?? Infinity,
    maxStringLength: chosen.maxStringLength ?? Infinity,
    indentation: 0,
    currentLevel: 0,
    seen: [],
    circular: new Map(),
    stylize: chosen.colors ? colorize : (text) => text,
  }
  return show(inspection, value, 0)
}

function definedOnly(options: InspectOptions): InspectOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => key in defaultOptions && value !== undefined),
  )
}

function colorize(text: string, style: string): string {
  const codes = styleColors[styleNames[style] ?? ""]
  return codes === undefined ? text : `\x1b[${codes[0]}m${text}\x1b[${codes[1]}m`
}

/** Any value, `level` objects below the outermost. */
export function show(i: Inspection, value: unknown, level: number, inTypedArray = false): string {
  if ((typeof value !== "object" && typeof value !== "function") || value === null)
    return showPrimitive(i, value, inTypedArray)
  const object = value as AnyObject
  const proxy = native.proxy(object)
  if (proxy !== undefined) {
    if (proxy[0] === null) return i.stylize("<Revoked Proxy>", "special")
    if (i.showProxy) return showProxy(i, proxy as [object, object], level)
  }
  const target = innermost(object)
  if (target === null) return i.stylize("<Revoked Proxy>", "special")
  if (i.customInspect) {
    const custom = target[customInspect]
    if (typeof custom === "function" && custom !== inspect && !isPrototypeOfItsConstructor(target)) {
      const result: unknown = custom.call(object, i.depth - level, childOptions(i), inspect)
      if (result !== target) {
        const text = typeof result === "object" ? show(i, result, level) : String(result)
        return text.replaceAll("\n", `\n${" ".repeat(i.indentation)}`)
      }
    }
  }
  if (i.seen.includes(target)) return i.stylize(`[Circular *${circularNumber(i, target)}]`, "special")
  return showObject(i, target, level)
}

function innermost(object: AnyObject): AnyObject | null {
  for (let proxy = native.proxy(object); proxy !== undefined; proxy = native.proxy(object)) {
    if (proxy[0] === null) return null
    object = proxy[0] as AnyObject
  }
  return object
}

function isPrototypeOfItsConstructor(object: AnyObject): boolean {
  const own = Object.getOwnPropertyDescriptor(object, "constructor")
  return typeof own?.value === "function" && own.value.prototype === object
}

function childOptions(i: Inspection): InspectOptions {
  const options: AnyObject = {}
  for (const key of Object.keys(defaultOptions) as (keyof InspectOptions)[]) options[key] = i[key]
  options["stylize"] = i.stylize
  return options
}

function circularNumber(i: Inspection, object: object): number {
  let number = i.circular.get(object)
  if (number === undefined) {
    number = i.circular.size + 1
    i.circular.set(object, number)
  }
  return number
}

function showProxy(i: Inspection, proxy: [object, object], level: number): string {
  if (level > i.depth) return i.stylize("Proxy [Array]", "special")
  i.indentation += 2
  const parts = proxy.map((part) => show(i, part, level + 1))
  i.indentation -= 2
  return arrange(i, parts, "", ["Proxy [", "]"], level, proxy)
}

// ---- primitives ---------------------------------------------------------------------------------------------------

/** A number; -0 keeps its sign. */
export function numberText(value: number | bigint, separator = false): string {
  const text = Object.is(value, -0) ? "-0" : `${value}${typeof value === "bigint" ? "n" : ""}`
  return separator ? separated(text) : text
}

function separated(text: string): string {
  const match = /^(-?)(\d+)(\.\d+)?(n?)$/.exec(text)
  if (match === null) return text
  const [, sign, whole = "", fraction = "", big] = match
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, "_")
  return `${sign}${thousands}${fraction.replace(/(\d{3})(?=\d)/g, "$1_")}${big}`
}

function showPrimitive(i: Inspection, value: unknown, inTypedArray: boolean): string {
  switch (typeof value) {
    case "string":
      return showString(i, value)
    case "number":
    case "bigint":
      return inTypedArray
        ? numberText(value, i.numericSeparator)
        : i.stylize(numberText(value, i.numericSeparator), typeof value)
    case "symbol":
      return i.stylize(symbolText(value), "symbol")
    case "undefined":
      return i.stylize("undefined", "undefined")
    default:
      return i.stylize(String(value), value === null ? "null" : "boolean")
  }
}

function showString(i: Inspection, text: string): string {
  let trailer = ""
  if (text.length > i.maxStringLength) {
    const more = text.length - i.maxStringLength
    text = text.slice(0, i.maxStringLength)
    trailer = `... ${more} more character${more > 1 ? "s" : ""}`
  }
  if (i.compact !== true && text.length > 16 && text.length > i.breakLength - i.indentation - 4) {
    const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? []
    return lines.map((line) => i.stylize(quote(line), "string")).join(` +\n${" ".repeat(i.indentation + 2)}`) + trailer
  }
  return i.stylize(quote(text), "string") + trailer
}

// ---- objects ------------------------------------------------------------------------------------------------------

/** What the entries of an object are made of. */
interface Shape {
  /** Text in front of the braces: a function, a date, an error. "" for none. */
  base: string
  braces: [string, string]
  entries: () => string[]
  /** Entries are array-like: many of them go into columns. */
  isList: boolean
  keys: Key[]
  /** With no entries and no keys: shown instead of empty braces. */
  whenEmpty?: string
}

function showObject(i: Inspection, object: AnyObject, level: number): string {
  const name = constructorName(i, object, level)
  const tag = toStringTag(object, name)
  const shape = shapeOf(i, object, level, name, tag)
  // What is empty says so at any depth.
  if (shape.whenEmpty !== undefined && shape.keys.length === 0) return shape.whenEmpty
  if (level > i.depth) {
    const text = prefix(name, tag, Array.isArray(object) ? "Array" : "Object").slice(0, -1)
    return i.stylize(name === null ? text : `[${text}]`, "special")
  }
  const next = level + 1
  i.seen.push(object)
  i.currentLevel = next
  let entries: string[]
  try {
    entries = shape.entries()
    for (const key of shape.keys) entries.push(showProperty(i, object, key, next, shape.isList))
  } catch (error) {
    if (!(error instanceof RangeError && /call stack/.test(error.message))) throw error
    const what = `[${prefix(name, tag, "Object").slice(0, -1)}: Inspection interrupted prematurely. Maximum call stack size exceeded.]`
    return i.stylize(what, "special")
  } finally {
    i.seen.pop()
  }
  let { base } = shape
  const braces = shape.braces
  const number = i.circular.get(object)
  if (number !== undefined) {
    const reference = i.stylize(`<ref *${number}>`, "special")
    if (i.compact !== true) base = base === "" ? reference : `${reference} ${base}`
    else braces[0] = `${reference} ${braces[0]}`
  }
  if (i.sorted) {
    const compare = typeof i.sorted === "function" ? i.sorted : undefined
    if (!shape.isList) entries.sort(compare)
    else
      entries = [
        ...entries.slice(0, entries.length - shape.keys.length),
        ...entries.slice(entries.length - shape.keys.length).sort(compare),
      ]
  }
  return arrange(i, entries, base, braces, next, shape.isList ? object : undefined)
}

function ownKeys(i: Inspection, object: AnyObject): Key[] {
  const keys: Key[] = i.showHidden ? Object.getOwnPropertyNames(object) : Object.keys(object)
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (i.showHidden || Object.prototype.propertyIsEnumerable.call(object, symbol)) keys.push(symbol)
  }
  return keys
}

const index = /^(?:0|[1-9][0-9]*)$/

function keysWithoutIndices(i: Inspection, object: AnyObject): Key[] {
  const keys = ownKeys(i, object).filter(
    (key) => typeof key === "symbol" || !index.test(key) || Number(key) >= 4294967295,
  )
  return i.showHidden ? keys.filter((key) => key !== "length" || !Array.isArray(object)) : keys
}

function shapeOf(i: Inspection, object: AnyObject, level: number, name: string | null, tag: string): Shape {
  const next = level + 1
  const known = typeof object === "function" ? "Function" : (native.className(object) ?? "Object")
  const kind = known === "Object" && object instanceof Error ? "Error" : known
  const plain = { base: "", isList: false, entries: (): string[] => [] }
  const braced = (head: string): [string, string] => [`${head}{`, "}"]
  if (Array.isArray(object)) {
    const head = name === "Array" && tag === "" ? "" : prefix(name, tag, "Array", `(${object.length})`)
    const keys = keysWithoutIndices(i, object)
    const braces: [string, string] = [`${head}[`, "]"]
    const shape: Shape = { base: "", isList: true, keys, braces, entries: () => arrayEntries(i, object as never, next) }
    if ((object["length"] as number) === 0) shape.whenEmpty = `${braces[0]}]`
    if (i.showHidden) shape.keys.unshift("length")
    return shape
  }
  if (ArrayBuffer.isView(object) && kind !== "DataView") {
    const length = typedArrayLength.call(object) as number
    const size = `(${length})`
    const keys = keysWithoutIndices(i, object)
    const braces: [string, string] = [`${prefix(name, tag, kind, size)}[`, "]"]
    const shape: Shape = {
      base: "",
      isList: true,
      keys,
      braces,
      entries: () => typedArrayEntries(i, object as never, next),
    }
    if (length === 0 && !i.showHidden) shape.whenEmpty = `${braces[0]}]`
    return shape
  }
  const keys = ownKeys(i, object)
  const size = () => `(${kind === "Map" ? mapSize(object) : setSize(object)})`
  switch (kind) {
    case "Map":
    case "Set": {
      const shape: Shape = {
        ...plain,
        keys,
        braces: braced(prefix(name, tag, kind, size())),
        entries: () => collectionEntries(i, kind, object, next),
      }
      if (size() === "(0)") shape.whenEmpty = `${shape.braces[0]}}`
      return shape
    }
    case "Function":
      return withBase(i, keys, i.stylize(functionBase(object, name, tag), "special"), name, tag)
    case "Arguments":
      return { ...plain, keys, braces: braced("[Arguments] "), whenEmpty: "[Arguments] {}" }
    case "RegExp": {
      const text = i.stylize(regExpText(object), "regexp")
      const head = prefix(name, tag, "RegExp")
      return withBase(i, keys, head === "RegExp " ? text : `${head}${text}`, name, tag)
    }
    case "Date": {
      const time = Date.prototype.getTime.call(object)
      const text = Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(object)
      const head = prefix(name, tag, "Date")
      return withBase(
        i,
        keys,
        head === "Date " ? i.stylize(text, "date") : `${head}${i.stylize(text, "date")}`,
        name,
        tag,
      )
    }
    case "Error":
    case "DOMException": {
      const base = errorText(i, object as never, name, tag, keys)
      return withBase(i, keys, base, name, tag)
    }
    case "ArrayBuffer":
    case "SharedArrayBuffer": {
      return {
        ...plain,
        keys: keys.length === 0 ? ["byteLength"] : ["byteLength", ...keys],
        braces: braced(prefix(name, tag, kind)),
        entries: () => [bufferEntry(i, object as never)],
      }
    }
    case "DataView":
      return {
        ...plain,
        keys: ["byteLength", "byteOffset", "buffer", ...keys],
        braces: braced(prefix(name, tag, kind)),
      }
    case "Promise":
      return {
        ...plain,
        keys,
        braces: braced(prefix(name, tag, kind)),
        entries: () => promiseEntries(i, object, next),
      }
    case "WeakSet":
    case "WeakMap":
      return {
        ...plain,
        keys,
        braces: braced(prefix(name, tag, kind)),
        entries: () => [i.stylize("<items unknown>", "special")],
      }
    case "WeakRef":
      return {
        ...plain,
        keys,
        braces: braced(prefix(name, tag, kind)),
        entries: () => [show(i, WeakRef.prototype.deref.call(object as never), next)],
      }
    case "Number":
    case "String":
    case "Boolean":
    case "Symbol":
    case "BigInt": {
      if (name === "Object") break // Number.prototype and its like
      const own = kind === "String" ? keysWithoutIndices(i, object).filter((key) => key !== "length") : keys
      return withBase(i, own, boxed(i, kind, object, name, tag), name, tag)
    }
  }
  if (tag === "Module" && name === null)
    return { ...plain, keys, braces: braced("[Module: null prototype] "), whenEmpty: "[Module: null prototype] {}" }
  const head = name === "Object" && tag === "" ? "" : prefix(name, tag, "Object")
  return { ...plain, keys, braces: braced(head), whenEmpty: `${head}{}` }
}

function withBase(i: Inspection, keys: Key[], base: string, _name: string | null, _tag: string): Shape {
  return {
    base,
    braces: ["{", "}"],
    entries: () => [],
    isList: false,
    keys,
    whenEmpty: i.indentation >= 0 ? base : base,
  }
}

/** "Name(size) [tag] ", or "[Fallback(size): null prototype] [tag] ". */
function prefix(name: string | null, tag: string, fallback: string, size = ""): string {
  const tagText = tag !== "" && tag !== (name ?? fallback) ? `[${tag}] ` : ""
  if (name === null) return `[${fallback}${size}: null prototype] ${tagText}`
  return `${name}${size} ${tagText}`
}

/** Name of the nearest constructor in the prototype chain; null without one. */
function constructorName(i: Inspection, object: AnyObject, level: number): string | null {
  let first: object | null | undefined
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const own = Object.getOwnPropertyDescriptor(at, "constructor")
    if (typeof own?.value === "function" && own.value.name !== "" && isInstance(object, own.value))
      return String(own.value.name)
    if (first === undefined && at !== object) first = at
  }
  if (first === undefined || first === null) return null
  const builtin = typeof object === "function" ? "Function" : (native.className(object) ?? "Object")
  if (level > i.depth) return `${builtin} <Complex prototype>`
  const inner = constructorName(i, first as AnyObject, level + 1)
  if (inner === null)
    return `${builtin} <${inspect(first, { ...(childOptions(i) as InspectOptions), customInspect: false, depth: -1 })}>`
  return `${builtin} <${inner}>`
}

function isInstance(object: unknown, constructor: unknown): boolean {
  try {
    return object instanceof (constructor as never)
  } catch {
    return false
  }
}

function toStringTag(object: AnyObject, name: string | null): string {
  let tag: unknown
  try {
    tag = object[Symbol.toStringTag as never]
  } catch {
    return ""
  }
  if (typeof tag !== "string" || tag === "" || tag === name) return ""
  // As a property of the object's own it is shown with the others.
  if (Object.prototype.propertyIsEnumerable.call(object, Symbol.toStringTag)) return ""
  return tag
}

// ---- entries ------------------------------------------------------------------------------------------------------

function showProperty(i: Inspection, object: AnyObject, key: Key, level: number, isList: boolean): string {
  const own = Object.getOwnPropertyDescriptor(object, key) ?? { value: object[key], enumerable: true }
  let text: string
  if (own.value !== undefined || !("get" in own || "set" in own)) {
    const extra = i.compact !== true || isList ? 2 : 3
    i.indentation += extra
    text = show(i, own.value, level)
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
    const text = show(i, value, level)
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

function arrayEntries(i: Inspection, array: unknown[], level: number): string[] {
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
      : show(i, array[at], level)
  i.indentation -= 2
  return text
}

function showAccessorElement(i: Inspection, array: unknown[], own: PropertyDescriptor, level: number): string {
  return own.get !== undefined ? showGetter(i, array as never, own, level) : i.stylize("[Setter]", "special")
}

// The next index that is there: holes may be as long as 2^32, so look it up among the keys rather than count.
function nextIndex(array: unknown[], from: number): number {
  for (let at = from; at < from + 64 && at < array.length; at++) if (Object.hasOwn(array, at)) return at
  for (const key of Object.keys(array)) if (index.test(key) && Number(key) >= from) return Number(key)
  return array.length
}

function typedArrayEntries(i: Inspection, array: Uint8Array, level: number): string[] {
  const length = typedArrayLength.call(array) as number
  const count = Math.min(length, i.maxArrayLength)
  const entries: string[] = []
  for (let at = 0; at < count; at++) entries.push(i.stylize(show(i, array[at], level, true), "number"))
  if (count < length) entries.push(remaining(length - count))
  if (i.showHidden) {
    i.indentation += 2
    for (const key of ["BYTES_PER_ELEMENT", "length", "byteLength", "byteOffset", "buffer"] as const)
      entries.push(`[${key}]: ${show(i, array[key], level)}`)
    i.indentation -= 2
  }
  return entries
}

const typedArrayLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), "length")!.get!
const mapSizeGetter = Object.getOwnPropertyDescriptor(Map.prototype, "size")!.get!
const setSizeGetter = Object.getOwnPropertyDescriptor(Set.prototype, "size")!.get!
const mapSize = (map: unknown): number => mapSizeGetter.call(map) as number
const setSize = (set: unknown): number => setSizeGetter.call(set) as number

function collectionEntries(i: Inspection, kind: "Map" | "Set", collection: unknown, level: number): string[] {
  const entries: string[] = []
  const total = kind === "Map" ? mapSize(collection) : setSize(collection)
  const most = Math.min(total, i.maxArrayLength)
  i.indentation += 2
  if (kind === "Map") {
    for (const [key, value] of Map.prototype.entries.call(collection as never)) {
      if (entries.length >= most) break
      entries.push(`${show(i, key, level)} => ${show(i, value, level)}`)
    }
  } else {
    for (const value of Set.prototype.values.call(collection as never)) {
      if (entries.length >= most) break
      entries.push(show(i, value, level))
    }
  }
  i.indentation -= 2
  if (most < total) entries.push(remaining(total - most))
  return entries
}

const getters = Object.getOwnPropertyDescriptors(RegExp.prototype) as Record<string, PropertyDescriptor>

/** A regular expression's text, whatever its prototype. */
function regExpText(object: unknown): string {
  const read = (key: string): unknown => getters[key]!.get!.call(object)
  const flags: [string, string][] = [
    ["hasIndices", "d"],
    ["global", "g"],
    ["ignoreCase", "i"],
    ["multiline", "m"],
    ["dotAll", "s"],
    ["unicode", "u"],
    ["unicodeSets", "v"],
    ["sticky", "y"],
  ]
  return `/${read("source") as string}/${flags.map(([key, flag]) => (read(key) ? flag : "")).join("")}`
}

function bufferEntry(i: Inspection, buffer: ArrayBuffer): string {
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

function promiseEntries(i: Inspection, promise: unknown, level: number): string[] {
  const [state, result] = native.promise(promise) ?? [0, undefined]
  if (state === 0) return [i.stylize("<pending>", "special")]
  i.indentation += 2
  const text = show(i, result, level)
  i.indentation -= 2
  return [state === 2 ? `${i.stylize("<rejected>", "special")} ${text}` : text]
}

function boxed(i: Inspection, kind: string, object: AnyObject, name: string | null, tag: string): string {
  const value: unknown = (globalThis as AnyObject)[kind].prototype.valueOf.call(object)
  let head = kind
  if (name === null) head += " (null prototype)"
  else if (name !== kind) head += ` (${name})`
  const text = typeof value === "string" ? quote(value) : showPrimitive({ ...i, stylize: (t) => t }, value, false)
  return (
    i.stylize(`[${head}: ${text}]`, kind.toLowerCase()) +
    (tag !== "" && tag !== kind && tag !== name ? ` [${tag}]` : "")
  )
}

/** Did the engine make this constructor, rather than a program? */
export const isBuiltin = (f: object): boolean => native.classId(f) !== bytecodeClass

/** Is it a class? The text is gone at run time, but only a class's `prototype` cannot be assigned to. */
export function isClass(f: object): boolean {
  if (native.classId(f) !== bytecodeClass) return false
  return Object.getOwnPropertyDescriptor(f, "prototype")?.writable === false
}

const functionKinds = ["AsyncGeneratorFunction", "GeneratorFunction", "AsyncFunction"]

function functionBase(f: AnyObject, name: string | null, tag: string): string {
  const own = Object.getOwnPropertyDescriptor(f, "name")
  const called = typeof own?.value === "string" ? own.value : ""
  if (isClass(f)) return classBase(f, name, tag, called)
  const kind = functionKinds.find((k) => k === tag || k === name) ?? "Function"
  let base = `[${kind}`
  if (name === null) base += " (null prototype)"
  base += called === "" ? " (anonymous)" : `: ${called}`
  base += "]"
  if (name !== kind && name !== null && name !== "Function") base += ` ${name}`
  if (tag !== "" && tag !== kind && tag !== name) base += ` [${tag}]`
  return base
}

function classBase(f: AnyObject, name: string | null, tag: string, called: string): string {
  let base = `[class ${called === "" ? "(anonymous)" : called}`
  if (name !== "Function" && name !== null) base += ` [${name}]`
  if (tag !== "" && tag !== name) base += ` [${tag}]`
  const parent = Object.getPrototypeOf(f) as { name?: string } | null
  if (name === null) base += " extends [null prototype]"
  else if (parent?.name) base += ` extends ${parent.name}`
  return `${base}]`
}

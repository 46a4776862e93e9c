// What kind of object is it, and what is shown of that kind: util.inspect's table of kinds.
import {
  arrayEntries,
  arrayIndex,
  bufferEntry,
  collectionEntries,
  mapSize,
  promiseEntries,
  setSize,
  typedArrayEntries,
  typedArrayLength,
} from "./contents.ts"
import { errorText } from "./errortext.ts"
import { boxed, functionBase, prefix, regExpText } from "./heads.ts"
import type { AnyObject, Inspection, Key } from "./inspection.ts"
import { native } from "./kit.ts"

/** What the entries of an object are made of. */
export interface Shape {
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

/** An object that is about to be shown. */
export interface Subject {
  i: Inspection
  object: AnyObject
  /** Its constructor's name; null without one. */
  name: string | null
  tag: string
  /** Level of what is inside. */
  next: number
}

/** The shape of an object of any kind. */
export function shapeOf(s: Subject): Shape {
  const { i, object } = s
  if (Array.isArray(object)) return arrayShape(s)
  const known = typeof object === "function" ? "Function" : (native.className(object) ?? "Object")
  const kind = known === "Object" && object instanceof Error ? "Error" : known
  if (ArrayBuffer.isView(object) && kind !== "DataView") return typedArrayShape(s, kind)
  const keys = ownKeys(i, object)
  return shapeOfKind(s, kind, keys) ?? objectShape(s, keys)
}

function shapeOfKind(s: Subject, kind: string, keys: Key[]): Shape | undefined {
  const { i, object, name, tag, next } = s
  switch (kind) {
    case "Map":
    case "Set":
      return collectionShape(s, kind, keys)
    case "Function":
      return textShape(keys, i.stylize(functionBase(object, name, tag), "special"))
    case "Arguments":
      return braced(keys, "[Arguments] ", { whenEmpty: "[Arguments] {}" })
    case "RegExp":
      return regExpShape(s, keys)
    case "Date":
      return dateShape(s, keys)
    case "Error":
    case "DOMException":
      return textShape(keys, errorText(i, object as never, name, tag, keys))
    case "ArrayBuffer":
    case "SharedArrayBuffer":
      return braced(keys.length === 0 ? ["byteLength"] : ["byteLength", ...keys], prefix(name, tag, kind), {
        entries: () => [bufferEntry(i, object as never)],
      })
    case "DataView":
      return braced(["byteLength", "byteOffset", "buffer", ...keys], prefix(name, tag, kind))
    case "Promise":
      return braced(keys, prefix(name, tag, kind), { entries: () => promiseEntries(i, object, next) })
    case "WeakSet":
    case "WeakMap":
      return braced(keys, prefix(name, tag, kind), { entries: () => [i.stylize("<items unknown>", "special")] })
    case "WeakRef":
      return braced(keys, prefix(name, tag, kind), {
        entries: () => [i.show(i, WeakRef.prototype.deref.call(object as never), next)],
      })
    case "Number":
    case "String":
    case "Boolean":
    case "Symbol":
    case "BigInt":
      return boxedShape(s, kind, keys)
  }
  return undefined
}

/** Braces with `head` before them. */
function braced(keys: Key[], head: string, more: Partial<Shape> = {}): Shape {
  return { base: "", isList: false, entries: () => [], keys, braces: [`${head}{`, "}"], ...more }
}

/** A text that stands alone when there are no keys. */
function textShape(keys: Key[], base: string): Shape {
  return { ...braced(keys, "", { whenEmpty: base }), base }
}

function objectShape({ name, tag }: Subject, keys: Key[]): Shape {
  if (tag === "Module" && name === null)
    return braced(keys, "[Module: null prototype] ", { whenEmpty: "[Module: null prototype] {}" })
  const head = name === "Object" && tag === "" ? "" : prefix(name, tag, "Object")
  return braced(keys, head, { whenEmpty: `${head}{}` })
}

function arrayShape({ i, object, name, tag, next }: Subject): Shape {
  const length = object["length"] as number
  const head = name === "Array" && tag === "" ? "" : prefix(name, tag, "Array", `(${length})`)
  const keys = keysWithoutIndices(i, object)
  const braces: [string, string] = [`${head}[`, "]"]
  const shape: Shape = { base: "", isList: true, keys, braces, entries: () => arrayEntries(i, object as never, next) }
  if (length === 0) shape.whenEmpty = `${braces[0]}]`
  if (i.showHidden) shape.keys.unshift("length")
  return shape
}

function typedArrayShape({ i, object, name, tag, next }: Subject, kind: string): Shape {
  const length = typedArrayLength(object)
  const braces: [string, string] = [`${prefix(name, tag, kind, `(${length})`)}[`, "]"]
  const keys = keysWithoutIndices(i, object)
  const entries = () => typedArrayEntries(i, object as never, next)
  const shape: Shape = { base: "", isList: true, keys, braces, entries }
  if (length === 0 && !i.showHidden) shape.whenEmpty = `${braces[0]}]`
  return shape
}

function collectionShape({ i, object, name, tag, next }: Subject, kind: "Map" | "Set", keys: Key[]): Shape {
  const size = kind === "Map" ? mapSize(object) : setSize(object)
  const head = prefix(name, tag, kind, `(${size})`)
  const shape = braced(keys, head, { entries: () => collectionEntries(i, kind, object, next) })
  if (size === 0) shape.whenEmpty = `${head}{}`
  return shape
}

function regExpShape({ i, object, name, tag }: Subject, keys: Key[]): Shape {
  const text = i.stylize(regExpText(object), "regexp")
  const head = prefix(name, tag, "RegExp")
  return textShape(keys, head === "RegExp " ? text : `${head}${text}`)
}

function dateShape({ i, object, name, tag }: Subject, keys: Key[]): Shape {
  const time = Date.prototype.getTime.call(object)
  const text = i.stylize(Number.isNaN(time) ? "Invalid Date" : Date.prototype.toISOString.call(object), "date")
  const head = prefix(name, tag, "Date")
  return textShape(keys, head === "Date " ? text : `${head}${text}`)
}

function boxedShape({ i, object, name, tag }: Subject, kind: string, keys: Key[]): Shape | undefined {
  if (name === "Object") return undefined // Number.prototype and its like
  const own = kind === "String" ? keysWithoutIndices(i, object).filter((key) => key !== "length") : keys
  return textShape(own, boxed(i, kind, object, name, tag))
}

function ownKeys(i: Inspection, object: AnyObject): Key[] {
  const keys: Key[] = i.showHidden ? Object.getOwnPropertyNames(object) : Object.keys(object)
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    if (i.showHidden || Object.prototype.propertyIsEnumerable.call(object, symbol)) keys.push(symbol)
  }
  return keys
}

function keysWithoutIndices(i: Inspection, object: AnyObject): Key[] {
  const keys = ownKeys(i, object).filter(
    (key) => typeof key === "symbol" || !arrayIndex.test(key) || Number(key) >= 4294967295,
  )
  return i.showHidden ? keys.filter((key) => key !== "length" || !Array.isArray(object)) : keys
}

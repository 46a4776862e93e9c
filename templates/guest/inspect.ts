// util.inspect, as Node prints values.
//
// In: any value and options. Out: text. A value becomes a head ("Map(2)", "<ref *1> Foo"), a list of entries and two
// braces; linebreaks.ts decides whether they share a line.
import { showProperty } from "./contents.ts"
import { constructorName, prefix, toStringTag } from "./heads.ts"
import {
  childOptions,
  customInspect,
  newInspection,
  type AnyObject,
  type InspectOptions,
  type Inspection,
} from "./inspection.ts"
import { native } from "./kit.ts"
import { arrange } from "./linebreaks.ts"
import { showPrimitive } from "./primitives.ts"
import { shapeOf, type Shape } from "./objectkinds.ts"

/** util.inspect(value, options) or its old form inspect(value, showHidden, depth, colors). */
export function inspect(
  value: unknown,
  options?: InspectOptions | boolean,
  depth?: number | null,
  colors?: boolean,
): string {
  const chosen: InspectOptions = typeof options === "object" && options !== null ? options : {}
  if (typeof options === "boolean") chosen.showHidden = options
  if (depth !== undefined && typeof options !== "object") chosen.depth = depth
  if (colors !== undefined && typeof options !== "object") chosen.colors = colors
  return show(newInspection(chosen, show), value, 0)
}

/** Any value, `level` objects below the outermost. */
function show(i: Inspection, value: unknown, level: number, inTypedArray = false): string {
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
  const custom = i.customInspect ? showCustom(i, object, target, level) : undefined
  if (custom !== undefined) return custom
  if (i.seen.includes(target)) return i.stylize(`[Circular *${circularNumber(i, target)}]`, "special")
  return showObject(i, target, level)
}

/** What the object's own method says of it, if it has one that does not leave it to us. */
function showCustom(i: Inspection, object: AnyObject, target: AnyObject, level: number): string | undefined {
  const custom = target[customInspect]
  if (typeof custom !== "function" || custom === inspect || isPrototypeOfItsConstructor(target)) return undefined
  const result: unknown = custom.call(object, i.depth - level, childOptions(i), inspect)
  if (result === target) return undefined
  const text = typeof result === "object" ? show(i, result, level) : String(result)
  return text.replaceAll("\n", `\n${" ".repeat(i.indentation)}`)
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

function showObject(i: Inspection, object: AnyObject, level: number): string {
  const name = constructorName(i, object, level)
  const tag = toStringTag(object, name)
  const next = level + 1
  const shape = shapeOf({ i, object, name, tag, next })
  // What is empty says so at any depth.
  if (shape.whenEmpty !== undefined && shape.keys.length === 0) return shape.whenEmpty
  if (level > i.depth) {
    const text = prefix(name, tag, Array.isArray(object) ? "Array" : "Object").slice(0, -1)
    return i.stylize(name === null ? text : `[${text}]`, "special")
  }
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
  const base = nameCircle(i, object, shape)
  if (i.sorted) entries = sortEntries(i, entries, shape)
  return arrange(i, entries, base, shape.braces, next, shape.isList ? object : undefined)
}

/**
 * The text before the braces; of an object that contains itself with its number, which old layouts put into the brace.
 */
function nameCircle(i: Inspection, object: AnyObject, { base, braces }: Shape): string {
  const number = i.circular.get(object)
  if (number === undefined) return base
  const reference = i.stylize(`<ref *${number}>`, "special")
  if (i.compact !== true) return base === "" ? reference : `${reference} ${base}`
  braces[0] = `${reference} ${braces[0]}`
  return base
}

/** Properties by their text; elements stay in their order. */
function sortEntries(i: Inspection, entries: string[], { isList, keys }: Shape): string[] {
  const elements = isList ? entries.length - keys.length : 0
  const compare = typeof i.sorted === "function" ? i.sorted : undefined
  return [...entries.slice(0, elements), ...entries.slice(elements).sort(compare)]
}

// What stands before an object's braces in util.inspect: the name of its class, a function, a regular expression, a
// boxed value.
import { isClass } from "./isclass.ts"
import { childOptions, newInspection, type AnyObject, type Inspection } from "./inspection.ts"
import { native } from "./kit.ts"
import { showPrimitive } from "./primitives.ts"
import { quote } from "./text.ts"

/** "Name(size) [tag] ", or "[Fallback(size): null prototype] [tag] ". */
export function prefix(name: string | null, tag: string, fallback: string, size = ""): string {
  const tagText = tag !== "" && tag !== (name ?? fallback) ? `[${tag}] ` : ""
  if (name === null) return `[${fallback}${size}: null prototype] ${tagText}`
  return `${name}${size} ${tagText}`
}

/** Name of the nearest constructor in the prototype chain; null without one. */
export function constructorName(i: Inspection, object: AnyObject, level: number): string | null {
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
  if (inner === null) {
    const plain = newInspection({ ...childOptions(i), customInspect: false, depth: -1 }, i.show)
    return `${builtin} <${i.show(plain, first, 0)}>`
  }
  return `${builtin} <${inner}>`
}

function isInstance(object: unknown, constructor: unknown): boolean {
  try {
    return object instanceof (constructor as never)
  } catch {
    return false
  }
}

/** Symbol.toStringTag, where it says more than the constructor does. */
export function toStringTag(object: AnyObject, name: string | null): string {
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

const getters = Object.getOwnPropertyDescriptors(RegExp.prototype) as Record<string, PropertyDescriptor>

/** A regular expression's text, whatever its prototype. */
export function regExpText(object: unknown): string {
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

/** "[Number: 5]": an object around a primitive. */
export function boxed(i: Inspection, kind: string, object: AnyObject, name: string | null, tag: string): string {
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
export function isBuiltin(f: object): boolean {
  return native.classId(f) !== native.classId(isBuiltin)
}

const functionKinds = ["AsyncGeneratorFunction", "GeneratorFunction", "AsyncFunction"]

/** "[Function: name]" and its kin. */
export function functionBase(f: AnyObject, name: string | null, tag: string): string {
  const own = Object.getOwnPropertyDescriptor(f, "name")
  const called = typeof own?.value === "string" ? own.value : ""
  if (!isBuiltin(f) && isClass(f)) return classBase(f, name, tag, called)
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

// Functions of the engine that give way to functions of the guest (templates/guest/departures.h), because what they
// answer is not what the language says. Everything that called them calls ours, which may call them under the name
// `engine_…`.
//
// A built-in function is found as what JavaScript knows it by: the slot of its C function leads to the table. One that
// JavaScript does not see is found by its type and what it reads. docs/engine.md says why each is replaced.
import { parseElements } from "../../wasm/elem.ts"
import { findSection, SectionId } from "../../wasm/sections.ts"
import { JSClassID, JSObject, JSRuntime } from "../abi.ts"
import { functionsOf } from "../edit/bodies.ts"
import { engineEditRefused } from "../errors.ts"
import type { ModuleParts } from "../module.ts"
import type { Lab } from "../probe/lab.ts"

/** A function that the guest replaces. */
export interface Replaced {
  /** Function index in the engine. */
  from: number
  /** What the guest calls it by. */
  engineName: string
  /** The guest's own. */
  to: string
}

/** By the name that both have behind `engine_` and `guest_`: what JavaScript calls them. */
const builtins: Record<string, string> = {
  error_constructor: "Error",
  is_frozen: "Object.isFrozen",
  typed_array: "Int8Array",
  typed_array_set: "Object.getPrototypeOf(Int8Array.prototype).set",
  weak_ref: "WeakRef",
  deref: "WeakRef.prototype.deref",
  date_parse: "Date.parse",
}

/**
 * The same for those that JavaScript does not see: their types, and the offset of a field that one of the type must
 * read.
 */
const internals: Record<string, { type: string; reads?: number }> = {
  number_text: { type: "i32,f64,i32,i32,i32->i64" },
  copy_properties: { type: "i32,i64,i64,i64,i32->i32", reads: JSRuntime.class_array },
  backtrace: { type: "i32,i64,i64,i32,i32,i32,i32->" },
}

/** Find all of them, with an engine of the same module to ask. Throws EB403 when one is not found once. */
export function findReplaced(module: ModuleParts, lab: Lab): Replaced[] {
  const table = functionsBySlot(module)
  const ofBuiltin = (expression: string): number[] => {
    const object = lab.object(expression)
    const slot = lab.u32(object + JSObject.c_function)
    const index = lab.u16(object + JSObject.class_id) === JSClassID.C_FUNCTION ? table.get(slot) : undefined
    return index === undefined ? [] : [index]
  }
  const row = (name: string, found: readonly number[]): Replaced => {
    const [from] = found
    if (from === undefined || found.length > 1) throw engineEditRefused(name, 1, found.length)
    return { from, engineName: `engine_${name}`, to: `guest_${name}` }
  }
  return [
    ...Object.entries(builtins).map(([name, expression]) => row(name, ofBuiltin(expression))),
    ...Object.entries(internals).map(([name, { type, reads }]) => row(name, functionsOf(module, type, reads))),
  ]
}

function functionsBySlot(module: ModuleParts): Map<number, number> {
  const slots = new Map<number, number>()
  for (const { offset, items } of parseElements(findSection(module.sections, SectionId.Element))) {
    const first = offset?.value
    if (first?.op !== "i32.const") continue
    items.flatMap((item) => item.functions).forEach((index, i) => slots.set(first.value + i, index))
  }
  return slots
}

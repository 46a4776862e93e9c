// When the key of `a[key] = value` becomes a property key: the engine converts it before it computes the value, the
// language afterwards, when it stores. The same holds for `super[key]`, and for such targets of patterns and of `for …
// of`. The compiler writes
//
//     a  key  to_propkey2  (with detours for an `a` that is no object)  value  to_propkey  put_array_el
//
// and now, as the stores convert their keys themselves,
//
//     a  key  value  put_array_el
//
// Stores that read first (`a[key] += value`) convert the key once, when they read; they stay.
//
// A store into null or undefined is refused before its key is asked for anything. JS_SetPropertyValue would convert the
// key for the sake of the message.
import { opcodeByName, type OpcodeName } from "../../opcodes/quickjs.generated.ts"
import type { Instruction } from "../../wasm/body.ts"
import { Code, Op } from "../../wasm/code.ts"
import { tags } from "../abi.ts"
import { exportedFunction } from "../module.ts"
import { copyWithPlaces, editBodies, type Place } from "./bodies.ts"
import type { Editable } from "./editable.ts"
import { placesOf, type Wanted } from "./mending.ts"

const opcode = (name: OpcodeName): Wanted => [Op.i32_const, opcodeByName[name].code]
const EQUALS: Wanted = [Op.i32_const, "=".charCodeAt(0)]

/** Apply the edit. Returns the number of places. */
export function convertKeysLate(engine: Editable): number {
  const { module } = engine
  let count = refuseBeforeConverting(engine)
  editBodies(module, (body, code) => {
    const places = [...conversions(code), ...assignments(code)]
    count += places.length
    return places.length === 0 ? undefined : copyWithPlaces(new Code(), body, 0, places)
  })
  return count
}

/** `emit_op(function, conversion)` in front of `opcode = get_…`, for targets that are only written. */
function conversions(code: readonly Instruction[]): Place[] {
  const emitted = (conversion: OpcodeName, target: OpcodeName) =>
    placesOf(code, [Op.local_get, opcode(conversion), Op.call, opcode(target), Op.local_set])
  const found = [...emitted("to_propkey2", "get_array_el"), ...emitted("to_propkey", "get_super_value")]
  return found.map((at) => ({ at: code[at]!.at, end: code[at + 2]!.end, write: () => {} }))
}

/** `if (detour = (operator == '=' && target == get_array_el))`: never. */
function assignments(code: readonly Instruction[]): Place[] {
  const pattern = [EQUALS, Op.i32_eq, Op.local_get, Op.i32_load, Op.local_tee, opcode("get_array_el"), Op.i32_eq]
  return placesOf(code, [...pattern, Op.i32_and, Op.local_tee, Op.if]).map((at) => {
    const detour = code[at + pattern.length + 1]!
    return { at: detour.end, end: detour.end, write: (out) => out.i32(0).op(Op.i32_and).tee(detour.a) }
  })
}

/**
 * In JS_SetPropertyValue(ctx, base, key, value, flags): an object that is a key of null or undefined gives way to an
 * empty text.
 */
function refuseBeforeConverting({ module }: Editable): number {
  const store = exportedFunction(module, "JS_SetPropertyValue")
  const [base, key] = [1, 2]
  return editBodies(module, (body, code, index) => {
    if (index !== store) return undefined
    const convert: Wanted = [Op.call, exportedFunction(module, "JS_ValueToAtom")]
    const found = placesOf(code, [Op.local_get, [Op.local_get, key], convert])
    if (found.length !== 1) return undefined
    const { at } = code[found[0]!]!
    const tag = (out: Code, local: number) => out.get(local).i64(32n).op(Op.i64_shr_s, Op.i32_wrap_i64)
    const write = (out: Code) => {
      tag(out, base).i32(1).op(Op.i32_or).i32(tags.JS_TAG_UNDEFINED).op(Op.i32_eq)
      tag(out, key).i32(tags.JS_TAG_OBJECT).op(Op.i32_eq, Op.i32_and).if()
      out.get(0).get(key).call(exportedFunction(module, "JS_FreeValue"))
      out.get(0).i32(0).i32(0).call(exportedFunction(module, "JS_NewStringLen")).set(key).end()
    }
    return copyWithPlaces(new Code(), body, 0, [{ at, end: at, write }])
  })
}

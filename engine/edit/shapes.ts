// Frozen code caches facts about shapes and keeps such a shape alive with one count of its own. So that nothing lives longer for it, the engine
// says when that count is the last but one, and when it collects garbage:
//
//     js_free_shape(rt, shape)   ->   if (shape is kept && its count is 2 && hook) hook(rt, shape); …
//     JS_RunGC(rt)               ->   if (hook) hook(rt, 0); …
//
// The hook (freeze/helpers/cache.ts) forgets the shape, or all of them, and gives the count back. Its table slot is a word of EdgeBox's own; 0 while there is
// no frozen code. Kept is a bit in `is_hashed`, which the engine only compares with 0
// (freeze/helpers/check.ts tries that out).
import { Instructions } from "../../wasm/body.ts"
import { Code, Op, type Label } from "../../wasm/code.ts"
import { JSMallocBlockHeader, JSShape } from "../abi.ts"
import { exportedFunction, type ModuleParts } from "../module.ts"

/** Bit of `JSShape.is_hashed`: frozen code holds one count on the shape. */
export const SHAPE_IS_KEPT = 2

/** Apply the edit to a parsed engine, in place, where `hookWord` is the address of the hook's table slot. */
export function hookShapes(module: ModuleParts, hookWord: number): void {
  const freeShape = exportedFunction(module, "js_free_shape")
  const type = module.typeOf(freeShape)
  const callHook = (out: Code, argument: () => void): void => {
    out.get(0)
    argument()
    out.i32(0).mem("i32_load", hookWord).callIndirect(type)
  }
  const edit = (index: number, prologue: (out: Code, outside: Label) => void): void => {
    const body = module.bodies[index - module.importedFunctions]!
    const { start } = new Instructions(body)
    const out = new Code().copy(body.subarray(0, start))
    const outside = out.block()
    prologue(out.i32(0).mem("i32_load", hookWord).op(Op.i32_eqz).brIf(outside), outside)
    module.bodies[index - module.importedFunctions] = out.end().copy(body.subarray(start)).instructions()
  }
  edit(freeShape, (out, outside) => {
    out.get(1).mem("i32_load8_u", JSShape.is_hashed).i32(SHAPE_IS_KEPT).op(Op.i32_and, Op.i32_eqz).brIf(outside)
    out.get(1).i32(-JSMallocBlockHeader.ref_count).op(Op.i32_sub).mem("i32_load", 0)
    out.i32(2).op(Op.i32_ne).brIf(outside)
    callHook(out, () => out.get(1))
  })
  edit(exportedFunction(module, "JS_RunGC"), (out) => callHook(out, () => out.i32(0)))
}

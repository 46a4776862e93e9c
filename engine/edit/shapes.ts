// Frozen code caches facts about shapes and keeps such a shape alive with one count of its own. So that nothing lives longer for it, the engine
// says when that count is the last but one, and when it collects garbage:
//
//     js_free_shape(rt, shape)   ->   if (shape is kept && its count is 2 && hook) hook(rt, shape); …
//     JS_RunGC(rt)               ->   if (hook) hook(rt, 0); …
//
// The hook (freeze/helpers/cache.ts) forgets the shape, or all of them, and gives the count back. Its table slot is a word of EdgeBox's own; 0 while there is
// no frozen code. Kept is a bit in `is_hashed`, which the engine only compares with 0
// (freeze/helpers/check.ts tries that out).
import { Writer } from "../../wasm/sections.ts"
import { JSMallocBlockHeader, JSShape } from "../abi.ts"
import { Instructions, Op, Type } from "../../wasm/body.ts"
import { exportedFunction, type ModuleParts } from "../module.ts"

/** Bit of `JSShape.is_hashed`: frozen code holds one count on the shape. */
export const SHAPE_IS_KEPT = 2

/** Apply the edit to a parsed engine, in place, where `hookWord` is the address of the hook's table slot. */
export function hookShapes(module: ModuleParts, hookWord: number): void {
  const freeShape = exportedFunction(module, "js_free_shape")
  const type = module.typeOf(freeShape)
  const callHook = (out: Writer, argument: () => void): void => {
    out.u8(Op.local_get).u8(0)
    argument()
    out.u8(Op.i32_const).s32(0).u8(Op.i32_load).u32(2).u32(hookWord).u8(Op.call_indirect).u32(type).u8(0)
  }
  const unlessHooked = (out: Writer): Writer =>
    out.u8(Op.i32_const).s32(0).u8(Op.i32_load).u32(2).u32(hookWord).u8(Op.i32_eqz).u8(Op.br_if).u8(0)
  const edit = (index: number, prologue: (out: Writer) => void): void => {
    const body = module.bodies[index - module.importedFunctions]!
    const code = new Instructions(body)
    const out = new Writer().bytes(body.subarray(0, code.start)).u8(Op.block).u8(Type.void)
    prologue(unlessHooked(out))
    out.u8(Op.end).bytes(body.subarray(code.start))
    module.bodies[index - module.importedFunctions] = out.finish()
  }
  edit(freeShape, (out) => {
    out.u8(Op.local_get).u8(1).u8(Op.i32_load8_u).u32(0).u32(JSShape.is_hashed)
    out.u8(Op.i32_const).s32(SHAPE_IS_KEPT).u8(Op.i32_and).u8(Op.i32_eqz).u8(Op.br_if).u8(0)
    out.u8(Op.local_get).u8(1).u8(Op.i32_const).s32(-JSMallocBlockHeader.ref_count).u8(Op.i32_sub)
    out.u8(Op.i32_load).u32(2).u32(0).u8(Op.i32_const).s32(2).u8(Op.i32_ne).u8(Op.br_if).u8(0)
    callHook(out, () => out.u8(Op.local_get).u8(1))
  })
  edit(exportedFunction(module, "JS_RunGC"), (out) => callHook(out, () => out.u8(Op.i32_const).s32(0)))
}

// Frozen code caches facts about shapes and keeps such a shape alive with one count of its own. So that nothing lives
// longer for it, the engine says when that count is the last but one, and when it collects garbage:
//
//     js_free_shape(rt, shape)   ->   if (shape is kept && its count is 2 && hook) hook(rt, shape); …
//     JS_RunGC(rt)               ->   if (hook) hook(rt, 0); …
//
// The hook (freeze/helpers/cache.ts) forgets the shape, or all of them, and gives the count back. Its table slot is a
// word of EdgeBox's own; 0 while there is no frozen code. Kept is a bit in `is_hashed`, which the engine only compares
// with 0 (freeze/helpers/check.ts tries that out).
import { Instructions } from "../../wasm/body.ts"
import { Code, Op, type Label } from "../../wasm/code.ts"
import { JSMallocBlockHeader, JSShape } from "../abi.ts"
import { bodyOf, exportedFunction, setBody, type ModuleParts } from "../module.ts"
import { words } from "../words.ts"
import type { Editable } from "./editable.ts"

/** Bit of `JSShape.is_hashed`: frozen code holds one count on the shape. */
export const SHAPE_IS_KEPT = 2

/** Apply the edit. Returns the number of functions that call the hook. */
export function hookShapes({ module }: Editable): number {
  const freeShape = exportedFunction(module, "js_free_shape")
  const callHook = (out: Code, pushShape: () => void): void => {
    out.get(0)
    pushShape()
    out.i32(0).mem("i32_load", words.shapeHook).callIndirect(module.typeOf(freeShape))
  }
  runBefore(module, freeShape, (out, outside) => {
    out.get(1).mem("i32_load8_u", JSShape.is_hashed).i32(SHAPE_IS_KEPT).op(Op.i32_and, Op.i32_eqz).brIf(outside)
    out.get(1).i32(-JSMallocBlockHeader.ref_count).op(Op.i32_sub).mem("i32_load", 0)
    out.i32(2).op(Op.i32_ne).brIf(outside)
    callHook(out, () => out.get(1))
  })
  runBefore(module, exportedFunction(module, "JS_RunGC"), (out) => callHook(out, () => out.i32(0)))
  return 2
}

/** What `write` writes comes before a function's own code, and is left out while there is no hook. */
function runBefore(module: ModuleParts, index: number, write: (out: Code, outside: Label) => void): void {
  const body = bodyOf(module, index)
  const { start } = new Instructions(body)
  const out = new Code().copy(body.subarray(0, start))
  const outside = out.block()
  write(out.i32(0).mem("i32_load", words.shapeHook).op(Op.i32_eqz).brIf(outside), outside)
  setBody(module, index, out.end().copy(body.subarray(start)).instructions())
}

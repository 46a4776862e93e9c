// When the engine collects garbage next. After a collection it sets
//
//     threshold = size + size / 2
//
// in 32 bits: from 2.86 GB on that is a small number, and the engine collects at every object that is made, seconds
// each time. So
//
//     threshold = size + min(size / 2, (2^32 - 1 - size) / 2)
//
// which is the same up to 2 GB, and then halfway to the end.
import type { Instruction } from "../../wasm/body.ts"
import { Code, Op } from "../../wasm/code.ts"
import { JSRuntime } from "../abi.ts"
import { editBodies } from "./bodies.ts"
import type { Editable } from "./editable.ts"

/** Apply the edit. Returns the number of places. */
export function boundThreshold({ module }: Editable): number {
  return editBodies(module, (body, code) => {
    const at = code.findIndex((_, i) => raisesThreshold(code, i))
    if (at < 0) return undefined
    const size = code[at + 1]!.a
    const half = code[at + 3]!
    const room = (out: Code) => out.get(size).i32(-1).op(Op.i32_xor)
    const out = new Code().copy(body.subarray(0, half.end))
    room(out).i32(1).op(Op.i32_shr_u).get(size)
    room(out).op(Op.i32_lt_u, Op.select)
    return out.copy(body.subarray(half.end)).instructions()
  })
}

/** `i32.load size  local.tee L  i32.const 1  i32.shr_u  local.get L  i32.add  i32.store threshold` begins at `i`. */
function raisesThreshold(code: readonly Instruction[], i: number): boolean {
  const [load, tee, one, shift, get, add, store] = code.slice(i, i + 7)
  if (load?.op !== Op.i32_load || tee?.op !== Op.local_tee || one?.op !== Op.i32_const || one.a !== 1) return false
  if (shift?.op !== Op.i32_shr_u || get?.op !== Op.local_get || get.a !== tee.a || add?.op !== Op.i32_add) return false
  return store?.op === Op.i32_store && store.a === JSRuntime.malloc_gc_threshold
}

// The engine frees a value by a call, whatever the value is: JS_FreeValue(ctx, v) calls JS_FreeValueRT(rt, v), which
// makes room on the shadow stack and only then asks whether the value is counted at all. Ints, and objects that others
// own, are what is freed most. So
//
//     in the interpreter     JS_FreeValue(ctx, v)   ->   if (v is counted) JS_FreeValue(ctx, v)
//     in both functions      …   ->   if (v is not counted) return; if (count > 1) { count--; return } …
//
// Counting in the interpreter as well would be a little faster still, and makes its first compilation 2 ms longer,
// which every start pays.
import { decode, Instructions } from "../../wasm/body.ts"
import { I32, I64, Op, type Code } from "../../wasm/code.ts"
import { JSMallocBlockHeader, tags } from "../abi.ts"
import { bodyOf, exportedFunction, setBody } from "../module.ts"
import { copyWithPlaces, parametersOf } from "./bodies.ts"
import type { Editable } from "./editable.ts"
import { addLocals, withLocals } from "./addlocals.ts"

/** JSValues from here on, compared unsigned, have a reference count. */
const firstCounted = BigInt.asIntN(64, BigInt(tags.JS_TAG_BIG_INT >>> 0) << 32n)

/** Apply the edit. Returns the number of calls in the interpreter that were replaced. */
export function freeInline({ module, interpreter }: Editable): number {
  const free = exportedFunction(module, "JS_FreeValue")
  for (const index of [free, exportedFunction(module, "JS_FreeValueRT")])
    setBody(module, index, testFirst(bodyOf(module, index)))
  const { edited, count } = inlineCalls(bodyOf(module, interpreter), free, parametersOf(module, interpreter))
  setBody(module, interpreter, edited)
  return count
}

/** A function (owner, value) returns at once when there is nothing to do but to count. */
function testFirst(body: Uint8Array): Uint8Array {
  const code = new Instructions(body)
  const [pointer, count] = addLocals(code, 2, [I32, I32])
  const out = withLocals(code, [I32, I32])
  out.get(1).i64(firstCounted).op(Op.i64_lt_u).if()
  out.op(Op.return).end()
  countDown(out, 1, pointer!, count!)
  out.op(Op.return).end()
  return out.copy(body.subarray(code.start)).instructions()
}

/** `context value call JS_FreeValue` becomes `if (value is counted)` around the call. */
function inlineCalls(body: Uint8Array, free: number, parameters: number): { edited: Uint8Array; count: number } {
  const code = new Instructions(body)
  const types = [I64, I32]
  const [value, context] = addLocals(code, parameters, types) as [number, number]
  const out = withLocals(code, types)
  const guarded = (out: Code) => {
    out.set(value).set(context).get(value).i64(firstCounted).op(Op.i64_ge_u).if()
    out.get(context).get(value).call(free).end()
  }
  const calls = decode(body).filter(({ op, a }) => op === Op.call && a === free)
  const places = calls.map(({ at, end }) => ({ at, end, write: guarded }))
  return { edited: copyWithPlaces(out, body, code.start, places), count: places.length }
}

/** `if (count > 1) { count--;`, left open. */
function countDown(out: Code, value: number, pointer: number, count: number): void {
  out.get(value).op(Op.i32_wrap_i64).i32(-JSMallocBlockHeader.ref_count).op(Op.i32_sub).tee(pointer)
  out.mem("i32_load", 0).tee(count).i32(1).op(Op.i32_gt_s).if()
  out.get(pointer).get(count).i32(1).op(Op.i32_sub).mem("i32_store", 0)
}

// The engine frees a value by a call, whatever the value is: JS_FreeValue(ctx, v) calls JS_FreeValueRT(rt, v), which makes room on the shadow
// stack and only then asks whether the value is counted at all. Ints, and objects that others own, are what is freed most. So
//
//     in the interpreter     JS_FreeValue(ctx, v)   ->   if (v is counted) JS_FreeValue(ctx, v)
//     in both functions      …                      ->   if (v is not counted) return; if (count > 1) { count--; return } …
//
// Counting in the interpreter as well would be a little faster still, and makes its first compilation 2 ms longer, which every start pays.
import { Writer } from "../../wasm/sections.ts"
import { JSMallocBlockHeader, tags } from "../abi.ts"
import { addLocals, decode, Instructions, Op, Type, withLocals } from "../../wasm/body.ts"
import { exportedFunction, type ModuleParts } from "../module.ts"

/** JSValues from here on, compared unsigned, have a reference count. */
const firstCounted = BigInt.asIntN(64, BigInt(tags.JS_TAG_BIG_INT >>> 0) << 32n)

/** Apply the edit to a parsed engine, in place. Returns the number of calls in the interpreter that were replaced. */
export function freeInline(module: ModuleParts, interpreter: number): number {
  const free = exportedFunction(module, "JS_FreeValue")
  const body = (index: number) => module.bodies[index - module.importedFunctions] ?? new Uint8Array()
  for (const index of [free, exportedFunction(module, "JS_FreeValueRT")]) {
    module.bodies[index - module.importedFunctions] = testFirst(body(index))
  }
  const { edited, count } = inlineCalls(body(interpreter), free, parametersOf(module, interpreter))
  module.bodies[interpreter - module.importedFunctions] = edited
  return count
}

function parametersOf(module: ModuleParts, index: number): number {
  return module.types[module.typeOf(index)]?.params.length ?? 0
}

/** A function (owner, value) returns at once when there is nothing to do but to count. */
function testFirst(body: Uint8Array): Uint8Array {
  const code = new Instructions(body)
  const [pointer, count] = addLocals(code, 2, [Type.i32, Type.i32])
  const out = withLocals(code, [Type.i32, Type.i32])
  out.u8(Op.local_get).u8(1).u8(Op.i64_const).s64(firstCounted).u8(Op.i64_lt_u)
  out.u8(Op.if).u8(Type.void).u8(Op.return).u8(Op.end)
  countDown(out, 1, pointer!, count!)
  out.u8(Op.return).u8(Op.end)
  return out.bytes(body.subarray(code.start)).finish()
}

/** `context value call JS_FreeValue` becomes `if (value is counted)` around the call. */
function inlineCalls(body: Uint8Array, free: number, parameters: number): { edited: Uint8Array; count: number } {
  const code = new Instructions(body)
  const types = [Type.i64, Type.i32]
  const [value, context] = addLocals(code, parameters, types) as [number, number]
  const out = withLocals(code, types)
  let copied = code.start
  let count = 0
  for (const { op, a, at, end } of decode(body)) {
    if (op !== Op.call || a !== free) continue
    out.bytes(body.subarray(copied, at))
    out.u8(Op.local_set).u32(value).u8(Op.local_set).u32(context)
    out.u8(Op.local_get).u32(value).u8(Op.i64_const).s64(firstCounted).u8(Op.i64_ge_u).u8(Op.if).u8(Type.void)
    out.u8(Op.local_get).u32(context).u8(Op.local_get).u32(value).u8(Op.call).u32(free).u8(Op.end)
    copied = end
    count++
  }
  return { edited: out.bytes(body.subarray(copied)).finish(), count }
}

/** `if (count > 1) { count--;`, left open. */
function countDown(out: Writer, value: number, pointer: number, count: number): void {
  out.u8(Op.local_get).u32(value).u8(Op.i32_wrap_i64)
  out.u8(Op.i32_const).s32(-JSMallocBlockHeader.ref_count).u8(Op.i32_sub).u8(Op.local_tee).u32(pointer)
  out.u8(Op.i32_load).u32(2).u32(0).u8(Op.local_tee).u32(count).u8(Op.i32_const).s32(1).u8(Op.i32_gt_s)
  out.u8(Op.if).u8(Type.void)
  out.u8(Op.local_get).u32(pointer).u8(Op.local_get).u32(count).u8(Op.i32_const).s32(1).u8(Op.i32_sub)
  out.u8(Op.i32_store).u32(2).u32(0)
}

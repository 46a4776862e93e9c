// The engine frees a value by a call, whatever the value is: JS_FreeValue(ctx, v) calls JS_FreeValueRT(rt, v), which makes room on the shadow
// stack and only then asks whether the value is counted at all. Ints, and objects that others own, are what is freed most. So
//
//     in the interpreter     JS_FreeValue(ctx, v)   ->   if (v is counted) JS_FreeValue(ctx, v)
//     in both functions      …                      ->   if (v is not counted) return; if (count > 1) { count--; return } …
//
// Counting in the interpreter as well would be a little faster still, and makes its first compilation 2 ms longer, which every start pays.
import { decode, Instructions } from "../../wasm/body.ts"
import { I32, I64, Op, type Code } from "../../wasm/code.ts"
import { JSMallocBlockHeader, tags } from "../abi.ts"
import { exportedFunction, type ModuleParts } from "../module.ts"
import { addLocals, withLocals } from "./addlocals.ts"

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
  let copied = code.start
  let count = 0
  for (const { op, a, at, end } of decode(body)) {
    if (op !== Op.call || a !== free) continue
    out.copy(body.subarray(copied, at)).set(value).set(context)
    out.get(value).i64(firstCounted).op(Op.i64_ge_u).if()
    out.get(context).get(value).call(free).end()
    copied = end
    count++
  }
  return { edited: out.copy(body.subarray(copied)).instructions(), count }
}

/** `if (count > 1) { count--;`, left open. */
function countDown(out: Code, value: number, pointer: number, count: number): void {
  out.get(value).op(Op.i32_wrap_i64).i32(-JSMallocBlockHeader.ref_count).op(Op.i32_sub).tee(pointer)
  out.mem("i32_load", 0).tee(count).i32(1).op(Op.i32_gt_s).if()
  out.get(pointer).get(count).i32(1).op(Op.i32_sub).mem("i32_store", 0)
}

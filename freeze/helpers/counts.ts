// Helpers that count references, as the engine's JS_DupValue and JS_FreeValue do.
import { JSMallocBlockHeader } from "../../engine/abi.ts"
import { I32, I64, op, type Code } from "../../wasm/code.ts"
import { EXCEPTION, FIRST_COUNTED } from "../types.ts"
import { call, callEngine, type RuntimeAddresses } from "./signatures.ts"

/** `value -> is it counted?` */
export function isCounted(c: Code): Code {
  return c.i64(FIRST_COUNTED).op(op.i64_ge_u)
}

/** `value -> is it an exception?` */
export function isException(c: Code): Code {
  return c.i64(EXCEPTION).op(op.i64_eq)
}

/** Add `by` to the reference count of the object at the address in `local`. */
export function addCount(c: Code, local: number, by: number): Code {
  c.get(local).i32(-JSMallocBlockHeader.ref_count).op(op.i32_sub).tee(local)
  return c.get(local).mem("i32_load", 0).i32(by).op(op.i32_add).mem("i32_store", 0)
}

/** Let go of a value. */
export function writeFree(c: Code, a: RuntimeAddresses): void {
  const pointer = c.local(I32)
  isCounted(c.get(0)).if()
  c.get(0).op(op.i32_wrap_i64).i32(-JSMallocBlockHeader.ref_count).op(op.i32_sub).tee(pointer).mem("i32_load", 0)
  c.i32(1).op(op.i32_gt_s).if()
  c.get(pointer).get(pointer).mem("i32_load", 0).i32(1).op(op.i32_sub).mem("i32_store", 0)
  c.else()
  callEngine(c.i32(a.runtime).get(0), "JS_FreeValueRT").end().end()
}

/** Free the values from one address to another. */
export function writeFreeRange(c: Code): void {
  const value = c.local(I64)
  c.block()
  c.loop()
  c.get(0)
    .get(1)
    .op(op.i32_ge_u)
    .brIf(c.height - 2)
  isCounted(c.get(0).mem("i64_load", 0).tee(value)).if()
  call(c.get(value), "free").end()
  c.get(0)
    .i32(8)
    .op(op.i32_add)
    .set(0)
    .br(c.height - 1)
    .end()
    .end()
}

/** `value -> value`, counted once more. */
export function writeDup(c: Code): void {
  const pointer = c.local(I32)
  isCounted(c.get(0)).if()
  c.get(0).op(op.i32_wrap_i64).set(pointer)
  addCount(c, pointer, 1).end()
  c.get(0)
}

/** (slot, value): free what the slot holds; it owns the value then. */
export function writeReplace(c: Code): void {
  const old = c.local(I64)
  c.get(0).mem("i64_load", 0).set(old).get(0).get(1).mem("i64_store", 0)
  call(c.get(old), "free")
}

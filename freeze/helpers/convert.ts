// Helpers that convert values: to a bool, from a double, to an int32.
import { tags } from "../../engine/abi.ts"
import { I32, I64, op, type Code } from "../../wasm/code.ts"
import { BOXED_NAN, FLOAT_ADDEND } from "../types.ts"
import { callEngine } from "./signatures.ts"

/** ToBoolean. */
export function writeToBool(c: Code): void {
  const high = c.local(I32)
  c.get(1).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).tee(high).i32(tags.JS_TAG_UNDEFINED).op(op.i32_le_u).if(I32)
  c.get(1).op(op.i32_wrap_i64)
  c.else()
  callEngine(c.get(0).get(1), "JS_ToBool").end()
}

/** `double -> JSValue`, an int where it is one. */
export function writeBoxFloat(c: Code): void {
  const int = c.local(I32)
  const bits = c.local(I64)
  // An int where it is one: not -0, which equals 0 but has other bits.
  c.get(0).truncSat32().tee(int).op(op.f64_convert_i32_s, op.i64_reinterpret_f64)
  c.get(0).op(op.i64_reinterpret_f64).tee(bits).op(op.i64_eq).if(I64)
  c.get(int).op(op.i64_extend_i32_u)
  c.else()
  c.get(bits).i64(FLOAT_ADDEND).op(op.i64_sub).i64(BOXED_NAN).get(0).get(0).op(op.f64_eq, op.select).end()
}

/** ToInt32. */
export function writeToInt32(c: Code): void {
  const bits = c.local(I64)
  const shift = c.local(I32)
  // Below 2^63 the integer part has an i64, and its low word is the answer.
  c.get(0)
    .op(op.f64_abs)
    .f64(2 ** 63)
    .op(op.f64_lt)
    .if(I32)
  c.get(0).truncSat64().op(op.i32_wrap_i64)
  c.else()
  // From there on the value is mantissa << (exponent - 1075), of which 32 bits are left when that is below 32.
  c.get(0).op(op.i64_reinterpret_f64).tee(bits).i64(52n).op(op.i64_shr_u, op.i32_wrap_i64).i32(0x7ff).op(op.i32_and)
  c.i32(1075).op(op.i32_sub).tee(shift).i32(31).op(op.i32_gt_u).if(I32)
  c.i32(0) // infinities and NaN have the greatest exponent
  c.else()
  c.get(bits).op(op.i32_wrap_i64).get(shift).op(op.i32_shl)
  c.i32(0).get(bits).op(op.i32_wrap_i64).get(shift).op(op.i32_shl, op.i32_sub)
  c.get(bits).i64(0n).op(op.i64_ge_s, op.select).end().end()
}

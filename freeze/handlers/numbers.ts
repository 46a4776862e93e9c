// Operands as numbers: what is known of them, and how they are unboxed.
//
// A boxed operand is looked at when it is used: a number is unboxed on the spot, anything else branches to a slow way.
import { tags } from "../../engine/abi.ts"
import { F64, I32, I64, op, type Label } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { callStep, exitAfter } from "../frame/handover.ts"
import type { Val } from "../frame/operand.ts"
import { ANY, FLOAT_ADDEND, NUMBER, numberOf, T, value } from "../types.ts"

/** Known to be an int. */
export const isInt = (v: Val) => v.type === T.INT

/** Known to be a number. */
export const isNumber = (v: Val) => v.type !== 0 && (v.type & ~NUMBER) === 0

/** A number that needs no unboxing. */
export const isUnboxed = (v: Val) => v.rep === "i32" || v.rep === "f64" || (v.rep === "const" && isNumber(v))

/** The same, or a bool: ToInt32 of it is at hand. */
export function isUnboxedInt(v: Val): boolean {
  return (
    v.rep === "i32" || v.rep === "bool" || v.rep === "f64" || (v.rep === "const" && (isNumber(v) || v.type === T.BOOL))
  )
}

/** Never a number. */
export function isNeverNumber(v: Val): boolean {
  return (v.type & NUMBER) === 0
}

/**
 * The number that a constant is, if that is a small int: a loop that adds it does not overflow soon. Undefined for all
 * others.
 */
export function smallInt(v: Val): number | undefined {
  const number = v.rep === "const" && isInt(v) ? numberOf(v.value) : undefined
  return number !== undefined && Math.abs(number) < 1 << 20 ? number : undefined
}

export const one: Val = { rep: "const", value: value(tags.JS_TAG_INT, 1), type: T.INT, own: false }

export function forgetAll(frame: Frame, ...operands: Val[]): void {
  for (const v of operands) frame.forget(v)
}

/** An operand that is known to be a number but is boxed gets unboxed. */
export function unboxed(frame: Frame, v: Val): Val {
  if (!isNumber(v) || isUnboxed(v)) return v
  const { code: c } = frame
  if (isInt(v)) {
    const w = frame.temp(I32)
    frame.boxed(v).op(op.i32_wrap_i64).set(w)
    frame.forget(v)
    return { rep: "i32", w, type: T.INT, own: false }
  }
  const w = frame.temp(F64)
  frame.boxed(v)
  unboxNumber(frame)
  c.set(w)
  frame.forget(v)
  return { rep: "f64", w, type: NUMBER, own: false }
}

/** `boxed number -> double` */
export function unboxNumber(frame: Frame): void {
  const { code: c } = frame
  const w = frame.temp(I64)
  c.tee(w).i64(0xffff_ffffn).op(op.i64_le_u).if(F64)
  c.get(w).op(op.i32_wrap_i64, op.f64_convert_i32_s)
  c.else()
  c.get(w).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64).end()
  frame.release(w)
}

/** `-> is the JSValue in w a boxed double?` Tags from -9 to 7 are not. */
export function isFloat(frame: Frame, w: number): void {
  frame.code
    .get(w)
    .i64(9n << 32n)
    .op(op.i64_add)
    .i64(17n << 32n)
    .op(op.i64_ge_u)
}

/** `-> double` of an operand; branches to `slow` when it is no number. Ways that branch leave nothing on the stack. */
export function floatOr(frame: Frame, v: Val, slow: Label): void {
  const { code: c } = frame
  if (isUnboxed(v)) {
    frame.float(v)
    return
  }
  const w = frame.temp(I64)
  frame.boxed(v).tee(w).i64(0xffff_ffffn).op(op.i64_le_u).if(F64)
  c.get(w).op(op.i32_wrap_i64, op.f64_convert_i32_s)
  c.else()
  isFloat(frame, w)
  c.op(op.i32_eqz).brIf(slow)
  c.get(w).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64).end()
  frame.release(w)
}

/**
 * Like floatOr, with a double of the first operand already on the stack: it is kept in a local while branching is
 * possible.
 */
export function floatOr2(frame: Frame, v: Val, slow: Label): void {
  if (isUnboxed(v)) {
    frame.float(v)
    return
  }
  const first = frame.temp(F64)
  frame.code.set(first)
  floatOr(frame, v, slow)
  const second = frame.temp(F64)
  frame.code.set(second).get(first).get(second)
  frame.release(first)
  frame.release(second)
}

/** `-> i32` of a double that is an int; branches to `slow` when it is none. */
export function floatAsIndex(frame: Frame, v: Val, slow: Label): void {
  const { code: c } = frame
  const i = frame.temp(I32)
  frame.float(v).truncSat32().tee(i).op(op.f64_convert_i32_s)
  frame.float(v).op(op.f64_ne).brIf(slow)
  c.get(i)
  frame.release(i)
}

/** `-> i32`: ToInt32 of an operand; branches to `slow` when it is no number. */
export function int32Or(frame: Frame, v: Val, slow: Label): void {
  const { code: c } = frame
  if (v.rep === "const" && isNumber(v)) {
    c.i32(numberOf(v.value)! | 0)
    return
  }
  if (v.rep === "f64") {
    frame.helper(c.get(v.w), "toInt32")
    return
  }
  if (isUnboxedInt(v)) {
    frame.int(v)
    return
  }
  const w = frame.temp(I64)
  frame.boxed(v).tee(w).i64(0xffff_ffffn).op(op.i64_le_u).if(I32)
  c.get(w).op(op.i32_wrap_i64)
  c.else()
  isFloat(frame, w)
  c.op(op.i32_eqz).brIf(slow)
  frame.helper(c.get(w).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64), "toInt32").end()
  frame.release(w)
}

/** `-> i64`, the int sign-extended; of a value that is an int at this place. */
export function wide(frame: Frame, v: Val): void {
  if (v.rep === "const") frame.code.i64(BigInt(numberOf(v.value) ?? 0))
  else if (v.rep === "i32") frame.code.get(v.w).op(op.i64_extend_i32_s)
  else frame.boxed(v).op(op.i64_extend32_s)
}

/** `boxed ->`: as a double in `w`; when it is no number, leave with it on the stack, behind the instruction. */
export function resultAsFloat(frame: Frame, rest: readonly Val[], w: number): void {
  resultAs(frame, rest, w, floatOr)
}

/** `result of a bit operation, boxed ->`: as an int in `w`; a uint32 is taken modulo 2^32; a BigInt leaves. */
export function resultAsInt(frame: Frame, rest: readonly Val[], w: number): void {
  resultAs(frame, rest, w, int32Or)
}

function resultAs(frame: Frame, rest: readonly Val[], w: number, unbox: typeof floatOr): void {
  const { code: c } = frame
  const boxed = frame.temp(I64)
  c.set(boxed)
  const end = c.block()
  const strange = c.block()
  unbox(frame, { rep: "box", w: boxed, type: ANY, own: false }, strange)
  c.set(w).br(end)
  c.end()
  exitAfter(frame, [...rest, { rep: "box", w: boxed, type: ANY, own: true }])
  c.end()
  frame.release(boxed)
}

/**
 * ++ or -- of a value in the frame that is an int: from one offset to another. A step of the instruction when it is
 * none, or overflows.
 */
export function stepInFrame(frame: Frame, from: number, to: number, isUp: boolean): void {
  const { code: c } = frame
  const w = frame.temp(I64)
  const end = c.block()
  const slow = c.block()
  c.get(frame.fp).mem("i64_load", from).tee(w)
  c.i64(isUp ? 0x7fff_fffen : 0xffff_ffffn)
    .op(op.i64_gt_u)
    .brIf(slow)
  // Below 0 an increment still works, but the test above is for the common case; a decrement must not meet the least
  // int.
  if (!isUp) c.get(w).i64(0x8000_0000n).op(op.i64_eq).brIf(slow)
  c.get(frame.fp).get(w).op(op.i32_wrap_i64)
  c.i32(isUp ? 1 : -1).op(op.i32_add, op.i64_extend_i32_u)
  c.mem("i64_store", to).br(end)
  c.end()
  callStep(frame, frame.depth)
  c.end()
  frame.release(w)
}

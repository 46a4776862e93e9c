// + - * / % of two operands.
//
// What the kinds of the operands prove is computed unboxed. What is not proved is tried: ints, then doubles; anything
// else (strings, BigInts, objects with valueOf) goes to the engine and comes back.
import { F64, I32, I64, op, type Label } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { coldStep, exit } from "../frame/handover.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, NUMBER, numberOf, T, UNDEFINED } from "../types.ts"
import { emitOnAnything, operateOnAnything } from "./anything.ts"
import {
  isInt,
  isNumber,
  isUnboxed,
  isNeverNumber,
  smallInt,
  forgetAll,
  unboxed,
  unboxNumber,
  floatOr,
  floatOr2,
  wide,
  resultAsFloat,
} from "./numbers.ts"

type Binary = OpcodeOf<"binary">

/** a b -> a op b, for + - * / % */
export function emitBinary(frame: Frame, opcode: Binary): void {
  const b = frame.pop()
  const a = frame.pop()
  const [x, y] = [unboxed(frame, a), unboxed(frame, b)]
  const before = [...frame.state.stack, x, y]
  if (isInt(x) && isInt(y) && mayWrap(frame, opcode)) {
    frame.int(x)
    frame.int(y).op(opcode === "add" ? op.i32_add : op.i32_sub)
    forgetAll(frame, x, y)
    frame.pushUnboxed("i32")
    frame.state.stack.at(-1)!.wrapped = frame.instruction.offset
    return
  }
  // Something that has wrapped may only be added to ints, in a sum that wraps as well: the next pass knows.
  for (const v of [x, y]) if (v.wrapped !== undefined) frame.unwrapped.add(v.wrapped)
  if (isInt(x) && isInt(y) && intArithmetic(frame, opcode, x, y, before)) return
  if (isNumber(x) && isNumber(y)) {
    floatArithmetic(frame, opcode, x, y, before)
    return
  }
  if (opcode === "add" && !numericAdd(x, y)) boxedAdd(frame, x, y, before)
  else if (smallInt(y) !== undefined && (opcode === "add" || opcode === "sub")) boxedAdd(frame, x, y, before)
  else guessedArithmetic(frame, opcode, x, y, before)
}

/** Only the sum modulo 2^32 counts. */
function mayWrap(frame: Frame, opcode: Binary): boolean {
  const { demand } = frame
  const truncated = demand === "int32" || demand === "sum32"
  return truncated && (opcode === "add" || opcode === "sub") && !frame.unwrapped.has(frame.instruction.offset)
}

/** Both are ints. False when the result is better computed with doubles. */
function intArithmetic(frame: Frame, opcode: Binary, a: Val, b: Val, before: readonly Val[]): boolean {
  if (frame.widened.has(frame.instruction.offset)) return false
  switch (opcode) {
    case "add":
    case "sub": {
      const w = frame.temp(I32)
      intSum(frame, opcode, a, b, w, before)
      forgetAll(frame, a, b)
      const source = smallInt(b) === undefined ? frame.instruction.offset : undefined
      frame.push({ rep: "i32", w, type: T.INT, own: false, source })
      return true
    }
    case "mul":
      return frame.mode.kind === "kernel" && intProduct(frame, a, b, before)
    case "mod":
      return intRemainder(frame, a, b, before)
    case "div":
      return false
    default:
      return opcode satisfies never
  }
}

/** In a kernel an int or nothing: -0, which only a product of 0 can be, is no int. */
function intProduct(frame: Frame, a: Val, b: Val, before: readonly Val[]): true {
  const { code: c } = frame
  const product = frame.temp(I64)
  const w = frame.temp(I32)
  wide(frame, a)
  wide(frame, b)
  c.op(op.i64_mul).tee(product).op(op.i32_wrap_i64).tee(w).op(op.i64_extend_i32_s).get(product).op(op.i64_ne)
  c.get(product).op(op.i64_eqz)
  frame.int(a)
  frame.int(b).op(op.i32_or).i32(0).op(op.i32_lt_s, op.i32_and, op.i32_or).if()
  exit(frame, before)
  c.end()
  forgetAll(frame, a, b)
  frame.release(product)
  frame.push({ rep: "i32", w, type: T.INT, own: false })
  return true
}

/** Leaves for a divisor 0 and for results that are -0. */
function intRemainder(frame: Frame, a: Val, b: Val, before: readonly Val[]): boolean {
  const { code: c } = frame
  const divisor = b.rep === "const" ? numberOf(b.value)! : undefined
  // A temporary is taken here, so that the numbers of those that follow do not depend on the divisor.
  const w = frame.temp(I32)
  if (divisor === 0) {
    frame.release(w)
    return false
  }
  if (divisor === undefined) {
    frame.int(b).op(op.i32_eqz).if()
    exit(frame, before)
    c.end()
  }
  frame.int(a)
  frame.int(b).op(op.i32_rem_s).tee(w).op(op.i32_eqz)
  frame.int(a).i32(0).op(op.i32_lt_s, op.i32_and).if()
  exit(frame, before)
  c.end()
  forgetAll(frame, a, b)
  frame.push({ rep: "i32", w, type: T.INT, own: false })
  return true
}

/** w = a + b or a - b; leaves when that is no int. */
export function intSum(frame: Frame, opcode: "add" | "sub", a: Val, b: Val, w: number, before: readonly Val[]): void {
  const { code: c } = frame
  frame.int(a)
  frame
    .int(b)
    .op(opcode === "add" ? op.i32_add : op.i32_sub)
    .set(w)
  const constant = smallInt(b)
  if (constant !== undefined) {
    // Wrapped exactly when the result lies on the wrong side of a.
    const up = opcode === "add" ? constant >= 0 : constant < 0
    c.get(w)
    frame
      .int(a)
      .op(up ? op.i32_lt_s : op.i32_gt_s)
      .if()
  } else {
    // The signs of both operands (of a and -b) differ from the result's.
    frame.int(a)
    c.get(w).op(op.i32_xor)
    if (opcode === "add") {
      frame.int(b)
      c.get(w).op(op.i32_xor, op.i32_and)
    } else {
      frame.int(a)
      frame.int(b).op(op.i32_xor, op.i32_and)
    }
    c.i32(0).op(op.i32_lt_s).if()
  }
  exit(frame, before)
  c.end()
}

const floatOps: Record<Binary, number | undefined> = {
  add: op.f64_add,
  sub: op.f64_sub,
  mul: op.f64_mul,
  div: op.f64_div,
  mod: undefined,
}

function floatArithmetic(frame: Frame, opcode: Binary, a: Val, b: Val, before: readonly Val[]): void {
  const code = floatOps[opcode]
  if (code === undefined) {
    remainder(frame, a, b, before)
    return
  }
  frame.float(a)
  frame.float(b).op(code)
  forgetAll(frame, a, b)
  frame.pushUnboxed("f64")
}

/** a % b of doubles: of ints in disguise here, of others by the interpreter. */
function remainder(frame: Frame, a: Val, b: Val, before: readonly Val[]): void {
  const { code: c } = frame
  const [x, y] = [frame.temp(I32), frame.temp(I32)]
  const result = frame.temp(F64)
  const slow = c.block()
  const end = slow
  const inner = c.block()
  frame.float(a).truncSat32().tee(x).op(op.f64_convert_i32_s)
  frame.float(a).op(op.f64_ne).brIf(inner)
  frame.float(b).truncSat32().tee(y).op(op.f64_convert_i32_s)
  frame.float(b).op(op.f64_ne).brIf(inner)
  c.get(x).i32(0).op(op.i32_le_s).brIf(inner).get(y).i32(0).op(op.i32_le_s).brIf(inner)
  c.get(x).get(y).op(op.i32_rem_s, op.f64_convert_i32_s).set(result).br(end)
  c.end()
  operateOnAnything(frame, before, 2)
  unboxNumber(frame) // both are numbers, and so is the result
  c.set(result).end()
  forgetAll(frame, a, b)
  frame.release(x)
  frame.release(y)
  frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

/** One of them is a double already: the other is taken to be a number too. */
export function numericAdd(a: Val, b: Val): boolean {
  const float = (v: Val) => v.rep === "f64" || v.type === T.FLOAT
  const possible = (v: Val) => (v.type & NUMBER) !== 0 || isNumber(v)
  return (float(a) && possible(b)) || (float(b) && possible(a))
}

/**
 * + of anything, or + and - with a small constant, ++ and --: the result is boxed. Ints first, then numbers, then the
 * engine. With `local`, the instruction is add_loc, and `a` that local.
 */
export function boxedAdd(frame: Frame, a: Val, b: Val, before: readonly Val[], local?: number): void {
  const { code: c } = frame
  const { opcode } = frame.instruction
  const pops = opcode === "inc" || opcode === "dec" ? 1 : 2
  const isUp = opcode !== "sub" && opcode !== "dec"
  const mayConcatenate = opcode === "add" || local !== undefined
  const result = frame.temp(I64)
  if (isNeverNumber(a) || isNeverNumber(b)) {
    // A string or an object is among them: nothing to try here.
    if (local === undefined) operateOnAnything(frame, before, pops)
    else operateOnAnything(frame, [...before.slice(0, -1), a, b], 2, "add")
    c.set(result)
  } else {
    const end = c.block()
    const slow = c.block()
    tryNumbers(frame, a, b, isUp, { result, end, slow })
    if (local === undefined) {
      operateOnAnything(frame, before, pops)
      c.set(result)
    } else {
      stepAddLocal(frame, a, before, local, result)
    }
    c.end()
  }
  forgetAll(frame, a, b)
  const type = NUMBER | T.OTHER | (mayConcatenate ? T.STRING : 0)
  frame.push({ rep: "box", w: result, type, own: true })
}

/**
 * a + b or a - b of two ints, or else of two doubles, boxed: goes to `end` with it in `result`. Ends the block `slow`,
 * where others go on.
 */
function tryNumbers(
  frame: Frame,
  a: Val,
  b: Val,
  isUp: boolean,
  { result, end, slow }: { result: number; end: Label; slow: Label },
): void {
  const { code: c } = frame
  const floats = c.block()
  // Ints have no bit set in the high word.
  for (const v of [a, b]) if (!isUnboxed(v)) frame.boxed(v)
  if (!isUnboxed(a) && !isUnboxed(b)) c.op(op.i64_or)
  if (!isUnboxed(a) || !isUnboxed(b)) c.i64(0xffff_ffffn).op(op.i64_gt_u).brIf(floats)
  if (a.rep !== "f64" && b.rep !== "f64" && a.type !== T.FLOAT && b.type !== T.FLOAT) {
    const sum = frame.temp(I64)
    wide(frame, a)
    wide(frame, b)
    c.op(isUp ? op.i64_add : op.i64_sub)
      .tee(sum)
      .get(sum)
      .op(op.i64_extend32_s, op.i64_ne)
      .brIf(floats)
    c.get(sum).i64(0xffff_ffffn).op(op.i64_and).set(result).br(end)
    frame.release(sum)
  }
  c.end()
  floatOr(frame, a, slow)
  floatOr2(frame, b, slow)
  c.op(isUp ? op.f64_add : op.f64_sub)
  frame.helper(c, "boxFloat").set(result).br(end)
  c.end()
}

/** add_loc by the interpreter: it appends to a string in place that has no other owner. */
function stepAddLocal(frame: Frame, a: Val, before: readonly Val[], local: number, result: number): void {
  const { code: c } = frame
  if (!frame.isCaptured(local) && a.rep !== "local") {
    // The interpreter takes the local from its slot, where an unboxed one need not be.
    c.get(frame.fp)
    frame.boxed(a).mem("i64_store", frame.layout.slot(local))
  }
  coldStep(frame, before)
  // It has put the sum into the local by itself: from there it moves into the result, and back with whatever sets the
  // local.
  c.get(frame.fp).mem("i64_load", frame.layout.slot(local)).set(result)
  c.get(frame.fp).i64(UNDEFINED).mem("i64_store", frame.layout.slot(local))
}

/** a b -> a ** b */
export function emitPower(frame: Frame): void {
  emitOnAnything(frame, 2, NUMBER | T.OTHER)
}

/**
 * The operands are taken to be numbers and the result is a double. Otherwise the interpreter computes it; a BigInt
 * leaves.
 */
function guessedArithmetic(frame: Frame, opcode: Binary, a: Val, b: Val, before: readonly Val[]): void {
  const { code: c } = frame
  const code = floatOps[opcode]
  if (isNeverNumber(a) || isNeverNumber(b) || code === undefined) {
    frame.state.stack.push(a, b)
    emitOnAnything(frame, 2, opcode === "add" ? ANY : NUMBER | T.OTHER)
    return
  }
  const result = frame.temp(F64)
  const end = c.block()
  const slow = c.block()
  floatOr(frame, a, slow)
  floatOr2(frame, b, slow)
  c.op(code).set(result).br(end)
  c.end()
  operateOnAnything(frame, before, 2)
  resultAsFloat(frame, before.slice(0, -2), result)
  c.end()
  forgetAll(frame, a, b)
  frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

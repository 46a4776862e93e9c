// + - ++ -- of one operand.
import { flush, step, callStep } from "../frame/handover.ts"
import { tags } from "../../engine/abi.ts"
import { emitOnAnything, operateOnAnything } from "./anything.ts"
import type { Frame } from "../frame/frame.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { NUMBER, numberOf, numberValue, T, value } from "../types.ts"
import { F64, I32, I64, op } from "../../wasm/code.ts"
import { boxedAdd, intSum } from "./arith.ts"
import { isInt, isNumber, impossible, one, done, settle, floatOr, resultAsFloat } from "./numbers.ts"

/** a -> -a, +a, a + 1, a - 1, or a -> a a+1 (post_inc): what `a` was as a number stays below. */
export function emitUnary(frame: Frame, opcode: OpcodeOf<"unary">): void {
  const isPost = opcode === "post_inc" || opcode === "post_dec"
  const v = settle(frame, frame.pop())
  const before = [...frame.state.stack, v]
  if (!isNumber(v) && !impossible(v) && (opcode === "plus" || opcode === "neg")) {
    guessedSign(frame, v, before)
    return
  }
  if (!isNumber(v) && isPost) {
    frame.push(v)
    boxedPostfix(frame)
    return
  }
  if (!isNumber(v) && (opcode === "inc" || opcode === "dec")) {
    boxedAdd(frame, v, one, before)
    return
  }
  if (!isNumber(v)) {
    frame.push(v)
    emitOnAnything(frame, 1, NUMBER | T.OTHER)
    return
  }
  if (opcode === "plus") {
    frame.push(v)
    return
  }
  if (opcode === "neg") {
    // -0 is the reason why the negation of an int is not always one.
    if (isInt(v) && v.rep === "const" && numberOf(v.value) !== 0) {
      frame.pushConst(negated(numberOf(v.value)!))
      return
    }
    frame.float(v).op(op.f64_neg)
    frame.forget(v)
    frame.pushUnboxed("f64")
    return
  }
  const up = opcode === "inc" || opcode === "post_inc"
  if (isInt(v)) {
    const w = frame.temp(I32)
    intSum(frame, up ? "add" : "sub", v, one, w, before)
    if (isPost) frame.push(v)
    else frame.forget(v)
    frame.push({ rep: "i32", w, type: T.INT, own: false })
    return
  }
  const w = frame.temp(F64)
  frame
    .float(v)
    .f64(1)
    .op(up ? op.f64_add : op.f64_sub)
    .set(w)
  if (isPost) frame.push(v)
  else frame.forget(v)
  frame.push({ rep: "f64", w, type: NUMBER, own: false })
}

/** +a or -a, taken to be a number; the interpreter makes one of what is none. Only - of a BigInt leaves. */
function guessedSign(frame: Frame, v: Val, before: readonly Val[]): void {
  const { code: c } = frame
  const result = frame.temp(F64)
  const end = c.block()
  const slow = c.block()
  floatOr(frame, v, slow)
  if (frame.instruction.opcode === "neg") c.op(op.f64_neg)
  c.set(result).br(end)
  c.end()
  operateOnAnything(frame, before, 1)
  resultAsFloat(frame, before.slice(0, -1), result)
  c.end()
  done(frame, v)
  frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

function negated(number: number): bigint {
  return number === -2147483648 ? numberValue(2147483648) : value(tags.JS_TAG_INT, -number)
}

/** a++ and a-- of an operand of unknown kind: an int is handled here, all else is stepped. */
function boxedPostfix(frame: Frame): void {
  const { code: c } = frame
  const v = frame.state.stack.at(-1)!
  const both = [NUMBER | T.OTHER, NUMBER | T.OTHER]
  if (impossible(v)) {
    step(frame, 1, both)
    return
  }
  // Everything goes to its slot, so that both ways end with the same description.
  const up = frame.instruction.opcode === "post_inc"
  flush(frame)
  const depth = frame.depth - 1
  const w = frame.temp(I64)
  const end = c.block()
  const slow = c.block()
  c.get(frame.fp)
    .mem("i64_load", frame.layout.operand(depth))
    .tee(w)
    .i64(up ? 0x7fff_fffen : 0xffff_ffffn)
    .op(op.i64_gt_u)
    .brIf(slow)
  // Below 0 an increment still works, but the test above is for the common case; a decrement must not meet the least int.
  if (!up) c.get(w).i64(0x8000_0000n).op(op.i64_eq).brIf(slow)
  c.get(frame.fp)
    .get(w)
    .op(op.i32_wrap_i64)
    .i32(up ? 1 : -1)
    .op(op.i32_add, op.i64_extend_i32_u)
  c.mem("i64_store", frame.layout.operand(depth + 1)).br(end)
  c.end()
  callStep(frame, frame.depth)
  c.end()
  frame.release(w)
  frame.state.stack.pop()
  for (const type of both) frame.push({ rep: "slot", type, own: true })
}

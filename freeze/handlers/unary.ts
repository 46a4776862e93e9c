// + - ++ -- of one operand.
import { tags } from "../../engine/abi.ts"
import { F64, I32, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { flush, step } from "../frame/handover.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { NUMBER, numberOf, numberValue, T, value } from "../types.ts"
import { emitOnAnything, operateOnAnything } from "./anything.ts"
import { boxedAdd, intSum } from "./arith.ts"
import {
  isInt,
  isNumber,
  stepInFrame,
  isNeverNumber,
  one,
  forgetAll,
  unboxed,
  floatOr,
  resultAsFloat,
} from "./numbers.ts"

/** a -> -a, +a, a + 1, a - 1, or a -> a a+1 (post_inc): what `a` was as a number stays below. */
export function emitUnary(frame: Frame, opcode: OpcodeOf<"unary">): void {
  const v = unboxed(frame, frame.pop())
  if (!isNumber(v)) {
    unaryOfAnything(frame, opcode, v)
    return
  }
  switch (opcode) {
    case "plus":
      frame.push(v)
      return
    case "neg":
      negate(frame, v)
      return
    case "inc":
    case "dec":
    case "post_inc":
    case "post_dec":
      stepNumber(frame, opcode, v)
      return
    default:
      opcode satisfies never
  }
}

function unaryOfAnything(frame: Frame, opcode: OpcodeOf<"unary">, v: Val): void {
  const before = [...frame.state.stack, v]
  if (!isNeverNumber(v) && (opcode === "plus" || opcode === "neg")) {
    guessedSign(frame, v, before)
  } else if (opcode === "inc" || opcode === "dec") {
    boxedAdd(frame, v, one, before)
  } else {
    frame.push(v)
    if (opcode === "post_inc" || opcode === "post_dec") boxedPostfix(frame)
    else emitOnAnything(frame, 1, NUMBER | T.OTHER)
  }
}

function negate(frame: Frame, v: Val): void {
  // -0 is the reason why the negation of an int is not always one.
  if (isInt(v) && v.rep === "const" && numberOf(v.value) !== 0) {
    frame.pushConst(negated(numberOf(v.value)!))
    return
  }
  frame.float(v).op(op.f64_neg)
  frame.forget(v)
  frame.pushUnboxed("f64")
}

function stepNumber(frame: Frame, opcode: "inc" | "dec" | "post_inc" | "post_dec", v: Val): void {
  const isUp = opcode === "inc" || opcode === "post_inc"
  const isPost = opcode === "post_inc" || opcode === "post_dec"
  const w = frame.temp(isInt(v) ? I32 : F64)
  if (isInt(v)) intSum(frame, isUp ? "add" : "sub", v, one, w, [...frame.state.stack, v])
  else {
    frame
      .float(v)
      .f64(1)
      .op(isUp ? op.f64_add : op.f64_sub)
      .set(w)
  }
  if (isPost) frame.push(v)
  else frame.forget(v)
  frame.push(isInt(v) ? { rep: "i32", w, type: T.INT, own: false } : { rep: "f64", w, type: NUMBER, own: false })
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
  forgetAll(frame, v)
  frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

function negated(number: number): bigint {
  return number === -2147483648 ? numberValue(2147483648) : value(tags.JS_TAG_INT, -number)
}

/** a++ and a-- of an operand of unknown kind: an int is handled here, all else is stepped. */
function boxedPostfix(frame: Frame): void {
  const v = frame.state.stack.at(-1)!
  const both = [NUMBER | T.OTHER, NUMBER | T.OTHER]
  if (isNeverNumber(v)) {
    step(frame, 1, both)
    return
  }
  // Everything goes to its slot, so that both ways end with the same description.
  flush(frame)
  const top = frame.depth - 1
  stepInFrame(frame, frame.layout.operand(top), frame.layout.operand(top + 1), frame.instruction.opcode === "post_inc")
  frame.state.stack.pop()
  for (const type of both) frame.push({ rep: "slot", type, own: true })
}

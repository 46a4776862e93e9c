// ++, -- and += of a local, as one instruction: inc_loc, dec_loc, add_loc.
import { F64, I32, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { flush, exit } from "../frame/handover.ts"
import { localIndex, valOf, detach, setLocal } from "../frame/locals.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, NUMBER, T } from "../types.ts"
import { boxedAdd, intSum, numericAdd } from "./arith.ts"
import { isInt, isNumber, stepInFrame, smallInt, one, unboxed, floatOr2, isUnboxed } from "./numbers.ts"

/** inc_loc, dec_loc */
export function emitLocalStep(frame: Frame, opcode: OpcodeOf<"localStep">): void {
  const i = localIndex(frame)
  const local = valOf(frame, i)
  const isUp = opcode === "inc_loc"
  const isWasmLocal = local.rep === "i32" || local.rep === "f64" || local.rep === "const"
  if (!frame.isCaptured(i) && isNumber(local) && isWasmLocal) {
    stepUnboxed(frame, i, local, isUp)
    return
  }
  detach(frame, i)
  flush(frame)
  localToSlot(frame, i)
  const slot = frame.layout.slot(i)
  stepInFrame(frame, slot, slot, isUp)
  if (!frame.isCaptured(i)) frame.state.locals[i] = { rep: "slot", type: NUMBER | T.OTHER }
}

function stepUnboxed(frame: Frame, i: number, local: Val, isUp: boolean): void {
  if (isInt(local)) {
    const w = frame.temp(I32)
    intSum(frame, isUp ? "add" : "sub", local, one, w, frame.state.stack)
    setLocal(frame, i, { rep: "i32", w, type: T.INT, own: false })
    return
  }
  const w = frame.temp(F64)
  frame
    .float(local)
    .f64(1)
    .op(isUp ? op.f64_add : op.f64_sub)
    .set(w)
  setLocal(frame, i, { rep: "f64", w, type: NUMBER, own: false })
}

/** A local that an instruction reads or writes in the frame. */
function localToSlot(frame: Frame, i: number): void {
  const local = frame.state.locals[i]!
  if (local.rep === "slot") return
  if (frame.mode.kind === "lean") return frame.refuse()
  if (!local.inSlot) {
    frame.code.get(frame.fp)
    frame.boxed(valOf(frame, i)).mem("i64_store", frame.layout.slot(i))
  }
  frame.state.locals[i] = { rep: "slot", type: local.type }
}

/** add_loc: local += a */
export function emitAddLocal(frame: Frame): void {
  const i = localIndex(frame)
  const local = valOf(frame, i)
  const v = frame.state.stack.at(-1)!
  const isCaptured = frame.isCaptured(i)
  const areNumbers = isNumber(local) && isNumber(v) && !isCaptured
  if (areNumbers && isInt(local) && isInt(v) && !frame.widened.has(frame.instruction.offset)) {
    addInts(frame, i, local)
  } else if (!isCaptured && isUnboxed(local) && numericAdd(local, v)) {
    addToDouble(frame, i, local)
  } else if (areNumbers) {
    addNumbers(frame, i, local)
  } else if (frame.mode.kind === "lean") {
    frame.refuse() // a step of add_loc reads and writes the local in the frame
  } else {
    const operand = frame.pop()
    const before = [...frame.state.stack, operand]
    boxedAdd(frame, isCaptured ? { ...local, type: ANY } : local, operand, before, i)
    setLocal(frame, i, frame.pop())
  }
}

function addInts(frame: Frame, i: number, local: Val): void {
  const operand = unboxed(frame, frame.pop())
  const w = frame.temp(I32)
  intSum(frame, "add", local, operand, w, [...frame.state.stack, operand])
  frame.forget(operand)
  const source = smallInt(operand) === undefined ? frame.instruction.offset : undefined
  setLocal(frame, i, { rep: "i32", w, type: T.INT, own: false, source })
}

function addNumbers(frame: Frame, i: number, local: Val): void {
  const operand = unboxed(frame, frame.pop())
  const number = unboxed(frame, local)
  const w = frame.temp(F64)
  frame.float(number)
  frame.float(operand).op(op.f64_add).set(w)
  frame.forget(operand)
  frame.forget(number)
  setLocal(frame, i, { rep: "f64", w, type: NUMBER, own: false })
}

/**
 * The local is unboxed, and one of the two a double: the other is taken to be a number, too. What is none leaves before
 * the instruction.
 */
function addToDouble(frame: Frame, i: number, local: Val): void {
  const { code: c } = frame
  const operand = unboxed(frame, frame.pop())
  const w = frame.temp(F64)
  if (isNumber(operand)) {
    frame.float(local)
    frame.float(operand).op(op.f64_add).set(w)
  } else {
    const end = c.block()
    const strange = c.block()
    frame.float(local)
    floatOr2(frame, operand, strange)
    c.op(op.f64_add).set(w).br(end)
    c.end()
    exit(frame, [...frame.state.stack, operand])
    c.end()
  }
  frame.forget(operand)
  setLocal(frame, i, { rep: "f64", w, type: NUMBER, own: false })
}

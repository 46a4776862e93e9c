// ++, -- and += of a local, as one instruction: inc_loc, dec_loc, add_loc.
import { valOf, detach, setLocal } from "../frame/locals.ts"
import { flush, callStep, exit } from "../frame/handover.ts"
import type { Frame } from "../frame/frame.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, NUMBER, T } from "../types.ts"
import { F64, I32, I64, op } from "../../wasm/code.ts"
import { boxedAdd, intSum, numericAdd } from "./arith.ts"
import { isInt, isNumber, smallInt, one, settle, floatOr2, isUnboxed } from "./numbers.ts"

/** inc_loc, dec_loc */
export function emitLocalStep(frame: Frame, opcode: OpcodeOf<"localStep">): void {
  const { code: c } = frame
  const { operands } = frame.instruction
  const i = frame.info.argCount + (operands.kind === "loc" ? operands.index : 0)
  const local = valOf(frame, i)
  const up = opcode === "inc_loc"
  if (
    !frame.isCaptured(i) &&
    isNumber(local) &&
    (local.rep === "i32" || local.rep === "f64" || local.rep === "const")
  ) {
    if (isInt(local)) {
      const w = frame.temp(I32)
      intSum(frame, up ? "add" : "sub", local, one, w, frame.state.stack)
      setLocal(frame, i, { rep: "i32", w, type: T.INT, own: false })
    } else {
      const w = frame.temp(F64)
      frame
        .float(local)
        .f64(1)
        .op(up ? op.f64_add : op.f64_sub)
        .set(w)
      setLocal(frame, i, { rep: "f64", w, type: NUMBER, own: false })
    }
    return
  }
  detach(frame, i)
  flush(frame)
  localToSlot(frame, i)
  const slot = frame.layout.slot(i)
  const w = frame.temp(I64)
  const end = c.block()
  const slow = c.block()
  c.get(frame.fp)
    .mem("i64_load", slot)
    .tee(w)
    .i64(up ? 0x7fff_fffen : 0xffff_ffffn)
    .op(op.i64_gt_u)
    .brIf(slow)
  if (!up) c.get(w).i64(0x8000_0000n).op(op.i64_eq).brIf(slow)
  c.get(frame.fp)
    .get(w)
    .op(op.i32_wrap_i64)
    .i32(up ? 1 : -1)
    .op(op.i32_add, op.i64_extend_i32_u)
  c.mem("i64_store", slot).br(end)
  c.end()
  callStep(frame, frame.depth)
  c.end()
  frame.release(w)
  if (!frame.isCaptured(i)) frame.state.locals[i] = { rep: "slot", type: NUMBER | T.OTHER }
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
  const { operands, offset } = frame.instruction
  const i = frame.info.argCount + (operands.kind === "loc" ? operands.index : 0)
  const local = valOf(frame, i)
  const v = frame.state.stack.at(-1)!
  const number = isNumber(local) && isNumber(v) && !frame.isCaptured(i)
  if (number && isInt(local) && isInt(v) && !frame.widened.has(offset)) {
    const operand = settle(frame, frame.pop())
    const w = frame.temp(I32)
    intSum(frame, "add", local, operand, w, [...frame.state.stack, operand])
    frame.forget(operand)
    setLocal(frame, i, {
      rep: "i32",
      w,
      type: T.INT,
      own: false,
      source: smallInt(v) === undefined ? offset : undefined,
    })
    return
  }
  if (!frame.isCaptured(i) && isUnboxed(local) && numericAdd(local, v)) {
    // local + a, then put_loc
    const operand = settle(frame, frame.pop())
    const w = frame.temp(F64)
    if (isNumber(operand)) {
      frame.float(local)
      frame.float(operand).op(op.f64_add).set(w)
    } else {
      addToDouble(frame, local, operand, w)
    }
    frame.forget(operand)
    setLocal(frame, i, { rep: "f64", w, type: NUMBER, own: false })
    return
  }
  if (number) {
    const operand = settle(frame, frame.pop())
    const settled = settle(frame, local)
    const w = frame.temp(F64)
    frame.float(settled)
    frame.float(operand).op(op.f64_add).set(w)
    frame.forget(operand)
    frame.forget(settled)
    setLocal(frame, i, { rep: "f64", w, type: NUMBER, own: false })
    return
  }
  if (frame.mode.kind === "lean") return frame.refuse() // a step of add_loc reads and writes the local in the frame
  const operand = frame.pop()
  const before = [...frame.state.stack, operand]
  const left = frame.isCaptured(i) ? { ...local, type: ANY } : local
  boxedAdd(frame, left, operand, before, i)
  setLocal(frame, i, frame.pop())
}

/** A double local plus something boxed; what is no number leaves before the instruction. */
function addToDouble(frame: Frame, local: Val, operand: Val, w: number): void {
  const { code: c } = frame
  const end = c.block()
  const strange = c.block()
  frame.float(local)
  floatOr2(frame, operand, strange)
  c.op(op.f64_add).set(w).br(end)
  c.end()
  exit(frame, [...frame.state.stack, operand])
  c.end()
}

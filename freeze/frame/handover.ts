// Handing over to the interpreter: it executes one instruction and comes back (a step), or takes the activation over
// for good (an exit: a side exit, or deoptimisation). Either way it finds operands and locals in the frame, so they are
// written there first, and in a lean function the frame itself is made first (frame materialisation).
import { op } from "../../wasm/code.ts"
import { param } from "../helpers/signatures.ts"
import { FrozenFrame, countsOf, varsOf } from "../helpers/slots.ts"
import { UNDEFINED } from "../types.ts"
import type { Frame } from "./frame.ts"
import { heldVariables, valOf } from "./locals.ts"
import { GAVE_UP } from "./mode.ts"
import { mayBeCounted, type Val } from "./operand.ts"

/**
 * What comes next needs the frame. In a lean function it is made if it is not there: it has what the function was
 * called with, no more.
 */
export function needFrame(frame: Frame): void {
  const { code: c, info, mode } = frame
  switch (mode.kind) {
    case "framed":
    case "refused":
      return
    case "kernel":
      return frame.refuse()
    case "lean":
      if (c.marks === frame.readyAt) return
      for (const p of Object.values(param)) c.get(p)
      c.i32Later().i32(countsOf(info)).i32(varsOf(info)).get(frame.fp)
      frame.helper(c, "needFrame").set(frame.fp)
      frame.readyAt = c.marks
      return
    default:
      mode satisfies never
  }
}

/** Put the operand at a depth into its slot; the slot owns it afterwards. */
export function flushOne(frame: Frame, depth: number): void {
  const v = frame.state.stack[depth]!
  if (v.rep === "slot") return
  needFrame(frame)
  frame.code.get(frame.fp)
  frame.owned(v).mem("i64_store", frame.layout.operand(depth))
  frame.state.stack[depth] = { rep: "slot", type: v.type, own: true, ...(v.ret ? { ret: v.ret } : {}) }
}

/** Put all operands into their slots. */
export function flush(frame: Frame): void {
  needFrame(frame)
  for (let depth = 0; depth < frame.depth; depth++) flushOne(frame, depth)
}

/**
 * Write all operands to their slots for a way that does not come back, or beside a fast path: the description stays as
 * it is. Slots get counts of their own where the operand has none to give.
 */
function spillOperands(frame: Frame, operands: readonly Val[] = frame.state.stack): void {
  needFrame(frame)
  operands.forEach((v, depth) => {
    if (v.rep === "slot") return
    frame.code.get(frame.fp)
    frame.boxed(v)
    if (!v.own && mayBeCounted(v)) frame.helper(frame.code, "dup")
    frame.code.mem("i64_store", frame.layout.operand(depth))
  })
}

/** Write locals that live outside the frame into their slots, for the interpreter to see. The description stays. */
export function spillLocals(frame: Frame): void {
  frame.state.locals.forEach((local, i) => {
    if (local.rep === "slot" || local.inSlot || (local.rep === "held" && i < frame.info.argCount)) return
    frame.code.get(frame.fp)
    frame.boxed(valOf(frame, i)).mem("i64_store", frame.layout.slot(i))
  })
}

/** The interpreter will want the locals when something is thrown here: a handler in this function is open. */
function handlerIsOpen(frame: Frame): boolean {
  let handler = frame.graph.handlers[frame.graph.handlerOf[frame.index]!]
  while (handler?.kind === "iterator") handler = frame.graph.handlers[handler.outer]
  return handler !== undefined
}

/** Set `cur_pc`, as before every call out of the function. */
export function setPc(frame: Frame): void {
  needFrame(frame)
  frame.code.get(frame.fp).i32(frame.nextPc).mem("i32_store", FrozenFrame.curPc)
}

/** Let the interpreter execute the current instruction: all operands to memory, its results in slots. */
export function step(frame: Frame, pops: number, resultTypes: readonly number[]): void {
  flush(frame)
  callStep(frame, frame.depth)
  for (let i = 0; i < pops; i++) frame.state.stack.pop()
  for (const type of resultTypes) frame.push({ rep: "slot", type, own: true })
}

/** The step itself, with operands in memory up to `depth`. */
export function callStep(frame: Frame, depth: number): void {
  needFrame(frame)
  if (handlerIsOpen(frame)) spillLocals(frame)
  const c = frame.code
  // If the step throws, the interpreter frees what lies in the frame: variables that are held lie there meanwhile.
  const held = heldVariables(frame)
  for (const i of held) c.get(frame.fp).get(frame.localHome(i, "held")).mem("i64_store", frame.layout.slot(i))
  c.get(frame.fp).i32(frame.stub)
  c.i32(frame.layout.operand(depth))
  frame.helper(c, "step").brIf(frame.ended)
  for (const i of held) c.get(frame.fp).i64(UNDEFINED).mem("i64_store", frame.layout.slot(i))
  frame.counts.steps++
}

/**
 * A step beside a fast path: `before` are all operands as they were before the instruction. Leaves the top result on
 * the wasm stack, boxed and owned; all other operands are as they were.
 */
export function coldStep(frame: Frame, before: readonly Val[]): void {
  const kept = before.slice(0, frame.depth)
  spillOperands(frame, before)
  callStep(frame, before.length)
  kept.forEach((v, depth) => {
    if (v.rep !== "slot" && !v.own && mayBeCounted(v)) {
      frame.helper(frame.code.get(frame.fp).mem("i64_load", frame.layout.operand(depth)), "free")
    }
  })
}

/** Leave: the interpreter goes on at the current instruction, with the operands given. */
export function exit(frame: Frame, operands: readonly Val[] = frame.state.stack): void {
  leave(frame, frame.info.codePointer + frame.instruction.offset, operands, 0)
}

/** Leave behind the current instruction, with its results among the operands. */
export function exitAfter(frame: Frame, operands: readonly Val[]): void {
  leave(frame, frame.nextPc, operands, 0)
}

/** Leave with the exception that the engine holds; the operands given are still to be freed or closed. */
export function throwOut(frame: Frame, operands: readonly Val[] = frame.state.stack): void {
  leave(frame, frame.nextPc, operands, 1)
}

function leave(frame: Frame, pc: number, operands: readonly Val[], throwFlag: number): void {
  const c = frame.code
  if (frame.mode.kind === "kernel") {
    c.i64(GAVE_UP).op(op.return)
    return
  }
  spillOperands(frame, operands)
  spillLocals(frame)
  c.get(frame.fp)
  if (throwFlag === 0) c.i32(pc)
  c.i32(frame.layout.operand(operands.length))
  // An exception comes out of a call, before which `cur_pc` was set.
  if (throwFlag === 0) frame.helper(c.i32(0), "exit")
  else frame.helper(c, "throwOut")
  c.br(frame.ended)
  frame.counts.exits++
}

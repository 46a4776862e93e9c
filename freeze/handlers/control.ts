// How blocks end: branches, returns, subroutines, and exceptions.
import { numberOf, T, value } from "../types.ts"
import { tags } from "../../engine/abi.ts"
import type { FunctionWriter } from "../compile/compile.ts"
import type { Frame, Val } from "../frame/frame.ts"
import { emitCall } from "./call.ts"
import { NotPure, selfValue } from "../frame/pure.ts"
import { emitInstruction } from "../patterns.ts"
import { op } from "../../wasm/code.ts"

/** Write the last instruction of a block and the ways to its successors. Returns the one that is to be written right behind, if there is one. */
export function endBlock(writer: FunctionWriter, block: number): number | undefined {
  const { frame, structure } = writer
  const { instruction } = frame
  const edges = structure.successors[block]!
  const next = edges.find((e) => e.kind === "next")?.block
  const branch = edges.find((e) => e.kind === "branch")?.block
  switch (instruction.opcode) {
    case "if_false":
    case "if_false8":
    case "if_true":
    case "if_true8": {
      const whenTrue = instruction.opcode.startsWith("if_true")
      if (next === undefined || branch === undefined) throw new Error("a condition needs two ways")
      return endCondition(writer, block, whenTrue ? branch : next, whenTrue ? next : branch)
    }
    case "goto":
    case "goto8":
    case "goto16":
      return writer.goOn(branch!, block)
    case "return":
      returnValue(frame, frame.pop())
      return undefined
    case "return_undef":
      frame.pushConst(value(tags.JS_TAG_UNDEFINED))
      returnValue(frame, frame.pop())
      return undefined
    case "tail_call":
    case "tail_call_method":
      emitCall(frame)
      returnValue(frame, frame.pop())
      return undefined
    case "throw":
    case "throw_error":
      frame.exit()
      return undefined
    case "gosub": {
      // The return address is an int in the interpreter too.
      const offset = instruction.offset + instruction.size
      frame.push({ rep: "const", value: value(tags.JS_TAG_INT, offset), type: T.INT, own: false, ret: [offset] })
      return writer.goOn(edges[0]!.block, block)
    }
    case "ret":
      return endSubroutine(writer, block)
    default:
      emitInstruction(frame)
      if (next === undefined) throw new Error(`${instruction.opcode} ends a block without a next one`)
      return writer.goOn(next, block)
  }
}

function endCondition(writer: FunctionWriter, block: number, whenTrue: number, whenFalse: number): number | undefined {
  const { frame } = writer
  const { code: c } = frame
  const condition = frame.pop()
  const known =
    condition.rep === "const" ? (numberOf(condition.value) ?? plainTruth(condition.type, condition.value)) : undefined
  if (known !== undefined) {
    return writer.goOn(known ? whenTrue : whenFalse, block)
  }
  truth(frame, condition)
  const directTrue = writer.directLabel(whenTrue, block)
  if (directTrue !== undefined) {
    c.brIf(directTrue)
    return writer.goOn(whenFalse, block)
  }
  const directFalse = writer.directLabel(whenFalse, block)
  if (directFalse !== undefined) {
    c.op(op.i32_eqz).brIf(directFalse)
    return writer.goOn(whenTrue, block)
  }
  // What is written elsewhere is one branch: in the `if` it takes no stack, however many conditions follow.
  const turned = writer.isElsewhere(whenFalse) && !writer.isElsewhere(whenTrue)
  const [inIf, after] = turned ? [whenFalse, whenTrue] : [whenTrue, whenFalse]
  if (turned) c.op(op.i32_eqz)
  const state = frame.snapshot()
  c.if()
  writer.goTo(inIf, block) // which ends with a branch, whatever it is
  c.end()
  frame.resume(state)
  return writer.goOn(after, block)
}

/** Whether a bool, null or undefined is truthy; undefined for other constants. */
function plainTruth(type: number, boxed: bigint): number | undefined {
  return (type & ~(T.BOOL | T.NULL | T.UNDEFINED)) === 0 ? Number(boxed & 0xffff_ffffn) : undefined
}

/** `-> i32`, not 0 when the operand is truthy. The operand is used up. */
export function truth(frame: Frame, v: Val): void {
  const { code: c } = frame
  if (frame.kernel && v === selfValue) throw new NotPure()
  switch (v.rep) {
    case "i32":
    case "bool":
      frame.int(v)
      frame.forget(v)
      return
    case "f64":
      // Neither 0 nor NaN.
      c.get(v.w).op(op.f64_abs).f64(0).op(op.f64_gt)
      frame.forget(v)
      return
    default: {
      c.i32(frame.realm)
      frame.helper(frame.boxed(v), "toBool")
      frame.drop(v)
    }
  }
}

function returnValue(frame: Frame, v: Val): void {
  if (frame.kernel) {
    if (v.type !== T.INT || frame.depth > 0) throw new NotPure()
    const { inlined } = frame.kernel
    if (inlined) frame.int(v).set(inlined.result).br(inlined.end)
    else frame.int(v).op(op.i64_extend_i32_s, op.return)
    return
  }
  // Operands may be left over: a return from within for-of has closed the iterator and dropped them, one from a switch has not.
  const { code: c } = frame
  frame.owned(v).set(frame.result)
  for (let depth = frame.depth - 1; depth >= 0; depth--) {
    const rest = frame.pop()
    frame.drop(rest)
  }
  frame.freeHeld()
  c.br(frame.normal)
}

/** `ret`: the ways back to after each `gosub`. */
function endSubroutine(writer: FunctionWriter, block: number): number | undefined {
  const { frame, structure } = writer
  const { code: c } = frame
  const address = frame.pop()
  const targets = structure.successors[block]!.map((edge) => edge.block)
  const offset = frame.home("ret", 0x7f)
  frame.int(address).set(offset)
  frame.forget(address)
  const state = frame.snapshot()
  for (const target of targets.slice(0, -1)) {
    c.get(offset).i32(frame.graph.blocks[target]!.offset).op(op.i32_eq).if()
    writer.goTo(target, block)
    c.end()
    frame.resume(state)
  }
  const last = targets.at(-1)
  if (last !== undefined) return writer.goOn(last, block)
  c.op(op.unreachable)
  return undefined
}

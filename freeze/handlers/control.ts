// How blocks end: branches, returns, subroutines, and exceptions.
import { tags } from "../../engine/abi.ts"
import { op, type Label } from "../../wasm/code.ts"
import type { Edge } from "../flow/blocks.ts"
import type { Frame } from "../frame/frame.ts"
import { exit } from "../frame/handover.ts"
import { freeHeld } from "../frame/locals.ts"
import type { Val } from "../frame/operand.ts"
import { patternOf } from "../patterns.ts"
import { numberOf, T, value } from "../types.ts"
import { emitCall } from "./call.ts"
import { emitInstruction } from "./instruction.ts"
import { truth } from "./truth.ts"

/** What ending a block asks of whoever writes the function. Blocks are given by number; `from` is the one that ends. */
export interface Ways {
  readonly frame: Frame
  /** The edges out of a block that control takes. */
  successorsOf(block: number): readonly Edge[]
  /** Whether other ways lead to a block, too: then it is not written where it is gone to. */
  isElsewhere(block: number): boolean
  /** Go on at a block: into it when only this way leads there, else by a branch. */
  goTo(block: number, from: number): void
  /** The same at the end of what is being written: a block that only this way leads to is not written but returned. */
  goOn(block: number, from: number): number | undefined
  /** When nothing has to be moved on the way to a block, its label; undefined otherwise. */
  directLabel(block: number, from: number): Label | undefined
}

/**
 * Write the last instruction of a block and the ways to its successors. Returns the one to be written right behind, if
 * there is one.
 */
export function endBlock(ways: Ways, block: number): number | undefined {
  const { frame } = ways
  const { instruction } = frame
  const { ends } = patternOf(instruction.opcode)
  const edges = ways.successorsOf(block)
  const next = edges.find((e) => e.kind === "next")?.block
  const branch = edges.find((e) => e.kind === "branch")?.block
  switch (ends) {
    case "if_false":
    case "if_true":
      if (next === undefined || branch === undefined) throw new Error("a condition needs two ways")
      return ends === "if_true" ? endCondition(ways, block, branch, next) : endCondition(ways, block, next, branch)
    case "goto":
      return ways.goOn(branch!, block)
    case "return":
      returnValue(frame, frame.pop())
      return undefined
    case "return_undef":
      frame.pushConst(value(tags.JS_TAG_UNDEFINED))
      returnValue(frame, frame.pop())
      return undefined
    case "tail_call":
      emitCall(frame)
      returnValue(frame, frame.pop())
      return undefined
    case "throw":
      exit(frame)
      return undefined
    case "gosub": {
      // The return address is an int in the interpreter too.
      const offset = instruction.offset + instruction.size
      frame.push({ rep: "const", value: value(tags.JS_TAG_INT, offset), type: T.INT, own: false, ret: [offset] })
      return ways.goOn(edges[0]!.block, block)
    }
    case "ret":
      return endSubroutine(ways, block)
    case undefined:
      emitInstruction(frame)
      if (next === undefined) throw new Error(`${instruction.opcode} ends a block without a next one`)
      return ways.goOn(next, block)
    default:
      return ends satisfies never
  }
}

function endCondition(ways: Ways, block: number, whenTrue: number, whenFalse: number): number | undefined {
  const { frame } = ways
  const { code: c } = frame
  const condition = frame.pop()
  const known =
    condition.rep === "const" ? (numberOf(condition.value) ?? plainTruth(condition.type, condition.value)) : undefined
  if (known !== undefined) {
    return ways.goOn(known ? whenTrue : whenFalse, block)
  }
  truth(frame, condition)
  const directTrue = ways.directLabel(whenTrue, block)
  if (directTrue !== undefined) {
    c.brIf(directTrue)
    return ways.goOn(whenFalse, block)
  }
  const directFalse = ways.directLabel(whenFalse, block)
  if (directFalse !== undefined) {
    c.op(op.i32_eqz).brIf(directFalse)
    return ways.goOn(whenTrue, block)
  }
  // What is written elsewhere is one branch: in the `if` it takes no stack, however many conditions follow.
  const turned = ways.isElsewhere(whenFalse) && !ways.isElsewhere(whenTrue)
  const [inIf, after] = turned ? [whenFalse, whenTrue] : [whenTrue, whenFalse]
  if (turned) c.op(op.i32_eqz)
  const state = frame.snapshot()
  c.if()
  ways.goTo(inIf, block) // which ends with a branch, whatever it is
  c.end()
  frame.resume(state)
  return ways.goOn(after, block)
}

/** Whether a bool, null or undefined is truthy; undefined for other constants. */
function plainTruth(type: number, boxed: bigint): number | undefined {
  return (type & ~(T.BOOL | T.NULL | T.UNDEFINED)) === 0 ? Number(boxed & 0xffff_ffffn) : undefined
}

function returnValue(frame: Frame, v: Val): void {
  const { code: c, mode } = frame
  if (mode.kind === "kernel") {
    const { place } = mode.kernel
    if (v.type !== T.INT || frame.depth > 0) frame.refuse()
    else if (place) frame.int(v).set(place.result).br(place.end)
    else frame.int(v).op(op.i64_extend_i32_s, op.return)
    return
  }
  // Operands may be left over: a return from within for-of has closed the iterator and dropped them, one from a switch
  // has not.
  frame.owned(v).set(frame.result)
  for (let depth = frame.depth - 1; depth >= 0; depth--) {
    const rest = frame.pop()
    frame.drop(rest)
  }
  freeHeld(frame)
  c.br(frame.returned)
}

/** `ret`: the ways back to after each `gosub`. */
function endSubroutine(ways: Ways, block: number): number | undefined {
  const { frame } = ways
  const { code: c } = frame
  const address = frame.pop()
  const targets = ways.successorsOf(block).map((edge) => edge.block)
  const offset = frame.home("ret", 0x7f)
  frame.int(address).set(offset)
  frame.forget(address)
  const state = frame.snapshot()
  for (const target of targets.slice(0, -1)) {
    c.get(offset).i32(frame.graph.blocks[target]!.offset).op(op.i32_eq).if()
    ways.goTo(target, block)
    c.end()
    frame.resume(state)
  }
  const last = targets.at(-1)
  if (last !== undefined) return ways.goOn(last, block)
  c.op(op.unreachable)
  return undefined
}

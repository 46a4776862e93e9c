// Instructions -> basic blocks, with the depth of the operand stack and the exception handlers at every instruction.
//
//       0 catch 9        depth 0                      blocks  0..  9..  12..
//       5 get_loc 0      depth 1, catch in slot 0     0 -> 12, exceptions 0 -> 9
//       …
//       9 drop           depth 1 (the exception)      9 -> 12
//      12 …
import { unreadableFunction } from "../errors.ts"
import type { FunctionInfo, Instruction } from "../function.ts"
import { patternOf } from "../patterns.ts"
import { followStack, type EdgeKind, type Flow, type Marker, type StackState, type Step } from "./follow.ts"

/** A straight run of reachable instructions. */
export interface Block {
  /** Index of the first instruction, and the one after the last. */
  start: number
  end: number
  /** Offset in the code of the first instruction. */
  offset: number
  /** Depth of the operand stack on entry. */
  depth: number
  successors: Edge[]
  /** Indexes of the blocks that have this one as a successor, ascending, without repetition. */
  predecessors: number[]
  /** Blocks where `catch` handlers lie that an exception in this block can reach, ascending. */
  exceptionTargets: number[]
}

export interface Edge {
  kind: EdgeKind
  block: number
}

/** Something that an exception finds on the operand stack. */
export interface Handler {
  /** `catch`: go on at `target`. `iterator`: close the iterator in slot - 2, then go on with `outer`. */
  kind: "catch" | "iterator"
  /** Index of the instruction that opened it. */
  instruction: number
  /** Stack slot of the catch offset. A `catch` handler starts with the exception there, at depth slot + 1. */
  slot: number
  /** Code offset of the handler; only of `catch`. */
  target?: number
  /** Index of the handler that is next in line; -1: the exception leaves the function. */
  outer: number
}

export interface FlowGraph {
  instructions: readonly Instruction[]
  /** By code offset; block 0 is the entry. */
  blocks: Block[]
  /** Depth of the operand stack before each instruction; -1 when nothing reaches it. */
  depths: Int32Array
  handlers: Handler[]
  /** Handler that an exception in each instruction meets first; -1: none. */
  handlerOf: Int32Array
  /** Equal to the function's stackSize. */
  maxDepth: number
}

/**
 * Find blocks, depths and handlers of a function. Throws a problem when its code contradicts itself or its stackSize.
 */
export function flowGraph(info: FunctionInfo): FlowGraph {
  try {
    const flow = followStack(info.instructions)
    if (flow.maxDepth !== info.stackSize) {
      throw new RangeError(`its operand stack grows to ${flow.maxDepth}, but its stack_size is ${info.stackSize}`)
    }
    return graphOf(info.instructions, flow)
  } catch (error) {
    if (error instanceof RangeError) throw unreadableFunction(info.pointer, error.message)
    throw error
  }
}

function graphOf(instructions: readonly Instruction[], { states, steps, maxDepth }: Flow): FlowGraph {
  const { handlers, handlerOf } = handlersOf(instructions, states)
  const blocks = blocksOf(instructions, states, steps, handlers)
  const depths = Int32Array.from(instructions, (_, index) => states[index]?.depth ?? -1)
  const targets = new Map(blocks.map((block, index) => [block.offset, index]))
  for (const block of blocks) {
    const reached = new Set<number>()
    for (let i = block.start; i < block.end; i++) {
      let handler = handlers[handlerOf[i]!]
      while (handler?.kind === "iterator") handler = handlers[handler.outer]
      if (handler !== undefined) reached.add(targets.get(handler.target!)!)
    }
    block.exceptionTargets = [...reached].sort((a, b) => a - b)
  }
  return { instructions, blocks, depths, handlers, handlerOf, maxDepth }
}

function handlersOf(instructions: readonly Instruction[], states: readonly (StackState | undefined)[]) {
  const handlers: Handler[] = []
  const indexes = new Map<Marker, number>()
  const indexOf = (marker: Marker | undefined): number => {
    while (marker?.kind === "return") marker = marker.below
    if (marker === undefined) return -1
    const known = indexes.get(marker)
    if (known !== undefined) return known
    const { kind, slot, origin, below } = marker as Marker & { kind: Handler["kind"] }
    const outer = indexOf(below)
    const { operands } = instructions[origin]!
    const handler: Handler = { kind, instruction: origin, slot, outer }
    if (operands.kind === "label") handler.target = operands.target
    indexes.set(marker, handlers.push(handler) - 1)
    return handlers.length - 1
  }
  const handlerOf = Int32Array.from(instructions, ({ opcode }, index) => {
    const state = states[index]
    if (state === undefined) return -1
    let marker = state.top
    // iterator_close takes its catch offset away before it calls anything.
    if (patternOf(opcode).closes === "iterator")
      while (marker !== undefined && marker.slot >= state.depth - 3) marker = marker.below
    return indexOf(marker)
  })
  return { handlers, handlerOf }
}

function blocksOf(
  instructions: readonly Instruction[],
  states: readonly (StackState | undefined)[],
  steps: readonly Step[][],
  handlers: readonly Handler[],
): Block[] {
  const handlerTargets = new Set(handlers.map((handler) => handler.target))
  const starts = new Set<number>([0])
  steps.forEach((list, index) => {
    const straight = list.length === 1 && list[0]!.kind === "next"
    if (!straight) starts.add(index + 1)
    for (const { kind, to } of list) if (kind !== "next") starts.add(to)
  })
  instructions.forEach(({ offset }, index) => handlerTargets.has(offset) && starts.add(index))
  const blocks: Block[] = []
  const blockAt = new Map<number, number>()
  for (let start = 0; start < instructions.length;) {
    let end = start + 1
    while (end < instructions.length && !starts.has(end)) end++
    const state = states[start]
    if (state !== undefined) {
      const { offset } = instructions[start]!
      blockAt.set(start, blocks.length)
      blocks.push({ start, end, offset, depth: state.depth, successors: [], predecessors: [], exceptionTargets: [] })
    }
    start = end
  }
  blocks.forEach((block, index) => {
    for (const { kind, to } of steps[block.end - 1]!) {
      const target = blockAt.get(to)!
      block.successors.push({ kind, block: target })
      const { predecessors } = blocks[target]!
      if (predecessors.at(-1) !== index) predecessors.push(index)
    }
  })
  return blocks
}

// Instructions -> basic blocks, with the depth of the operand stack and the exception handlers at every instruction.
//
// The interpreter finds its handler by looking through the operand stack for a catch offset: `catch` pushes one, and so do
// `for_of_start` and `for_await_of_start` (zero there: close the iterator and look further down). `gosub` pushes a return address.
// We follow these three kinds of values through the stack as markers, so that at every instruction it is known which handlers are
// open and in which slot they lie:
//
//       0 catch 9        depth 0                      blocks  0..  9..  12..
//       5 get_loc 0      depth 1, catch in slot 0     0 -> 12, exceptions 0 -> 9
//       …
//       9 drop           depth 1 (the exception)      9 -> 12
//      12 …
import { opcodeByName } from "../../opcodes/quickjs.generated.ts"
import { unreadableFunction } from "../errors.ts"
import type { FunctionInfo, Instruction } from "../function.ts"
import { patternOf, type Ending } from "../patterns.ts"

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

/**
 * Where control goes: `next` falls through, `branch` jumps (always or by condition), `gosub` calls a finally block, `return` goes back from it
 * to after a `gosub`.
 */
export interface Edge {
  kind: "next" | "branch" | "gosub" | "return"
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

/** A value on the stack that control flow depends on, and the next one below it. */
interface Marker {
  kind: "catch" | "iterator" | "return"
  slot: number
  /** Index of the instruction that pushed it; of a return address, the code offset of the finally block. */
  origin: number
  below: Marker | undefined
  id: number
}

interface State {
  depth: number
  top: Marker | undefined
}

/** Find blocks, depths and handlers of a function. Throws a problem when its code contradicts itself or its stackSize. */
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

/** Values that an instruction takes from the stack, arguments included. */
export function popsOf({ opcode, operands }: Instruction): number {
  const { pops } = opcodeByName[opcode]
  return operands.kind === "call" || operands.kind === "call_scope" ? pops + operands.argCount : pops
}

interface Step {
  kind: Edge["kind"]
  /** Index of an instruction. */
  to: number
}

interface Flow {
  states: (State | undefined)[]
  steps: Step[][]
  maxDepth: number
}

/** Does control go on to the next instruction as well? */
function fallsThrough(ends: Ending | undefined): boolean {
  switch (ends) {
    case undefined:
    case "if_true":
    case "if_false":
    case "gosub":
      return true
    case "goto":
    case "return":
    case "return_undef":
    case "tail_call":
    case "throw":
    case "ret":
      return false
    default:
      return ends satisfies never
  }
}

function followStack(instructions: readonly Instruction[]): Flow {
  const indexOf = new Map(instructions.map((i, index) => [i.offset, index]))
  const states: (State | undefined)[] = new Array(instructions.length)
  const steps: Step[][] = instructions.map(() => [])
  const markers = markerFactory()
  const waiting: number[] = []
  /** By offset of a finally block: its `ret` instructions, and where its callers go on. */
  const subroutines = new Map<number, { rets: number[]; callers: { index: number; state: State }[] }>()
  let maxDepth = 0

  const reach = (index: number | undefined, depth: number, top: Marker | undefined): void => {
    if (index === undefined || index >= instructions.length) throw new RangeError("control runs off its end")
    maxDepth = Math.max(maxDepth, depth)
    const known = states[index]
    if (known === undefined) {
      states[index] = { depth, top }
      waiting.push(index)
    } else if (known.depth !== depth || known.top !== top) {
      throw new RangeError(`the stack differs between ways to offset ${instructions[index]!.offset}`)
    }
  }
  const subroutine = (entry: number) => {
    let found = subroutines.get(entry)
    if (found === undefined) subroutines.set(entry, (found = { rets: [], callers: [] }))
    return found
  }

  reach(0, 0, undefined)
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) follow(index, states[index]!)
  for (const { rets, callers } of subroutines.values()) {
    for (const ret of rets) for (const caller of callers) steps[ret]!.push({ kind: "return", to: caller.index })
  }
  return { states, steps, maxDepth }

  function follow(index: number, before: State): void {
    const instruction = instructions[index]!
    const { opcode, operands } = instruction
    const { ends, opens, branchPushes } = patternOf(opcode)
    const after = stateAfter(instruction, index, before, markers)
    maxDepth = Math.max(maxDepth, after.depth)
    if (ends === "ret") {
      if (before.top?.kind !== "return" || before.top.slot !== before.depth - 1) {
        throw new RangeError(`\`ret\` finds no return address (at offset ${instruction.offset})`)
      }
      subroutine(before.top.origin).rets.push(index)
      return
    }
    if (operands.kind === "label") {
      const target = indexOf.get(operands.target)
      if (ends === "gosub") {
        const address = markers("return", after.depth, operands.target, after.top)
        steps[index]!.push({ kind: "gosub", to: target! })
        reach(target, after.depth + 1, address)
        reach(index + 1, after.depth, after.top)
        subroutine(operands.target).callers.push({ index: index + 1, state: after })
        return
      }
      if (opens === "catch") {
        reach(target, after.depth, before.top) // the exception lies where the catch offset was
      } else {
        steps[index]!.push({ kind: "branch", to: target! })
        reach(target, after.depth, after.top)
      }
    } else if (operands.kind === "atom_label") {
      if (branchPushes === undefined) throw new RangeError(`\`${opcode}\` branches in an unknown way`)
      const target = indexOf.get(operands.target)
      steps[index]!.push({ kind: "branch", to: target! })
      reach(target, after.depth + branchPushes, after.top)
    }
    if (!fallsThrough(ends)) return
    steps[index]!.push({ kind: "next", to: index + 1 })
    reach(index + 1, after.depth, after.top)
  }
}

type MarkerFactory = (kind: Marker["kind"], slot: number, origin: number, below: Marker | undefined) => Marker

/** Equal markers are the same object, so that states can be compared. */
function markerFactory(): MarkerFactory {
  const known = new Map<string, Marker>()
  return (kind, slot, origin, below) => {
    const key = `${kind} ${slot} ${origin} ${below?.id}`
    let marker = known.get(key)
    if (marker === undefined) known.set(key, (marker = { kind, slot, origin, below, id: known.size }))
    return marker
  }
}

function stateAfter(instruction: Instruction, index: number, { depth, top }: State, markers: MarkerFactory): State {
  const { opcode } = instruction
  const pops = popsOf(instruction)
  if (pops > depth)
    throw new RangeError(`\`${opcode}\` takes ${pops} of ${depth} values (at offset ${instruction.offset})`)
  const after = depth - pops + opcodeByName[opcode].pushes
  const { opens, closes, picture } = patternOf(opcode)
  if (opens === "catch") return { depth: after, top: markers("catch", depth, index, top) }
  if (opens === "iterator") return { depth: after, top: markers("iterator", depth + 1, index, top) }
  if (closes === "catch") {
    let marker = top
    while (marker?.kind === "return") marker = marker.below
    if (marker === undefined) throw new RangeError(`\`nip_catch\` without a catch (at offset ${instruction.offset})`)
    return { depth: marker.slot + 1, top: marker.below }
  }
  return { depth: after, top: moveMarkers(top, depth - pops, picture, markers) }
}

/** Markers in the slots from `base` on go where the picture puts them; without a picture they are gone. */
function moveMarkers(
  top: Marker | undefined,
  base: number,
  picture: string | undefined,
  markers: MarkerFactory,
): Marker | undefined {
  let kept = top
  const moved: Marker[] = []
  for (; kept !== undefined && kept.slot >= base; kept = kept.below) moved.push(kept)
  if (picture === undefined || moved.length === 0) return kept
  const [taken, given] = picture.split(">") as [string, string]
  for (let i = 0; i < given.length; i++) {
    const from = taken.indexOf(given[i]!)
    const marker = moved.find((m) => m.slot === base + from)
    if (from >= 0 && marker !== undefined) kept = markers(marker.kind, base + i, marker.origin, kept)
  }
  return kept
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

function handlersOf(instructions: readonly Instruction[], states: readonly (State | undefined)[]) {
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
  states: readonly (State | undefined)[],
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

// Instructions -> where control goes from each, and what lies on the operand stack before each.
//
// The interpreter finds its handler by looking through the operand stack for a catch offset: `catch` pushes one, and so
// do `for_of_start` and `for_await_of_start` (zero there: close the iterator and look further down). `gosub` pushes a
// return address. We follow these three kinds of values through the stack as markers, so that at every instruction it
// is known which handlers are open and in which slot they lie.
import { opcodeByName } from "../../opcodes/quickjs.generated.ts"
import type { Instruction } from "../function.ts"
import { patternOf, type Ending } from "../patterns.ts"

/**
 * Where control goes: `next` falls through, `branch` jumps (always or by condition), `gosub` calls a finally block,
 * `return` goes back from it to after a `gosub`.
 */
export type EdgeKind = "next" | "branch" | "gosub" | "return"

/** A value on the stack that control flow depends on, and the next one below it. */
export interface Marker {
  kind: "catch" | "iterator" | "return"
  slot: number
  /** Index of the instruction that pushed it; of a return address, the code offset of the finally block. */
  origin: number
  below: Marker | undefined
  id: number
}

/** The operand stack, as far as control flow depends on it. */
export interface StackState {
  depth: number
  top: Marker | undefined
}

/** A way that control takes from an instruction to another. */
export interface Step {
  kind: EdgeKind
  /** Index of an instruction. */
  to: number
}

/** What following the stack finds, by index of the instruction. */
export interface Flow {
  /** Before the instruction; undefined when nothing reaches it. */
  states: (StackState | undefined)[]
  steps: Step[][]
  maxDepth: number
}

/** Values that an instruction takes from the stack, arguments included. */
export function popsOf({ opcode, operands }: Instruction): number {
  const { pops } = opcodeByName[opcode]
  return operands.kind === "call" || operands.kind === "call_scope" ? pops + operands.argCount : pops
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

/** Follow the stack along every way from the first instruction. Throws RangeError when the code contradicts itself. */
export function followStack(instructions: readonly Instruction[]): Flow {
  return new StackWalk(instructions).walk()
}

/** A finally block: its `ret` instructions, and where its callers go on. */
interface Subroutine {
  rets: number[]
  callers: number[]
}

class StackWalk {
  private readonly instructions: readonly Instruction[]
  /** Index of the instruction at an offset. */
  private readonly indexOf: Map<number, number>
  private readonly states: (StackState | undefined)[]
  private readonly steps: Step[][]
  private readonly markers = markerFactory()
  /** Instructions whose state is known and that are not followed yet. */
  private readonly waiting: number[] = []
  /** By offset of the finally block. */
  private readonly subroutines = new Map<number, Subroutine>()
  private maxDepth = 0

  constructor(instructions: readonly Instruction[]) {
    this.instructions = instructions
    this.indexOf = new Map(instructions.map((i, index) => [i.offset, index]))
    this.states = new Array(instructions.length)
    this.steps = instructions.map(() => [])
  }

  walk(): Flow {
    const { states, steps } = this
    this.reach(0, 0, undefined)
    for (let i = this.waiting.pop(); i !== undefined; i = this.waiting.pop()) this.follow(i, states[i]!)
    for (const { rets, callers } of this.subroutines.values()) {
      for (const ret of rets) for (const to of callers) steps[ret]!.push({ kind: "return", to })
    }
    return { states, steps, maxDepth: this.maxDepth }
  }

  private reach(index: number | undefined, depth: number, top: Marker | undefined): void {
    const { instructions, states } = this
    if (index === undefined || index >= instructions.length) throw new RangeError("control runs off its end")
    this.maxDepth = Math.max(this.maxDepth, depth)
    const known = states[index]
    if (known === undefined) {
      states[index] = { depth, top }
      this.waiting.push(index)
    } else if (known.depth !== depth || known.top !== top) {
      throw new RangeError(`the stack differs between ways to offset ${instructions[index]!.offset}`)
    }
  }

  private goTo(kind: EdgeKind, from: number, to: number | undefined, depth: number, top: Marker | undefined): void {
    this.steps[from]!.push({ kind, to: to! })
    this.reach(to, depth, top)
  }

  private follow(index: number, before: StackState): void {
    const instruction = this.instructions[index]!
    const { opcode, operands } = instruction
    const { ends, opens, branchPushes } = patternOf(opcode)
    const after = stateAfter(instruction, index, before, this.markers)
    const { depth, top } = after
    this.maxDepth = Math.max(this.maxDepth, depth)
    if (ends === "ret") {
      this.endSubroutine(index, before)
      return
    }
    const target = "target" in operands ? this.indexOf.get(operands.target) : undefined
    if (operands.kind === "label") {
      if (ends === "gosub") {
        this.callSubroutine(index, operands.target, after)
        return
      }
      // The exception lies where the catch offset was.
      if (opens === "catch") this.reach(target, depth, before.top)
      else this.goTo("branch", index, target, depth, top)
    } else if (operands.kind === "atom_label") {
      if (branchPushes === undefined) throw new RangeError(`\`${opcode}\` branches in an unknown way`)
      this.goTo("branch", index, target, depth + branchPushes, top)
    }
    if (fallsThrough(ends)) this.goTo("next", index, index + 1, depth, top)
  }

  private callSubroutine(index: number, offset: number, { depth, top }: StackState): void {
    const address = this.markers("return", depth, offset, top)
    this.goTo("gosub", index, this.indexOf.get(offset), depth + 1, address)
    this.reach(index + 1, depth, top)
    this.subroutine(offset).callers.push(index + 1)
  }

  private endSubroutine(index: number, { depth, top }: StackState): void {
    if (top?.kind !== "return" || top.slot !== depth - 1) {
      throw new RangeError(`\`ret\` finds no return address (at offset ${this.instructions[index]!.offset})`)
    }
    this.subroutine(top.origin).rets.push(index)
  }

  private subroutine(offset: number): Subroutine {
    let found = this.subroutines.get(offset)
    if (found === undefined) this.subroutines.set(offset, (found = { rets: [], callers: [] }))
    return found
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

function stateAfter(
  instruction: Instruction,
  index: number,
  { depth, top }: StackState,
  markers: MarkerFactory,
): StackState {
  const { opcode } = instruction
  const pops = popsOf(instruction)
  if (pops > depth)
    throw new RangeError(`\`${opcode}\` takes ${pops} of ${depth} values (at offset ${instruction.offset})`)
  const after = depth - pops + opcodeByName[opcode].pushes
  const { opens, closes, covers, picture } = patternOf(opcode)
  if (opens === "catch") return { depth: after, top: markers("catch", depth, index, top) }
  if (opens === "iterator") return { depth: after, top: markers("iterator", depth + 1, index, top) }
  if (covers !== undefined && top?.kind === covers && top.slot === depth - 1) return { depth: after, top }
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

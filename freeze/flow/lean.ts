// Lean functions: those that can return without having needed a frame (frame elision).
//
//     get size() { return this.n }        (x) => x + 1        add(x) { this.n = (this.n + x) & 255; return this }
//
// A lean function looks at both stacks and counts down to the interrupt handler as every function does, but makes its
// frame only when something is about to see it: a step, an exit, a call out, a property that has a getter. Until then
// its arguments are borrowed from the caller's memory and its variables are wasm locals, `held`. A function that turns
// out to need more is refused, and written in the ordinary way.
import type { FunctionInfo, Instruction } from "../function.ts"
import { patternOf } from "../patterns.ts"
import { type FlowGraph } from "./blocks.ts"

/** Bytecode up to which a function may be lean: every place that may need the frame has to ask for it. */
const MAX_BYTES = 256
/** Instructions that need the frame for certain: with more of them it is better made at once. */
const MAX_NEEDS = 4

/** Whether a function is worth being written without a frame at first. */
export function mayBeLean(info: FunctionInfo, graph: FlowGraph): boolean {
  if (info.code.length > MAX_BYTES || info.varRefCount > 0 || graph.handlers.length > 0) return false
  if (info.isDerivedClassConstructor || info.instructions.some(({ opcode }) => patternOf(opcode).writesArgument))
    return false
  if (info.instructions.filter((i) => needsFrame(info, i)).length > MAX_NEEDS) return false
  return returnsWithoutFrame(info, graph)
}

function needsFrame(info: FunctionInfo, i: Instruction): boolean {
  const { kind, needsFrame } = patternOf(i.opcode)
  if (needsFrame === "in sloppy code") return !info.isStrict
  return kind === "step" || needsFrame === "always"
}

/** Is there a way from the start to a return on which nothing needs the frame for certain? */
function returnsWithoutFrame(info: FunctionInfo, graph: FlowGraph): boolean {
  const seen = new Set([0])
  for (const block of seen) {
    const { start, end, successors } = graph.blocks[block]!
    const instructions = graph.instructions.slice(start, end)
    if (instructions.some((i) => needsFrame(info, i))) continue
    const { ends } = patternOf(instructions.at(-1)!.opcode)
    if (ends === "return" || ends === "return_undef") return true
    for (const { block: next } of successors) seen.add(next)
  }
  return false
}

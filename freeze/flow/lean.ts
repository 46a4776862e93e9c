// Lean functions: those that can return without having needed a frame.
//
//     get size() { return this.n }        (x) => x + 1        add(x) { this.n = (this.n + x) & 255; return this }
//
// A lean function looks at both stacks and counts down to the interrupt handler as every function does, but makes its frame only when
// something is about to see it: a step, an exit, a call out, a property that has a getter. Until then its arguments are borrowed from the caller's
// memory and its variables are wasm locals, `held`. What cannot be had so throws NotLean, and the function is written in the ordinary way.
import { type FlowGraph } from "./blocks.ts"
import type { FunctionInfo, Instruction } from "../function.ts"
import { patterns, type Pattern } from "../patterns.ts"
import type { OpcodeName } from "../../opcodes/quickjs.generated.ts"

/** Bytecode up to which a function may be lean: every place that may need the frame has to ask for it. */
const MAX_BYTES = 256
/** Instructions that need the frame for certain: with more of them it is better made at once. */
const MAX_NEEDS = 4

const alwaysNeedsFrame: ReadonlySet<OpcodeName> = new Set<OpcodeName>([
  "call",
  "call0",
  "call1",
  "call2",
  "call3",
  "call_method",
  "tail_call",
  "tail_call_method",
  "call_constructor",
  "init_ctor",
  "fclosure",
  "fclosure8",
  "object",
  "define_field",
])

/** Written to: an argument that is borrowed must not be. */
const writesArgument = /^(put|set)_arg/

/** Whether a function is worth being written without a frame at first. */
export function mayBeLean(info: FunctionInfo, graph: FlowGraph): boolean {
  if (info.code.length > MAX_BYTES || info.varRefCount > 0 || graph.handlers.length > 0) return false
  if (info.isDerivedClassConstructor || info.instructions.some((i) => writesArgument.test(i.opcode))) return false
  if (info.instructions.filter((i) => needsFrame(info, i)).length > MAX_NEEDS) return false
  return returnsWithoutFrame(info, graph)
}

function needsFrame(info: FunctionInfo, i: Instruction): boolean {
  if (i.opcode === "push_this") return !info.isStrict
  const pattern: Pattern = patterns[i.opcode]
  return pattern.kind === "step" || alwaysNeedsFrame.has(i.opcode)
}

/** Is there a way from the start to a return on which nothing needs the frame for certain? */
function returnsWithoutFrame(info: FunctionInfo, graph: FlowGraph): boolean {
  const seen = new Set([0])
  for (const block of seen) {
    const { start, end, successors } = graph.blocks[block]!
    const instructions = graph.instructions.slice(start, end)
    if (instructions.some((i) => needsFrame(info, i))) continue
    const last = instructions.at(-1)?.opcode
    if (last === "return" || last === "return_undef") return true
    for (const { block: next } of successors) seen.add(next)
  }
  return false
}

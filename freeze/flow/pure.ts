// Pure functions, as far as they can be told by their instructions: of ints, calling nothing but themselves. Such a
// function may have a kernel.
//
//     function fib(n) { if (n < 2) return n; return fib(n - 1) + fib(n - 2) }     ->     (i32 n, i32 levels) -> i64
//
// A kernel (a speculative, specialised clone) is the function as plain WebAssembly with int parameters. It changes
// nothing before it returns, so whatever is not as assumed (a result that is no int, recursion deeper than `levels`)
// can be met by giving up: the kernel returns that through all its levels, and the function runs again from its start,
// frozen in the ordinary way. compile/kernel.ts writes kernels.
import type { Atom, FunctionInfo } from "../function.ts"
import { patternOf } from "../patterns.ts"
import type { FlowGraph } from "./blocks.ts"
import type { Structure } from "./structure.ts"

/** The variable that holds the function itself: a captured one by its index, or a global one. */
export type SelfVariable = { captured: number } | { global: Atom }

/** Arguments that a kernel may have. */
const MAX_ARGUMENTS = 6

/** The variable that a function calls itself by, when it could have a kernel at all; undefined otherwise. */
export function selfVariable(info: FunctionInfo, graph: FlowGraph, structure: Structure): SelfVariable | undefined {
  if (info.varRefCount > 0 || info.isDerivedClassConstructor) return undefined
  if (info.argCount === 0 || info.argCount > MAX_ARGUMENTS) return undefined
  if (structure.isLoop.some((isLoop) => isLoop)) return undefined
  let self: SelfVariable | undefined
  for (const { opcode, operands } of graph.instructions) {
    if (!patternOf(opcode).kernel) return undefined
    let found: SelfVariable
    if (operands.kind === "var_ref") found = { captured: operands.index }
    else if (operands.kind === "atom") found = { global: operands.name.atom }
    else continue
    if (self !== undefined && JSON.stringify(self) !== JSON.stringify(found)) return undefined
    self = found
  }
  return self
}

// What functions are called in the source: the engine names methods, classes and functions that are values only when
// it makes them, so their names are read from the instructions that do.
import type { FunctionInfo } from "../function.ts"
import { patternOf } from "../patterns.ts"

/**
 * What functions are called in the source, by pointer. Methods, classes and functions that are values get their names
 * when they are made: from the instruction after the one that makes them.
 */
export function sourceNames(functions: readonly FunctionInfo[]): Map<number, string> {
  const names = new Map(functions.map((f) => [f.pointer, f.name]))
  for (const { instructions, constants, vars } of functions) {
    instructions.forEach(({ operands }, i) => {
      const constant = operands.kind === "const" ? constants[operands.index] : undefined
      const next = instructions[instructions[i + 1]?.opcode === "set_home_object" ? i + 2 : i + 1]
      if (constant?.kind !== "function" || next === undefined || names.get(constant.pointer)) return
      const name = patternOf(next.opcode).names && "name" in next.operands ? next.operands.name : undefined
      if (name?.kind === "string" || name?.kind === "integer" || name?.kind === "private") {
        names.set(constant.pointer, name.text)
      } else if (next.operands.kind === "loc" && /^private_/.test(vars[next.operands.index]?.kind ?? "")) {
        names.set(constant.pointer, vars[next.operands.index]!.name.text) // #m() {}
      }
    })
  }
  return names
}

/** What a function without a name is called. */
export const anonymous = "(anonymous)"

// Who uses a result, looked up before it is computed (demanded bits, backwards): within one block, by following the
// operand stack.
//
//     get_loc h, get_loc h, push 1, shl, add, push 0, or      the add's result goes to `or`, which takes it
//                                                             modulo 2^32: the sum may wrap
import { opcodeByName } from "../../opcodes/quickjs.generated.ts"
import { patternOf } from "../patterns.ts"
import { type FlowGraph } from "./blocks.ts"
import { popsOf } from "./follow.ts"

export type Demand =
  | "int32" // only ToInt32 of it counts
  | "sum32" // only ToInt32 of a sum that it is part of counts: an int sum may wrap; NaN and fractions still matter
  | "number" // it is an operand of arithmetic, which makes a number of it
  | "any"

/**
 * For each instruction, the index of the only instruction that uses its only result; -1 when there is none in its
 * block, or several.
 */
export function consumersOf(graph: FlowGraph): Int32Array {
  const consumers = new Int32Array(graph.instructions.length).fill(-1)
  for (const { start, end } of graph.blocks) {
    // Indices of the instructions that pushed the operands; -1 for those of unknown origin, and for copies.
    const stack: number[] = []
    const pop = () => stack.pop() ?? -1
    for (let index = start; index < end; index++) {
      const instruction = graph.instructions[index]!
      const { picture } = patternOf(instruction.opcode)
      const pops = popsOf(instruction)
      const { pushes } = opcodeByName[instruction.opcode]
      if (picture === undefined) {
        for (let i = 0; i < pops; i++) {
          const producer = pop()
          if (producer >= 0) consumers[producer] = index
        }
        for (let i = 0; i < pushes; i++) stack.push(pushes === 1 ? index : -1)
      } else {
        const [taken, given] = picture.split(">") as [string, string]
        const operands = [...taken].map(pop).reverse()
        for (const letter of given) {
          const from = taken.indexOf(letter)
          const once = given.indexOf(letter) === given.lastIndexOf(letter)
          stack.push(from >= 0 && once ? operands[from]! : -1)
        }
      }
    }
  }
  return consumers
}

/** What is wanted of the result of instruction `index`. */
export function demandOn(graph: FlowGraph, consumers: Int32Array, index: number): Demand {
  const consumer = consumers[index]!
  if (consumer < 0) return "any"
  const { wants, sums } = patternOf(graph.instructions[consumer]!.opcode)
  if (wants === "int32") return "int32"
  // Doubles hold sums of a few ints exactly.
  if (sums) {
    const outer = demandOn(graph, consumers, consumer)
    if (outer === "int32" || outer === "sum32") return "sum32"
  }
  return wants ?? "any"
}

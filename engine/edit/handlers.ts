// Where the interpreter handles an opcode: the instructions behind the block that its `br_table` leaves for it.
//
// Operations that are not worth inlining are functions of the engine that it does not export. They are found by the
// handlers that call them.
import { opcodeByName, type OpcodeName } from "../../opcodes/quickjs.generated.ts"
import type { Instruction } from "../../wasm/body.ts"
import { Op } from "../../wasm/instructions.ts"
import type { ModuleParts } from "../module.ts"
import { dispatchTable } from "./dispatch.ts"

/**
 * Finds the handlers in the interpreter's body as the engine has it. Throws a plain Error when it dispatches otherwise.
 */
export function handlerFinder(
  module: ModuleParts,
  body: Uint8Array,
  code: readonly Instruction[],
): (opcode: OpcodeName) => readonly Instruction[] {
  const table = dispatchTable(code, body, module)
  if (table === undefined) throw new Error("the interpreter has no jump table")
  const open: number[] = []
  let enclosing: number[] = []
  const ends = new Map<number, number>()
  code.forEach(({ op }, i) => {
    if (op === Op.block || op === Op.loop || op === Op.if) open.push(i)
    else if (op === Op.end) ends.set(open.pop() ?? -1, i)
    if (i === table.at) enclosing = [...open]
  })
  return (opcode) => {
    const block = enclosing.at(-1 - table.labels[opcodeByName[opcode].code]!)
    const end = block === undefined || code[block]?.op !== Op.block ? undefined : ends.get(block)
    return end === undefined ? [] : code.slice(end + 1, end + 1 + MAX_INSTRUCTIONS)
  }
}

/** No fast path in front of a call is longer. */
const MAX_INSTRUCTIONS = 64

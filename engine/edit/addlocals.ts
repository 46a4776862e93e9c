// Locals that an edit adds to a function, behind those that it has.
import type { Instructions } from "../../wasm/body.ts"
import { Code } from "../../wasm/code.ts"
import { Writer } from "../../wasm/bytes.ts"

/** Indices of the locals that are added. */
export function addLocals(code: Instructions, parameters: number, types: readonly number[]): number[] {
  return types.map((_, i) => parameters + code.locals + i)
}

/** A body's beginning: its declarations of locals, with one more each. Instructions follow. */
export function withLocals(code: Instructions, types: readonly number[]): Code {
  const head = new Writer().u32(code.groups + types.length).bytes(code.declarations)
  for (const type of types) head.u32(1).u8(type)
  return new Code().copy(head.finish())
}

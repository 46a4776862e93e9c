// Stubs (trampolines): one instruction and a `yield`, which the interpreter executes for frozen code and comes back
// from. They lie behind a copy of the function's bytecode.
import type { FunctionInfo, Instruction } from "../function.ts"

/** `[the instruction's own bytes][yield]`, at an offset from the start of the bytecode. */
export interface Stub {
  offset: number
  instruction: Instruction
}

/** The stubs of a function, made when they are first asked for. */
export class StubList {
  readonly list: Stub[] = []
  /** Of the bytecode and all stubs, in bytes. */
  size: number
  /** Where the bytecode will lie; 0 until that is known. */
  base = 0

  constructor(info: FunctionInfo) {
    this.size = info.code.length
  }

  addressOf(instruction: Instruction): number {
    let stub = this.list.find((s) => s.instruction === instruction)
    if (stub === undefined) {
      stub = { offset: this.size, instruction }
      this.list.push(stub)
      this.size += instruction.size + 1
    }
    return this.base + stub.offset
  }
}

// How a function is written. The forms differ in where boxed values live, and in what it means to leave.
//
//     framed    the frame is made on entry, and boxed locals lie in their slots of it
//     lean      the frame is made when it is first needed (flow/lean.ts); until then boxed locals are wasm locals,
//               `held`
//     kernel    there is no frame and nothing is boxed (flow/pure.ts); to leave is to give up
//     refused   what was begun as lean or as a kernel cannot be that: all of it is thrown away, and the function is
//               written as framed
import type { Code, Label } from "../../wasm/code.ts"
import type { SelfVariable } from "../flow/pure.ts"
import { T, UNINITIALIZED } from "../types.ts"
import type { Val } from "./operand.ts"

export type Mode = { kind: "framed" } | { kind: "lean" } | { kind: "kernel"; kernel: Kernel } | { kind: "refused" }

/** What a kernel knows of itself while it is written. */
export interface Kernel {
  /** Function index of the kernel. */
  index: number
  self: SelfVariable
  /** Wasm local: how many levels of calls the native stack still has room for. */
  levels: number
  /**
   * Levels of calls that are still to be written in place of the call, and how that is done: false when it cannot be.
   */
  inline: number
  writeInPlace?: (place: InPlace) => boolean
  /** Set in a body that is written in place of a call. */
  place?: InPlace
}

/** Where a body goes that is written in place of a call: its arguments and its result are wasm locals. */
export interface InPlace {
  code: Code
  args: number[]
  result: number
  end: Label
}

/**
 * What a kernel returns when it cannot go on; nothing has happened. An int that it returns is sign-extended, and so is
 * never this.
 */
export const GAVE_UP = 1n << 40n
/** The same when the interrupt handler has thrown. */
export const INTERRUPTED = 1n << 41n

/** The function itself as an operand of a kernel: only to be called. */
export const selfValue: Val = { rep: "const", value: UNINITIALIZED, type: T.OBJECT, own: false }

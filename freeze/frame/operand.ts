// What is known at one place in the code (the abstract state): where each operand and each local of the function is, of
// what kinds it may be, who owns it.
//
// An operand is a description (`Val`) of where its value is: a constant, a wasm local with an int, a double, a bool or
// a JSValue, its slot in the frame, or simply "the same as local 3". Nothing is written when values only move. Who owns
// a reference count is part of it: `own` values must be given to someone or freed, others are kept alive by whoever
// holds them.
//
// Locals live in their slots of the frame, which always hold a valid JSValue; while a local is known to be an int, a
// double, a bool or a constant it lives in a wasm local instead, and its slot holds something without a reference
// count.
import type { JSValue } from "../../engine/live.ts"
import { COUNTED, type Rep } from "../types.ts"

/**
 * An operand. `w` is a wasm local; `local` the function's local that it equals. `ret`: return addresses that it may be.
 * `source`: offset of the instruction that computed it as an int and leaves when that overflows. `wrapped`: offset of
 * the addition that computed it modulo 2^32.
 */
export type Val = { type: number; own: boolean; ret?: readonly number[]; source?: number; wrapped?: number } & (
  | { rep: "const"; value: JSValue }
  | { rep: "i32" | "f64" | "bool" | "box"; w: number }
  | { rep: "slot" } // in the frame, at its own depth
  | { rep: "local"; local: number } // in the frame, in the slot of a local
)

/** A local of the function. */
export interface Local {
  type: number
  /**
   * `held`: boxed, in a wasm local of a lean function. A variable there is the activation's own, an argument its
   * caller's.
   */
  rep: "slot" | "held" | "i32" | "f64" | "bool" | "const"
  value?: JSValue
  /** Its slot holds its value as well, so that it need not be written there when the interpreter takes over. */
  inSlot?: boolean
  /** Offset of the instruction that computed it with a result that may overflow, when it did. */
  source?: number
}

/** All that is known at one place in the code. */
export interface State {
  stack: Val[]
  locals: Local[]
}

export function copyOf(state: State): State {
  return { stack: state.stack.map((v) => ({ ...v })), locals: state.locals.map((l) => ({ ...l })) }
}

/** May a value hold a reference count? */
export function mayBeCounted(v: Val): boolean {
  if (v.rep === "i32" || v.rep === "f64" || v.rep === "bool") return false
  return (v.type & COUNTED) !== 0
}

/** How a value is kept that is no constant. */
export function repOfVal(v: Val): Rep {
  return v.rep === "i32" || v.rep === "f64" || v.rep === "bool" ? v.rep : "box"
}

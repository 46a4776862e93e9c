// The function's locals, arguments first: reading and writing them, wherever they live (operand.ts).
import { F64, I32, I64, op } from "../../wasm/code.ts"
import { COUNTED, NUMBER, UNDEFINED } from "../types.ts"
import type { Frame } from "./frame.ts"
import { mayBeCounted, repOfVal, type Val } from "./operand.ts"

/** Index among arguments and variables of the local that the instruction names. */
export function localIndex(frame: Frame): number {
  const { operands } = frame.instruction
  if (operands.kind === "arg") return operands.index
  if (operands.kind === "loc") return frame.info.argCount + operands.index
  throw new Error(`${frame.instruction.opcode} names no local`)
}

/** A local as an operand that borrows it. */
export function valOf(frame: Frame, i: number): Val {
  const local = frame.state.locals[i]!
  switch (local.rep) {
    case "const":
      return { rep: "const", value: local.value!, type: local.type, own: false }
    case "held":
      return { rep: "box", w: frame.localHome(i, "held"), type: local.type, own: false }
    case "slot":
      return { rep: "local", local: i, type: local.type, own: false }
    default:
      return { rep: local.rep, w: frame.localHome(i, local.rep), type: local.type, own: false, source: local.source }
  }
}

/**
 * Operands that stand for local `i`, or for the wasm local that it lives in, get a place of their own before it
 * changes.
 */
export function detach(frame: Frame, i: number): void {
  const local = frame.state.locals[i]!
  const home = local.rep === "slot" || local.rep === "const" ? -1 : frame.localHome(i, local.rep)
  frame.state.stack.forEach((v, depth) => {
    if ((v.rep === "local" && v.local === i) || (v.rep === "box" && v.w === home)) {
      const w = frame.temp(I64)
      frame.boxed(v)
      if (mayBeCounted(v)) frame.helper(frame.code, "dup")
      frame.code.set(w)
      frame.state.stack[depth] = { rep: "box", w, type: v.type, own: mayBeCounted(v) }
    } else if ((v.rep === "i32" || v.rep === "f64" || v.rep === "bool") && v.w === home) {
      const w = frame.temp(v.rep === "f64" ? F64 : I32)
      frame.code.get(v.w).set(w)
      frame.state.stack[depth] = { ...v, w }
    }
  })
}

/** Put a value into a local. The operand is used up. */
export function setLocal(frame: Frame, i: number, v: Val): void {
  const { code: c, mode } = frame
  detach(frame, i)
  if (mode.kind === "lean" && i < frame.info.argCount) return frame.refuse() // an argument is borrowed
  if (frame.isCaptured(i)) return replaceSlot(frame, i, v)
  const old = frame.state.locals[i]!
  const oldCounted = (old.rep === "slot" || old.rep === "held") && (old.type & COUNTED) !== 0
  if (mode.kind === "kernel" && (oldCounted || !("w" in v || v.rep === "const"))) return frame.refuse()
  if (v.rep === "const" && !mayBeCounted(v)) {
    if (oldCounted) clearLocal(frame, i)
    frame.state.locals[i] = { rep: "const", value: v.value, type: v.type }
    writeThrough(frame, i)
    return
  }
  const rep = repOfVal(v)
  if (rep === "box") return setBoxed(frame, i, v, oldCounted)
  const w = frame.localHome(i, rep)
  if (rep === "f64") frame.float(v)
  else frame.int(v)
  c.set(w)
  frame.forget(v)
  if (oldCounted) clearLocal(frame, i)
  frame.state.locals[i] = { rep, type: rep === "f64" ? NUMBER : v.type, source: v.source }
  writeThrough(frame, i)
}

function setBoxed(frame: Frame, i: number, v: Val, oldCounted: boolean): void {
  const { code: c, mode } = frame
  switch (mode.kind) {
    case "kernel":
      return frame.refuse()
    case "lean": {
      const home = frame.localHome(i, "held")
      frame.owned(v)
      if (oldCounted) frame.helper(c.get(home), "free")
      c.set(home)
      frame.state.locals[i] = { rep: "held", type: v.type }
      return
    }
    case "framed":
    case "refused":
      if (oldCounted) replaceSlot(frame, i, v)
      else {
        c.get(frame.fp)
        frame.owned(v).mem("i64_store", frame.layout.slot(i))
      }
      frame.state.locals[i] = { rep: "slot", type: v.type }
      return
    default:
      mode satisfies never
  }
}

/** Put a value into a local's slot and free what the slot held. */
function replaceSlot(frame: Frame, i: number, v: Val): void {
  frame.code.get(frame.fp).i32(frame.layout.slot(i)).op(op.i32_add)
  frame.helper(frame.owned(v), "replace")
}

/** Outside of loops a local is written to its slot at once: less code than at every way out. */
function writeThrough(frame: Frame, i: number): void {
  if (frame.isHot || frame.mode.kind !== "framed") return
  frame.code.get(frame.fp)
  frame.boxed(valOf(frame, i)).mem("i64_store", frame.layout.slot(i))
  frame.state.locals[i]!.inSlot = true
}

/** Free the value that a local has, which is boxed. */
function clearLocal(frame: Frame, i: number): void {
  if (frame.mode.kind === "lean") {
    frame.helper(frame.code.get(frame.localHome(i, "held")), "free")
    return
  }
  frame.code.get(frame.fp).i32(frame.layout.slot(i)).op(op.i32_add).i64(UNDEFINED)
  frame.helper(frame.code, "replace")
}

/** The variables of a lean function that may hold a reference count. */
export function heldVariables(frame: Frame): number[] {
  if (frame.mode.kind !== "lean") return []
  return frame.state.locals.flatMap(({ rep, type }, i) =>
    i >= frame.info.argCount && rep === "held" && (type & COUNTED) !== 0 ? [i] : [],
  )
}

/** A lean function returns: it lets go of its variables. */
export function freeHeld(frame: Frame): void {
  for (const i of heldVariables(frame)) frame.helper(frame.code.get(frame.localHome(i, "held")), "free")
}

// Where ways meet (a join): the state that a block starts with, and what each way into it has to do to reach that
// state.
import { F64, I32, I64 } from "../../wasm/code.ts"
import { repOf, T } from "../types.ts"
import type { Frame } from "./frame.ts"
import { flushOne } from "./handover.ts"
import { valOf } from "./locals.ts"
import { mayBeCounted, type Local, type State, type Val } from "./operand.ts"

/** Where the operands and locals of a merge block live. Compared as text to see whether it changed. */
export type Entry = State

/** The state that both `entry` and a way with `state` can reach; `entry` itself when nothing had to change. */
export function join(frame: Frame, block: number, entry: Entry | undefined, state: State, back: boolean): Entry {
  if (entry === undefined) return canonical(frame, block, state)
  if (entry.stack.length !== state.stack.length) throw new Error("ways with different stack depths meet")
  return {
    stack: entry.stack.map((v, depth) => joinVal(frame, block, depth, v, state.stack[depth]!)),
    locals: entry.locals.map((l, i) => joinLocal(frame, l, state.locals[i]!, back)),
  }
}

/** A state in which every operand is where the block expects it, whatever way it came. */
function canonical(frame: Frame, block: number, state: State): Entry {
  return {
    stack: state.stack.map((v, depth) => joinVal(frame, block, depth, v, v)),
    locals: state.locals.map((l) => ({ ...l, source: undefined })),
  }
}

function joinVal(frame: Frame, block: number, depth: number, a: Val, b: Val): Val {
  const type = a.type | b.type
  const ret = a.ret && b.ret ? [...new Set([...a.ret, ...b.ret])].sort((x, y) => x - y) : undefined
  const more = ret ? { ret } : {}
  if (a.rep === "const" && b.rep === "const" && a.value === b.value) return { ...a, ...more }
  if (a.rep === "local" && b.rep === "local" && a.local === b.local) return { ...a, type, ...more }
  const rep = isUnboxed(a) && isUnboxed(b) ? repOf(type) : "box"
  if (rep === "box" && frame.mode.kind !== "lean") return { rep: "slot", type, own: true, ...more }
  const w = frame.home(`m${block}:${depth}:${rep}`, rep === "box" ? I64 : rep === "f64" ? F64 : I32)
  return { rep, w, type, own: rep === "box", ...more }
}

function isUnboxed(v: Val): boolean {
  return v.rep === "i32" || v.rep === "f64" || v.rep === "bool" || (v.rep === "const" && repOf(v.type) !== "box")
}

function joinLocal(frame: Frame, a: Local, b: Local, back: boolean): Local {
  const type = a.type | b.type
  if (back && b.source !== undefined && a.type === T.INT) frame.widened.add(b.source)
  const inSlot = a.inSlot === true && b.inSlot === true
  if (a.rep === "const" && b.rep === "const" && a.value === b.value)
    return { rep: "const", value: a.value!, type, inSlot }
  if (a.rep === "slot" || b.rep === "slot") return { rep: "slot", type }
  const boxed = { rep: frame.mode.kind === "lean" ? "held" : "slot", type } as const
  if (a.rep === "held" || b.rep === "held") return boxed
  const rep = repOf(type)
  return rep === "box" ? boxed : { rep, type, inSlot }
}

export function sameState(a: State, b: State): boolean {
  return (
    a.stack.every((v, i) => sameVal(v, b.stack[i]!)) &&
    a.locals.every((l, i) => {
      const m = b.locals[i]!
      return l.rep === m.rep && l.type === m.type && l.value === m.value && (l.inSlot === true) === (m.inSlot === true)
    })
  )
}

function sameVal(a: Val, b: Val): boolean {
  if (a.rep !== b.rep || a.type !== b.type || a.ret?.length !== b.ret?.length) return false
  if (a.rep === "const") return b.rep === "const" && a.value === b.value
  if (a.rep === "local") return b.rep === "local" && a.local === b.local
  return !("w" in a) || ("w" in b && a.w === b.w)
}

/** Write what brings the frame's state to a block's entry state. */
export function moveTo(frame: Frame, entry: Entry): void {
  const { code: c } = frame
  if (frame.mode.kind === "kernel" && entry.locals.some((l) => l.rep === "slot")) return frame.refuse()
  moveOperands(frame, entry)
  entry.locals.forEach((to, i) => {
    const from = frame.state.locals[i]!
    if (to.rep === "const" || (from.rep === to.rep && to.rep === "slot")) return
    if (to.rep === "held") {
      if (from.rep !== "held") frame.boxed(valOf(frame, i)).set(frame.localHome(i, "held"))
      return
    }
    if (to.rep === "slot") {
      if (from.inSlot) return
      c.get(frame.fp)
      frame.boxed(valOf(frame, i)).mem("i64_store", frame.layout.slot(i))
      return
    }
    if (from.rep === to.rep) return
    const v = valOf(frame, i)
    if (to.rep === "f64") frame.float(v)
    else frame.int(v)
    c.set(frame.localHome(i, to.rep))
  })
}

/** Is there nothing to do? */
export function isThere(frame: Frame, entry: Entry): boolean {
  return (
    entry.stack.every((to, depth) => {
      const from = frame.state.stack[depth]!
      return from.rep === to.rep && (!("w" in to) || ("w" in from && from.w === to.w && from.own === to.own))
    }) && entry.locals.every((to, i) => to.rep === frame.state.locals[i]!.rep)
  )
}

function moveOperands(frame: Frame, entry: Entry): void {
  const { code: c } = frame
  // Slots first: a slot is only ever read by the operand of its own depth.
  entry.stack.forEach((to, depth) => to.rep === "slot" && flushOne(frame, depth))
  // All reads before all writes, since one operand's home may be another's source.
  const writes: number[] = []
  entry.stack.forEach((to, depth) => {
    if (to.rep === "slot" || to.rep === "const" || to.rep === "local") return
    const from = frame.state.stack[depth]!
    if ("w" in from && from.rep === to.rep && from.w === to.w) return
    if (to.rep === "box") {
      frame.boxed(from, depth)
      if (!from.own && mayBeCounted(from)) frame.helper(c, "dup")
    } else if (to.rep === "f64") frame.float(from)
    else frame.int(from)
    writes.push(to.w)
  })
  for (const w of writes.reverse()) c.set(w)
}

// Properties and lengths: the library's helpers first, the interpreter where they do not apply.
import { throwStrict } from "../../engine/edit/internals.ts"
import { I32, I64, op, type Label } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { setPc, coldStep, throwOut } from "../frame/handover.ts"
import { selfValue } from "../frame/mode.ts"
import { mayBeCounted, type Val } from "../frame/operand.ts"
import type { Atom } from "../function.ts"
import { cachedAddress, cachedMethodAddress } from "../helpers/cache.ts"
import { SLOW } from "../helpers/lookup.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, T } from "../types.ts"
import { checkException } from "./call.ts"

/** obj -> value (get_field), obj -> obj value (get_field2) */
export function emitGetField(frame: Frame, opcode: OpcodeOf<"getField">): void {
  const { code: c } = frame
  const { operands } = frame.instruction
  if (operands.kind !== "atom") throw new Error(`${opcode} names no property`)
  const isMethod = opcode === "get_field2"
  const object = frame.pop()
  const result = frame.temp(I64)
  const end = c.block()
  if (frame.isHot && (object.type & T.OBJECT) !== 0) {
    cachedField(frame, object, operands.name.atom, isMethod, result, end)
  }
  // Getters run, proxies answer, and what is read of null throws.
  setPc(frame)
  c.i32(frame.realm)
  frame.helper(frame.boxed(object).i32(operands.name.atom), "getField").set(result)
  if (!isMethod) freeOwn(frame, object)
  checkException(frame, result, isMethod ? [...frame.state.stack, object] : frame.state.stack)
  c.end()
  if (isMethod) frame.push(object)
  else frame.forget(object)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/**
 * By the instruction's cache, inline: `hit` writes what is done at a cached property and branches to `miss` before,
 * `search` writes a search that fills the cache, `-> is it something else?` Goes to `end` when either serves, and falls
 * through otherwise.
 */
function byCache(
  frame: Frame,
  object: Val,
  { keepsObject, end }: { keepsObject: boolean; end: Label },
  hit: (site: number, p: number, miss: Label) => void,
  search: (site: number) => void,
): void {
  const { code: c, cache: site } = frame
  const p = frame.temp(I32)
  const other = c.block()
  const found = c.block()
  const miss = c.block()
  objectAddress(frame, object, p, other)
  hit(site, p, miss)
  c.br(found).end()
  search(site)
  c.brIf(other).end()
  if (!keepsObject) freeOwn(frame, object)
  c.br(end).end()
  frame.release(p)
}

/** The property as the cache has it, or by a search that fills it: goes to `end` then, and falls through otherwise. */
function cachedField(frame: Frame, object: Val, atom: Atom, isMethod: boolean, result: number, end: Label): void {
  const { code: c } = frame
  const hit = (site: number, p: number, miss: Label) => {
    if (isMethod) {
      const holder = frame.temp(I32)
      cachedMethodAddress(c, site, p, holder, miss)
      frame.release(holder)
    } else cachedAddress(c, site, p, miss)
    frame.helper(c.mem("i64_load", 0), "dup").set(result)
  }
  const search = (site: number) => {
    frame.helper(frame.boxed(object).i32(atom).i32(site), isMethod ? "getMethodCached" : "getOwnCached")
    c.tee(result).i64(SLOW).op(op.i64_eq)
  }
  byCache(frame, object, { keepsObject: isMethod, end }, hit, search)
}

/** -> value of a global variable */
export function emitGetGlobal(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "atom") throw new Error(`${opcode} names no variable`)
  if (frame.mode.kind === "kernel") {
    frame.push(selfValue)
    return
  }
  const result = frame.temp(I64)
  frame.helper(c.i32(frame.realm).i32(operands.name.atom), "getGlobal").tee(result).i64(SLOW).op(op.i64_eq).if()
  coldStep(frame, frame.state.stack)
  c.get(frame.fp).mem("i64_load", frame.layout.operand(frame.depth)).set(result).end()
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

export function freeOwn(frame: Frame, v: Val): void {
  if (v.own && mayBeCounted(v)) frame.helper(frame.boxed(v), "free")
}

/** obj value -> */
export function emitPutField(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "atom") throw new Error(`${opcode} names no property`)
  const { atom } = operands.name
  const value = frame.pop()
  const object = frame.pop()
  // The property will own the value, and so must we before.
  const w = frame.temp(I64)
  frame.owned(value).set(w)
  const end = c.block()
  if (frame.isHot && (object.type & T.OBJECT) !== 0) storeInOwn(frame, object, atom, w, end)
  setPc(frame)
  c.i32(frame.realm)
  frame.boxed(object).i32(atom).get(w)
  if (frame.isHot) frame.engine(frame.boxed(object).i32(throwStrict), "JS_SetPropertyInternal2")
  else frame.helper(c, "putAnyField")
  stored(frame, object)
  c.end()
  frame.release(w)
  frame.forget(object)
}

/** `status of a store ->`: frees the object, and leaves when the status is an exception. */
export function stored(frame: Frame, object: Val): void {
  const { code: c } = frame
  const status = frame.temp(I32)
  c.set(status)
  freeOwn(frame, object)
  c.get(status).i32(0).op(op.i32_lt_s).if()
  throwOut(frame)
  c.end()
  frame.release(status)
}

/** Store `w` in an own plain property, by the cache, and go to `end`; falls through when there is none. */
function storeInOwn(frame: Frame, object: Val, atom: Atom, w: number, end: Label): void {
  const { code: c } = frame
  const hit = (site: number, p: number, miss: Label) => {
    frame.helper(cachedAddress(c, site, p, miss).get(w), "replace")
  }
  const search = (site: number) => {
    frame.helper(frame.boxed(object).i32(atom).get(w).i32(site), "putCached").op(op.i32_eqz)
  }
  byCache(frame, object, { keepsObject: false, end }, hit, search)
}

/** obj -> length */
export function emitGetLength(frame: Frame): void {
  helperOrStep(frame, "getLength", 1)
}

/** obj name -> value */
export function emitGetPrivate(frame: Frame): void {
  helperOrStep(frame, "getPrivate", 2)
}

/** The value that a helper finds for the top operands, or else a step. */
function helperOrStep(frame: Frame, helper: "getLength" | "getPrivate", pops: number): void {
  const { code: c } = frame
  const operands = Array.from({ length: pops }, () => frame.pop()).reverse()
  const before = [...frame.state.stack, ...operands]
  const result = frame.temp(I64)
  for (const v of operands) frame.boxed(v)
  frame.helper(c, helper).tee(result).i64(SLOW).op(op.i64_eq).if()
  coldStep(frame, before)
  c.get(frame.fp)
    .mem("i64_load", frame.layout.operand(before.length - pops))
    .set(result)
  c.else()
  for (const v of operands) freeOwn(frame, v)
  c.end()
  for (const v of operands) frame.forget(v)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/** obj value name -> */
export function emitPutPrivate(frame: Frame): void {
  const { code: c } = frame
  const name = frame.pop()
  const value = frame.pop()
  const object = frame.pop()
  const w = frame.temp(I64)
  frame.owned(value).set(w)
  const owned: Val = { rep: "box", w, type: value.type, own: true }
  frame.boxed(object).get(w)
  frame.helper(frame.boxed(name), "putPrivate").op(op.i32_eqz).if()
  coldStep(frame, [...frame.state.stack, object, owned, name])
  c.else()
  freeOwn(frame, object)
  freeOwn(frame, name)
  c.end()
  for (const v of [object, owned, name]) frame.forget(v)
}

/** `object -> is it an object?`, and its address in `p`. */
export function objectAddress(frame: Frame, object: Val, p: number, slow: Label): void {
  frame.boxed(object).op(op.i32_wrap_i64).set(p)
  if (object.type === T.OBJECT) return
  frame.boxed(object).i64(32n).op(op.i64_shr_u).i64(0xffff_ffffn).op(op.i64_ne).brIf(slow)
}

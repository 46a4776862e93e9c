// Properties, elements, lengths: the library's helpers first, the interpreter where they do not apply.
import { setPc, coldStep, exitAfter, throwOut } from "../frame/handover.ts"
import { JSClassID, JSObject } from "../../engine/abi.ts"
import { floatAsIndex, floatOr, int32Or } from "./numbers.ts"
import { throwStrict } from "../../engine/edit/internals.ts"
import { cachedAddress, cachedMethodAddress } from "../helpers/cache.ts"
import { checkException } from "./call.ts"
import { mayBeCounted, type Val } from "../frame/operand.ts"
import type { Frame } from "../frame/frame.ts"
import type { Atom } from "../function.ts"
import { elementAddress, isImmutable, numberArrays } from "../helpers/elements.ts"
import { SLOW } from "../helpers/lookup.ts"
import { selfValue } from "../frame/mode.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, NUMBER, numberOf, T } from "../types.ts"
import { F64, I32, I64, op, type Code, type Label } from "../../wasm/code.ts"

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
 * By the instruction's cache, inline: `hit` writes what is done at a cached property and branches to `miss` before, `search` writes a search
 * that fills the cache, `-> is it something else?` Goes to `end` when either serves, and falls through otherwise.
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

function freeOwn(frame: Frame, v: Val): void {
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
function stored(frame: Frame, object: Val): void {
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

/** Could the operand be an index at all? A constant with a fraction (or -0, whose name is 0) is left to the interpreter. */
function mayBeIndex(v: Val): boolean {
  return v.rep === "const" ? v.type === T.INT : (v.type & NUMBER) !== 0
}

/**
 * `-> i32`, the operand as an index. Branches to `slow` when it is not an int, in which case nothing has been taken.
 */
function indexOr(frame: Frame, v: Val, slow: number): void {
  const { code: c } = frame
  if (v.rep === "i32") c.get(v.w)
  else if (v.rep === "const") c.i32(numberOf(v.value) ?? -1)
  else if (v.rep === "f64") floatAsIndex(frame, v, slow)
  else {
    const w = frame.temp(I64)
    frame.boxed(v).tee(w).i64(0xffff_ffffn).op(op.i64_gt_u).brIf(slow)
    c.get(w).op(op.i32_wrap_i64)
    frame.release(w)
  }
}

/** obj index -> value (get_array_el), obj index -> obj value (get_array_el2) */
export function emitGetElement(frame: Frame, opcode: OpcodeOf<"getElement">): void {
  const { code: c } = frame
  const keepsObject = opcode === "get_array_el2"
  const index = frame.pop()
  const object = frame.pop()
  const before = [...frame.state.stack, object, index]
  const maybeElement = mayBeIndex(index) && (object.type & T.OBJECT) !== 0
  if (maybeElement && frame.isHot && !keepsObject && !object.own && numberWanted(frame)) {
    numberElement(frame, object, index, before)
    return
  }
  const result = frame.temp(I64)
  const i = frame.temp(I32)
  const end = c.block()
  if (maybeElement && frame.isHot) {
    const slow = c.block()
    indexOr(frame, index, slow)
    c.set(i)
    arrayElement(frame, object, keepsObject, i, result, end)
    frame.helper(frame.boxed(object).get(i), "getElement").tee(result).i64(SLOW).op(op.i64_eq).brIf(slow)
    if (!keepsObject) freeOwn(frame, object)
    c.br(end).end()
  }
  setPc(frame)
  c.i32(frame.realm)
  frame.boxed(object)
  frame.given(index) // taken
  frame.helper(c, "getAnyElement").set(result)
  if (!keepsObject) freeOwn(frame, object)
  checkException(frame, result, keepsObject ? [...frame.state.stack, object] : frame.state.stack)
  c.end()
  frame.release(i)
  frame.forget(index)
  if (keepsObject) frame.push(object)
  else frame.forget(object)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/** The result is an operand of arithmetic: it may be unboxed, and something that is no number may leave. */
function numberWanted(frame: Frame): boolean {
  // `+` with a string is no arithmetic: a sum32 may still be one before it is taken modulo 2^32.
  return frame.demand === "int32" || frame.demand === "number"
}

/** `object -> is it an object?`, and its address in `p`. */
function objectAddress(frame: Frame, object: Val, p: number, slow: Label): void {
  frame.boxed(object).op(op.i32_wrap_i64).set(p)
  if (object.type === T.OBJECT) return
  frame.boxed(object).i64(32n).op(op.i64_shr_u).i64(0xffff_ffffn).op(op.i64_ne).brIf(slow)
}

function boundsOr(frame: Frame, p: number, i: number, slow: Label): void {
  frame.code.get(i).get(p).mem("i32_load", JSObject.count).op(op.i32_ge_u).brIf(slow)
}

/** The element of an Array, inline: sets `result` and goes to `end`; falls through when the object is something else. */
function arrayElement(frame: Frame, object: Val, keepsObject: boolean, i: number, result: number, end: Label): void {
  const { code: c } = frame
  const p = frame.temp(I32)
  const other = c.block()
  objectAddress(frame, object, p, other)
  c.get(p).mem("i32_load16_u", JSObject.class_id).i32(JSClassID.ARRAY).op(op.i32_ne).brIf(other)
  boundsOr(frame, p, i, other)
  frame.helper(elementAddress(c, p, i, 3).mem("i64_load", 0), "dup").set(result)
  if (!keepsObject) freeOwn(frame, object)
  c.br(end).end()
  frame.release(p)
}

/** obj index -> number, unboxed: of arrays and typed arrays of numbers. Anything else leaves before the instruction. */
function numberElement(frame: Frame, object: Val, index: Val, before: readonly Val[]): void {
  const { code: c } = frame
  const ints = frame.demand === "int32"
  const [p, i, kind, result] = [frame.temp(I32), frame.temp(I32), frame.temp(I32), frame.temp(ints ? I32 : F64)]
  const end = c.block()
  const slow = c.block()
  indexOr(frame, index, slow)
  c.set(i)
  objectAddress(frame, object, p, slow)
  boundsOr(frame, p, i, slow)
  c.get(p).mem("i32_load16_u", JSObject.class_id).tee(kind).i32(JSClassID.ARRAY).op(op.i32_eq).if()
  numberOr(frame, elementAddress(c, p, i, 3).mem("i64_load", 0), ints, slow)
  c.set(result).br(end).end()
  for (const array of numberArrays) {
    c.get(kind).i32(array.class).op(op.i32_eq).if()
    elementAddress(c, p, i, array.shift).mem(array.load, 0)
    if (array.load === "f32_load") c.op(op.f64_promote_f32)
    if (array.kind === "float" && ints) frame.helper(c, "toInt32")
    if (array.kind !== "float" && !ints) c.op(array.kind === "uint" ? op.f64_convert_i32_u : op.f64_convert_i32_s)
    c.set(result).br(end).end()
  }
  c.end()
  // A step may still find a number: an array with holes, a getter, a string that arithmetic would make one of.
  coldStep(frame, before)
  const boxed = frame.temp(I64)
  c.get(frame.fp)
    .mem("i64_load", frame.layout.operand(before.length - 2))
    .set(boxed)
  const strange = c.block()
  numberOr(frame, c.get(boxed), ints, strange)
  c.set(result).br(end).end()
  exitAfter(frame, [...before.slice(0, -2), { rep: "box", w: boxed, type: ANY, own: true }])
  c.end()
  for (const w of [p, i, kind, boxed]) frame.release(w)
  frame.forget(index)
  frame.forget(object)
  if (ints) frame.push({ rep: "i32", w: result, type: T.INT, own: false })
  else frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

/** `boxed -> double` or `-> i32`, modulo 2^32; branches to `slow` when it is no number. */
function numberOr(frame: Frame, c: Code, ints: boolean, slow: Label): void {
  const w = frame.temp(I64)
  c.set(w)
  const v: Val = { rep: "box", w, type: ANY, own: false }
  if (ints) int32Or(frame, v, slow)
  else floatOr(frame, v, slow)
  frame.release(w)
}

/** obj index value -> */
export function emitPutElement(frame: Frame): void {
  const { code: c } = frame
  const value = frame.pop()
  const index = frame.pop()
  const object = frame.pop()
  if (frame.isHot && mayBeIndex(index) && (object.type & T.OBJECT) !== 0 && isUnboxedNumber(value)) {
    putNumber(frame, object, index, value)
    return
  }
  const w = frame.temp(I64)
  frame.owned(value).set(w)
  const end = c.block()
  if (frame.isHot && mayBeIndex(index) && (object.type & T.OBJECT) !== 0) {
    const i = frame.temp(I32)
    const slow = c.block()
    indexOr(frame, index, slow)
    c.set(i)
    frame.helper(frame.boxed(object).get(i).get(w), "putElement").op(op.i32_eqz).brIf(slow)
    freeOwn(frame, object)
    c.br(end).end()
    frame.release(i)
  }
  setPc(frame)
  c.i32(frame.realm)
  frame.boxed(object)
  frame.given(index) // taken, as the value is
  frame.helper(c.get(w), "putAnyElement")
  stored(frame, object)
  c.end()
  frame.release(w)
  for (const v of [object, index]) frame.forget(v)
}

function isUnboxedNumber(v: Val): boolean {
  return v.rep === "i32" || v.rep === "f64" || (v.rep === "const" && v.type !== 0 && (v.type & ~NUMBER) === 0)
}

/** obj index number -> , the number unboxed: into arrays and typed arrays, inline. */
function putNumber(frame: Frame, object: Val, index: Val, value: Val): void {
  const { code: c } = frame
  const before = [...frame.state.stack, object, index, value]
  const [p, i, kind] = [frame.temp(I32), frame.temp(I32), frame.temp(I32)]
  const isInt = value.type === T.INT
  const end = c.block()
  const slow = c.block()
  indexOr(frame, index, slow)
  c.set(i)
  objectAddress(frame, object, p, slow)
  boundsOr(frame, p, i, slow)
  const stored = () => {
    freeOwn(frame, object)
    c.br(end).end()
  }
  c.get(p).mem("i32_load16_u", JSObject.class_id).tee(kind).i32(JSClassID.ARRAY).op(op.i32_eq).if()
  elementAddress(c, p, i, 3)
  frame.helper(frame.boxed(value), "replace")
  stored()
  c.get(kind).i32(JSClassID.UINT8C_ARRAY).op(op.i32_sub)
  c.i32(JSClassID.FLOAT64_ARRAY - JSClassID.UINT8C_ARRAY)
    .op(op.i32_gt_u)
    .brIf(slow)
  isImmutable(c, p).brIf(slow)
  for (const array of numberArrays) {
    if (array.store === undefined) continue
    c.get(kind).i32(array.class).op(op.i32_eq).if()
    elementAddress(c, p, i, array.shift)
    if (array.kind === "float") frame.float(value)
    else if (isInt) frame.int(value)
    else frame.helper(frame.float(value), "toInt32")
    if (array.store === "f32_store") c.op(op.f32_demote_f64)
    c.mem(array.store, 0)
    stored()
  }
  c.end()
  coldStep(frame, before)
  c.end()
  for (const w of [p, i, kind]) frame.release(w)
  for (const v of [object, index, value]) frame.forget(v)
}

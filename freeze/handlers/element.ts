// Elements: of arrays and of typed arrays of numbers, inline in loops; any other key through the engine.
import { JSClassID, JSObject } from "../../engine/abi.ts"
import { F64, I32, I64, op, type Code, type Label } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { coldStep, exitAfter, setPc } from "../frame/handover.ts"
import type { Val } from "../frame/operand.ts"
import { elementAddress, isImmutable, numberArrays } from "../helpers/elements.ts"
import { SLOW } from "../helpers/lookup.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, NUMBER, numberOf, T } from "../types.ts"
import { checkException } from "./call.ts"
import { floatAsIndex, floatOr, int32Or } from "./numbers.ts"
import { freeOwn, objectAddress, stored } from "./property.ts"

/**
 * Could the operand be an index at all? A constant with a fraction (or -0, whose name is 0) is left to the interpreter.
 */
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

function boundsOr(frame: Frame, p: number, i: number, slow: Label): void {
  frame.code.get(i).get(p).mem("i32_load", JSObject.count).op(op.i32_ge_u).brIf(slow)
}

/**
 * The element of an Array, inline: sets `result` and goes to `end`; falls through when the object is something else.
 */
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

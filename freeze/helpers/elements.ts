// Helpers for the elements of arrays and of typed arrays of numbers.
import { JSArrayBuffer, JSClassID, JSObject, JSTypedArray } from "../../engine/abi.ts"
import { throwStrict } from "../../engine/edit/internals.ts"
import { F64, I32, I64, op, type Code } from "../../wasm/code.ts"
import { FLOAT_ADDEND } from "../types.ts"
import { objectOr, SLOW } from "./lookup.ts"
import { call, callEngine } from "./signatures.ts"

/**
 * Typed arrays whose elements are numbers: class, size in bytes as a power of 2, how an element is read and written.
 */
export const numberArrays = [
  { class: JSClassID.UINT8C_ARRAY, shift: 0, load: "i32_load8_u", store: undefined, kind: "int" },
  { class: JSClassID.INT8_ARRAY, shift: 0, load: "i32_load8_s", store: "i32_store8", kind: "int" },
  { class: JSClassID.UINT8_ARRAY, shift: 0, load: "i32_load8_u", store: "i32_store8", kind: "int" },
  { class: JSClassID.INT16_ARRAY, shift: 1, load: "i32_load16_s", store: "i32_store16", kind: "int" },
  { class: JSClassID.UINT16_ARRAY, shift: 1, load: "i32_load16_u", store: "i32_store16", kind: "int" },
  { class: JSClassID.INT32_ARRAY, shift: 2, load: "i32_load", store: "i32_store", kind: "int" },
  { class: JSClassID.UINT32_ARRAY, shift: 2, load: "i32_load", store: "i32_store", kind: "uint" },
  { class: JSClassID.FLOAT32_ARRAY, shift: 2, load: "f32_load", store: "f32_store", kind: "float" },
  { class: JSClassID.FLOAT64_ARRAY, shift: 3, load: "f64_load", store: "f64_store", kind: "float" },
] as const
export type NumberArray = (typeof numberArrays)[number]

/** `-> address` of an element: the object is in `p`, the index in `i`. */
export function elementAddress(c: Code, p: number, i: number, shift: number): Code {
  c.get(p).mem("i32_load", JSObject.values).get(i)
  return shift > 0 ? c.i32(shift).op(op.i32_shl, op.i32_add) : c.op(op.i32_add)
}

/** (object, index as an int) -> element: of arrays and typed arrays, within their bounds. */
export function writeGetElement(c: Code): void {
  const [p, kind] = [c.local(I32), c.local(I32)]
  objectOr(c, 0, () => c.i64(SLOW))
  c.get(0).op(op.i32_wrap_i64).tee(p).mem("i32_load16_u", JSObject.class_id).tee(kind)
  c.i32(JSClassID.ARRAY).op(op.i32_eq).if()
  inBounds(c, p, 1, () => c.i64(SLOW))
  call(elementAddress(c, p, 1, 3).mem("i64_load", 0), "dup")
    .op(op.return)
    .end()
  for (const array of numberArrays) {
    c.get(kind).i32(array.class).op(op.i32_eq).if()
    inBounds(c, p, 1, () => c.i64(SLOW))
    elementAddress(c, p, 1, array.shift).mem(array.load, 0)
    if (array.kind === "int") c.op(op.i64_extend_i32_u)
    else if (array.kind === "uint") call(c.op(op.f64_convert_i32_u), "boxFloat")
    else if (array.load === "f32_load") call(c.op(op.f64_promote_f32), "boxFloat")
    else call(c, "boxFloat")
    c.op(op.return).end()
  }
  c.i64(SLOW)
}

/** `-> is the buffer of the typed array in p immutable?` */
export function isImmutable(c: Code, p: number): Code {
  c.get(p).mem("i32_load", JSObject.typed_array).mem("i32_load", JSTypedArray.buffer)
  return c.mem("i32_load", JSObject.opaque).mem("i32_load8_u", JSArrayBuffer.immutable)
}

function inBounds(c: Code, p: number, i: number, slow: () => Code): void {
  c.get(i).get(p).mem("i32_load", JSObject.count).op(op.i32_ge_u).if()
  slow().op(op.return).end()
}

/** (object, index as an int, value) -> 1 when it was stored and the element owns it; 0: nothing has happened. */
export function writePutElement(c: Code): void {
  const [p, kind, address] = [c.local(I32), c.local(I32), c.local(I32)]
  const old = c.local(I64)
  const number = c.local(F64)
  objectOr(c, 0, () => c.i32(0))
  c.get(0).op(op.i32_wrap_i64).tee(p).mem("i32_load16_u", JSObject.class_id).tee(kind)
  c.i32(JSClassID.ARRAY).op(op.i32_eq).if()
  inBounds(c, p, 1, () => c.i32(0))
  elementAddress(c, p, 1, 3).tee(address).mem("i64_load", 0).set(old)
  c.get(address).get(2).mem("i64_store", 0)
  call(c.get(old), "free").i32(1).op(op.return).end()
  refuseOtherArrays(c, p, kind)
  const floats = c.block()
  c.get(2).i64(0xffff_ffffn).op(op.i64_gt_u).brIf(floats)
  storeByClass(c, p, kind, (array) => {
    c.get(2).op(op.i32_wrap_i64)
    if (array.kind === "float") c.op(op.f64_convert_i32_s)
  })
  c.i32(0).op(op.return).end()
  c.get(2)
    .i64(9n << 32n)
    .op(op.i64_add)
    .i64(17n << 32n)
    .op(op.i64_lt_u)
    .if()
  c.i32(0).op(op.return).end()
  c.get(2).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64).set(number)
  storeByClass(c, p, kind, (array) => {
    c.get(number)
    if (array.kind !== "float") call(c, "toInt32")
  })
  c.i32(0)
}

/**
 * Typed arrays of numbers, within the bounds, and not of an immutable buffer: returns 0 from the function otherwise.
 */
function refuseOtherArrays(c: Code, p: number, kind: number): void {
  c.get(kind)
    .i32(JSClassID.UINT8C_ARRAY)
    .op(op.i32_sub)
    .i32(JSClassID.FLOAT64_ARRAY - JSClassID.UINT8C_ARRAY)
  c.op(op.i32_gt_u).if()
  c.i32(0).op(op.return).end()
  inBounds(c, p, 1, () => c.i32(0))
  isImmutable(c, p).if()
  c.i32(0).op(op.return).end()
}

/**
 * Store what `element` puts onto the stack, an i32 or a double as the array takes it, and return 1; falls through for
 * other classes.
 */
function storeByClass(c: Code, p: number, kind: number, element: (array: NumberArray) => void): void {
  for (const array of numberArrays) {
    if (array.store === undefined) continue
    c.get(kind).i32(array.class).op(op.i32_eq).if()
    elementAddress(c, p, 1, array.shift)
    element(array)
    if (array.store === "f32_store") c.op(op.f32_demote_f64)
    c.mem(array.store, 0).i32(1).op(op.return).end()
  }
}

/** getElement, or the engine: any key of anything. */
export function writeGetAnyElement(c: Code): void {
  const value = c.local(I64)
  c.get(2).i64(0xffff_ffffn).op(op.i64_le_u).if()
  call(c.get(1).get(2).op(op.i32_wrap_i64), "getElement").tee(value).i64(SLOW).op(op.i64_ne).if()
  c.get(value).op(op.return).end().end()
  callEngine(c.get(0).get(1).get(2), "JS_GetPropertyValue")
}

/** putElement, or the engine. */
export function writePutAnyElement(c: Code): void {
  c.get(2).i64(0xffff_ffffn).op(op.i64_le_u).if()
  call(c.get(1).get(2).op(op.i32_wrap_i64).get(3), "putElement").if()
  c.i32(1).op(op.return).end().end()
  callEngine(c.get(0).get(1).get(2).get(3).i32(throwStrict), "JS_SetPropertyValue")
}

// Helpers of a library that look into objects: properties, elements, lengths.
//
// Each does what the interpreter's own fast path does and says when it does not apply; then the instruction is stepped. Returned values are
// counted for the caller; arguments are borrowed unless said otherwise. SLOW stands for "does not apply".
import {
  JS_ATOM_length,
  JSArrayBuffer,
  JSClassID,
  JSContext,
  JSObject,
  JSObjectFlags,
  JSProperty,
  JSPropertyFlags,
  JSShape,
  JSShapeProperty,
  JSString,
  JSTypedArray,
  tags,
} from "../../engine/abi.ts"
import { FLOAT_ADDEND, UNDEFINED, UNINITIALIZED } from "../types.ts"
import { I32, I64, F64, op, type Code } from "../../wasm/code.ts"

/** What a helper returns in place of a value when its fast path does not apply: no property can have it. */
export const SLOW = UNINITIALIZED

/** The calls that helpers make to one another. */
export interface Calls {
  dup: (c: Code) => Code
  free: (c: Code) => Code
  boxFloat: (c: Code) => Code
  toInt32: (c: Code) => Code
  getPropertyInternal: (c: Code) => Code
  freeShape: (c: Code) => Code
  keepShape: (c: Code) => Code
}

/** An atom's place in a shape's hash table of 2^n words: the upper n bits of atom times this. `checkShapes` tries it out. */
const hashMultiplier = 0x61c8_8647

/** Where the first property of a chain is found; the same in numbers as findOwn is in wasm. */
export function hashIndex(atom: number, mask: number): number {
  return mask - (Math.imul(atom, hashMultiplier) >>> (Math.clz32(mask + 1) + 1))
}

/** Atoms up to here, `length` among them, are looked at by the engine itself. */
export const LENGTH_ATOM_LIMIT = JS_ATOM_length

const OBJECT = BigInt(tags.JS_TAG_OBJECT >>> 0)

/** Returns SLOW from the function unless the value in `local` is an object. */
export function objectOr(c: Code, local: number, slow: () => Code): void {
  c.get(local).i64(32n).op(op.i64_shr_u).i64(OBJECT).op(op.i64_ne).if()
  slow().op(op.return).end()
}

/** Wasm locals of a search for an own property. */
export interface Lookup {
  /** Address of the object, and the atom that is looked for. */
  p: number
  atom: number
  /** What findOwn sets. */
  shape: number
  index: number
  entry: number
  mask: number
}

export function lookup(c: Code, atom = c.local(I32)): Lookup {
  const [p, shape, index, entry, mask] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32), c.local(I32)]
  return { p, atom, shape, index, entry, mask }
}

/**
 * Find own property `atom` of the object at `p`: sets `index` to its number plus one (0: there is none) and `entry` to the address of its
 * JSShapeProperty. `shape` is set, too.
 */
export function findOwn(c: Code, l: Lookup): void {
  c.get(l.p).mem("i32_load", JSObject.shape).tee(l.shape).mem("i32_load", JSShape.prop_hash_mask).i32(1).op(op.i32_add)
  c.set(l.mask)
  // The properties lie behind the hash table of mask + 1 words, which is read backwards from there.
  c.get(l.shape).get(l.mask).i32(2).op(op.i32_shl, op.i32_add).set(l.entry)
  c.get(l.entry).get(l.atom).i32(hashMultiplier).op(op.i32_mul).get(l.mask).op(op.i32_clz).i32(1).op(op.i32_add)
  c.op(op.i32_shr_u)
    .i32(-1)
    .op(op.i32_xor)
    .i32(2)
    .op(op.i32_shl, op.i32_add)
    .mem("i32_load", JSShape.hash_table)
    .set(l.index)
  // Property numbers count from 1.
  c.get(l.entry)
    .i32(JSShape.hash_table - JSShapeProperty.size)
    .op(op.i32_add)
    .set(l.mask)
  const done = c.block()
  const next = c.loop()
  c.get(l.index).op(op.i32_eqz).brIf(done)
  c.get(l.mask).get(l.index).i32(3).op(op.i32_shl, op.i32_add).tee(l.entry)
  c.mem("i32_load", JSShapeProperty.atom).get(l.atom).op(op.i32_eq).brIf(done)
  c.get(l.entry).mem("i32_load", JSShapeProperty.hash_next_and_flags)
  c.i32((1 << JSShapeProperty.flags_shift) - 1)
    .op(op.i32_and)
    .set(l.index)
    .br(next)
    .end()
    .end()
}

/** `-> address of the value` of the property that findOwn found. */
export function propertyAddress(c: Code, p: number, index: number): Code {
  return c.get(p).mem("i32_load", JSObject.prop).get(index).i32(3).op(op.i32_shl, op.i32_add)
}

export const propertyBias = -JSProperty.size

export function flagsOf(c: Code, entry: number): Code {
  return c
    .get(entry)
    .mem("i32_load", JSShapeProperty.hash_next_and_flags)
    .i32(JSShapeProperty.flags_shift)
    .op(op.i32_shr_u)
}

/**
 * `-> 1`: the property that findOwn found is plain and writable, and owns the value in `value` now. Returns 0 from the function otherwise, with nothing done.
 * `found` is written where that is decided.
 */
export function storeInFound(c: Code, calls: Calls, l: Lookup, value: number, found: () => void = () => {}): void {
  const old = c.local(I64)
  const { TMASK, WRITABLE, LENGTH } = JSPropertyFlags
  c.get(l.index).op(op.i32_eqz).if()
  c.i32(0).op(op.return).end()
  flagsOf(c, l.entry)
    .i32(TMASK | WRITABLE | LENGTH)
    .op(op.i32_and)
    .i32(WRITABLE)
    .op(op.i32_ne)
    .if()
  c.i32(0).op(op.return).end()
  found()
  propertyAddress(c, l.p, l.index).i32(propertyBias).op(op.i32_add).tee(l.entry).mem("i64_load", 0).set(old)
  c.get(l.entry).get(value).mem("i64_store", 0)
  calls.free(c.get(old)).i32(1)
}

/** (context, object, atom) -> value or exception: along the prototypes, getters and all. `cur_pc` has been set. */
export function getField(c: Code, calls: Calls): void {
  const [context, object, atom] = [0, 1, 2]
  const l = lookup(c, atom)
  const slow = c.block()
  c.get(object).op(op.i32_wrap_i64).set(l.p)
  c.get(object).i64(32n).op(op.i64_shr_u).i64(OBJECT).op(op.i64_ne).if()
  // A string's own properties are its length and its characters; all else is its prototype's.
  c.get(object).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).i32(tags.JS_TAG_STRING).op(op.i32_ne).brIf(slow)
  c.get(atom).i32(LENGTH_ATOM_LIMIT).op(op.i32_le_u).get(atom).i32(0).op(op.i32_lt_s, op.i32_or).brIf(slow)
  c.get(context)
    .mem("i32_load", JSContext.class_proto)
    .mem("i32_load", 8 * JSClassID.STRING)
    .set(l.p)
    .end()
  const next = c.loop()
  findOwn(c, l)
  c.get(l.index).if()
  flagsOf(c, l.entry).i32(JSPropertyFlags.TMASK).op(op.i32_and).brIf(slow)
  propertyAddress(c, l.p, l.index).i32(propertyBias).op(op.i32_add).mem("i64_load", 0)
  calls.dup(c).op(op.return).end()
  c.get(l.p).mem("i32_load8_u", JSObject.flags).i32(JSObjectFlags.is_exotic).op(op.i32_and).brIf(slow)
  c.get(l.shape).mem("i32_load", JSShape.proto).tee(l.p).brIf(next)
  c.i64(UNDEFINED).op(op.return).end().end()
  calls.getPropertyInternal(c.get(context).get(object).get(atom).get(object).i32(0))
}

/** (context, atom) -> value of a global variable, or SLOW: of `let` and `const` first, then of the global object's plain properties. */
export function getGlobal(c: Code, calls: Calls): void {
  const l = lookup(c, 1)
  const slow = c.block()
  for (const place of [JSContext.global_var_obj, JSContext.global_obj]) {
    c.get(0).mem("i32_load", place).set(l.p)
    findOwn(c, l)
    c.get(l.index).if()
    flagsOf(c, l.entry).i32(JSPropertyFlags.TMASK).op(op.i32_and).brIf(slow)
    propertyAddress(c, l.p, l.index).i32(propertyBias).op(op.i32_add).mem("i64_load", 0)
    calls.dup(c).op(op.return).end()
  }
  c.end().i64(SLOW)
}

/** (object, atom, value) -> 1 when it was stored in an own property of the object, which then owns it; 0: nothing has happened. */
export function putField(c: Code, calls: Calls): void {
  const l = lookup(c, 1)
  objectOr(c, 0, () => c.i32(0))
  c.get(0).op(op.i32_wrap_i64).set(l.p)
  findOwn(c, l)
  storeInFound(c, calls, l, 2)
}

/** Sets `l.p` and `l.atom` of an object and a private name's symbol; returns `slow` from the function when they are something else. */
function privateName(c: Code, l: { p: number; atom: number }, name: number, slow: () => Code): void {
  objectOr(c, 0, slow)
  c.get(name).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).i32(tags.JS_TAG_SYMBOL).op(op.i32_ne).if()
  slow().op(op.return).end()
  c.get(0).op(op.i32_wrap_i64).set(l.p)
  c.get(name).op(op.i32_wrap_i64).mem("i32_load", JSString.hash_next).set(l.atom) // of a symbol, its atom
}

/** (object, name) -> the value of a private field, or SLOW. */
export function getPrivate(c: Code, calls: Calls): void {
  const l = lookup(c)
  privateName(c, l, 1, () => c.i64(SLOW))
  findOwn(c, l)
  c.get(l.index).op(op.i32_eqz).if()
  c.i64(SLOW).op(op.return).end()
  flagsOf(c, l.entry).i32(JSPropertyFlags.TMASK).op(op.i32_and).if()
  c.i64(SLOW).op(op.return).end()
  calls.dup(propertyAddress(c, l.p, l.index).i32(propertyBias).op(op.i32_add).mem("i64_load", 0))
}

/** (object, value, name) -> 1 when it was stored in a private field, which then owns it; 0: nothing has happened. */
export function putPrivate(c: Code, calls: Calls): void {
  const l = lookup(c)
  privateName(c, l, 2, () => c.i32(0))
  findOwn(c, l)
  storeInFound(c, calls, l, 1)
}

/** (value) -> its length as a JSValue: of arrays and strings. */
export function getLength(c: Code): void {
  const [p, tag] = [c.local(I32), c.local(I32)]
  c.get(0).op(op.i32_wrap_i64).set(p)
  c.get(0).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).tee(tag).i32(tags.JS_TAG_STRING).op(op.i32_eq).if()
  c.get(p).mem("i32_load", JSString.len_and_wide).i32(0x7fff_ffff).op(op.i32_and, op.i64_extend_i32_u, op.return).end()
  c.get(tag).i32(tags.JS_TAG_OBJECT).op(op.i32_ne).if()
  c.i64(SLOW).op(op.return).end()
  c.get(p).mem("i32_load16_u", JSObject.class_id).i32(JSClassID.ARRAY).op(op.i32_ne).if()
  c.i64(SLOW).op(op.return).end()
  // An array's first property is its length, a number.
  c.get(p).mem("i32_load", JSObject.prop).mem("i64_load", 0)
}

/** Typed arrays whose elements are numbers: class, size in bytes as a power of 2, how an element is read and written. */
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
export function getElement(c: Code, calls: Calls): void {
  const [p, kind] = [c.local(I32), c.local(I32)]
  objectOr(c, 0, () => c.i64(SLOW))
  c.get(0).op(op.i32_wrap_i64).tee(p).mem("i32_load16_u", JSObject.class_id).tee(kind)
  c.i32(JSClassID.ARRAY).op(op.i32_eq).if()
  inBounds(c, p, 1, () => c.i64(SLOW))
  calls
    .dup(elementAddress(c, p, 1, 3).mem("i64_load", 0))
    .op(op.return)
    .end()
  for (const array of numberArrays) {
    c.get(kind).i32(array.class).op(op.i32_eq).if()
    inBounds(c, p, 1, () => c.i64(SLOW))
    elementAddress(c, p, 1, array.shift).mem(array.load, 0)
    if (array.kind === "int") c.op(op.i64_extend_i32_u)
    else if (array.kind === "uint") calls.boxFloat(c.op(op.f64_convert_i32_u))
    else if (array.load === "f32_load") calls.boxFloat(c.op(op.f64_promote_f32))
    else calls.boxFloat(c)
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

/** (object, index as an int, value) -> 1 when it was stored and the element owns it; 0: nothing has happened. Appends where there is room. */
export function putElement(c: Code, calls: Calls): void {
  const [p, kind, address] = [c.local(I32), c.local(I32), c.local(I32)]
  const old = c.local(I64)
  const number = c.local(F64)
  objectOr(c, 0, () => c.i32(0))
  c.get(0).op(op.i32_wrap_i64).tee(p).mem("i32_load16_u", JSObject.class_id).tee(kind)
  c.i32(JSClassID.ARRAY).op(op.i32_eq).if()
  inBounds(c, p, 1, () => c.i32(0))
  elementAddress(c, p, 1, 3).tee(address).mem("i64_load", 0).set(old)
  c.get(address).get(2).mem("i64_store", 0)
  calls.free(c.get(old)).i32(1).op(op.return).end()
  // Typed arrays: only numbers, within the bounds, and not of an immutable buffer.
  c.get(kind)
    .i32(JSClassID.UINT8C_ARRAY)
    .op(op.i32_sub)
    .i32(JSClassID.FLOAT64_ARRAY - JSClassID.UINT8C_ARRAY)
  c.op(op.i32_gt_u).if()
  c.i32(0).op(op.return).end()
  inBounds(c, p, 1, () => c.i32(0))
  isImmutable(c, p).if()
  c.i32(0).op(op.return).end()
  const floats = c.block()
  c.get(2).i64(0xffff_ffffn).op(op.i64_gt_u).brIf(floats)
  for (const array of numberArrays) {
    if (array.store === undefined) continue
    c.get(kind).i32(array.class).op(op.i32_eq).if()
    elementAddress(c, p, 1, array.shift)
    c.get(2).op(op.i32_wrap_i64)
    if (array.kind === "float") c.op(op.f64_convert_i32_s)
    if (array.store === "f32_store") c.op(op.f32_demote_f64)
    c.mem(array.store, 0).i32(1).op(op.return).end()
  }
  c.i32(0).op(op.return).end()
  c.get(2)
    .i64(9n << 32n)
    .op(op.i64_add)
    .i64(17n << 32n)
    .op(op.i64_lt_u)
    .if()
  c.i32(0).op(op.return).end()
  c.get(2).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64).set(number)
  for (const array of numberArrays) {
    if (array.store === undefined) continue
    c.get(kind).i32(array.class).op(op.i32_eq).if()
    elementAddress(c, p, 1, array.shift).get(number)
    if (array.kind !== "float") calls.toInt32(c)
    if (array.store === "f32_store") c.op(op.f32_demote_f64)
    c.mem(array.store, 0).i32(1).op(op.return).end()
  }
  c.i32(0)
}

/** (a, b) -> are the strings equal? 2 when they are ropes, slices or of different widths. Both have the tag of strings. */
export function stringsEqual(c: Code): void {
  const [p, q, left] = [c.local(I32), c.local(I32), c.local(I32)]
  const slow = c.block()
  c.get(0).op(op.i32_wrap_i64).set(p).get(1).op(op.i32_wrap_i64).set(q)
  for (const w of [p, q]) {
    c.get(w).mem("i32_load", JSString.hash_kind_type).i32(JSString.kind_shift).op(op.i32_shr_u).i32(3)
    c.op(op.i32_and).brIf(slow)
  }
  c.get(p).mem("i32_load", JSString.len_and_wide).tee(left).get(q).mem("i32_load", JSString.len_and_wide)
  c.op(op.i32_ne).if()
  // Another length, or another width: a wide string may still hold narrow characters only.
  c.get(left).get(q).mem("i32_load", JSString.len_and_wide).op(op.i32_xor).i32(0x7fff_ffff).op(op.i32_and, op.i32_eqz)
  c.brIf(slow).i32(0).op(op.return).end()
  // Bytes: twice the length of a wide string.
  c.get(left).i32(0x7fff_ffff).op(op.i32_and).get(left).i32(31).op(op.i32_shr_u, op.i32_shl).set(left)
  const next = c.loop()
  c.get(left).op(op.i32_eqz).if()
  c.i32(1).op(op.return).end()
  c.get(p).mem("i32_load8_u", JSString.characters).get(q).mem("i32_load8_u", JSString.characters).op(op.i32_ne).if()
  c.i32(0).op(op.return).end()
  c.get(p).i32(1).op(op.i32_add).set(p).get(q).i32(1).op(op.i32_add).set(q)
  c.get(left).i32(1).op(op.i32_sub).set(left).br(next).end()
  c.op(op.unreachable).end()
  c.i32(2)
}

/** (a, b) -> -1, 0 or 1: how the strings are ordered; 2 when they are ropes, slices or wide. Both have the tag of strings. */
export function stringsOrder(c: Code): void {
  const [p, q, m, n, left] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32), c.local(I32)]
  const slow = c.block()
  c.get(0).op(op.i32_wrap_i64).set(p).get(1).op(op.i32_wrap_i64).set(q)
  for (const w of [p, q]) {
    c.get(w).mem("i32_load", JSString.hash_kind_type).i32(JSString.kind_shift).op(op.i32_shr_u).i32(3)
    c.op(op.i32_and).brIf(slow)
  }
  c.get(p).mem("i32_load", JSString.len_and_wide).tee(m)
  c.get(q).mem("i32_load", JSString.len_and_wide).tee(n).op(op.i32_or).i32(0).op(op.i32_lt_s).brIf(slow)
  c.get(m).get(n).get(m).get(n).op(op.i32_lt_s, op.select).set(left)
  const next = c.loop()
  c.get(left).op(op.i32_eqz).if()
  c.get(m).get(n).op(op.i32_gt_s).get(m).get(n).op(op.i32_lt_s, op.i32_sub, op.return).end()
  c.get(p).mem("i32_load8_u", JSString.characters).get(q).mem("i32_load8_u", JSString.characters).op(op.i32_ne).if()
  c.i32(1).i32(-1)
  c.get(p).mem("i32_load8_u", JSString.characters).get(q).mem("i32_load8_u", JSString.characters).op(op.i32_gt_u)
  c.op(op.select, op.return).end()
  c.get(p).i32(1).op(op.i32_add).set(p).get(q).i32(1).op(op.i32_add).set(q)
  c.get(left).i32(1).op(op.i32_sub).set(left).br(next).end()
  c.op(op.unreachable).end()
  c.i32(2)
}

// Helpers that look into objects: properties, private fields, lengths.
//
// Each does what the interpreter's own fast path does and says when it does not apply; then the instruction is stepped.
// Returned values are counted for the caller; arguments are borrowed unless said otherwise. SLOW stands for "does not
// apply".
import {
  JS_ATOM_length,
  JSClassID,
  JSContext,
  JSObject,
  JSObjectFlags,
  JSProperty,
  JSPropertyFlags,
  JSShape,
  JSShapeProperty,
  JSString,
  tags,
} from "../../engine/abi.ts"
import { throwStrict } from "../../engine/edit/internals.ts"
import { I32, I64, op, type Code } from "../../wasm/code.ts"
import { UNDEFINED, UNINITIALIZED } from "../types.ts"
import { call, callEngine } from "./signatures.ts"

/** What a helper returns in place of a value when its fast path does not apply: no property can have it. */
export const SLOW = UNINITIALIZED

/**
 * An atom's place in a shape's hash table of 2^n words: the upper n bits of atom times this. `checkShapes` tries it
 * out.
 */
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
 * Find own property `atom` of the object at `p`: sets `index` to its number plus one (0: there is none) and `entry` to
 * the address of its JSShapeProperty. `shape` is set, too.
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

/** Find own property `1` of the value in parameter 0; returns `slow` from the function when that is no object. */
export function ownOfObject(c: Code, slow: () => Code): Lookup {
  const l = lookup(c, 1)
  objectOr(c, 0, slow)
  c.get(0).op(op.i32_wrap_i64).set(l.p)
  findOwn(c, l)
  return l
}

/** What is added to where property number 1 would lie if numbers began with 0. */
export const propertyBias = -JSProperty.size

/** `-> address of the value` of the property that findOwn found. */
function foundAddress(c: Code, { p, index }: Lookup): Code {
  c.get(p).mem("i32_load", JSObject.prop).get(index).i32(3).op(op.i32_shl, op.i32_add)
  return c.i32(propertyBias).op(op.i32_add)
}

/** `-> its value`, when it is plain. */
export function foundValue(c: Code, l: Lookup): Code {
  return foundAddress(c, l).mem("i64_load", 0)
}

/** `-> is the property that findOwn found something else than plain?` A getter, for one. */
export function isNotPlain(c: Code, { entry }: Lookup): Code {
  return flagsOf(c, entry).i32(JSPropertyFlags.TMASK).op(op.i32_and)
}

function flagsOf(c: Code, entry: number): Code {
  return c
    .get(entry)
    .mem("i32_load", JSShapeProperty.hash_next_and_flags)
    .i32(JSShapeProperty.flags_shift)
    .op(op.i32_shr_u)
}

/**
 * `-> 1`: the property that findOwn found is plain and writable, and owns the value in `value` now. Returns 0 from the
 * function otherwise, with nothing done. `found` is written where that is decided.
 */
export function storeInFound(c: Code, l: Lookup, value: number, found: () => void = () => {}): void {
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
  foundAddress(c, l).tee(l.entry).mem("i64_load", 0).set(old)
  c.get(l.entry).get(value).mem("i64_store", 0)
  call(c.get(old), "free").i32(1)
}

/** (context, object, atom) -> value or exception: along the prototypes, getters and all. `cur_pc` has been set. */
export function writeGetField(c: Code): void {
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
  isNotPlain(c, l).brIf(slow)
  call(foundValue(c, l), "dup").op(op.return).end()
  c.get(l.p).mem("i32_load8_u", JSObject.flags).i32(JSObjectFlags.is_exotic).op(op.i32_and).brIf(slow)
  c.get(l.shape).mem("i32_load", JSShape.proto).tee(l.p).brIf(next)
  c.i64(UNDEFINED).op(op.return).end().end()
  callEngine(c.get(context).get(object).get(atom).get(object).i32(0), "JS_GetPropertyInternal")
}

/**
 * (context, atom) -> value of a global variable, or SLOW: of `let` and `const` first, then of the global object's plain
 * properties.
 */
export function writeGetGlobal(c: Code): void {
  const l = lookup(c, 1)
  const slow = c.block()
  for (const place of [JSContext.global_var_obj, JSContext.global_obj]) {
    c.get(0).mem("i32_load", place).set(l.p)
    findOwn(c, l)
    c.get(l.index).if()
    isNotPlain(c, l).brIf(slow)
    call(foundValue(c, l), "dup").op(op.return).end()
  }
  c.end().i64(SLOW)
}

/**
 * (object, atom, value) -> 1 when it was stored in an own property of the object, which then owns it; 0: nothing has
 * happened.
 */
export function writePutField(c: Code): void {
  const l = ownOfObject(c, () => c.i32(0))
  storeInFound(c, l, 2)
}

/**
 * Sets `l.p` and `l.atom` of an object and a private name's symbol; returns `slow` from the function when they are
 * something else.
 */
function privateName(c: Code, l: { p: number; atom: number }, name: number, slow: () => Code): void {
  objectOr(c, 0, slow)
  c.get(name).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).i32(tags.JS_TAG_SYMBOL).op(op.i32_ne).if()
  slow().op(op.return).end()
  c.get(0).op(op.i32_wrap_i64).set(l.p)
  c.get(name).op(op.i32_wrap_i64).mem("i32_load", JSString.hash_next).set(l.atom) // of a symbol, its atom
}

/** (object, name) -> the value of a private field, or SLOW. */
export function writeGetPrivate(c: Code): void {
  const l = lookup(c)
  privateName(c, l, 1, () => c.i64(SLOW))
  findOwn(c, l)
  c.get(l.index).op(op.i32_eqz).if()
  c.i64(SLOW).op(op.return).end()
  isNotPlain(c, l).if()
  c.i64(SLOW).op(op.return).end()
  call(foundValue(c, l), "dup")
}

/** (object, value, name) -> 1 when it was stored in a private field, which then owns it; 0: nothing has happened. */
export function writePutPrivate(c: Code): void {
  const l = lookup(c)
  privateName(c, l, 2, () => c.i32(0))
  findOwn(c, l)
  storeInFound(c, l, 1)
}

/** (value) -> its length as a JSValue: of arrays and strings. */
export function writeGetLength(c: Code): void {
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

/** putField, or the engine: setters, proxies, new properties. */
export function writePutAnyField(c: Code): void {
  call(c.get(1).get(2).get(3), "putField").if()
  c.i32(1).op(op.return).end()
  callEngine(c.get(0).get(1).get(2).get(3).get(1).i32(throwStrict), "JS_SetPropertyInternal2")
}

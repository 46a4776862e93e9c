// Inline caches: where a property was found the last time, by the shape of the object.
//
//     o.x      shape of o = the site's shape   ->   the value lies at a fixed offset in o's properties
//     o.f()    the same, and the shape of o's prototype is the one in which `f` was found   ->   it lies there
//
// A site is a few words of the engine's memory; what is cached is a fact about shapes, so that values are always read
// anew. Only hashed shapes are cached, and one count is held on each: the engine changes a hashed shape in place only
// while it has one owner, so a cached shape stays what it was, and its address is no other's. Nothing lives longer for
// it: when ours is the last count but one, and when garbage is collected, the engine calls `forgetShape`
// (engine/edit/shapehook.ts). Sites are found by shape, in chains that begin at a word for each of 256 hashes.
import { JSClassID, JSMallocBlockHeader, JSObject, JSObjectFlags, JSShape } from "../../engine/abi.ts"
import { words } from "../../engine/words.ts"
import { SHAPE_IS_KEPT } from "../../engine/edit/shapehook.ts"
import type { Pointer } from "../../engine/live.ts"
import { I32, op, type Code } from "../../wasm/code.ts"
import { UNDEFINED } from "../types.ts"
import {
  findOwn,
  foundValue,
  isNotPlain,
  lookup,
  objectOr,
  ownOfObject,
  propertyBias,
  SLOW,
  storeInFound,
  type Lookup,
} from "./lookup.ts"
import { call, callEngine, type RuntimeAddresses } from "./signatures.ts"

/**
 * A site, 32 bytes at a multiple of 32; all 0 while nothing is cached. Its first two pairs of words are links of
 * chains: shape, next.
 */
export const CacheSite = {
  size: 32,
  /** Shape of the object. */
  shape: 0,
  /** getMethodCached: the shape of its prototype. */
  holderShape: 8,
  /** Offset of the value in the properties of its owner, in bytes. */
  offset: 16,
  /** getMethodCached: the prototype, and the object's class, which says that nothing comes between the two. */
  holder: 20,
  classId: 24,
  /** How often the site has been filled since garbage was collected. */
  fills: 28,
} as const

const NEXT = 4

/** A site that sees so many shapes is not filled any more. */
const MAX_FILLS = 16

/** Can the shape in `shape` be cached at the site, and may it? Branches out of the enclosing block otherwise. */
function fillable(c: Code, site: number, shape: number, done: number): void {
  c.get(shape).mem("i32_load8_u", JSShape.is_hashed).op(op.i32_eqz).brIf(done)
  c.get(site).mem("i32_load", CacheSite.fills).i32(MAX_FILLS).op(op.i32_ge_u).brIf(done)
}

/** `-> address` of the word where the chain of a shape begins. */
function chainOf(c: Code, shape: number): Code {
  // Shapes lie 16 bytes and more apart.
  c.get(shape).i32(4).op(op.i32_shr_u).i32(0xff).op(op.i32_and).i32(2).op(op.i32_shl)
  return c.i32(words.shapeCaches).op(op.i32_add)
}

function countAddress(c: Code, shape: number): Code {
  return c.get(shape).i32(-JSMallocBlockHeader.ref_count).op(op.i32_sub)
}

/** `is_hashed ^= SHAPE_IS_KEPT` */
function toggleKept(c: Code, shape: number): void {
  c.get(shape).get(shape).mem("i32_load8_u", JSShape.is_hashed).i32(SHAPE_IS_KEPT).op(op.i32_xor)
  c.mem("i32_store8", JSShape.is_hashed)
}

function isKept(c: Code, shape: number): Code {
  return c.get(shape).mem("i32_load8_u", JSShape.is_hashed).i32(SHAPE_IS_KEPT).op(op.i32_and)
}

/** (link, shape): the link has another shape from now on. What no link has any more is not kept any longer. */
export function writeKeepShape(c: Code, { runtime }: RuntimeAddresses): void {
  const [link, shape] = [0, 1]
  const [old, at, other, others] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32)]
  c.get(link).mem("i32_load", 0).tee(old).get(shape).op(op.i32_eq).if()
  c.op(op.return).end()
  c.get(old).if()
  chainOf(c, old).set(at)
  const done = c.block()
  const next = c.loop()
  c.get(at).mem("i32_load", 0).tee(other).op(op.i32_eqz).brIf(done)
  c.get(other).get(link).op(op.i32_eq).if()
  c.get(at).get(link).mem("i32_load", NEXT).mem("i32_store", 0)
  c.else()
  c.get(others).get(other).mem("i32_load", 0).get(old).op(op.i32_eq, op.i32_or).set(others)
  c.get(other).i32(NEXT).op(op.i32_add).set(at).end()
  c.br(next).end().end()
  c.get(link).i32(0).mem("i32_store", 0)
  c.get(others).op(op.i32_eqz).if()
  toggleKept(c, old)
  callEngine(c.i32(runtime).get(old), "js_free_shape").end().end()
  c.get(link).get(shape).mem("i32_store", 0)
  chainOf(c, shape).tee(at)
  c.get(link).get(at).mem("i32_load", 0).mem("i32_store", NEXT)
  c.get(link).mem("i32_store", 0)
  isKept(c, shape).op(op.i32_eqz).if()
  toggleKept(c, shape)
  countAddress(c, shape)
  countAddress(c, shape).mem("i32_load", 0).i32(1).op(op.i32_add).mem("i32_store", 0).end()
}

/** (runtime, shape): what the engine calls when ours is the last count but one; with 0, all shapes are let go. */
export function writeForgetShape(c: Code): void {
  const [runtime, shape] = [0, 1]
  const [at, link, end] = [c.local(I32), c.local(I32), c.local(I32)]
  c.get(shape).if()
  chainOf(c, shape).set(at)
  const done = c.block()
  const next = c.loop()
  c.get(at).mem("i32_load", 0).tee(link).op(op.i32_eqz).brIf(done)
  c.get(link).mem("i32_load", 0).get(shape).op(op.i32_eq).if()
  c.get(at).get(link).mem("i32_load", NEXT).mem("i32_store", 0)
  c.get(link).i32(0).mem("i32_store", 0)
  c.else().get(link).i32(NEXT).op(op.i32_add).set(at).end()
  c.br(next).end().end()
  toggleKept(c, shape)
  countAddress(c, shape)
  countAddress(c, shape).mem("i32_load", 0).i32(1).op(op.i32_sub).mem("i32_store", 0)
  c.op(op.return).end()
  c.i32(words.shapeCaches).set(at)
  c.i32(words.shapeCaches + 4 * 256).set(end)
  const chains = c.loop()
  const links = c.loop()
  c.get(at).mem("i32_load", 0).tee(link).if()
  c.get(at).get(link).mem("i32_load", NEXT).mem("i32_store", 0)
  c.get(link).mem("i32_load", 0).set(shape)
  c.get(link).i32(0).mem("i32_store", 0)
  c.get(link).i32(-CacheSite.size).op(op.i32_and).i32(0).mem("i32_store", CacheSite.fills)
  isKept(c, shape).if()
  toggleKept(c, shape)
  // Another shape may be freed with it, and be forgotten meanwhile: the chain is looked at anew.
  callEngine(c.get(runtime).get(shape), "js_free_shape").end()
  c.br(links).end().end()
  c.get(at).i32(4).op(op.i32_add).tee(at).get(end).op(op.i32_ne).brIf(chains).end()
}

/** `site.field = shape` */
function setShape(c: Code, site: number, field: number, shape: number): void {
  c.get(site)
  if (field > 0) c.i32(field).op(op.i32_add)
  call(c.get(shape), "keepShape")
}

function countFill(c: Code, site: number): void {
  c.get(site).get(site).mem("i32_load", CacheSite.fills).i32(1).op(op.i32_add).mem("i32_store", CacheSite.fills)
}

/** `site.offset =` where property number `index` (from 1) lies. */
function setOffset(c: Code, site: number, index: number): void {
  c.get(site).get(index).i32(3).op(op.i32_shl).i32(propertyBias).op(op.i32_add).mem("i32_store", CacheSite.offset)
}

/** Cache the own property that was found. */
function fillOwn(c: Code, l: Lookup, site: number): void {
  const done = c.block()
  fillable(c, site, l.shape, done)
  setOffset(c, site, l.index)
  setShape(c, site, CacheSite.shape, l.shape)
  countFill(c, site)
  c.end()
}

/**
 * On along the prototypes, without caching: returns the value, or undefined. `l.p` and `l.shape` are the object looked
 * at last.
 */
function walkOn(c: Code, l: Lookup): void {
  const next = c.loop()
  refuseExotic(c, l)
  c.get(l.shape).mem("i32_load", JSShape.proto).tee(l.p).op(op.i32_eqz).if()
  c.i64(UNDEFINED).op(op.return).end()
  findOwn(c, l)
  returnFound(c, l)
  c.br(next).end()
}

/** An exotic object may have properties that its shape does not show. Arrays are exotic, but only by their elements. */
function refuseExotic(c: Code, l: Lookup): void {
  c.get(l.p).mem("i32_load8_u", JSObject.flags).i32(JSObjectFlags.is_exotic).op(op.i32_and).if()
  c.get(l.p).mem("i32_load16_u", JSObject.class_id).i32(JSClassID.ARRAY).op(op.i32_ne)
  c.get(l.atom).i32(0).op(op.i32_lt_s, op.i32_or).if() // an atom below 0 is an index
  c.i64(SLOW).op(op.return).end().end()
}

function returnFound(c: Code, l: Lookup, beforeReturn: () => void = () => {}): void {
  c.get(l.index).if()
  isNotPlain(c, l).if()
  c.i64(SLOW).op(op.return).end()
  beforeReturn()
  call(foundValue(c, l), "dup")
  c.op(op.return).end()
}

/** (object, atom, site) -> value, or SLOW: not a plain property. An own property is cached. */
export function writeGetOwnCached(c: Code): void {
  const site = 2
  const l = ownOfObject(c, () => c.i64(SLOW))
  returnFound(c, l, () => fillOwn(c, l, site))
  walkOn(c, l)
  c.op(op.unreachable)
}

/** (object, atom, site) -> value, or SLOW. A property of the object's prototype is cached. */
export function writeGetMethodCached(c: Code): void {
  const site = 2
  const l = lookup(c, 1)
  const [object, shape] = [c.local(I32), c.local(I32)]
  objectOr(c, 0, () => c.i64(SLOW))
  c.get(0).op(op.i32_wrap_i64).tee(l.p).set(object)
  findOwn(c, l)
  returnFound(c, l)
  refuseExotic(c, l)
  c.get(l.shape).tee(shape).mem("i32_load", JSShape.proto).tee(l.p).op(op.i32_eqz).if()
  c.i64(UNDEFINED).op(op.return).end()
  findOwn(c, l)
  returnFound(c, l, () => {
    const done = c.block()
    fillable(c, site, shape, done)
    fillable(c, site, l.shape, done)
    setOffset(c, site, l.index)
    c.get(site).get(l.p).mem("i32_store", CacheSite.holder)
    c.get(site).get(object).mem("i32_load16_u", JSObject.class_id).mem("i32_store", CacheSite.classId)
    setShape(c, site, CacheSite.holderShape, l.shape)
    setShape(c, site, CacheSite.shape, shape)
    countFill(c, site)
    c.end()
  })
  walkOn(c, l)
  c.op(op.unreachable)
}

/**
 * (object, atom, value, site) -> 1 when it was stored in an own property, which then owns it and is cached; 0: nothing
 * has happened.
 */
export function writePutCached(c: Code): void {
  const site = 3
  const l = ownOfObject(c, () => c.i32(0))
  storeInFound(c, l, 2, () => fillOwn(c, l, site))
}

/** `-> address` of the cached own property of the object at `p`; branches to `miss` when its shape is another. */
export function cachedAddress(c: Code, site: Pointer, p: number, miss: number): Code {
  shapeIsCached(c, site, p, miss)
  c.get(p).mem("i32_load", JSObject.prop).i32(site).mem("i32_load", CacheSite.offset)
  return c.op(op.i32_add)
}

/**
 * `-> address` of the cached property of the prototype of the object at `p`; branches to `miss` when a shape is
 * another.
 */
export function cachedMethodAddress(c: Code, site: Pointer, p: number, holder: number, miss: number): Code {
  shapeIsCached(c, site, p, miss)
  c.get(p).mem("i32_load16_u", JSObject.class_id).i32(site).mem("i32_load", CacheSite.classId).op(op.i32_ne).brIf(miss)
  c.i32(site).mem("i32_load", CacheSite.holder).tee(holder).mem("i32_load", JSObject.shape)
  c.i32(site).mem("i32_load", CacheSite.holderShape).op(op.i32_ne).brIf(miss)
  c.get(holder).mem("i32_load", JSObject.prop).i32(site).mem("i32_load", CacheSite.offset)
  return c.op(op.i32_add)
}

function shapeIsCached(c: Code, site: Pointer, p: number, miss: number): void {
  c.get(p).mem("i32_load", JSObject.shape).i32(site).mem("i32_load", CacheSite.shape).op(op.i32_ne).brIf(miss)
}

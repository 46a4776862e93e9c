// Inline caches: where a property was found the last time, by the shape of the object.
//
//     o.x      shape of o = the site's shape   ->   the value lies at a fixed offset in o's properties
//     o.f()    the same, and the shape of o's prototype is the one in which `f` was found   ->   it lies there
//
// A site is a few words of the engine's memory; what is cached is a fact about shapes, so that values are always read anew. Only hashed shapes
// are cached, and a site holds a count on them: the engine changes a hashed shape in place only while it has one owner, so a cached
// shape stays what it was, and its address is no other's. `releaseCaches` gives the counts back.
import { JSClassID, JSMallocBlockHeader, JSObject, JSObjectFlags, JSPropertyFlags, JSShape } from "../engine/abi.ts"
import type { LiveEngine, Pointer } from "../engine/live.ts"
import { findOwn, flagsOf, objectOr, propertyAddress, propertyBias, SLOW, type Calls } from "./heap.ts"
import { UNDEFINED } from "./types.ts"
import { I32, I64, op, type Code } from "./wasm.ts"

/** A site, 24 bytes; all 0 while nothing is cached. */
export const CacheSite = {
  size: 24,
  /** Shape of the object. */
  shape: 0,
  /** Offset of the value in the properties of its owner, in bytes. */
  offset: 4,
  /** getMethodCached: the prototype, its shape, and the object's class, which says that nothing comes between the two. */
  holder: 8,
  holderShape: 12,
  classId: 16,
  /** How often the site has been filled. */
  fills: 20,
} as const

/** A site that sees so many shapes is not filled any more. */
const MAX_FILLS = 16

/** Give back the counts that sites hold on shapes, before the engine's context is freed. */
export function releaseCaches(engine: LiveEngine, runtime: Pointer, sites: readonly Pointer[]): void {
  for (const site of sites) {
    for (const field of [CacheSite.shape, CacheSite.holderShape]) {
      const shape = engine.view().getUint32(site + field, true)
      if (shape === 0) continue
      engine.view().setUint32(site + field, 0, true)
      engine.call("js_free_shape", runtime, shape)
    }
  }
}

interface Lookup {
  p: number
  atom: number
  shape: number
  index: number
  entry: number
  mask: number
}

function lookup(c: Code): Lookup {
  const [p, shape, index, entry, mask] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32), c.local(I32)]
  return { p, atom: 1, shape, index, entry, mask }
}

/** Can the shape in `shape` be cached at the site, and may it? Branches out of the enclosing block otherwise. */
function fillable(c: Code, site: number, shape: number, done: number): void {
  c.get(shape).mem("i32_load8_u", JSShape.is_hashed).op(op.i32_eqz).brIf(done)
  c.get(site).mem("i32_load", CacheSite.fills).i32(MAX_FILLS).op(op.i32_ge_u).brIf(done)
}

/** `site.field = shape`, with a count on it; the count on what was there before is given back. */
function setShape(c: Code, calls: Calls, runtime: number, site: number, field: number, shape: number): void {
  const [old, count] = [c.local(I32), c.local(I32)]
  c.get(site).mem("i32_load", field).set(old)
  c.get(shape).i32(-JSMallocBlockHeader.ref_count).op(op.i32_sub).tee(count)
  c.get(count).mem("i32_load", 0).i32(1).op(op.i32_add).mem("i32_store", 0)
  c.get(site).get(shape).mem("i32_store", field)
  c.get(old).if()
  calls.freeShape(c.i32(runtime).get(old)).end()
}

function countFill(c: Code, site: number): void {
  c.get(site).get(site).mem("i32_load", CacheSite.fills).i32(1).op(op.i32_add).mem("i32_store", CacheSite.fills)
}

/** `site.offset =` where property number `index` (from 1) lies. */
function setOffset(c: Code, site: number, index: number): void {
  c.get(site).get(index).i32(3).op(op.i32_shl).i32(propertyBias).op(op.i32_add).mem("i32_store", CacheSite.offset)
}

/** On along the prototypes, without caching: returns the value, or undefined. `l.p` and `l.shape` are the object looked at last. */
function walkOn(c: Code, calls: Calls, l: Lookup): void {
  const next = c.loop()
  refuseExotic(c, l)
  c.get(l.shape).mem("i32_load", JSShape.proto).tee(l.p).op(op.i32_eqz).if()
  c.i64(UNDEFINED).op(op.return).end()
  findOwn(c, l)
  returnFound(c, calls, l)
  c.br(next).end()
}

/** An exotic object may have properties that its shape does not show. Arrays are exotic, but only by their elements. */
function refuseExotic(c: Code, l: Lookup): void {
  c.get(l.p).mem("i32_load8_u", JSObject.flags).i32(JSObjectFlags.is_exotic).op(op.i32_and).if()
  c.get(l.p).mem("i32_load16_u", JSObject.class_id).i32(JSClassID.ARRAY).op(op.i32_ne)
  c.get(l.atom).i32(0).op(op.i32_lt_s, op.i32_or).if() // an atom below 0 is an index
  c.i64(SLOW).op(op.return).end().end()
}

function returnFound(c: Code, calls: Calls, l: Lookup, beforeReturn: () => void = () => {}): void {
  c.get(l.index).if()
  flagsOf(c, l.entry).i32(JSPropertyFlags.TMASK).op(op.i32_and).if()
  c.i64(SLOW).op(op.return).end()
  beforeReturn()
  calls.dup(propertyAddress(c, l.p, l.index).i32(propertyBias).op(op.i32_add).mem("i64_load", 0))
  c.op(op.return).end()
}

/** (object, atom, site) -> value, or SLOW: not a plain property. An own property is cached. */
export function getOwnCached(c: Code, calls: Calls, runtime: number): void {
  const site = 2
  const l = lookup(c)
  objectOr(c, 0, () => c.i64(SLOW))
  c.get(0).op(op.i32_wrap_i64).set(l.p)
  findOwn(c, l)
  returnFound(c, calls, l, () => {
    const done = c.block()
    fillable(c, site, l.shape, done)
    setOffset(c, site, l.index)
    setShape(c, calls, runtime, site, CacheSite.shape, l.shape)
    countFill(c, site)
    c.end()
  })
  walkOn(c, calls, l)
  c.op(op.unreachable)
}

/** (object, atom, site) -> value, or SLOW. A property of the object's prototype is cached. */
export function getMethodCached(c: Code, calls: Calls, runtime: number): void {
  const site = 2
  const l = lookup(c)
  const [object, shape] = [c.local(I32), c.local(I32)]
  objectOr(c, 0, () => c.i64(SLOW))
  c.get(0).op(op.i32_wrap_i64).tee(l.p).set(object)
  findOwn(c, l)
  returnFound(c, calls, l)
  refuseExotic(c, l)
  c.get(l.shape).tee(shape).mem("i32_load", JSShape.proto).tee(l.p).op(op.i32_eqz).if()
  c.i64(UNDEFINED).op(op.return).end()
  findOwn(c, l)
  returnFound(c, calls, l, () => {
    const done = c.block()
    fillable(c, site, shape, done)
    fillable(c, site, l.shape, done)
    setOffset(c, site, l.index)
    c.get(site).get(l.p).mem("i32_store", CacheSite.holder)
    c.get(site).get(object).mem("i32_load16_u", JSObject.class_id).mem("i32_store", CacheSite.classId)
    setShape(c, calls, runtime, site, CacheSite.holderShape, l.shape)
    setShape(c, calls, runtime, site, CacheSite.shape, shape)
    countFill(c, site)
    c.end()
  })
  walkOn(c, calls, l)
  c.op(op.unreachable)
}

/** (object, atom, value, site) -> 1 when it was stored in an own property, which then owns it and is cached; 0: nothing has happened. */
export function putCached(c: Code, calls: Calls, runtime: number): void {
  const site = 3
  const l = lookup(c)
  const old = c.local(I64)
  const { TMASK, WRITABLE, LENGTH } = JSPropertyFlags
  objectOr(c, 0, () => c.i32(0))
  c.get(0).op(op.i32_wrap_i64).set(l.p)
  findOwn(c, l)
  c.get(l.index).op(op.i32_eqz).if()
  c.i32(0).op(op.return).end()
  flagsOf(c, l.entry)
    .i32(TMASK | WRITABLE | LENGTH)
    .op(op.i32_and)
    .i32(WRITABLE)
    .op(op.i32_ne)
    .if()
  c.i32(0).op(op.return).end()
  const done = c.block()
  fillable(c, site, l.shape, done)
  setOffset(c, site, l.index)
  setShape(c, calls, runtime, site, CacheSite.shape, l.shape)
  countFill(c, site)
  c.end()
  propertyAddress(c, l.p, l.index).i32(propertyBias).op(op.i32_add).tee(l.entry).mem("i64_load", 0).set(old)
  c.get(l.entry).get(2).mem("i64_store", 0)
  calls.free(c.get(old)).i32(1)
}

/** `-> address` of the cached own property of the object at `p`; branches to `miss` when its shape is another. */
export function cachedAddress(c: Code, site: Pointer, p: number, miss: number): Code {
  shapeIsCached(c, site, p, miss)
  c.get(p).mem("i32_load", JSObject.prop).i32(site).mem("i32_load", CacheSite.offset)
  return c.op(op.i32_add)
}

/** `-> address` of the cached property of the prototype of the object at `p`; branches to `miss` when a shape is another. */
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

// The place where the probe's experiments happen: a live engine that makes objects, and searches for where their values
// lie.
//
// A search takes several samples, each an address and the value that must be found near it. The answer is the one
// offset at which every sample has its value. None, or more than one, is a failure of the experiment and not a guess.
import type { JSValue, LiveEngine, Pointer } from "../live.ts"
import { writeFuncType, type FuncType } from "../../wasm/deftypes.ts"
import { writeExport, writeImport } from "../../wasm/externs.ts"
import { makeSection, SectionId, writeModule } from "../../wasm/sections.ts"
import { writeVector } from "../../wasm/vectors.ts"

/** An address and what should lie at the offset that is searched for. */
export type Sample<T> = readonly [at: Pointer, value: T]

/** How a hook is called: `this`, then the arguments. What it returns goes back to JavaScript. */
export type Hook = (self: JSValue, args: JSValue[], flags: number) => JSValue

/** An engine to experiment on. What it makes is never freed: the engine is not good for anything else afterwards. */
export interface Lab {
  readonly engine: LiveEngine
  readonly context: Pointer
  readonly runtime: Pointer
  u8(at: Pointer): number
  u16(at: Pointer): number
  u32(at: Pointer): number
  i32(at: Pointer): number
  u64(at: Pointer): bigint
  write32(at: Pointer, value: number): void
  write64(at: Pointer, value: bigint): void
  /** Evaluate a script; throws when it throws. */
  evaluate(source: string, flags?: number, filename?: string): JSValue
  /** The address in the value of an expression. */
  object(expression: string): Pointer
  /** The atom of a string. */
  atom(text: string): number
  /** The value of a JavaScript function that calls `hook`. */
  functionOf(hook: Hook): JSValue
  /** A table slot whose function has JSClassCall's type and calls `hook`. */
  classCall(hook: Hook): number
  /** Call a function value; throws when it throws. */
  apply(f: JSValue, args: readonly JSValue[], self?: JSValue): JSValue
}

export const UNDEFINED: JSValue = 3n << 32n

export function pointerOf(value: JSValue): Pointer {
  return Number(value & 0xffff_ffffn)
}

export function tagOf(value: JSValue): number {
  return Number(BigInt.asIntN(32, value >> 32n))
}

/** A double as the engine would see it in memory. */
export function bitsOf(number: number): bigint {
  const view = new DataView(new ArrayBuffer(8))
  view.setFloat64(0, number)
  return view.getBigUint64(0)
}

/** Why an experiment came to nothing. */
export class Unfound extends Error {}

/** The one offset from `from` up to `to`, a multiple of `step`, that holds. */
export function only(holds: (offset: number) => boolean, from: number, to: number, step: number): number {
  const found: number[] = []
  for (let offset = from; offset < to; offset += step) if (holds(offset)) found.push(offset)
  if (found.length === 1) return found[0]!
  throw new Unfound(found.length === 0 ? "nowhere" : `in ${found.length} places: ${found.slice(0, 5).join(", ")}`)
}

export function offset8(lab: Lab, samples: readonly Sample<number>[], from = 8, to = 64): number {
  return only((offset) => samples.every(([at, value]) => lab.u8(at + offset) === value), from, to, 1)
}

export function offset16(lab: Lab, samples: readonly Sample<number>[], from = 8, to = 96): number {
  return only((offset) => samples.every(([at, value]) => lab.u16(at + offset) === value), from, to, 2)
}

export function offset32(lab: Lab, samples: readonly Sample<number>[], from = 0, to = 96): number {
  return only((offset) => samples.every(([at, value]) => lab.u32(at + offset) === value >>> 0), from, to, 4)
}

export function offset64(lab: Lab, samples: readonly Sample<bigint>[], from = 0, to = 96): number {
  return only((offset) => samples.every(([at, value]) => lab.u64(at + offset) === value), from, to, 8)
}

/** Bit number, from the address on, that is set in exactly the samples that are true. */
export function bitOffset(lab: Lab, samples: readonly Sample<boolean>[], from: number, to: number): number {
  return only((bit) => samples.every(([at, value]) => hasBit(lab, at, bit) === value), 8 * from, 8 * to, 1)
}

/** Is a bit set, counted from an address on? */
export function hasBit(lab: Lab, at: Pointer, bit: number): boolean {
  return ((lab.u8(at + (bit >> 3)) >> (bit & 7)) & 1) === 1
}

/** Is it an address that something can lie at? */
export function isAddress(lab: Lab, at: Pointer, room = 256): boolean {
  return at % 4 === 0 && at >= 1024 && at + room < lab.engine.memory.buffer.byteLength
}

/**
 * The pair [outer, inner] such that a pointer lies at `outer` of every sample, and the value at `inner` of what it
 * points at.
 */
export function path(
  lab: Lab,
  samples: readonly Sample<number | bigint>[],
  [from, to]: readonly [number, number],
  [innerFrom, innerTo]: readonly [number, number],
): [outer: number, inner: number] {
  const found: [number, number][] = []
  const wide = typeof samples[0]![1] === "bigint"
  for (let outer = from; outer < to; outer += 4) {
    const targets = samples.map(([at]) => lab.u32(at + outer))
    if (!targets.every((target) => isAddress(lab, target + innerFrom) && isAddress(lab, target))) continue
    for (let inner = innerFrom; inner < innerTo; inner += wide ? 8 : 4) {
      const read = (at: Pointer): number | bigint => (wide ? lab.u64(at) : lab.u32(at))
      if (samples.every(([, value], i) => read(targets[i]! + inner) === value)) found.push([outer, inner])
    }
  }
  if (found.length === 1) return found[0]!
  throw new Unfound(found.length === 0 ? "nowhere" : `in ${found.length} places: ${found.slice(0, 4).join("; ")}`)
}

/** Set up a lab in an engine; creates runtime and context when there is none yet. */
export function openLab(engine: LiveEngine): Lab {
  if (engine.call("qjs_get_context_ptr") === 0) engine.call("qjs_init")
  const context = engine.call("qjs_get_context_ptr")
  const check = (value: JSValue): JSValue => {
    if (tagOf(value) !== exceptionTag) return value
    throw new Unfound(`an experiment threw ${exceptionText(engine, context)}`)
  }
  const exceptionTag = tagOf(evaluateRaw(engine, context, "throw 1"))
  engine.callValue("JS_GetException", context)
  const lab: Lab = {
    engine,
    context,
    runtime: engine.call("JS_GetRuntime", context),
    u8: (at) => engine.view().getUint8(at),
    u16: (at) => engine.view().getUint16(at, true),
    u32: (at) => engine.view().getUint32(at, true),
    i32: (at) => engine.view().getInt32(at, true),
    u64: (at) => engine.view().getBigUint64(at, true),
    write32: (at, value) => engine.view().setUint32(at, value, true),
    write64: (at, value) => engine.view().setBigUint64(at, value, true),
    evaluate: (source, flags = 0, filename = "probe.js") =>
      check(evaluateRaw(engine, context, source, flags, filename)),
    object: (expression) => pointerOf(lab.evaluate(`(${expression})`)),
    atom: (text) => engine.withString(text, (at, length) => engine.call("JS_NewAtomLen", context, at, length)),
    functionOf(hook) {
      const slot = newSlot(engine, functionType, (_context: number, self: bigint, count: number, args: number) =>
        hook(BigInt.asUintN(64, self), readValues(engine, args, count), 0),
      )
      return engine.withString("hook", (name) => engine.callValue("JS_NewCFunction2", context, slot, name, 0, 0, 0))
    },
    classCall: (hook) =>
      newSlot(
        engine,
        classCallType,
        (_c: number, _f: bigint, self: bigint, count: number, args: number, flags: number) =>
          hook(BigInt.asUintN(64, self), readValues(engine, args, count), flags),
      ),
    apply(f, args, self = UNDEFINED) {
      const at = engine.malloc(8 * args.length + 8)
      args.forEach((value, i) => lab.write64(at + 8 * i, value))
      return check(engine.callValue("JS_Call", context, f, self, args.length, at))
    },
  }
  return lab
}

function evaluateRaw(engine: LiveEngine, context: Pointer, source: string, flags = 0, filename = "probe.js"): JSValue {
  return engine.withString(source, (at, length) =>
    engine.withString(filename, (name) => engine.callValue("JS_Eval", context, at, length, name, flags)),
  )
}

function exceptionText(engine: LiveEngine, context: Pointer): string {
  const text = engine.call("JS_ToCStringLen2", context, 0, engine.callValue("JS_GetException", context), 0)
  return text === 0 ? "something" : engine.readCString(text)
}

function readValues(engine: LiveEngine, at: Pointer, count: number): JSValue[] {
  return Array.from({ length: count }, (_, i) => engine.view().getBigUint64(at + 8 * i, true))
}

/** JSCFunction and JSClassCall. */
const functionType: Signature = { params: ["i32", "i64", "i32", "i32"], results: ["i64"] }
const classCallType: Signature = { params: ["i32", "i64", "i64", "i32", "i32", "i32"], results: ["i64"] }
type Signature = Pick<FuncType, "params" | "results">

/**
 * Put a JavaScript function into the engine's table. Only a wasm function can lie there, so it is imported and exported
 * again.
 */
function newSlot(engine: LiveEngine, type: Signature, call: (...args: never[]) => unknown): number {
  const bytes = writeModule([
    makeSection(SectionId.Type, writeVector([writeFuncType(type)])),
    makeSection(SectionId.Import, writeVector([writeImport({ module: "h", name: "f", kind: "func", type: 0 })])),
    makeSection(SectionId.Export, writeVector([writeExport({ name: "f", kind: "func", index: 0 })])),
  ])
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  const instance = new WebAssembly.Instance(module, { h: { f: call } })
  const slot = engine.table.grow(1)
  engine.table.set(slot, instance.exports["f"])
  return slot
}

// Instance -> state: what differs from the module as it was written, in terms of the module.
//
// Memories are looked at where they are; only segments are chosen later. Numbers come out bit for bit: a small module
// stores them, because reading a float through `.value` may change a NaN and reading a v128 throws. References are
// turned back into function indices by identity.
import { unrepresentable } from "./errors.ts"
import { privateName, type Plan } from "./instrument.ts"
import { writeBody } from "../wasm/body.ts"
import { Code } from "../wasm/code.ts"
import type { Global } from "../wasm/definitions.ts"
import { writeFuncType } from "../wasm/deftypes.ts"
import { bitsConst, i32Const, i64Const, refFunc, refNull } from "../wasm/expressions.ts"
import { writeExport, writeImport } from "../wasm/externs.ts"
import { Op } from "../wasm/instructions.ts"
import { writeLimits } from "../wasm/limits.ts"
import { makeSection, SectionId, writeModule } from "../wasm/sections.ts"
import { parseRefType, type NumberType } from "../wasm/valtypes.ts"
import { writeVector } from "../wasm/vectors.ts"
import type { MemoryImage } from "./runs.ts"

/** An instance, or what has its exports. */
export interface InstanceLike {
  exports: WebAssembly.Exports
}

/** The state of an instance after its initialiser ran. */
export interface State {
  memories: MemoryImage[]
  /** Constant expressions of the mutable globals, by index. */
  globals: Map<number, Uint8Array>
  /**
   * Tables that are not as instantiation leaves them, by index: a constant expression for each slot, undefined for
   * null.
   */
  tables: Map<number, (Uint8Array | undefined)[]>
  /** Passive segments that were dropped. */
  dropped: Plan["droppable"]
}

/** Tells where a memory can be other than zero, for hosts that know; undefined where everything has to be looked at. */
export type Touched = (memory: WebAssembly.Memory) => MemoryImage["touched"]

/** The slots of each table as they were before anything ran; compare with it to see what changed. */
export type TableImage = unknown[][]

/** Read every table. Call it right after instantiation, and pass the result to `capture`. */
export function readTables(instance: InstanceLike, plan: Plan): TableImage {
  return plan.layout.tables.map(({ type }, index) => {
    const table = instance.exports[privateName(plan, "table", index)] as WebAssembly.Table
    const length = Number(table.length)
    const slots: unknown[] = new Array<unknown>(length)
    // A 64-bit table counts in BigInts.
    for (let i = 0; i < length; i++) slots[i] = slotOf(table, type, i, index)
    return slots
  })
}

function slotOf(table: WebAssembly.Table, { is64 }: { is64: boolean }, slot: number, index: number): unknown {
  try {
    return table.get((is64 ? BigInt(slot) : slot) as number)
  } catch (error) {
    if (error instanceof TypeError) throw unrepresentable(`table ${index}`, "values that JavaScript cannot hold")
    throw error
  }
}

/**
 * Take the state of an instance of an instrumented module. Throws EB311 when a table or global holds a reference that a
 * module cannot contain.
 */
export function capture(
  instance: InstanceLike,
  plan: Plan,
  before: TableImage,
  touched: Touched = () => undefined,
): State {
  const find = functionFinder(instance, plan)
  return {
    memories: plan.layout.memories.map((_, index) => memoryImage(instance, plan, index, touched)),
    globals: captureGlobals(instance, plan, find),
    tables: captureTables(instance, plan, before, find),
    dropped: plan.droppable.filter((_, place) => traps(instance, privateName(plan, "dropped", 0), place)),
  }
}

function memoryImage(instance: InstanceLike, plan: Plan, index: number, touched: Touched): MemoryImage {
  const type = plan.layout.memories[index]
  const memory = instance.exports[privateName(plan, "memory", index)] as WebAssembly.Memory
  const image: MemoryImage = {
    bytes: new Uint8Array(memory.buffer),
    index,
    is64: type?.is64 ?? false,
    shared: type?.shared ?? false,
    touched: touched(memory),
  }
  // The scanner imports the memory under its usual page size.
  return type?.pageSizeLog2 === 16 ? { ...image, memory } : image
}

function traps(instance: InstanceLike, name: string, argument: number): boolean {
  try {
    ;(instance.exports[name] as (place: number) => void)(argument)
    return false
  } catch {
    return true
  }
}

/** A reference as a constant expression; undefined when there is none. */
type Find = (reference: unknown) => Uint8Array | undefined

function functionFinder(instance: InstanceLike, plan: Plan): Find {
  let indices: Map<unknown, number> | undefined
  return (reference) => {
    indices ??= functionIndices(instance, plan) // most modules never ask
    const index = indices.get(reference)
    return index === undefined ? undefined : refFunc(index)
  }
}

function functionIndices(instance: InstanceLike, plan: Plan): Map<unknown, number> {
  const indices = new Map<unknown, number>()
  const table = instance.exports[privateName(plan, "functions", 0)] as WebAssembly.Table | undefined
  // Backwards, so that the first of several imports of one function counts.
  for (let i = plan.functions.length - 1; i >= 0; i--) indices.set(table?.get(i), plan.functions[i] ?? 0)
  return indices
}

/** The expression of a reference of a type, or EB311. */
function referenceExpr(reference: unknown, type: string, find: Find, where: string): Uint8Array {
  const heap = parseRefType(type)?.heap ?? "func"
  if (reference === null) return refNull(heap)
  const found = typeof reference === "function" ? find(reference) : undefined
  if (found && heap !== "extern") return found
  if (typeof reference === "number" && ["any", "eq", "i31"].includes(heap)) {
    return new Code().i32(reference).op(Op.ref_i31, Op.end).instructions()
  }
  const what = typeof reference === "function" ? "a function of another module or of the host" : "a value of the host"
  throw unrepresentable(where, heap === "extern" || typeof reference === "function" ? what : "an object of the GC heap")
}

function captureTables(instance: InstanceLike, plan: Plan, before: TableImage, find: Find): State["tables"] {
  const changed: State["tables"] = new Map()
  readTables(instance, plan).forEach((slots, index) => {
    const old = before[index] ?? []
    if (slots.length === old.length && slots.every((slot, i) => slot === old[i])) return
    const type = plan.layout.tables[index]?.type.element ?? "funcref"
    changed.set(
      index,
      slots.map((slot, i) =>
        slot === null
          ? undefined
          : referenceExpr(slot, type, find, `slot ${i} of table ${index}${named(plan, "table", index)}`),
      ),
    )
  })
  return changed
}

function named(plan: Plan, kind: string, index: number): string {
  const found = plan.layout.exports.find((entry) => entry.kind === kind && entry.index === index)
  return found ? ` ("${found.name}")` : ""
}

function captureGlobals(instance: InstanceLike, plan: Plan, find: Find): State["globals"] {
  const mutable = plan.layout.globals.flatMap((global, index) => (global.type.mutable ? [{ ...global, index }] : []))
  const isNumber = ({ type }: Global) => parseRefType(type.type) === undefined
  const out: State["globals"] = new Map()
  const exported = ({ index }: { index: number }) =>
    instance.exports[privateName(plan, "global", index)] as WebAssembly.Global
  const numbers = mutable.filter(isNumber)
  const bits = readBits(numbers.map((global) => ({ type: global.type.type, global: exported(global) })))
  numbers.forEach(({ type, index }, i) => out.set(index, numberExpr(type.type, bits.subarray(i * 16, i * 16 + 16))))
  for (const global of mutable) {
    if (isNumber(global)) continue
    const where = `global ${global.index}${named(plan, "global", global.index)}`
    out.set(global.index, referenceExpr(valueOf(exported(global), where), global.type.type, find, where))
  }
  return out
}

function valueOf(global: WebAssembly.Global, where: string): unknown {
  try {
    return global.value
  } catch {
    throw unrepresentable(where, "a value that JavaScript cannot hold")
  }
}

/** `t.const bits; end` */
function numberExpr(type: string, bits: Uint8Array): Uint8Array {
  const view = new DataView(bits.buffer, bits.byteOffset, 16)
  switch (type) {
    case "i32":
      return i32Const(view.getInt32(0, true))
    case "i64":
      return i64Const(view.getBigInt64(0, true))
    case "f32":
      return bitsConst(Op.f32_const, bits.subarray(0, 4))
    case "f64":
      return bitsConst(Op.f64_const, bits.subarray(0, 8))
    default:
      return bitsConst(Op.v128_const, bits)
  }
}

// Modules may import 100,000 things.
const batch = 10_000

/** The bits of number and vector globals, 16 bytes each. */
function readBits(globals: { type: string; global: WebAssembly.Global }[]): Uint8Array {
  const out = new Uint8Array(globals.length * 16)
  for (let from = 0; from < globals.length; from += batch) {
    const some = globals.slice(from, from + batch)
    const imports = Object.fromEntries(some.map(({ global }, i) => [String(i), global]))
    const module = new WebAssembly.Module(readerModule(some.map(({ type }) => type)) as BufferSource)
    const { memory } = new WebAssembly.Instance(module, { g: imports }).exports
    out.set(new Uint8Array((memory as WebAssembly.Memory).buffer, 0, some.length * 16), from * 16)
  }
  return out
}

/** (module (import "g" "0" (global (mut T))) … (memory (export "memory") N) (start: store each at i * 16)) */
function readerModule(types: readonly string[]): Uint8Array {
  const body = new Code()
  types.forEach((type, i) =>
    body
      .i32(i * 16)
      .getGlobal(i)
      .mem(`${type as NumberType}_store`, 0),
  )
  const pages = Math.ceil((types.length * 16) / 65536)
  const imports = types.map((type, i) =>
    writeImport({ module: "g", name: String(i), kind: "global", type, mutable: true }),
  )
  return writeModule([
    makeSection(SectionId.Type, writeVector([writeFuncType({ params: [], results: [] })])),
    makeSection(SectionId.Import, writeVector(imports)),
    makeSection(SectionId.Function, writeVector([Uint8Array.of(0)])),
    makeSection(
      SectionId.Memory,
      writeVector([writeLimits({ min: pages, shared: false, is64: false, pageSizeLog2: 16 })]),
    ),
    makeSection(SectionId.Export, writeVector([writeExport({ name: "memory", kind: "memory", index: 0 })])),
    makeSection(SectionId.Start, Uint8Array.of(0)),
    makeSection(SectionId.Code, writeVector([writeBody(body.finish())])),
  ])
}

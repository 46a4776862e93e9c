// What is inside the sections, as plain values, and back. Indices are those of the binary format: imports come first in each
// index space, and what a section defines follows.
import { Reader, Writer } from "./bytes.ts"
import type { Section } from "./sections.ts"

/** A value type as the text format spells it: `i32`, `funcref`, `(ref null 3)`, `(ref extern)`. */
export type ValType = string

export interface FuncType {
  kind: "func"
  params: ValType[]
  results: ValType[]
}

/** A function type, or something of the GC proposal that takes up an index. */
export type DefinedType = FuncType | { kind: "struct" | "array" | "cont" }

export interface Limits {
  /** Entries of a table, pages of a memory. Exact up to 2^53. */
  min: number
  max?: number
  shared: boolean
  is64: boolean
  /** Memories only: a page is 2^pageSizeLog2 bytes. */
  pageSizeLog2: number
}

export type TableType = { element: ValType } & Limits
export type MemoryType = Limits
export interface GlobalType {
  type: ValType
  mutable: boolean
}

export type ImportType =
  | { kind: "func"; type: number }
  | ({ kind: "table" } & TableType)
  | ({ kind: "memory" } & MemoryType)
  | ({ kind: "global" } & GlobalType)
  | { kind: "tag"; type: number }

export type Import = { module: string; name: string } & ImportType

export type ExternKind = "func" | "table" | "memory" | "global" | "tag"
export const externKinds: readonly ExternKind[] = ["func", "table", "memory", "global", "tag"]

export interface Export {
  name: string
  kind: ExternKind
  index: number
}

/** A constant expression with its closing `end`, and its value when it is a single constant. */
export interface ConstExpr {
  bytes: Uint8Array
  value?: ConstValue
  /** Functions that the expression mentions: being mentioned makes `ref.func` of them valid in code. */
  functions: number[]
}

export type ConstValue =
  | { op: "i32.const"; value: number }
  | { op: "i64.const"; value: bigint }
  | { op: "ref.null"; heap: string }
  | { op: "ref.func"; index: number }
  | { op: "global.get"; index: number }

export interface Table {
  type: TableType
  /** The default of the slots, when it is not null. */
  init?: ConstExpr
}

export interface Global {
  type: GlobalType
  /** The type as encoded, so that it can be written back as it was. */
  typeBytes: Uint8Array
  init: ConstExpr
}

export interface ElementSegment {
  mode: "active" | "passive" | "declarative"
  /** Active only. */
  table: number
  /** Active only. */
  offset?: ConstExpr
  type: ValType
  items: ConstExpr[]
  /** The segment as it stands in the section. */
  bytes: Uint8Array
}

export interface DataSegment {
  mode: "active" | "passive"
  /** Active only. */
  memory: number
  /** Active only. */
  offset?: ConstExpr
  /** A view into the module. */
  data: Uint8Array
  /** The segment as it stands in the section. */
  bytes: Uint8Array
}

const numTypes = ["i32", "i64", "f32", "f64", "v128"] // 0x7f downwards
const packedTypes = ["i8", "i16"] // 0x78 downwards
const heapCodes: Record<string, number> = {
  nocont: 0x75,
  noexn: 0x74,
  nofunc: 0x73,
  noextern: 0x72,
  none: 0x71,
  func: 0x70,
  extern: 0x6f,
  any: 0x6e,
  eq: 0x6d,
  i31: 0x6c,
  struct: 0x6b,
  array: 0x6a,
  exn: 0x69,
  cont: 0x68,
}
const heapNames = new Map(Object.entries(heapCodes).map(([name, code]) => [code, name]))

/** A heap type: an abstract one by name, a defined one as its index in decimal. */
export function readHeapType(r: Reader): string {
  const at = r.pos
  const code = r.s33()
  if (code >= 0) return String(code)
  return heapNames.get(code & 0x7f) ?? r.fail(`heap type ${code} is unknown`, at)
}

export function writeHeapType(w: Writer, heap: string): Writer {
  const code = heapCodes[heap]
  return code === undefined ? w.s64(BigInt(heap)) : w.u8(code)
}

export function readValType(r: Reader): ValType {
  const at = r.pos
  const code = r.u8()
  if (code === 0x63) return refType(true, readHeapType(r))
  if (code === 0x64) return refType(false, readHeapType(r))
  const heap = heapNames.get(code)
  if (heap !== undefined) return refType(true, heap)
  return numTypes[0x7f - code] ?? r.fail(`value type 0x${code.toString(16)} is unknown`, at)
}

function refType(nullable: boolean, heap: string): ValType {
  if (nullable && (heap === "func" || heap === "extern")) return `${heap}ref`
  return nullable ? `(ref null ${heap})` : `(ref ${heap})`
}

export interface RefType {
  nullable: boolean
  heap: string
}

/** The parts of a reference type; undefined for numbers and vectors. */
export function parseRefType(type: ValType): RefType | undefined {
  const short = /^(func|extern)ref$/.exec(type)
  if (short) return { nullable: true, heap: short[1] ?? "" }
  const long = /^\(ref (null )?(\w+)\)$/.exec(type)
  return long ? { nullable: long[1] !== undefined, heap: long[2] ?? "" } : undefined
}

export function writeValType(w: Writer, type: ValType): Writer {
  const ref = parseRefType(type)
  if (!ref) return w.u8(0x7f - numTypes.indexOf(type))
  const code = heapCodes[ref.heap]
  if (ref.nullable && code !== undefined) return w.u8(code)
  return writeHeapType(w.u8(ref.nullable ? 0x63 : 0x64), ref.heap)
}

/** Every type index in order, recursion groups flattened. */
export function parseTypes(section: Section | undefined): DefinedType[] {
  const types: DefinedType[] = []
  each(section, (r) => {
    if (r.peek() !== 0x4e) return void types.push(readSubType(r))
    r.u8()
    for (let left = r.count(); left > 0; left--) types.push(readSubType(r))
  })
  return types
}

function readSubType(r: Reader): DefinedType {
  if (r.peek() === 0x4f || r.peek() === 0x50) {
    r.u8()
    for (let left = r.count(); left > 0; left--) r.u32()
  }
  const at = r.pos
  const form = r.u8()
  switch (form) {
    case 0x60:
      return { kind: "func", params: readMany(r, readValType), results: readMany(r, readValType) }
    case 0x5f:
      readMany(r, readFieldType)
      return { kind: "struct" }
    case 0x5e:
      readFieldType(r)
      return { kind: "array" }
    case 0x5d:
      r.s33()
      return { kind: "cont" }
    default:
      return r.fail(`type form 0x${form.toString(16)} is unknown`, at)
  }
}

function readFieldType(r: Reader): void {
  if (packedTypes[0x78 - r.peek()] === undefined) readValType(r)
  else r.u8()
  r.u8()
}

export function writeFuncType(type: { params: readonly ValType[]; results: readonly ValType[] }): Uint8Array {
  const w = new Writer().u8(0x60)
  for (const list of [type.params, type.results]) {
    w.u32(list.length)
    for (const t of list) writeValType(w, t)
  }
  return w.finish()
}

export function parseImports(section: Section | undefined): Import[] {
  return collect(section, (r) => {
    const module = r.name()
    const name = r.name()
    return { module, name, ...readImportType(r) }
  })
}

function readImportType(r: Reader): ImportType {
  const at = r.pos
  const kind = r.u8()
  switch (kind) {
    case 0:
      return { kind: "func", type: r.u32() }
    case 1:
      return { kind: "table", ...readTableType(r) }
    case 2:
      return { kind: "memory", ...readLimits(r) }
    case 3:
      return { kind: "global", ...readGlobalType(r) }
    case 4:
      r.u8() // the attribute; 0 is the only one
      return { kind: "tag", type: r.u32() }
    default:
      return r.fail(`import kind ${kind} is unknown`, at)
  }
}

export function writeImport(entry: Import): Uint8Array {
  const w = new Writer().name(entry.module).name(entry.name).u8(externKinds.indexOf(entry.kind))
  switch (entry.kind) {
    case "func":
      return w.u32(entry.type).finish()
    case "table":
      return w.bytes(writeTableType(entry)).finish()
    case "memory":
      return w.bytes(writeLimits(entry)).finish()
    case "global":
      return w.bytes(writeGlobalType(entry)).finish()
    case "tag":
      return w.u8(0).u32(entry.type).finish()
    default:
      return entry satisfies never
  }
}

/** The type index of each function that the module defines. */
export function parseFunctions(section: Section | undefined): number[] {
  return collect(section, (r) => r.u32())
}

// Flags of limits: 1 has a maximum, 2 shared, 4 addresses are i64, 8 custom page size.
export function readLimits(r: Reader): Limits {
  const at = r.pos
  const flags = r.u8()
  if (flags > 15) r.fail(`limits flags 0x${flags.toString(16)} are unknown`, at)
  const is64 = (flags & 4) !== 0
  const number = () => (is64 ? Number(r.u64()) : r.u32())
  const limits: Limits = { min: number(), shared: (flags & 2) !== 0, is64, pageSizeLog2: 16 }
  if (flags & 1) limits.max = number()
  if (flags & 8) limits.pageSizeLog2 = r.u32()
  return limits
}

export function writeLimits(limits: Limits): Uint8Array {
  const customPage = limits.pageSizeLog2 !== 16
  const flags =
    (limits.max === undefined ? 0 : 1) + (limits.shared ? 2 : 0) + (limits.is64 ? 4 : 0) + (customPage ? 8 : 0)
  const w = new Writer().u8(flags)
  // The largest u64 was rounded up to 2^64 when it was read as a number.
  const big = (value: number) => (value >= 2 ** 64 ? 2n ** 64n - 1n : BigInt(value))
  const number = (value: number) => (limits.is64 ? w.u64(big(value)) : w.u32(value))
  number(limits.min)
  if (limits.max !== undefined) number(limits.max)
  if (customPage) w.u32(limits.pageSizeLog2)
  return w.finish()
}

export function readTableType(r: Reader): TableType {
  const element = readValType(r)
  return { element, ...readLimits(r) }
}

export function writeTableType(type: TableType): Uint8Array {
  return writeValType(new Writer(), type.element).bytes(writeLimits(type)).finish()
}

export function readGlobalType(r: Reader): GlobalType {
  const type = readValType(r)
  const at = r.pos
  const mutable = r.u8()
  if (mutable > 1) r.fail(`mutability ${mutable} is unknown`, at)
  return { type, mutable: mutable === 1 }
}

export function writeGlobalType(type: GlobalType): Uint8Array {
  return writeValType(new Writer(), type.type)
    .u8(type.mutable ? 1 : 0)
    .finish()
}

export function parseTables(section: Section | undefined): Table[] {
  return collect(section, (r) => {
    const hasInit = r.peek() === 0x40
    if (hasInit && r.take(2)[1] !== 0) r.fail("a table's reserved byte is not 0", r.pos - 1)
    const type = readTableType(r)
    return hasInit ? { type, init: readConstExpr(r) } : { type }
  })
}

export function writeTable(table: Table): Uint8Array {
  const type = writeTableType(table.type)
  return table.init ? new Writer().u8(0x40).u8(0).bytes(type).bytes(table.init.bytes).finish() : type
}

export function parseMemories(section: Section | undefined): MemoryType[] {
  return collect(section, readLimits)
}

export function parseGlobals(section: Section | undefined): Global[] {
  return collect(section, (r) => {
    const start = r.pos
    const type = readGlobalType(r)
    return { type, typeBytes: r.bytes.subarray(start, r.pos), init: readConstExpr(r) }
  })
}

export function writeGlobal(type: Uint8Array, init: Uint8Array): Uint8Array {
  return new Writer().bytes(type).bytes(init).finish()
}

export function parseExports(section: Section | undefined): Export[] {
  return collect(section, (r) => {
    const name = r.name()
    const at = r.pos
    const code = r.u8()
    const kind = externKinds[code] ?? r.fail(`export kind ${code} is unknown`, at)
    return { name, kind, index: r.u32() }
  })
}

export function writeExport(entry: Export): Uint8Array {
  return new Writer().name(entry.name).u8(externKinds.indexOf(entry.kind)).u32(entry.index).finish()
}

/** The function that runs at instantiation. */
export function parseStart(section: Section | undefined): number | undefined {
  return section && new Reader(section.bytes, section.offset).u32()
}

/** Function bodies: locals and instructions, without the size in front. Views into the module. */
export function parseCode(section: Section | undefined): Uint8Array[] {
  return collect(section, (r) => r.take(r.u32()))
}

export function writeBody(body: Uint8Array): Uint8Array {
  return new Writer().u32(body.length).bytes(body).finish()
}

export function parseDataCount(section: Section | undefined): number | undefined {
  return section && new Reader(section.bytes, section.offset).u32()
}

/** The type index of each tag that the module defines. */
export function parseTags(section: Section | undefined): number[] {
  return collect(section, (r) => {
    r.u8()
    return r.u32()
  })
}

export function parseElements(section: Section | undefined): ElementSegment[] {
  return collect(section, readElement)
}

// Flags of an element segment: 1 not active, 2 explicit table (active) or declarative (not active), 4 items are expressions.
function readElement(r: Reader): ElementSegment {
  const start = r.pos
  const flags = r.u32()
  if (flags > 7) r.fail(`element segment flags ${flags} are unknown`, start)
  const active = (flags & 1) === 0
  const mode = active ? "active" : flags & 2 ? "declarative" : "passive"
  const table = active && flags & 2 ? r.u32() : 0
  const offset = active ? readConstExpr(r) : undefined
  const expressions = (flags & 4) !== 0
  const type = flags & 3 ? readElementKind(r, expressions) : "funcref"
  const items = readMany(r, expressions ? readConstExpr : readFunctionItem)
  return { mode, table, offset, type, items, bytes: r.bytes.subarray(start, r.pos) }
}

function readElementKind(r: Reader, expressions: boolean): ValType {
  if (expressions) return readValType(r)
  const at = r.pos
  if (r.u8() !== 0) r.fail("an element kind is unknown", at)
  return "funcref"
}

function readFunctionItem(r: Reader): ConstExpr {
  const index = r.u32()
  return { bytes: refFunc(index), value: { op: "ref.func", index }, functions: [index] }
}

/** An active segment of function indices, the form that every engine reads. `null` items make it a list of expressions. */
export function writeActiveElement(table: number, offset: Uint8Array, functions: readonly number[]): Uint8Array {
  const w = new Writer()
  if (table === 0) w.u32(0).bytes(offset)
  else w.u32(2).u32(table).bytes(offset).u8(0)
  w.u32(functions.length)
  for (const index of functions) w.u32(index)
  return w.finish()
}

/** An active segment whose items are expressions of any reference type. */
export function writeActiveExpressions(
  table: number,
  offset: Uint8Array,
  type: ValType,
  items: readonly Uint8Array[],
): Uint8Array {
  const w = writeValType(new Writer().u32(6).u32(table).bytes(offset), type)
  w.u32(items.length)
  for (const item of items) w.bytes(item)
  return w.finish()
}

/** A segment that is never used: it makes `ref.func` of these functions valid. */
export function writeDeclarative(functions: readonly number[]): Uint8Array {
  const w = new Writer().u32(3).u8(0).u32(functions.length)
  for (const index of functions) w.u32(index)
  return w.finish()
}

export function parseData(section: Section | undefined): DataSegment[] {
  return collect(section, readData)
}

function readData(r: Reader): DataSegment {
  const start = r.pos
  const flags = r.u32()
  if (flags > 2) r.fail(`data segment flags ${flags} are unknown`, start)
  const memory = flags === 2 ? r.u32() : 0
  const offset = flags === 1 ? undefined : readConstExpr(r)
  const data = r.take(r.u32())
  return { mode: flags === 1 ? "passive" : "active", memory, offset, data, bytes: r.bytes.subarray(start, r.pos) }
}

/** A passive data segment. */
export function writePassiveData(data: Uint8Array): Uint8Array {
  return new Writer().u32(1).u32(data.length).bytes(data).finish()
}

/**
 * Read a constant expression up to and with its `end`. Extended-const arithmetic and GC allocations are passed over; they have
 * no `value`.
 */
export function readConstExpr(r: Reader): ConstExpr {
  const start = r.pos
  const values: (ConstValue | undefined)[] = []
  const functions: number[] = []
  for (;;) {
    if (r.peek() === 0x0b) break
    const value = readConstInstruction(r)
    if (value?.op === "ref.func") functions.push(value.index)
    values.push(value)
  }
  r.u8()
  const bytes = r.bytes.subarray(start, r.pos)
  const only = values.length === 1 ? values[0] : undefined
  return only === undefined ? { bytes, functions } : { bytes, value: only, functions }
}

function readConstInstruction(r: Reader): ConstValue | undefined {
  const at = r.pos
  const opcode = r.u8()
  switch (opcode) {
    case 0x23:
      return { op: "global.get", index: r.u32() }
    case 0x41:
      return { op: "i32.const", value: r.s32() }
    case 0x42:
      return { op: "i64.const", value: r.s64() }
    case 0x43:
      return void r.take(4)
    case 0x44:
      return void r.take(8)
    case 0x6a: // i32.add sub mul, i64.add sub mul
    case 0x6b:
    case 0x6c:
    case 0x7c:
    case 0x7d:
    case 0x7e:
      return undefined
    case 0xd0:
      return { op: "ref.null", heap: readHeapType(r) }
    case 0xd2:
      return { op: "ref.func", index: r.u32() }
    case 0xfb:
      return void skipGcConst(r)
    case 0xfd:
      if (r.u32() !== 12) r.fail("an instruction is not constant", at)
      return void r.take(16)
    default:
      return r.fail(`instruction 0x${opcode.toString(16)} is not constant`, at)
  }
}

/** struct.new, struct.new_default, array.new, array.new_default, array.new_fixed, any.convert_extern, extern.convert_any, ref.i31 */
function skipGcConst(r: Reader): void {
  const at = r.pos
  const opcode = r.u32()
  const immediates = { 0: 1, 1: 1, 6: 1, 7: 1, 8: 2, 26: 0, 27: 0, 28: 0 }[opcode]
  if (immediates === undefined) r.fail(`instruction 0xfb ${opcode} is not constant`, at)
  for (let left = immediates; left > 0; left--) r.u32()
}

/** `i32.const value; end` */
export const i32Const = (value: number): Uint8Array => new Writer().u8(0x41).s32(value).u8(0x0b).finish()
/** `i64.const value; end` */
export const i64Const = (value: bigint): Uint8Array => new Writer().u8(0x42).s64(value).u8(0x0b).finish()
/** `ref.func index; end` */
export const refFunc = (index: number): Uint8Array => new Writer().u8(0xd2).u32(index).u8(0x0b).finish()
/** `ref.null heap; end` */
export const refNull = (heap: string): Uint8Array => writeHeapType(new Writer().u8(0xd0), heap).u8(0x0b).finish()

/** A vector: the count, then the entries. The payload of most sections. */
export function writeVector(entries: readonly Uint8Array[]): Uint8Array {
  const w = new Writer().u32(entries.length)
  for (const entry of entries) w.bytes(entry)
  return w.finish()
}

function readMany<T>(r: Reader, one: (r: Reader) => T): T[] {
  const out: T[] = []
  for (let left = r.count(); left > 0; left--) out.push(one(r))
  return out
}

function collect<T>(section: Section | undefined, one: (r: Reader) => T): T[] {
  const out: T[] = []
  each(section, (r) => out.push(one(r)))
  return out
}

/** Visit a section's entries; it must end where its last entry ends. */
function each(section: Section | undefined, one: (r: Reader) => void): void {
  if (!section) return
  const r = new Reader(section.bytes, section.offset)
  for (let left = r.count(); left > 0; left--) one(r)
  if (!r.done) r.fail(`section ${section.id} is longer than its entries`)
}

// Value types and heap types. WebAssembly core specification 2.0, sections 5.3.1 to 5.3.4, and the GC proposal.
import type { Reader, Writer } from "./bytes.ts"

/** A value type as the text format spells it: `i32`, `funcref`, `(ref null 3)`, `(ref extern)`. */
export type ValType = string

/** Types of numbers and vectors as encoded, and `void`, the block type of nothing. */
export const Type = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, void: 0x40 } as const

/** Types of numbers and vectors by name. */
export type NumberType = Exclude<keyof typeof Type, "void">

const numTypes: readonly NumberType[] = ["i32", "i64", "f32", "f64", "v128"]
const numNames = new Map<number, ValType>(numTypes.map((name) => [Type[name], name]))
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

/** What stands in front of a heap type in a reference type: `ref null` and `ref`. */
const NULLABLE = 0x63
const NOT_NULL = 0x64

/** A heap type: an abstract one by name, a defined one as its index in decimal. */
export function readHeapType(r: Reader): string {
  const at = r.pos
  const code = r.s33()
  if (code >= 0) return String(code)
  return heapNames.get(code & 0x7f) ?? r.fail(`heap type ${code} is unknown`, at)
}

export function writeHeapType(w: Writer, heap: string): Writer {
  const code = heapCodes[heap]
  return code === undefined ? w.s33(Number(heap)) : w.u8(code)
}

/** The block type of a block that gives these: nothing, or one number. */
export function blockTypeOf(results: readonly ValType[]): number {
  if (results.length === 0) return Type.void
  const code = results.length === 1 ? Type[results[0] as NumberType] : undefined
  if (code === undefined) throw new Error(`a block cannot simply give ${results.join(", ")}`)
  return code
}

/** The name of a type of numbers or vectors by its code. */
export function valTypeOf(code: number): ValType {
  const name = numNames.get(code)
  if (name === undefined) throw new Error(`0x${code.toString(16)} is no type of numbers`)
  return name
}

export function readValType(r: Reader): ValType {
  const at = r.pos
  const code = r.u8()
  const number = numNames.get(code)
  if (number !== undefined) return number
  if (code === NULLABLE) return refType(true, readHeapType(r))
  if (code === NOT_NULL) return refType(false, readHeapType(r))
  const heap = heapNames.get(code)
  return heap !== undefined ? refType(true, heap) : r.fail(`value type 0x${code.toString(16)} is unknown`, at)
}

/** Whether a value type that begins with this byte goes on with a heap type. */
export function isRefType(code: number): boolean {
  return code === NULLABLE || code === NOT_NULL
}

/** Move behind a value type, or 0x40, whatever it is. Returns its first byte. */
export function skipValType(r: Reader): number {
  const code = r.u8()
  if (isRefType(code)) r.s33()
  return code
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
  if (!ref) return w.u8(Type[type as NumberType])
  const code = heapCodes[ref.heap]
  if (ref.nullable && code !== undefined) return w.u8(code)
  return writeHeapType(w.u8(ref.nullable ? NULLABLE : NOT_NULL), ref.heap)
}

// Constant expressions: what globals, tables and the offsets of segments begin with.
// WebAssembly core specification 2.0, section 5.4.9, and the proposals extended-const and GC.
import { skipImmediates } from "./body.ts"
import { Op, opcodeText, rowOf, type InstructionName } from "./instructions.ts"
import { Writer, type Reader } from "./bytes.ts"
import { readHeapType, writeHeapType } from "./valtypes.ts"

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

/** Instructions that an expression may consist of. */
const constant: ReadonlySet<InstructionName | undefined> = new Set([
  ...([
    "global.get",
    "i32.const",
    "i64.const",
    "f32.const",
    "f64.const",
    "v128.const",
    "ref.null",
    "ref.func",
  ] as const),
  ...(["i32.add", "i32.sub", "i32.mul", "i64.add", "i64.sub", "i64.mul"] as const),
  ...(["struct.new", "struct.new_default", "array.new", "array.new_default", "array.new_fixed"] as const),
  ...(["any.convert_extern", "extern.convert_any", "ref.i31"] as const),
])

/**
 * Read a constant expression up to and with its `end`. Extended-const arithmetic and GC allocations are passed over;
 * they have no `value`.
 */
export function readConstExpr(r: Reader): ConstExpr {
  const start = r.pos
  const values: (ConstValue | undefined)[] = []
  const functions: number[] = []
  for (;;) {
    if (r.peek() === Op.end) break
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
  const code = r.opcode()
  const row = rowOf(code)
  if (row === undefined || !constant.has(row.name)) r.fail(`instruction ${opcodeText(code)} is not constant`, at)
  switch (row.name) {
    case "global.get":
    case "ref.func":
      return { op: row.name, index: r.u32() }
    case "i32.const":
      return { op: row.name, value: r.s32() }
    case "i64.const":
      return { op: row.name, value: r.s64() }
    case "ref.null":
      return { op: row.name, heap: readHeapType(r) }
    default:
      skipImmediates(r, row)
  }
}

/** `i32.const value; end` */
export const i32Const = (value: number): Uint8Array => new Writer().u8(Op.i32_const).s32(value).u8(Op.end).finish()
/** `i64.const value; end` */
export const i64Const = (value: bigint): Uint8Array => new Writer().u8(Op.i64_const).s64(value).u8(Op.end).finish()
/** A constant of a type that has no number here, by its bits: `t.const bits; end` */
export const bitsConst = (code: number, bits: Uint8Array): Uint8Array =>
  new Writer().opcode(code).bytes(bits).u8(Op.end).finish()
/** `ref.func index; end` */
export const refFunc = (index: number): Uint8Array => new Writer().u8(Op.ref_func).u32(index).u8(Op.end).finish()
/** `ref.null heap; end` */
export const refNull = (heap: string): Uint8Array =>
  writeHeapType(new Writer().u8(Op.ref_null), heap).u8(Op.end).finish()

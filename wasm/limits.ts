// Types of memories, tables and globals. WebAssembly core specification 2.0, sections 5.3.7 to 5.3.10, and the
// proposals memory64, threads and custom-page-sizes.
import { Writer, type Reader } from "./bytes.ts"
import { readValType, writeValType, type ValType } from "./valtypes.ts"

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

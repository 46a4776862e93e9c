// What a module defines beside types, code and segments: the sections of functions, tables, memories, globals and tags,
// and the start section. WebAssembly core specification 2.0, sections 5.5.6 to 5.5.9 and 5.5.11.
import { readConstExpr, type ConstExpr } from "./expressions.ts"
import {
  readGlobalType,
  readLimits,
  readTableType,
  writeTableType,
  type GlobalType,
  type MemoryType,
  type TableType,
} from "./limits.ts"
import { Reader, Writer } from "./bytes.ts"
import type { Section } from "./sections.ts"
import { collect } from "./vectors.ts"

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

/** The type index of each function that the module defines. */
export function parseFunctions(section: Section | undefined): number[] {
  return collect(section, (r) => r.u32())
}

/** What a table with a default begins with, and a byte 0; other tables begin with their type. */
const WITH_DEFAULT = 0x40

export function parseTables(section: Section | undefined): Table[] {
  return collect(section, (r) => {
    const hasInit = r.peek() === WITH_DEFAULT
    if (hasInit && r.take(2)[1] !== 0) r.fail("a table's reserved byte is not 0", r.pos - 1)
    const type = readTableType(r)
    return hasInit ? { type, init: readConstExpr(r) } : { type }
  })
}

export function writeTable(table: Table): Uint8Array {
  const type = writeTableType(table.type)
  return table.init ? new Writer().u8(WITH_DEFAULT).u8(0).bytes(type).bytes(table.init.bytes).finish() : type
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

/** The function that runs at instantiation. */
export function parseStart(section: Section | undefined): number | undefined {
  return section && new Reader(section.bytes, section.offset).u32()
}

/** The type index of each tag that the module defines. */
export function parseTags(section: Section | undefined): number[] {
  return collect(section, (r) => {
    r.u8()
    return r.u32()
  })
}

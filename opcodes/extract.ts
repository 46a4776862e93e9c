// Read the opcode table out of an engine's WebAssembly.
//
// The engine was built with its dumps compiled in, so its data holds an array of {name pointer u32, size u8, pops u8,
// pushes u8, format u8}. The array is found by its structure, never by an address: the record whose name is `invalid`,
// followed by the one whose name is `push_i32`. Where it ends is told by another array, the interpreter's jump table:
// it has an entry for each of 256 codes, and those that are no opcode all go where `invalid` goes.
import { isProblem } from "../problem.ts"
import { parseData, type DataSegment } from "../wasm/data.ts"
import type { ConstExpr } from "../wasm/expressions.ts"
import { findSection, readSections, SectionId } from "../wasm/sections.ts"
import { noTable, notWasm, severalTables, strangeTable } from "./errors.ts"
import { formatWitness, tableOf, type OpcodeFormat, type OpcodeTable, type TableRow } from "./table.ts"

const RECORD_SIZE = 8
/** More than any module that we read; a hostile one may claim 4 GB for its data. */
const MAX_DATA_END = 1 << 28

/** Codes that a byte can have: entries of the jump table. */
const CODES = 256
/** Numbers in the jump table are labels, counted from 0; no interpreter has more than a few per opcode. */
const MAX_LABEL = 4 * CODES
/** Handlers are shared by a few opcodes at most. Less variety is some other array. */
const MIN_HANDLERS = CODES / 2

/** Read the table of an engine given as wasm bytes. Throws EB502 to EB505. */
export function readEngineTable(wasm: Uint8Array): OpcodeTable {
  const memory = initialMemory(wasm)
  const table = tableOf(namedFormats(readRecords(memory, findTable(memory))))
  checkLength(table, memory)
  return table
}

/** A record that is damaged would end the table early, without any other sign where short forms are listed. */
function checkLength({ opcodes }: OpcodeTable, memory: Uint8Array): void {
  const executed = executedOpcodes(memory)
  if (executed.includes(opcodes.length)) return
  const other = executed.length === 0 ? "has no jump table that shows its end" : `executes ${executed.join(" or ")}`
  throw strangeTable(`it names ${opcodes.length} opcodes, but the interpreter ${other}`)
}

/** How many opcodes the interpreter's jump table goes by; more than one answer when several places look like it. */
function executedOpcodes(memory: Uint8Array): number[] {
  const words = new Uint32Array(memory.buffer, memory.byteOffset, memory.length >>> 2)
  const found: number[] = []
  for (let at = 0; at + CODES <= words.length; at++) {
    const invalid = words[at]!
    if (invalid >= MAX_LABEL || words[at + CODES - 1] !== invalid || words[at + 1] === invalid) continue
    const entries = words.subarray(at, at + CODES)
    if (entries.some((label) => label >= MAX_LABEL) || new Set(entries).size < MIN_HANDLERS) continue
    found.push(entries.findLastIndex((label) => label !== invalid) + 1)
  }
  return found
}

interface RawRow {
  name: string
  size: number
  pops: number
  pushes: number
  format: number
}

function findTable(memory: Uint8Array): number {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  const found: number[] = []
  for (let at = 0; at + 2 * RECORD_SIZE <= memory.length; at += 4) {
    if (view.getUint8(at + 4) !== 1 || view.getUint8(at + RECORD_SIZE + 4) !== 5) continue
    if (!isText(memory, view.getUint32(at, true), "invalid")) continue
    if (isText(memory, view.getUint32(at + RECORD_SIZE, true), "push_i32")) found.push(at)
  }
  if (found.length > 1) throw severalTables(found.length)
  if (found[0] === undefined) throw noTable()
  return found[0]
}

/** Records from `start` on, up to the first that cannot be one: no name, no size, or a name that was there already. */
function readRecords(memory: Uint8Array, start: number): RawRow[] {
  const view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength)
  const rows: RawRow[] = []
  const seen = new Set<string>()
  for (let at = start; at + RECORD_SIZE <= memory.length; at += RECORD_SIZE) {
    const name = nameAt(memory, view.getUint32(at, true))
    const [size, pops, pushes, format] = [...memory.subarray(at + 4, at + 8)] as [number, number, number, number]
    if (name === undefined || size === 0 || size > 16 || seen.has(name)) break
    seen.add(name)
    rows.push({ name, size, pops, pushes, format })
  }
  return rows
}

function namedFormats(rows: readonly RawRow[]): TableRow[] {
  const byName = new Map(rows.map((row) => [row.name, row]))
  const formats = new Map<number, OpcodeFormat>()
  for (const [format, witness] of Object.entries(formatWitness) as [OpcodeFormat, string | undefined][]) {
    if (witness === undefined) continue
    const number = byName.get(witness)?.format
    if (number === undefined) continue // an unused format is no loss; a used one is missed below
    const other = formats.get(number)
    if (other !== undefined) throw strangeTable(`\`${witness}\` should have the format ${format}, but it has ${other}`)
    formats.set(number, format)
  }
  return rows.map((row) => {
    const format = formats.get(row.format)
    if (format === undefined) throw strangeTable(`\`${row.name}\` has the unknown operand format ${row.format}`)
    return { ...row, format }
  })
}

function isText(memory: Uint8Array, at: number, text: string): boolean {
  if (at === 0 || at + text.length >= memory.length || memory[at + text.length] !== 0) return false
  for (let i = 0; i < text.length; i++) if (memory[at + i] !== text.charCodeAt(i)) return false
  return true
}

/** The identifier that lies at an address as a C string, or undefined. */
function nameAt(memory: Uint8Array, at: number): string | undefined {
  if (at === 0 || at >= memory.length) return undefined
  const end = memory.subarray(at, at + 64).indexOf(0)
  const text = end < 0 ? "" : String.fromCharCode(...memory.subarray(at, at + end))
  return /^[a-z_][a-z0-9_]*$/.test(text) ? text : undefined
}

/** What the module's active data segments put into memory 0. */
function initialMemory(wasm: Uint8Array): Uint8Array {
  const segments = dataSegments(wasm).map(({ offset, data }) => ({ at: addressOf(offset), data }))
  const end = segments.reduce((most, { at, data }) => Math.max(most, at + data.length), 0)
  if (end > MAX_DATA_END) throw notWasm(`its data ends at ${end}`)
  const memory = new Uint8Array(end)
  for (const { at, data } of segments) memory.set(data, at)
  return memory
}

function dataSegments(wasm: Uint8Array): DataSegment[] {
  try {
    return parseData(findSection(readSections(wasm), SectionId.Data)).filter(({ mode }) => mode === "active")
  } catch (error) {
    if (isProblem(error)) throw notWasm(error.message)
    throw error
  }
}

function addressOf(offset: ConstExpr | undefined): number {
  if (offset?.value?.op !== "i32.const") throw notWasm("a data segment whose address is not constant")
  return offset.value.value >>> 0
}

// State -> module: a snapshot written back over the module that it was taken from.
//
// Sections not named below are copied byte for byte, and no index changes: code, debug info and the name section keep
// meaning what they meant.
//
//   Memory   the minimum is the size now; maximum and flags stay
//   Global   mutable ones get their value, immutable ones keep their expression
//   Export   without the initialiser and `_initialize`, then renamed
//   Start    goes: it has run
//   Element  of tables that changed: new segments; dropped passive ones are empty
//   Data     where code refers to segments: the old ones at their places, spent ones empty; then the snapshot's
import { renameMissing, renameTwice, tooLarge, tooManySegments } from "./errors.ts"
import type { Plan } from "./instrument.ts"
import type { State } from "./capture.ts"
import type { Layout } from "./layout.ts"
import { writePassiveData } from "../wasm/data.ts"
import { writeGlobal, writeTable, type Table } from "../wasm/definitions.ts"
import {
  writeActiveElement,
  writeActiveExpressions,
  writeDeclarative,
  writeEmptyPassive,
  type ElementSegment,
} from "../wasm/elem.ts"
import { i32Const, i64Const, readConstExpr, refNull } from "../wasm/expressions.ts"
import { writeExport, type Export } from "../wasm/externs.ts"
import { ulebSize } from "../wasm/leb.ts"
import { writeLimits } from "../wasm/limits.ts"
import { Reader, Writer } from "../wasm/bytes.ts"
import {
  dropSection,
  findSection,
  makeSection,
  replaceSection,
  SectionId,
  writeModule,
  type LateSection,
  type Section,
} from "../wasm/sections.ts"
import { parseRefType } from "../wasm/valtypes.ts"
import { writeVector } from "../wasm/vectors.ts"
import { chooseAll, dataSection, segmentLimit, type Segment } from "./segments.ts"

export interface RewriteOptions {
  /** Keep the initialiser exported. `_initialize` goes anyway: running it twice would build everything again. */
  keepInitFunc?: boolean
  /** New export name -> the name that it has now. */
  renames?: Readonly<Record<string, string>> | readonly (readonly [dst: string, src: string])[]
}

/** Where each memory's bytes go, and what of the old data segments stays in front of them. */
export interface DataPlan {
  kept: Uint8Array[]
  segments: Segment[][]
}

// V8's limit for a module; SpiderMonkey and JavaScriptCore take the same.
const moduleLimit = 2 ** 30

/** Choose the data segments of a state. Throws EB317 when the module's own leave no room. */
export function planData(plan: Plan, state: State, fill: "raw" | number = "raw"): DataPlan {
  const kept = keptData(plan, state)
  const limit = segmentLimit - kept.length
  const segments = chooseAll(state.memories, { limit, fill })
  const count = segments.reduce((sum, list) => sum + list.length, 0)
  if (count > Math.max(0, limit)) throw tooManySegments(kept.length, segmentLimit)
  return { kept, segments }
}

/** Write the module that starts where the instance stands. Throws EB312, EB313 and EB320. */
export function rewrite(plan: Plan, state: State, data: DataPlan, options: RewriteOptions = {}): Uint8Array {
  return write(plan, state, data, options, new Set())
}

/**
 * The same, with these functions mentioned in a declarative segment. Code may contain `ref.func f` only where something
 * else mentions f, and that can have been the initialiser's export or an old table entry.
 */
export function rewriteDeclaring(
  plan: Plan,
  state: State,
  data: DataPlan,
  options: RewriteOptions,
  functions: ReadonlySet<number>,
): Uint8Array {
  return write(plan, state, data, options, functions)
}

function write(
  plan: Plan,
  state: State,
  data: DataPlan,
  options: RewriteOptions,
  declared: ReadonlySet<number>,
): Uint8Array {
  const { layout } = plan
  let out: (Section | LateSection)[] = dropSection(layout.sections, SectionId.Start)
  const put = (id: number, bytes: Uint8Array) => (out = replaceSection(out, makeSection(id, bytes)))
  const has = (id: number) => findSection(layout.sections, id) !== undefined

  if (state.tables.size > 0) put(SectionId.Table, tableSection(layout, state))
  if (layout.memories.length > 0) put(SectionId.Memory, memorySection(layout, state))
  if (state.globals.size > 0) put(SectionId.Global, globalSection(layout, state))
  if (has(SectionId.Export)) put(SectionId.Export, writeVector(outputExports(plan, options).map(writeExport)))
  const elements = outputElements(plan, state, declared)
  if (elements) put(SectionId.Element, writeVector(elements))
  out = putData(out, plan, state, data)
  const bytes = moduleSize(out)
  if (bytes > moduleLimit) throw tooLarge(bytes, moduleLimit)
  return writeModule(out)
}

function moduleSize(sections: readonly (Section | LateSection)[]): number {
  return sections.reduce((sum, s) => {
    if ("write" in s) return sum + 1 + ulebSize(s.size) + s.size
    return sum + (s.raw?.length ?? 6 + s.bytes.length)
  }, 8)
}

function tableSection(layout: Layout, state: State): Uint8Array {
  return writeVector(
    layout.tables.map((table, index) => {
      const slots = state.tables.get(index)
      return writeTable(slots ? { ...table, type: { ...table.type, min: slots.length } } : table)
    }),
  )
}

function memorySection(layout: Layout, state: State): Uint8Array {
  return writeVector(
    layout.memories.map((type, index) => {
      const bytes = state.memories[index]?.bytes.length ?? 0
      return writeLimits({ ...type, min: bytes / 2 ** type.pageSizeLog2 })
    }),
  )
}

function globalSection(layout: Layout, state: State): Uint8Array {
  return writeVector(
    layout.globals.map(({ typeBytes, init }, index) => writeGlobal(typeBytes, state.globals.get(index) ?? init.bytes)),
  )
}

/** The snapshot's exports, renamed. */
export function outputExports({ layout, initFunc }: Plan, options: RewriteOptions): Export[] {
  const left = layout.exports.filter(({ name, kind }) => {
    if (name === "_initialize" && kind === "func") return false
    return name !== initFunc || options.keepInitFunc === true
  })
  const renames = Array.isArray(options.renames) ? options.renames : Object.entries(options.renames ?? {})
  const bySource = checkRenames(left, renames as readonly (readonly [string, string])[])
  const taken = new Set(bySource.values())
  return left
    .filter(({ name }) => bySource.has(name) || !taken.has(name))
    .map((entry) => ({ ...entry, name: bySource.get(entry.name) ?? entry.name }))
}

/** Old name -> new name. */
function checkRenames(
  exports: readonly Export[],
  renames: readonly (readonly [string, string])[],
): Map<string, string> {
  const names = exports.map(({ name }) => name)
  const bySource = new Map<string, string>()
  const seen = new Set<string>()
  for (const [dst, src] of renames) {
    if (seen.has(dst)) throw renameTwice("target", dst)
    if (bySource.has(src)) throw renameTwice("source", src)
    if (!names.includes(src)) throw renameMissing(dst, src, names.slice(0, 20))
    seen.add(dst)
    bySource.set(src, dst)
  }
  return bySource
}

/** Element segments, when they are not what they were. */
function outputElements(plan: Plan, state: State, declared: ReadonlySet<number>): Uint8Array[] | undefined {
  const { layout } = plan
  const dropped = new Set(state.dropped.flatMap(({ kind, index }) => (kind === "elem" ? [index] : [])))
  if (state.tables.size === 0 && dropped.size === 0 && declared.size === 0) return undefined
  const fresh = [...state.tables].flatMap(([index, slots]) =>
    tableSegments(index, layout.tables[index] as Table, slots),
  )
  // Code may refer to element segments by index, so each stays at its place. An active one is spent when the module
  // has been instantiated, whatever it held: its place goes to a new one.
  const out = layout.elements.map((segment, index) => {
    if (segment.mode === "active" && state.tables.has(segment.table)) {
      return fresh.shift() ?? emptyElement(segment, layout.tables[segment.table] as Table)
    }
    return dropped.has(index) ? writeEmptyPassive(segment.type) : segment.bytes
  })
  out.push(...fresh)
  if (declared.size > 0) out.push(writeDeclarative([...declared].sort((a, b) => a - b)))
  return out
}

function emptyElement({ table }: ElementSegment, { type }: Table): Uint8Array {
  return segmentAt(table, type.is64, type.element, 0, [])
}

/** A table's slots as active segments: each row of references one. */
function tableSegments(index: number, { type, init }: Table, slots: readonly (Uint8Array | undefined)[]): Uint8Array[] {
  // Where the default of a slot is not null, null has to be written too.
  if (init) {
    const heap = parseRefType(type.element)?.heap ?? "func"
    return [
      segmentAt(
        index,
        type.is64,
        type.element,
        0,
        slots.map((slot) => slot ?? refNull(heap)),
      ),
    ]
  }
  const segments: Uint8Array[] = []
  for (let start = 0; start < slots.length; start++) {
    if (!slots[start]) continue
    const row: Uint8Array[] = []
    for (let i = start; i < slots.length; i++) {
      const slot = slots[i]
      if (!slot) break
      row.push(slot)
    }
    segments.push(segmentAt(index, type.is64, type.element, start, row))
    start += row.length
  }
  return segments
}

function segmentAt(table: number, is64: boolean, type: string, offset: number, row: readonly Uint8Array[]): Uint8Array {
  const at = is64 ? i64Const(BigInt(offset)) : i32Const(offset)
  // Tables of plain funcref take bare indices, as MVP modules have them.
  if (type !== "funcref") return writeActiveExpressions(table, at, type, row)
  const functions = row.flatMap((expr) => readConstExpr(new Reader(expr)).functions)
  return writeActiveElement(table, at, functions)
}

/** Old data segments that code may refer to. Active ones are spent, as dropped ones are. */
function keptData({ layout, dataIndices }: Plan, state: State): Uint8Array[] {
  const spent = new Set(state.dropped.flatMap(({ kind, index }) => (kind === "data" ? [index] : [])))
  const empty = writePassiveData(new Uint8Array(0))
  return layout.data
    .slice(0, dataIndices)
    .map(({ mode, bytes }, index) => (mode === "active" || spent.has(index) ? empty : bytes))
}

function putData(
  sections: (Section | LateSection)[],
  { layout, dataIndices }: Plan,
  state: State,
  { kept, segments }: DataPlan,
): (Section | LateSection)[] {
  const count = segments.reduce((sum, list) => sum + list.length, kept.length)
  const memories = state.memories.map((image, i) => ({ image, segments: segments[i] ?? [] }))
  let out = sections
  if (dataIndices > 0) out = replaceSection(out, makeSection(SectionId.DataCount, new Writer().u32(count).finish()))
  else out = dropSection(out, SectionId.DataCount)
  const hadData = findSection(layout.sections, SectionId.Data) !== undefined
  if (count === 0 && !hadData) return out
  if (count === 0) return dropSection(out, SectionId.Data)
  return replaceSection(out, dataSection(kept, memories))
}

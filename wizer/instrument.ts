// Module -> the same module, with its hidden state exported.
//
// No index moves: exports are added under private names, and behind the last function one is appended that tells
// whether a passive segment was dropped. The start function is exported instead of being started, so that whoever runs
// the module can give host functions its memory first. What is changed here never reaches the output: a snapshot is
// written over the module as it was.
import { initMissing, initNotFunction, initWrongType } from "./errors.ts"
import { mentionedFunctions, readLayout, type Layout } from "./layout.ts"
import { limitMemory } from "./limit.ts"
import { writeBody } from "../wasm/body.ts"
import { Code } from "../wasm/code.ts"
import { writePassiveData } from "../wasm/data.ts"
import { writeTable } from "../wasm/definitions.ts"
import { writeFuncType } from "../wasm/deftypes.ts"
import { writeActiveElement, type ElementSegment } from "../wasm/elem.ts"
import { i32Const } from "../wasm/expressions.ts"
import { writeExport, type Export, type ExternKind } from "../wasm/externs.ts"
import { Op } from "../wasm/instructions.ts"
import { writeLimits } from "../wasm/limits.ts"
import {
  appendEntries,
  dropSection,
  findSection,
  makeSection,
  readSections,
  replaceSection,
  SectionId,
  writeModule,
  type Section,
} from "../wasm/sections.ts"
import { parseRefType } from "../wasm/valtypes.ts"
import { writeVector } from "../wasm/vectors.ts"
import { Writer } from "../wasm/bytes.ts"

export interface InstrumentOptions {
  /**
   * The initialiser's export name. Default: the first that is there of `wizer-initialize`, `wizer.initialize`,
   * `wizer_init`.
   */
  initFunc?: string
  /** Bytes that the memories may have together; growing beyond stops the initialiser. */
  maxMemory?: number
}

/** What `capture` and `rewrite` need to know about an instrumented module. */
export interface Plan {
  layout: Layout
  initFunc: string
  /** `_initialize` is an exported function: it is called before the initialiser. */
  hasReactorStart: boolean
  /** Exports of ours begin with it, no export of the module does. */
  prefix: string
  /** Functions to which references can exist, in the order of the exported table `functions0`. */
  functions: number[]
  /** Instructions refer to the first so many data segments by index, so those have to stay at their places. */
  dataIndices: number
  /**
   * Passive segments that can have been dropped: the export `dropped0` traps when it is called with the place of one
   * here.
   */
  droppable: { kind: "elem" | "data"; index: number }[]
  maxMemory: number | undefined
  /**
   * How far the code section moved: places in the instrumented module lie so many bytes behind those in the original.
   */
  codeShift: number
}

/** Default names of the initialiser, in the order of preference. */
export const defaultInitNames: readonly string[] = ["wizer-initialize", "wizer.initialize", "wizer_init"]

/**
 * Export the state of a module. Instantiate the result, call the exports of
 * `startSequence(plan)` in order, then `capture`.
 *
 * Throws EB300, EB301, EB303 to EB306 and EB310 for modules that cannot be snapshotted.
 */
export function instrument(bytes: Uint8Array, options: InstrumentOptions = {}): { wasm: Uint8Array; plan: Plan } {
  const layout = readLayout(bytes)
  const initFunc = findInit(layout, options.initFunc)
  const dataIndices = referredData(layout)
  const plan: Plan = {
    layout,
    initFunc,
    hasReactorStart: checkReactorStart(layout),
    prefix: freePrefix(layout),
    functions: referencedFunctions(layout),
    dataIndices,
    droppable: droppableSegments(layout, dataIndices),
    maxMemory: options.maxMemory,
    codeShift: 0,
  }
  let sections: Section[] = dropSection(layout.sections, SectionId.Start)
  sections = appendProbes(sections, plan)
  sections = appendFunctionTable(sections, plan)
  sections = appendEntries(sections, SectionId.Export, stateExports(plan).map(writeExport))
  if (options.maxMemory !== undefined) sections = limitMemory(sections, plan, options.maxMemory)
  const wasm = writeModule(sections)
  plan.codeShift = codeOffset(readSections(wasm)) - codeOffset(layout.sections)
  return { wasm, plan }
}

function codeOffset(sections: readonly Section[]): number {
  return findSection(sections, SectionId.Code)?.offset ?? 0
}

/** The private name of something. */
export function privateName(plan: Pick<Plan, "prefix">, kind: string, index: number): string {
  return `${plan.prefix}${kind}${index}`
}

/** Exports to call, in order, with what each is called in messages. */
export function startSequence(plan: Plan): { name: string; what: string }[] {
  const { layout, initFunc } = plan
  const calls: { name: string; what: string }[] = []
  if (layout.start !== undefined) {
    calls.push({ name: privateName(plan, "start", layout.start), what: "The start function" })
  }
  if (plan.hasReactorStart && initFunc !== "_initialize") calls.push({ name: "_initialize", what: '"_initialize"' })
  calls.push({ name: initFunc, what: `"${initFunc}"` })
  return calls
}

function findInit(layout: Layout, wanted: string | undefined): string {
  const names = wanted === undefined ? defaultInitNames : [wanted]
  const name = names.find((candidate) => layout.exports.some((entry) => entry.name === candidate))
  const found = layout.exports.find((entry) => entry.name === name)
  if (!found) throw initMissing(wanted === undefined ? names : [wanted], plainFunctions(layout))
  if (found.kind !== "func") throw initNotFunction(found.name, found.kind)
  const type = describeFunction(layout, found.index)
  if (type !== "() -> ()") throw initWrongType(found.name, type)
  return found.name
}

/** Some exports that could be the initialiser. */
function plainFunctions(layout: Layout): string[] {
  return layout.exports
    .filter(({ kind, index }) => kind === "func" && describeFunction(layout, index) === "() -> ()")
    .map(({ name }) => `"${name}"`)
    .slice(0, 8)
}

function describeFunction(layout: Layout, index: number): string {
  const type = layout.types[layout.functionTypes[index] ?? -1]
  if (type?.kind !== "func") return "unknown"
  return `(${type.params.join(", ")}) -> (${type.results.join(", ")})`
}

/** A memory or global may be called `_initialize`; that is no reactor's start. */
function checkReactorStart(layout: Layout): boolean {
  const found = layout.exports.find(({ name, kind }) => name === "_initialize" && kind === "func")
  if (!found) return false
  const type = describeFunction(layout, found.index)
  if (type !== "() -> ()") throw initWrongType("_initialize", type)
  return true
}

function freePrefix(layout: Layout): string {
  let prefix = "snapshot:"
  while (layout.exports.some(({ name }) => name.startsWith(prefix))) prefix += ":"
  return prefix
}

function referencedFunctions(layout: Layout): number[] {
  const holdsReferences =
    layout.tables.length > 0 || layout.globals.some(({ type }) => type.mutable && parseRefType(type.type) !== undefined)
  if (!holdsReferences) return []
  return [...mentionedFunctions(layout)].sort((a, b) => a - b)
}

/**
 * How many data segments code may refer to: one more than the highest index in any instruction. The DataCount section
 * is what such an instruction is checked against, so the engine is asked with which of its values the module is valid.
 * A module that the engine does not know at all is taken to refer to all.
 */
function referredData(layout: Layout): number {
  if (layout.dataCount === undefined) return 0
  let low = -1 // not enough
  let high = layout.data.length // enough
  while (high - low > 1) {
    const middle = low < 0 ? 0 : Math.floor((low + high) / 2)
    if (isValidWithData(layout, middle)) high = middle
    else low = middle
  }
  return high
}

function isValidWithData({ sections }: Layout, count: number): boolean {
  const empty = writePassiveData(new Uint8Array(0))
  const data = writeVector(new Array<Uint8Array>(count).fill(empty))
  let trial = dropSection(dropSection(sections, SectionId.DataCount), SectionId.Data)
  if (count > 0) {
    trial = replaceSection(trial, makeSection(SectionId.DataCount, new Writer().u32(count).finish()))
    trial = replaceSection(trial, makeSection(SectionId.Data, data))
  }
  return WebAssembly.validate(writeModule(trial) as BufferSource)
}

function droppableSegments(layout: Layout, dataIndices: number): Plan["droppable"] {
  const elements = layout.elements.flatMap((segment, index) =>
    segment.mode === "passive" && segment.items.length > 0 && tableFor(layout, segment) >= 0
      ? [{ kind: "elem" as const, index }]
      : [],
  )
  const data = layout.data
    .slice(0, dataIndices)
    .flatMap(({ mode, data }, index) =>
      mode === "passive" && data.length > 0 ? [{ kind: "data" as const, index }] : [],
    )
  return [...elements, ...data]
}

/**
 * A table that `table.init` could copy the segment to, or -1: then only `array.new_elem` can use it, and it stays as it
 * is.
 */
function tableFor(layout: Layout, segment: ElementSegment): number {
  return layout.tables.findIndex(({ type }) => {
    if (type.element === segment.type) return true
    return type.element === "funcref" && isFunctionType(layout, segment.type)
  })
}

function isFunctionType(layout: Layout, type: string): boolean {
  const heap = parseRefType(type)?.heap ?? ""
  return heap === "func" || heap === "nofunc" || layout.types[/^\d+$/.test(heap) ? Number(heap) : -1]?.kind === "func"
}

/**
 * `table.init` or `memory.init` of nothing, from behind the first entry: traps exactly when the segment is empty, which
 * for a segment that was not empty means dropped. Nothing is written.
 */
function writeProbe(c: Code, layout: Layout, { kind, index }: Plan["droppable"][number]): void {
  const table = kind === "elem" ? tableFor(layout, layout.elements[index] as ElementSegment) : 0
  const is64 = kind === "elem" ? layout.tables[table]?.type.is64 : layout.memories[0]?.is64
  if (is64) c.i64(0n)
  else c.i32(0)
  c.i32(1).i32(0)
  c.indexed(kind === "elem" ? Op.table_init : Op.memory_init, index, table)
}

/** Choose among probes `from` to `to` by the parameter: if (i < middle) … else … */
function writeProbes(c: Code, plan: Plan, from: number, to: number): void {
  const { layout, droppable } = plan
  const only = droppable[from]
  if (to - from === 1 && only) return writeProbe(c, layout, only)
  const middle = Math.floor((from + to) / 2)
  c.get(0).i32(middle).op(Op.i32_lt_u).if()
  writeProbes(c, plan, from, middle)
  c.else()
  writeProbes(c, plan, middle, to)
  c.end()
}

/** Append one function, (i32) -> (), behind the module's own. */
function appendProbes(sections: Section[], plan: Plan): Section[] {
  if (plan.droppable.length === 0) return sections
  const body = new Code(1)
  writeProbes(body, plan, 0, plan.droppable.length)
  const type = new Writer().u32(plan.layout.types.length).finish()
  // Without a memory data can only become arrays, and a probe needs one to copy nothing to.
  const memory = { min: 0, shared: false, is64: false, pageSizeLog2: 16 }
  const added = plan.layout.memories.length === 0 ? [writeLimits(memory)] : []
  let out = appendEntries(sections, SectionId.Memory, added)
  out = appendEntries(out, SectionId.Type, [writeFuncType({ params: ["i32"], results: [] })])
  out = appendEntries(out, SectionId.Function, [type])
  return appendEntries(out, SectionId.Code, [writeBody(body.finish())])
}

/**
 * A table of all functions that references can lead to: as exports of their own, each would cost the engine a wrapper.
 */
function appendFunctionTable(sections: Section[], { functions, layout }: Plan): Section[] {
  if (functions.length === 0) return sections
  const limits = { min: functions.length, shared: false, is64: false, pageSizeLog2: 16 }
  const out = appendEntries(sections, SectionId.Table, [writeTable({ type: { element: "funcref", ...limits } })])
  return appendEntries(out, SectionId.Element, [writeActiveElement(layout.tables.length, i32Const(0), functions)])
}

function stateExports(plan: Plan): Export[] {
  const { layout } = plan
  const entry = (kind: ExternKind, index: number, label: string = kind): Export => ({
    name: privateName(plan, label, index),
    kind,
    index,
  })
  const entryNamed = (label: string, kind: ExternKind, index: number): Export => ({
    name: privateName(plan, label, 0),
    kind,
    index,
  })
  return [
    ...layout.memories.map((_, i) => entry("memory", i)),
    ...layout.globals.flatMap(({ type }, i) => (type.mutable ? [entry("global", i)] : [])),
    ...layout.tables.map((_, i) => entry("table", i)),
    ...(plan.functions.length > 0 ? [entryNamed("functions", "table", layout.tables.length)] : []),
    ...(layout.start === undefined ? [] : [entry("func", layout.start, "start")]),
    ...(plan.droppable.length > 0 ? [entryNamed("dropped", "func", layout.functionTypes.length)] : []),
  ]
}

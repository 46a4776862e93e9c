// The linker: a module, the libraries that were loaded into its live instance, and the instance's state -> one module.
//
// What is in the module keeps its place: libraries' types, functions and table slots are appended, and when no import
// changes the module's own code section is copied byte for byte. Memory is what the live instance holds, so nothing is
// initialised twice.
import { writeBody } from "../../wasm/body.ts"
import { Code, Op } from "../../wasm/code.ts"
import { parseGlobals, parseMemories, parseTables, writeGlobal, writeTable } from "../../wasm/definitions.ts"
import { parseElements, writeActiveElement } from "../../wasm/elem.ts"
import { i32Const } from "../../wasm/expressions.ts"
import { writeExport, writeImport } from "../../wasm/externs.ts"
import { writeLimits } from "../../wasm/limits.ts"
import {
  appendEntries,
  dropSection,
  findSection,
  makeSection,
  replaceSection,
  SectionId,
  writeModule,
  type LateSection,
  type Section,
} from "../../wasm/sections.ts"
import { writeVector } from "../../wasm/vectors.ts"
import { Writer } from "../../wasm/bytes.ts"
import { chooseSegments, dataSection } from "../../wizer/segments.ts"
import { reach } from "../callgraph.ts"
import type { LiveEngine } from "../live.ts"
import type { ModuleParts } from "../module.ts"
import { linkLibrary, type LinkedLibrary } from "./appending.ts"
import { cannotLink, libraryIndex, placeLibraries, type LinkOptions, type Placement } from "./placement.ts"
import { relocate } from "./relocate.ts"

/** What linking did, for reports. Sizes in bytes. */
export interface LinkResult {
  wasm: Uint8Array
  /** Bytes of the Code section. */
  codeBytes: number
  /** Bytes of code added by each library. */
  libraryCode: { name: string; bytes: number }[]
  dataBytes: number
  segments: number
  pages: number
}

/** Link. Throws a plain Error when a library cannot be linked: users never meet that. */
export function link(options: LinkOptions): LinkResult {
  const { module, live } = options
  const placement = placeLibraries(options)
  const added = live.libraries.map((library) => linkLibrary(library, placement))
  const bodies = added.flatMap((library) => library.bodies)

  let sections: Section[] = module.sections.filter((s) => s.id !== SectionId.Custom)
  sections = dropSection(dropSection(sections, SectionId.DataCount), SectionId.Start)
  sections = withSection(sections, SectionId.Import, placement.imports.map(writeImport))
  sections = appendEntries(sections, SectionId.Type, placement.newTypes)
  sections = appendEntries(
    sections,
    SectionId.Function,
    added.flatMap((library) => library.types.map((type) => new Writer().u32(type).finish())),
  )
  if (placement.moved) sections = moveModule(sections, placement)
  else if (options.idle) sections = emptyIdle(sections, options.idle, placement)
  sections = appendEntries(sections, SectionId.Code, bodies.map(writeBody))
  sections = appendEntries(
    sections,
    SectionId.Element,
    added.flatMap((library) => library.elements),
  )
  sections = withSection(sections, SectionId.Table, [growTable(module, live.table.length)])
  sections = withSection(sections, SectionId.Global, globalsNow(module, live))
  sections = appendEntries(sections, SectionId.Global, placement.newGlobals)
  sections = withSection(sections, SectionId.Export, exportsOf(options, placement, added))
  const pages = live.memory.buffer.byteLength / 65536
  sections = withSection(sections, SectionId.Memory, [growMemory(module, pages)])
  const image = { bytes: live.bytes(), memory: live.memory }
  const segments = chooseSegments(image)
  const data = dataSection([], [{ image, segments }])
  const all: (Section | LateSection)[] = [...dropSection(sections, SectionId.Data), data]
  return {
    wasm: writeModule(all),
    codeBytes: findSection(sections, SectionId.Code)?.bytes.length ?? 0,
    libraryCode: added.map(({ name, bodies }) => ({ name, bytes: bodies.reduce((n, b) => n + b.length, 0) })),
    dataBytes: data.size,
    segments: segments.length,
    pages,
  }
}

/** Every function of the module got a new index: rewrite what mentions one. */
function moveModule(sections: Section[], placement: Placement): Section[] {
  const maps = { func: placement.target, type: (i: number) => i, global: (index: number) => ({ index }) }
  const bodies = placement.module.bodies.map((body) => writeBody(relocate(body, maps)))
  const elements = parseElements(findSection(sections, SectionId.Element)).map((segment) => {
    const offset = segment.offset?.value
    if (segment.mode !== "active" || offset?.op !== "i32.const")
      return cannotLink("the module has an odd element segment")
    return writeActiveElement(
      segment.table,
      i32Const(offset.value),
      segment.items.flatMap((item) => item.functions.map(placement.target)),
    )
  })
  return withSection(withSection(sections, SectionId.Code, bodies), SectionId.Element, elements)
}

const emptyBody = new Code().op(Op.unreachable).finish()

/** Empty the idle functions, but for those that libraries call and what these call. */
function emptyIdle(sections: Section[], idle: ReadonlySet<number>, { module, used }: Placement): Section[] {
  const kept = reach(module, used, (index) => idle.has(index))
  const bodies = module.bodies.map((body, i) => {
    const index = i + module.importedFunctions
    return writeBody(idle.has(index) && !kept.has(index) ? emptyBody : body)
  })
  return withSection(sections, SectionId.Code, bodies)
}

function growMemory(module: ModuleParts, pages: number): Uint8Array {
  const [memory] = parseMemories(findSection(module.sections, SectionId.Memory))
  if (memory === undefined) throw new Error("the module has no memory")
  return writeLimits({ ...memory, min: pages })
}

function growTable(module: ModuleParts, length: number): Uint8Array {
  const [table, ...more] = parseTables(findSection(module.sections, SectionId.Table))
  if (table === undefined || more.length > 0) throw new Error("the module does not have one table")
  const max = table.type.max === undefined ? undefined : Math.max(table.type.max, length)
  return writeTable({ ...table, type: { ...table.type, min: length, max } })
}

/** The module's globals with the values that mutable ones have now. Those must be exported to be readable. */
function globalsNow(module: ModuleParts, live: LiveEngine): Uint8Array[] {
  return parseGlobals(findSection(module.sections, SectionId.Global)).map((global, index) => {
    if (!global.type.mutable) return writeGlobal(global.typeBytes, global.init.bytes)
    const name = module.exports.find((e) => e.kind === "global" && e.index === index)?.name
    const value = name === undefined ? undefined : (live.instance.exports[name] as WebAssembly.Global).value
    if (typeof value !== "number" || global.type.type !== "i32") return cannotLink(`global ${index} cannot be read`)
    return writeGlobal(global.typeBytes, i32Const(value))
  })
}

function exportsOf(options: LinkOptions, placement: Placement, added: LinkedLibrary[]): Uint8Array[] {
  const all = new Map<string, Uint8Array>()
  for (const e of options.module.exports) {
    all.set(e.name, writeExport(e.kind === "func" ? { ...e, index: placement.place(e.index) } : e))
  }
  added.forEach((_, i) => {
    for (const e of placement.libraries[i]?.parts.exports ?? []) {
      if (e.kind === "func" && !e.name.startsWith("__wasm_")) {
        all.set(e.name, writeExport({ ...e, index: libraryIndex(placement, i, e.index) }))
      }
    }
  })
  for (const e of placement.globalExports) all.set(e.name, writeExport(e))
  if (options.keepExports === undefined) return [...all.values()]
  return options.keepExports.map((name) => all.get(name) ?? cannotLink(`nothing exports ${name}`))
}

function withSection(sections: Section[], id: number, entries: readonly Uint8Array[]): Section[] {
  if (entries.length === 0 && findSection(sections, id) === undefined) return sections
  return replaceSection(sections, makeSection(id, writeVector(entries)))
}

// A module as the snapshot sees it: its sections, and what of them has to be understood.
import { importedState, invalidModule } from "./errors.ts"
import { parseData, parseDataCount, type DataSegment } from "../wasm/data.ts"
import {
  parseFunctions,
  parseGlobals,
  parseMemories,
  parseStart,
  parseTables,
  type Global,
  type Table,
} from "../wasm/definitions.ts"
import { parseTypes, type DefinedType } from "../wasm/deftypes.ts"
import { parseElements, type ElementSegment } from "../wasm/elem.ts"
import { parseExports, parseImports, type Export, type Import } from "../wasm/externs.ts"
import type { MemoryType } from "../wasm/limits.ts"
import { findSection, readSections, SectionId, type Section } from "../wasm/sections.ts"

/**
 * Only functions and tags can be imported here, so every memory, table and global of the index spaces is one of these.
 */
export interface Layout {
  sections: Section[]
  types: DefinedType[]
  imports: Import[]
  /** The type index of every function, imports first. */
  functionTypes: number[]
  tables: Table[]
  memories: MemoryType[]
  globals: Global[]
  exports: Export[]
  start: number | undefined
  elements: ElementSegment[]
  data: DataSegment[]
  dataCount: number | undefined
}

/** Read a module. Throws EB306 when it imports state, which a snapshot could not hold. */
export function readLayout(bytes: Uint8Array): Layout {
  const sections = readSections(bytes)
  const section = (id: number) => findSection(sections, id)
  const imports = parseImports(section(SectionId.Import))
  for (const { kind, module, name } of imports) {
    if (kind !== "func" && kind !== "tag") throw importedState(kind, module, name)
  }
  const imported = imports.flatMap((entry) => (entry.kind === "func" ? [entry.type] : []))
  const layout: Layout = {
    sections,
    types: parseTypes(section(SectionId.Type)),
    imports,
    functionTypes: [...imported, ...parseFunctions(section(SectionId.Function))],
    tables: parseTables(section(SectionId.Table)),
    memories: parseMemories(section(SectionId.Memory)),
    globals: parseGlobals(section(SectionId.Global)),
    exports: parseExports(section(SectionId.Export)),
    start: parseStart(section(SectionId.Start)),
    elements: parseElements(section(SectionId.Element)),
    data: parseData(section(SectionId.Data)),
    dataCount: parseDataCount(section(SectionId.DataCount)),
  }
  checkOnce(sections)
  if (layout.dataCount !== undefined && layout.dataCount !== layout.data.length) {
    throw invalidModule(`DataCount says ${layout.dataCount}, but there are ${layout.data.length} data segments`)
  }
  return layout
}

/** We look at the first section of a kind only, so a second one must not slip through. */
function checkOnce(sections: readonly Section[]): void {
  const seen = new Set<number>()
  for (const { id } of sections) {
    if (id !== SectionId.Custom && seen.has(id)) throw invalidModule(`section ${id} occurs twice`)
    seen.add(id)
  }
}

/** Functions that the module mentions outside of its code, in order: only to these can code make references. */
export function mentionedFunctions(layout: Layout): Set<number> {
  const mentioned = new Set<number>()
  for (const { kind, index } of layout.exports) if (kind === "func") mentioned.add(index)
  for (const { items } of layout.elements) for (const item of items) item.functions.forEach((f) => mentioned.add(f))
  for (const { init } of layout.globals) init.functions.forEach((f) => mentioned.add(f))
  for (const { init } of layout.tables) init?.functions.forEach((f) => mentioned.add(f))
  return mentioned
}

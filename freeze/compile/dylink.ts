// The library module around frozen code: functions that import the engine's, and their slots in its table
// (ARCHITECTURE.md, "Libraries"). The format is the tool conventions' DynamicLinking.md (`dylink.0`).
import { writeBody } from "../../wasm/body.ts"
import { Writer } from "../../wasm/bytes.ts"
import { Op, type Signature } from "../../wasm/code.ts"
import { writeFuncType } from "../../wasm/deftypes.ts"
import { writeActiveElement } from "../../wasm/elem.ts"
import { writeImport, type Import } from "../../wasm/externs.ts"
import { makeCustom, makeSection, SectionId, writeModule } from "../../wasm/sections.ts"
import { valTypeOf } from "../../wasm/valtypes.ts"
import { writeVector } from "../../wasm/vectors.ts"

/** A library module: functions that import the engine's, and one element segment at `__table_base`. */
export interface LibraryModule {
  imports: readonly { name: string; type: Signature }[]
  /** Types used by call_indirect; the first of these has type index 0, and so on. */
  types: readonly Signature[]
  functions: readonly { type: Signature; body: Uint8Array }[]
  /** Function indices for the table, in order. */
  table: readonly number[]
}

const limits = { min: 0, shared: false, is64: false, pageSizeLog2: 16 }
const global = (name: string, mutable: boolean): Import => ({
  module: "env",
  name,
  kind: "global",
  type: "i32",
  mutable,
})

/** What every library imports beside functions. */
const environment: readonly Import[] = [
  { module: "env", name: "memory", kind: "memory", ...limits },
  { module: "env", name: "__indirect_function_table", kind: "table", element: "funcref", ...limits },
  global("__stack_pointer", true),
  global("__memory_base", false),
  global("__table_base", false),
]

/** Index of the global `__table_base`: the third that is imported. */
const TABLE_BASE = 2

/** `global.get __table_base; end` */
const tableBase = new Writer().u8(Op.global_get).u32(TABLE_BASE).u8(Op.end).finish()

/** Write a library. */
export function writeLibrary(library: LibraryModule): Uint8Array {
  const types = typeList()
  for (const type of library.types) types.index(type)
  const functions = library.imports.map(({ name, type }): Import => ({
    module: "env",
    name,
    kind: "func",
    type: types.index(type),
  }))
  const own = library.functions.map(({ type }) => new Writer().u32(types.index(type)).finish())
  const vector = (id: number, entries: readonly Uint8Array[]) => makeSection(id, writeVector(entries))
  return writeModule([
    makeCustom("dylink.0", dylinkInfo(library.table.length)),
    vector(SectionId.Type, types.entries),
    vector(SectionId.Import, [...functions, ...environment].map(writeImport)),
    vector(SectionId.Function, own),
    vector(SectionId.Element, [writeActiveElement(0, tableBase, library.table)]),
    vector(
      SectionId.Code,
      library.functions.map(({ body }) => writeBody(body)),
    ),
  ])
}

/** Function types, each once. */
function typeList() {
  const indices = new Map<string, number>()
  const entries: Uint8Array[] = []
  return {
    entries,
    index(type: Signature): number {
      const key = `${type.params}>${type.results}`
      const known = indices.get(key)
      if (known !== undefined) return known
      indices.set(key, entries.length)
      const { params, results } = type
      return entries.push(writeFuncType({ params: params.map(valTypeOf), results: results.map(valTypeOf) })) - 1
    },
  }
}

/** The memory info (1): size and alignment of data, of which there is none, then of table slots. */
function dylinkInfo(slots: number): Uint8Array {
  const info = new Writer().u32(0).u32(0).u32(slots).u32(0).finish()
  return new Writer().u8(1).u32(info.length).bytes(info).finish()
}

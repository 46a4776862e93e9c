// The linker: a module, the libraries that were loaded into its live instance, and the instance's state -> one module.
//
// What is in the module keeps its place: libraries' types, functions and table slots are appended, and when no import changes the
// module's own code section is copied byte for byte. Memory is what the live instance holds, so nothing is initialised twice.
import { writeBody } from "../../wasm/body.ts"
import { Code, Op } from "../../wasm/code.ts"
import { parseGlobals, parseMemories, parseTables, writeGlobal, writeTable } from "../../wasm/definitions.ts"
import { writeFuncType } from "../../wasm/deftypes.ts"
import { parseElements, writeActiveElement } from "../../wasm/elem.ts"
import { i32Const } from "../../wasm/expressions.ts"
import { writeExport, writeImport, type Export, type Import } from "../../wasm/externs.ts"
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
import { reach } from "../callgraph.ts"
import { evaluate, hiddenGlobal, libraryGlobals } from "./constants.ts"
import { relocate, type GlobalTarget } from "./relocate.ts"
import type { LiveEngine, LoadedLibrary } from "../live.ts"
import { parseModule, type ModuleParts } from "../module.ts"
import { chooseSegments, dataSection } from "../../wizer/segments.ts"

/** Sends a function of the module to a library's function instead: imports that the guest provides, internals that it wraps. */
export interface Redirect {
  /** Function index in the module, before linking. */
  from: number
  /** Exported by one of the libraries. */
  to: string
}

export interface LinkOptions {
  module: ModuleParts
  live: LiveEngine
  redirects?: Redirect[]
  /** WASI imports that libraries may add. Adding one moves every function, so only prelinking does it. */
  mayImport?: boolean
  /** Names of the exports to keep; without it all of the module's and the libraries'. */
  keepExports?: readonly string[]
  /** Functions of the module that only its exports reach: those that libraries do not use are emptied. Their indices stay. */
  idle?: ReadonlySet<number>
}

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
  const layout = layOut(options)
  const added = live.libraries.map((library) => linkLibrary(library, layout))
  const bodies = added.flatMap((library) => library.bodies)

  let sections: Section[] = module.sections.filter((s) => s.id !== SectionId.Custom)
  sections = dropSection(dropSection(sections, SectionId.DataCount), SectionId.Start)
  sections = withSection(sections, SectionId.Import, layout.imports.map(writeImport))
  sections = appendEntries(sections, SectionId.Type, layout.newTypes)
  sections = appendEntries(
    sections,
    SectionId.Function,
    added.flatMap((library) => library.types.map((type) => new Writer().u32(type).finish())),
  )
  if (layout.moved) sections = moveModule(sections, layout)
  else if (options.idle) sections = emptyIdle(sections, options.idle, layout)
  sections = appendEntries(sections, SectionId.Code, bodies.map(writeBody))
  sections = appendEntries(
    sections,
    SectionId.Element,
    added.flatMap((library) => library.elements),
  )
  sections = withSection(sections, SectionId.Table, [growTable(module, live.table.length)])
  sections = withSection(sections, SectionId.Global, globalsNow(module, live))
  sections = appendEntries(sections, SectionId.Global, layout.newGlobals)
  sections = withSection(sections, SectionId.Export, exportsOf(options, layout, added))
  const pages = live.memory.buffer.byteLength / 65536
  const [memory] = parseMemories(findSection(module.sections, SectionId.Memory))
  if (memory === undefined) throw new Error("the module has no memory")
  sections = withSection(sections, SectionId.Memory, [writeLimits({ ...memory, min: pages })])
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

interface Layout {
  module: ModuleParts
  imports: Import[]
  importedFunctions: number
  /** Whether functions of the module get new indices. */
  moved: boolean
  /** New index of a function of the module, itself. */
  place: (index: number) => number
  /** New index of what calls to a function of the module reach: itself or where it was redirected to. */
  target: (index: number) => number
  /** First function index of each library, in loading order. */
  bases: number[]
  libraries: ParsedLibrary[]
  /** Index of a type, added when the module does not have it. */
  type: (params: readonly string[], results: readonly string[]) => number
  newTypes: Uint8Array[]
  /** Libraries' own mutable globals, with the values that they have now; and the index of the next one. */
  newGlobals: Uint8Array[]
  nextGlobal: number
  /** Functions of the module that libraries call, by their old indices. */
  used: Set<number>
  /** They stay readable, so that what is linked can be linked again. */
  globalExports: Export[]
}

interface ParsedLibrary {
  loaded: LoadedLibrary
  parts: ModuleParts
}

function layOut(options: LinkOptions): Layout {
  const { module, live } = options
  const redirects = new Map((options.redirects ?? []).map((r) => [r.from, r.to]))
  const libraries = live.libraries.map((loaded) => ({ loaded, parts: parseModule(loaded.bytes) }))
  const types = typeTable(module)

  const functionImports = module.imports.filter((i) => i.kind === "func")
  const kept = functionImports.filter((_, index) => !redirects.has(index))
  const imports: Import[] = [...kept]
  for (const { parts } of libraries) {
    for (const wanted of parts.imports) {
      if (wanted.kind !== "func" || wanted.module === "env" || findImport(imports, wanted) >= 0) continue
      if (!options.mayImport)
        throw new Error(`a library imports ${wanted.module}.${wanted.name}, which the base does not`)
      const type = parts.types[wanted.type]
      if (type === undefined) throw new Error("a library's import has no type")
      imports.push({ ...wanted, type: types.index(type.params, type.results) })
    }
  }
  const importedFunctions = imports.length
  imports.push(...module.imports.filter((i) => i.kind !== "func"))

  const place = (index: number) => {
    const imported = functionImports[index]
    return imported ? findImport(imports, imported) : index - functionImports.length + importedFunctions
  }
  let next = importedFunctions + module.bodies.length
  const bases = libraries.map(({ parts }) => {
    const base = next
    next += parts.bodies.length
    return base
  })
  const layout: Layout = {
    module,
    imports,
    importedFunctions,
    moved: importedFunctions !== module.importedFunctions || redirects.size > 0,
    place,
    target(index) {
      const name = redirects.get(index)
      return name === undefined ? place(index) : libraryFunction(layout, name)
    },
    bases,
    libraries,
    type: types.index,
    newTypes: types.added,
    newGlobals: [],
    globalExports: [],
    used: new Set(),
    nextGlobal: parseGlobals(findSection(module.sections, SectionId.Global)).length,
  }
  return layout
}

function findImport(imports: readonly Import[], wanted: Import): number {
  return imports.findIndex((i) => i.kind === "func" && i.module === wanted.module && i.name === wanted.name)
}

function typeTable(module: ModuleParts): { index: Layout["type"]; added: Uint8Array[] } {
  const known = new Map(module.types.map((type, i) => [`${type.params}->${type.results}`, i]))
  const added: Uint8Array[] = []
  return {
    added,
    index(params, results) {
      const key = `${params}->${results}`
      let index = known.get(key)
      if (index === undefined) {
        index = module.types.length + added.length
        known.set(key, index)
        added.push(writeFuncType({ params, results }))
      }
      return index
    },
  }
}

/** New index of a function that a library exports. The last library that exports the name has it. */
function libraryFunction(layout: Layout, name: string): number {
  for (let i = layout.libraries.length - 1; i >= 0; i--) {
    const parts = layout.libraries[i]?.parts
    const found = parts?.exports.find((e) => e.kind === "func" && e.name === name)
    if (parts && found) return libraryIndex(layout, i, found.index)
  }
  throw new Error(`no library exports the function ${name}`)
}

/** New index of a function of library `i`, by its index there. */
function libraryIndex(layout: Layout, i: number, index: number): number {
  const parts = layout.libraries[i]?.parts
  if (parts === undefined) throw new Error(`library ${i} does not exist`)
  if (index >= parts.importedFunctions) return (layout.bases[i] ?? 0) + index - parts.importedFunctions
  const wanted = parts.imports.filter((i) => i.kind === "func")[index]
  if (wanted === undefined) throw new Error("a library calls an import that it does not have")
  if (wanted.module !== "env") return findImport(layout.imports, wanted)
  const own = layout.module.exports.find((e) => e.kind === "func" && e.name === wanted.name)
  if (own === undefined) return libraryFunction(layout, wanted.name)
  layout.used.add(own.index)
  return layout.place(own.index)
}

interface LinkedLibrary {
  name: string
  types: number[]
  bodies: Uint8Array[]
  elements: Uint8Array[]
}

function linkLibrary(library: LoadedLibrary, layout: Layout): LinkedLibrary {
  const i = layout.libraries.findIndex((l) => l.loaded === library)
  const parts = layout.libraries[i]?.parts
  if (parts === undefined) throw new Error(`library ${library.name} was not laid out`)
  const functions = new Map<number, number>()
  const func = (index: number) => {
    let place = functions.get(index)
    if (place === undefined) functions.set(index, (place = libraryIndex(layout, i, index)))
    return place
  }
  const typeMap = parts.types.map((type) => layout.type(type.params, type.results))
  const type = (index: number) => typeMap[index] ?? fail(`library ${library.name} uses type ${index}`)
  const globals = globalTargets(library, parts, layout)

  const elements = parseElements(findSection(parts.sections, SectionId.Element)).map((segment) => {
    const offset = segment.offset && evaluate(segment.offset, (index) => constantOf(globals(index)))
    if (segment.mode !== "active" || offset === undefined)
      return fail(`library ${library.name} has an odd element segment`)
    return writeActiveElement(
      0,
      i32Const(offset),
      segment.items.flatMap((item) => item.functions.map(func)),
    )
  })
  for (const [symbol, slot] of library.got.func) {
    const own = parts.exports.find((e) => e.kind === "func" && e.name === symbol)
    const engines = layout.module.exports.find((e) => e.kind === "func" && e.name === symbol)
    if (engines) layout.used.add(engines.index)
    const index = own ? func(own.index) : engines ? layout.place(engines.index) : libraryFunction(layout, symbol)
    elements.push(writeActiveElement(0, i32Const(slot), [index]))
  }
  return {
    name: library.name,
    types: parts.functionTypes.map(type),
    bodies: parts.bodies.map((body) => relocate(body, { func, type, global: globals })),
    elements,
  }
}

function constantOf(target: GlobalTarget): number | undefined {
  return "constant" in target ? target.constant : undefined
}

/** What a library's globals become: the bases and the GOT are constants by now, the stack pointer is the module's own. */
function globalTargets(library: LoadedLibrary, parts: ModuleParts, layout: Layout): (index: number) => GlobalTarget {
  const imported = parts.imports.filter((i) => i.kind === "global")
  const values = libraryGlobals(library.bytes, (name) =>
    name === "__memory_base" ? library.memoryBase : name === "__table_base" ? library.tableBase : undefined,
  )
  const own = ownGlobals(library, imported.length, layout)
  return (index) => {
    const { module, name } = imported[index] ?? {}
    if (module === "GOT.func" && name !== undefined) return { constant: library.got.func.get(name) ?? fail(name) }
    if (module === "GOT.mem" && name !== undefined) return { constant: library.got.mem.get(name) ?? fail(name) }
    const value = values(index)
    if (value !== undefined) return { constant: value }
    const moved = own.get(index)
    if (moved !== undefined) return { index: moved }
    const engines = layout.module.exports.find((e) => e.kind === "global" && e.name === name)
    if (engines !== undefined) return { index: engines.index }
    return fail(`library ${library.name} has a global that cannot be linked: ${name ?? index}`)
  }
}

/** Append the library's mutable globals to the module. Old index -> new index. */
function ownGlobals(library: LoadedLibrary, imported: number, layout: Layout): Map<number, number> {
  const moved = new Map<number, number>()
  const parts = layout.libraries.find((l) => l.loaded === library)?.parts
  parseGlobals(findSection(parts?.sections ?? [], SectionId.Global)).forEach((global, i) => {
    const live = library.instance.exports[hiddenGlobal(imported + i)]
    if (!(live instanceof WebAssembly.Global)) return
    if (global.type.type !== "i32") fail(`library ${library.name} has a mutable global of type ${global.type.type}`)
    const index = layout.nextGlobal++
    moved.set(imported + i, index)
    layout.globalExports.push({ name: `__global_${index}`, kind: "global", index })
    layout.newGlobals.push(writeGlobal(global.typeBytes, i32Const(live.value as number)))
  })
  return moved
}

/** Every function of the module got a new index: rewrite what mentions one. */
function moveModule(sections: Section[], layout: Layout): Section[] {
  const maps = { func: layout.target, type: (i: number) => i, global: (index: number) => ({ index }) }
  const bodies = layout.module.bodies.map((body) => writeBody(relocate(body, maps)))
  const elements = parseElements(findSection(sections, SectionId.Element)).map((segment) => {
    const offset = segment.offset?.value
    if (segment.mode !== "active" || offset?.op !== "i32.const") return fail("the module has an odd element segment")
    return writeActiveElement(
      segment.table,
      i32Const(offset.value),
      segment.items.flatMap((item) => item.functions.map(layout.target)),
    )
  })
  return withSection(withSection(sections, SectionId.Code, bodies), SectionId.Element, elements)
}

const emptyBody = new Code().op(Op.unreachable).finish()

/** Empty the idle functions, but for those that libraries call and what these call. */
function emptyIdle(sections: Section[], idle: ReadonlySet<number>, { module, used }: Layout): Section[] {
  const kept = reach(module, used, (index) => idle.has(index))
  const bodies = module.bodies.map((body, i) => {
    const index = i + module.importedFunctions
    return writeBody(idle.has(index) && !kept.has(index) ? emptyBody : body)
  })
  return withSection(sections, SectionId.Code, bodies)
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
    if (typeof value !== "number" || global.type.type !== "i32") return fail(`global ${index} cannot be read`)
    return writeGlobal(global.typeBytes, i32Const(value))
  })
}

function exportsOf(options: LinkOptions, layout: Layout, added: LinkedLibrary[]): Uint8Array[] {
  const all = new Map<string, Uint8Array>()
  for (const e of options.module.exports) {
    all.set(e.name, writeExport(e.kind === "func" ? { ...e, index: layout.place(e.index) } : e))
  }
  added.forEach((_, i) => {
    for (const e of layout.libraries[i]?.parts.exports ?? []) {
      if (e.kind === "func" && !e.name.startsWith("__wasm_")) {
        all.set(e.name, writeExport({ ...e, index: libraryIndex(layout, i, e.index) }))
      }
    }
  })
  for (const e of layout.globalExports) all.set(e.name, writeExport(e))
  if (options.keepExports === undefined) return [...all.values()]
  return options.keepExports.map((name) => all.get(name) ?? fail(`nothing exports ${name}`))
}

function withSection(sections: Section[], id: number, entries: readonly Uint8Array[]): Section[] {
  if (entries.length === 0 && findSection(sections, id) === undefined) return sections
  return replaceSection(sections, makeSection(id, writeVector(entries)))
}

function fail(what: string): never {
  throw new Error(`cannot link: ${what}`)
}

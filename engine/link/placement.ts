// Where everything lies in a linked module: new indices of imports, types and functions, before anything is written.
import { parseGlobals } from "../../wasm/definitions.ts"
import { writeFuncType } from "../../wasm/deftypes.ts"
import type { Export, Import } from "../../wasm/externs.ts"
import { findSection, SectionId } from "../../wasm/sections.ts"
import type { LiveEngine, LoadedLibrary } from "../live.ts"
import { parseModule, type ModuleParts } from "../module.ts"

/**
 * Sends a function of the module to a library's function instead: imports that the guest provides, internals that it
 * wraps.
 */
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
  /**
   * Functions of the module that only its exports reach: those that libraries do not use are emptied. Their indices
   * stay.
   */
  idle?: ReadonlySet<number>
}

/** Where everything lies in the linked module. */
export interface Placement {
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

/** Give every import, type, function and table slot its index. Nothing is written yet. */
export function placeLibraries(options: LinkOptions): Placement {
  const { module, live } = options
  const redirects = new Map((options.redirects ?? []).map((r) => [r.from, r.to]))
  const libraries = live.libraries.map((loaded) => ({ loaded, parts: parseModule(loaded.bytes) }))
  const types = typeTable(module)

  const functionImports = module.imports.filter((i) => i.kind === "func")
  const kept = functionImports.filter((_, index) => !redirects.has(index))
  const imports: Import[] = [...kept, ...addedImports(options, libraries, kept, types)]
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
  const placement: Placement = {
    module,
    imports,
    importedFunctions,
    moved: importedFunctions !== module.importedFunctions || redirects.size > 0,
    place,
    target(index) {
      const name = redirects.get(index)
      return name === undefined ? place(index) : libraryFunction(placement, name)
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
  return placement
}

/** WASI functions that libraries import and the module does not. */
function addedImports(
  { mayImport }: LinkOptions,
  libraries: readonly ParsedLibrary[],
  kept: readonly Import[],
  types: TypeTable,
): Import[] {
  const added: Import[] = []
  for (const { parts } of libraries) {
    for (const wanted of parts.imports) {
      if (wanted.kind !== "func" || wanted.module === "env" || findImport([...kept, ...added], wanted) >= 0) continue
      if (!mayImport) throw new Error(`a library imports ${wanted.module}.${wanted.name}, which the base does not`)
      const type = parts.types[wanted.type]
      if (type === undefined) throw new Error("a library's import has no type")
      added.push({ ...wanted, type: types.index(type.params, type.results) })
    }
  }
  return added
}

function findImport(imports: readonly Import[], wanted: Import): number {
  return imports.findIndex((i) => i.kind === "func" && i.module === wanted.module && i.name === wanted.name)
}

/** The module's types, and those that were added, as they are written. */
interface TypeTable {
  index: Placement["type"]
  added: Uint8Array[]
}

function typeTable(module: ModuleParts): TypeTable {
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
export function libraryFunction(placement: Placement, name: string): number {
  for (let i = placement.libraries.length - 1; i >= 0; i--) {
    const parts = placement.libraries[i]?.parts
    const found = parts?.exports.find((e) => e.kind === "func" && e.name === name)
    if (parts && found) return libraryIndex(placement, i, found.index)
  }
  throw new Error(`no library exports the function ${name}`)
}

/** New index of a function of library `i`, by its index there. */
export function libraryIndex(placement: Placement, i: number, index: number): number {
  const parts = placement.libraries[i]?.parts
  if (parts === undefined) throw new Error(`library ${i} does not exist`)
  if (index >= parts.importedFunctions) return (placement.bases[i] ?? 0) + index - parts.importedFunctions
  const wanted = parts.imports.filter((i) => i.kind === "func")[index]
  if (wanted === undefined) throw new Error("a library calls an import that it does not have")
  if (wanted.module !== "env") return findImport(placement.imports, wanted)
  const own = placement.module.exports.find((e) => e.kind === "func" && e.name === wanted.name)
  if (own === undefined) return libraryFunction(placement, wanted.name)
  placement.used.add(own.index)
  return placement.place(own.index)
}

/** A library that is no library: users never meet that. */
export function cannotLink(what: string): never {
  throw new Error(`cannot link: ${what}`)
}

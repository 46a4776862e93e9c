// What a library appends to the module that it is linked with.
import { parseGlobals, writeGlobal } from "../../wasm/definitions.ts"
import { parseElements, writeActiveElement } from "../../wasm/elem.ts"
import { i32Const } from "../../wasm/expressions.ts"
import { findSection, SectionId } from "../../wasm/sections.ts"
import type { LoadedLibrary } from "../live.ts"
import type { ModuleParts } from "../module.ts"
import { evaluate, hiddenGlobal, libraryGlobals } from "./constants.ts"
import { cannotLink, libraryFunction, libraryIndex, type Placement } from "./placement.ts"
import { relocate, type GlobalTarget } from "./relocate.ts"

/** A library as it is appended: its types by index, its bodies with their new indices, its element segments. */
export interface LinkedLibrary {
  name: string
  types: number[]
  bodies: Uint8Array[]
  elements: Uint8Array[]
}

/** Move a library into the module: every index that its code mentions becomes the module's. */
export function linkLibrary(library: LoadedLibrary, placement: Placement): LinkedLibrary {
  const i = placement.libraries.findIndex((l) => l.loaded === library)
  const parts = placement.libraries[i]?.parts
  if (parts === undefined) throw new Error(`library ${library.name} was not laid out`)
  const functions = new Map<number, number>()
  const func = (index: number) => {
    let place = functions.get(index)
    if (place === undefined) functions.set(index, (place = libraryIndex(placement, i, index)))
    return place
  }
  const typeMap = parts.types.map((type) => placement.type(type.params, type.results))
  const type = (index: number) => typeMap[index] ?? cannotLink(`library ${library.name} uses type ${index}`)
  const globals = globalTargets(library, parts, placement)

  return {
    name: library.name,
    types: parts.functionTypes.map(type),
    bodies: parts.bodies.map((body) => relocate(body, { func, type, global: globals })),
    elements: [...ownElements(library, parts, globals, func), ...gotElements(library, parts, placement, func)],
  }
}

/** The library's own element segments, whose offsets are constants by now. */
function ownElements(
  library: LoadedLibrary,
  parts: ModuleParts,
  globals: (index: number) => GlobalTarget,
  func: (index: number) => number,
): Uint8Array[] {
  return parseElements(findSection(parts.sections, SectionId.Element)).map((segment) => {
    const offset = segment.offset && evaluate(segment.offset, (index) => constantOf(globals(index)))
    if (segment.mode !== "active" || offset === undefined)
      return cannotLink(`library ${library.name} has an odd element segment`)
    return writeActiveElement(
      0,
      i32Const(offset),
      segment.items.flatMap((item) => item.functions.map(func)),
    )
  })
}

/** The slots that loading took for functions of the GOT, each a segment. */
function gotElements(
  library: LoadedLibrary,
  parts: ModuleParts,
  placement: Placement,
  func: (index: number) => number,
): Uint8Array[] {
  return [...library.got.func].map(([symbol, slot]) => {
    const own = parts.exports.find((e) => e.kind === "func" && e.name === symbol)
    const engines = placement.module.exports.find((e) => e.kind === "func" && e.name === symbol)
    if (engines) placement.used.add(engines.index)
    const index = own ? func(own.index) : engines ? placement.place(engines.index) : libraryFunction(placement, symbol)
    return writeActiveElement(0, i32Const(slot), [index])
  })
}

function constantOf(target: GlobalTarget): number | undefined {
  return "constant" in target ? target.constant : undefined
}

/**
 * What a library's globals become: the bases and the GOT are constants by now, the stack pointer is the module's own.
 */
function globalTargets(
  library: LoadedLibrary,
  parts: ModuleParts,
  placement: Placement,
): (index: number) => GlobalTarget {
  const imported = parts.imports.filter((i) => i.kind === "global")
  const values = libraryGlobals(library.bytes, (name) =>
    name === "__memory_base" ? library.memoryBase : name === "__table_base" ? library.tableBase : undefined,
  )
  const own = ownGlobals(library, imported.length, placement)
  return (index) => {
    const { module, name } = imported[index] ?? {}
    if (module === "GOT.func" && name !== undefined) return { constant: library.got.func.get(name) ?? cannotLink(name) }
    if (module === "GOT.mem" && name !== undefined) return { constant: library.got.mem.get(name) ?? cannotLink(name) }
    const value = values(index)
    if (value !== undefined) return { constant: value }
    const moved = own.get(index)
    if (moved !== undefined) return { index: moved }
    const engines = placement.module.exports.find((e) => e.kind === "global" && e.name === name)
    if (engines !== undefined) return { index: engines.index }
    return cannotLink(`library ${library.name} has a global that cannot be linked: ${name ?? index}`)
  }
}

/** Append the library's mutable globals to the module. Old index -> new index. */
function ownGlobals(library: LoadedLibrary, imported: number, placement: Placement): Map<number, number> {
  const moved = new Map<number, number>()
  const parts = placement.libraries.find((l) => l.loaded === library)?.parts
  parseGlobals(findSection(parts?.sections ?? [], SectionId.Global)).forEach((global, i) => {
    const live = library.instance.exports[hiddenGlobal(imported + i)]
    if (!(live instanceof WebAssembly.Global)) return
    if (global.type.type !== "i32")
      cannotLink(`library ${library.name} has a mutable global of type ${global.type.type}`)
    const index = placement.nextGlobal++
    moved.set(imported + i, index)
    placement.globalExports.push({ name: `__global_${index}`, kind: "global", index })
    placement.newGlobals.push(writeGlobal(global.typeBytes, i32Const(live.value as number)))
  })
  return moved
}

// The front door: functions of a live engine are planned, compiled, loaded as one library and given their ids.
import { loadLibrary } from "../engine/link/loader.ts"
import type { LiveEngine, LoadedLibrary, Pointer } from "../engine/live.ts"
import { LibraryWriter, MAX_ID } from "./compile/library.ts"
import type { FunctionInfo } from "./function.ts"
import { firstFrozen } from "./helpers/signatures.ts"
import { reasonToKeep, type PlanOptions } from "./plan.ts"
import { sourceNames } from "./read/naming.ts"
import { functionReader } from "./read/reader.ts"

export type { PlanOptions, Which } from "./plan.ts"

export interface FreezeOptions extends PlanOptions {
  /** Any context of the engine's runtime. */
  context: Pointer
  /** The outermost function, as JSFunctionBytecode; all functions nested in it are considered. */
  root: Pointer
}

/** What became of one function. Sizes in bytes. */
export interface FunctionReport {
  /** As the source calls it, also where it is only a method or a value; empty for a function without a name. */
  name: string
  file: string
  line: number
  column: number
  bytecode: number
  frozen: boolean
  /** Why it was kept. */
  why?: string
  /** Size of its wasm. */
  wasm?: number
  /** Instructions that go through the interpreter, and places where it can take over for good. */
  steps?: number
  exits?: number
  /** Its position among the functions of the library, and whether a kernel follows it there. */
  position?: number
  kernel?: boolean
}

export interface FreezeResult {
  functions: FunctionReport[]
  /** The library with the frozen code; undefined when nothing was frozen. */
  library?: LoadedLibrary
}

/**
 * Freeze what the options ask for. Never fails because of a function: what cannot be frozen is kept, with the reason.
 */
export function freezeFunctions(engine: LiveEngine, options: FreezeOptions): FreezeResult {
  const writer = new LibraryWriter(engine, options.context)
  const infos = named(functionReader(engine, writer.target.addresses.runtime).readAll(options.root))
  const room = MAX_ID - engine.table.length
  const functions = infos.map((info) => {
    if (writer.units.length >= room) return kept(info, "the table has no slot left for it")
    const why = reasonToKeep(info, options)
    return why === undefined ? freezeOne(writer, info) : kept(info, why)
  })
  if (writer.units.length === 0) return { functions }
  const library = loadLibrary(engine, writer.bytes(), "frozen")
  writer.install(library.tableBase)
  return { functions, library }
}

/** Functions by the names that they have in the source. */
function named(infos: readonly FunctionInfo[]): FunctionInfo[] {
  const names = sourceNames(infos)
  return infos.map((info) => ({ ...info, name: names.get(info.pointer) ?? info.name }))
}

/** Begins the reason for a function that should have been frozen: never seen in tests. */
export const FAULT = "a fault of edgeboxc's own, please report it"

function freezeOne(writer: LibraryWriter, info: FunctionInfo): FunctionReport {
  try {
    const position = writer.target.nextIndex() - firstFrozen
    const compiled = writer.add(info)
    if (compiled === undefined) return kept(info, "a loop of it is entered in two places")
    const { body, counts, kernel } = compiled
    const wasm = body.length + (kernel?.body.length ?? 0)
    return { ...describe(info), frozen: true, wasm, ...counts, position, kernel: kernel !== undefined }
  } catch (error) {
    return kept(info, `${FAULT} (${error instanceof Error ? error.message : String(error)})`)
  }
}

function kept(info: FunctionInfo, why: string): FunctionReport {
  return { ...describe(info), frozen: false, why }
}

function describe({ name, filename, line, column, code }: FunctionInfo) {
  return { name, file: filename, line, column, bytecode: code.length }
}

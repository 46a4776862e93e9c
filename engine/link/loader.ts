// Libraries: wasm modules linked dynamically against the engine (ARCHITECTURE.md, "Libraries").
//
// In: the library's bytes and a live engine. Out: an instance whose data lies at `memoryBase` in the engine's memory
// and whose functions fill table slots from `tableBase`. The format is the tool conventions' DynamicLinking.md
// (`dylink.0`).
import { wasiModule } from "../../wasi/calls.ts"
import { foldConstants } from "./constants.ts"
import type { LiveEngine, LoadedLibrary, Pointer } from "../live.ts"
import { Reader } from "../../wasm/bytes.ts"
import { readSections } from "../../wasm/sections.ts"

/**
 * What a library asks of its loader: the `dylink.0` section's memory info. Sizes in bytes and slots, alignments as
 * powers of 2.
 */
export interface DylinkInfo {
  memorySize: number
  memoryAlignment: number
  tableSize: number
  tableAlignment: number
}

/**
 * Load a library: memory from the engine's malloc, table slots appended, relocations applied, constructors run.
 * Throws a plain Error when the library wants something that the engine does not have.
 */
export function loadLibrary(engine: LiveEngine, bytes: Uint8Array, name: string): LoadedLibrary {
  const info = readDylinkInfo(bytes, name)
  const memoryBase = reserveMemory(engine, info)
  const tableBase = engine.table.grow(info.tableSize)
  const module = new WebAssembly.Module(foldConstants(bytes, { memoryBase, tableBase }) as Uint8Array<ArrayBuffer>)
  const bases = { name, memoryBase, tableBase }
  const gotEntries: GotEntry[] = []
  const imports: WebAssembly.Imports = {}
  for (const { module: from, name: symbol, kind } of WebAssembly.Module.imports(module)) {
    const group = (imports[from] ??= {})
    if (from === "GOT.func" || from === "GOT.mem") {
      const global = i32Global(0, true)
      gotEntries.push({ from, symbol, global })
      group[symbol] = global
    } else group[symbol] = importOf(engine, bases, { from, symbol, kind })
  }
  const instance = new WebAssembly.Instance(module, imports)
  const library = { ...bases, bytes, instance, got: { func: new Map(), mem: new Map() } }
  for (const entry of gotEntries) resolveGot(engine, library, entry)
  for (const init of ["__wasm_apply_data_relocs", "__wasm_call_ctors"]) {
    const f = instance.exports[init]
    if (typeof f === "function") f()
  }
  engine.libraries.push(library)
  return library
}

/**
 * An entry of the global offset table: a global that gets a symbol's address, or its table slot, once that is known.
 */
interface GotEntry {
  from: "GOT.func" | "GOT.mem"
  symbol: string
  global: WebAssembly.Global<"i32">
}

const i32Global = (value: number, mutable: boolean) => new WebAssembly.Global({ value: "i32", mutable }, value)

function importOf(
  engine: LiveEngine,
  { name, memoryBase, tableBase }: Pick<LoadedLibrary, "name" | "memoryBase" | "tableBase">,
  { from, symbol, kind }: { from: string; symbol: string; kind: string },
): WebAssembly.ImportValue {
  if (from === wasiModule) return engine.wasi(symbol)
  if (from === "env") {
    if (symbol === "__memory_base") return i32Global(memoryBase, false)
    if (symbol === "__table_base") return i32Global(tableBase, false)
    const exported = engine.instance.exports[symbol]
    if (exported !== undefined) return exported
  }
  throw new Error(`library ${name} imports the ${kind} ${from}.${symbol}, which the engine does not export`)
}

function resolveGot(engine: LiveEngine, library: LoadedLibrary, { from, symbol, global }: GotEntry): void {
  const own = library.instance.exports[symbol]
  const target = own ?? engine.instance.exports[symbol]
  if (from === "GOT.func" && typeof target === "function") {
    global.value = engine.table.grow(1)
    engine.table.set(global.value, target)
    library.got.func.set(symbol, global.value)
  } else if (from === "GOT.mem" && target instanceof WebAssembly.Global) {
    global.value = (target.value as number) + (own === undefined ? 0 : library.memoryBase)
    library.got.mem.set(symbol, global.value)
  } else {
    throw new Error(`library ${library.name} needs the symbol ${symbol}, which nothing defines`)
  }
}

function reserveMemory(engine: LiveEngine, info: DylinkInfo): Pointer {
  if (info.memorySize === 0) return 0
  const alignment = 1 << info.memoryAlignment
  const pointer = engine.malloc(info.memorySize + alignment)
  engine.bytes().fill(0, pointer, pointer + info.memorySize + alignment)
  return (pointer + alignment - 1) & -alignment
}

function readDylinkInfo(library: Uint8Array, name: string): DylinkInfo {
  const section = readSections(library).find((s) => s.name === "dylink.0")
  if (section === undefined) throw new Error(`library ${name} has no dylink.0 section`)
  const r = new Reader(section.bytes, section.offset)
  while (!r.done) {
    const type = r.u8()
    const end = r.u32() + r.pos
    if (type === 1) {
      return { memorySize: r.u32(), memoryAlignment: r.u32(), tableSize: r.u32(), tableAlignment: r.u32() }
    }
    r.pos = end
  }
  return { memorySize: 0, memoryAlignment: 0, tableSize: 0, tableAlignment: 0 }
}

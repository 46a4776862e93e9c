// Libraries: wasm modules linked dynamically against the engine (ARCHITECTURE.md, "Libraries").
//
// In: the library's bytes and a live engine. Out: an instance whose data lies at `memoryBase` in the engine's memory and
// whose functions fill table slots from `tableBase`. The format is the tool conventions' DynamicLinking.md (`dylink.0`).
import { foldConstants } from "./constants.ts"
import { wasiModule } from "../../wasi/calls.ts"
import { Reader } from "../../wasm/bytes.ts"
import { readSections } from "../../wasm/sections.ts"

/** What a library asks of its loader: the `dylink.0` section's memory info. Sizes in bytes and slots, alignments as powers of 2. */
export interface DylinkInfo {
  memorySize: number
  memoryAlignment: number
  tableSize: number
  tableAlignment: number
}

/** What loading needs of a live engine. */
export interface LoadingEngine {
  readonly instance: WebAssembly.Instance
  readonly table: WebAssembly.Table
  /** The whole memory. */
  bytes(): Uint8Array
  malloc(size: number): number
}

/** A library that is loaded into a live engine. */
export interface LoadedLibrary {
  name: string
  bytes: Uint8Array
  instance: WebAssembly.Instance
  /** An address in the engine's memory. */
  memoryBase: number
  /** First table slot of the library's own element segment. */
  tableBase: number
  /** Values of the `GOT.func` and `GOT.mem` imports: table slots and addresses, by symbol. */
  got: { func: Map<string, number>; mem: Map<string, number> }
}

/**
 * Load a library: memory from the engine's malloc, table slots appended, relocations applied, constructors run.
 * Throws a plain Error when the library wants something that the engine does not have.
 */
export function loadLibrary(
  engine: LoadingEngine,
  bytes: Uint8Array,
  name: string,
  wasi: (name: string) => WebAssembly.ImportValue,
): LoadedLibrary {
  const info = readDylinkInfo(bytes, name)
  const memoryBase = reserveMemory(engine, info)
  const tableBase = engine.table.grow(info.tableSize)
  const module = new WebAssembly.Module(foldConstants(bytes, { memoryBase, tableBase }) as Uint8Array<ArrayBuffer>)
  const got = { func: new Map<string, number>(), mem: new Map<string, number>() }
  const gotGlobals = new Map<string, WebAssembly.Global>()

  const imports: WebAssembly.Imports = {}
  for (const { module: from, name: symbol, kind } of WebAssembly.Module.imports(module)) {
    const group = (imports[from] ??= {})
    group[symbol] = importOf(from, symbol, kind)
  }
  const instance = new WebAssembly.Instance(module, imports)
  for (const [key, global] of gotGlobals) resolveGot(key, global)
  for (const init of ["__wasm_apply_data_relocs", "__wasm_call_ctors"]) {
    const f = instance.exports[init]
    if (typeof f === "function") f()
  }
  return { name, bytes, instance, memoryBase, tableBase, got }

  function importOf(from: string, symbol: string, kind: string): WebAssembly.ImportValue {
    if (from === "GOT.func" || from === "GOT.mem") {
      const global = new WebAssembly.Global({ value: "i32", mutable: true }, 0)
      gotGlobals.set(`${from} ${symbol}`, global)
      return global
    }
    if (from === wasiModule) return wasi(symbol)
    if (from === "env") {
      if (symbol === "__memory_base") return new WebAssembly.Global({ value: "i32", mutable: false }, memoryBase)
      if (symbol === "__table_base") return new WebAssembly.Global({ value: "i32", mutable: false }, tableBase)
      const exported = engine.instance.exports[symbol]
      if (exported !== undefined) return exported
    }
    throw new Error(`library ${name} imports the ${kind} ${from}.${symbol}, which the engine does not export`)
  }

  function resolveGot(key: string, global: WebAssembly.Global): void {
    const [from, symbol] = key.split(" ") as [string, string]
    const target = instance.exports[symbol] ?? engine.instance.exports[symbol]
    if (from === "GOT.func" && typeof target === "function") {
      const slot = engine.table.grow(1)
      engine.table.set(slot, target)
      got.func.set(symbol, slot)
      global.value = slot
    } else if (from === "GOT.mem" && target instanceof WebAssembly.Global) {
      const own = instance.exports[symbol] !== undefined
      const address = (target.value as number) + (own ? memoryBase : 0)
      got.mem.set(symbol, address)
      global.value = address
    } else {
      throw new Error(`library ${name} needs the symbol ${symbol}, which nothing defines`)
    }
  }
}

function reserveMemory(engine: LoadingEngine, info: DylinkInfo): number {
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

// WebAssembly for tests: text to bytes and back, running, looking at everything an instance holds, second opinions.
// @ts-expect-error the package has no types
import { decode } from "@webassemblyjs/wasm-parser"
import binaryen from "binaryen"
import initWabt from "wabt"
import { parseGlobals, parseMemories, parseTables } from "../wasm/definitions.ts"
import { writeExport, type Export, type ExternKind } from "../wasm/externs.ts"
import { appendEntries, findSection, readSections, SectionId, writeModule } from "../wasm/sections.ts"

const wabt = await initWabt()

const features = {
  annotations: true,
  bulk_memory: true,
  exceptions: true,
  extended_const: true,
  function_references: true,
  memory64: true,
  multi_memory: true,
  multi_value: true,
  mutable_globals: true,
  reference_types: true,
  relaxed_simd: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  tail_call: true,
  threads: true,
}

/** Text -> module. Function and local names go into a name section when `names` is set. */
export function assemble(text: string, names = false): Uint8Array {
  const module = wabt.parseWat("test.wat", text, features)
  try {
    return module.toBinary({ write_debug_names: names }).buffer
  } finally {
    module.destroy()
  }
}

/** Module -> text. */
export function disassemble(bytes: Uint8Array, foldExprs = true): string {
  const module = wabt.readWasm(bytes, { ...features, readDebugNames: false })
  try {
    return module.toText({ foldExprs, inlineExport: false })
  } finally {
    module.destroy()
  }
}

/** Throws when wabt does not take the module. */
export function validateWithWabt(bytes: Uint8Array): void {
  const module = wabt.readWasm(bytes, { ...features, readDebugNames: true })
  try {
    module.validate()
  } finally {
    module.destroy()
  }
}

/** Whether binaryen reads the module and finds it valid. */
export function validWithBinaryen(bytes: Uint8Array): boolean {
  // Its types do not know the second parameter yet.
  const read = binaryen.readBinary as (bytes: Uint8Array, features: number) => binaryen.Module
  const module = read(bytes, binaryen.Features.All)
  try {
    return module.validate() === 1
  } finally {
    module.dispose()
  }
}

/** What @webassemblyjs/wasm-parser reads outside of code and data: a count of each kind of field. */
export function fieldsOfParser(bytes: Uint8Array): Record<string, number> {
  const ast = decode(bytes, { ignoreCodeSection: true, ignoreDataSection: true, ignoreCustomNameSection: true })
  const fields = (ast.body[0] as unknown as { fields: { type: string }[] }).fields
  const count: Record<string, number> = {}
  for (const { type } of fields) count[type] = (count[type] ?? 0) + 1
  return count
}

/**
 * How a call ended: its results, or the kind of its trap. Floats are told apart by their bits as far as JavaScript can.
 */
export type Outcome = { results: unknown } | { trap: string }

export interface Running {
  instance: WebAssembly.Instance
  call(name: string, ...args: unknown[]): Outcome
}

/** Instantiate and wrap calls, so that traps are values. */
export function start(bytes: Uint8Array, imports: WebAssembly.Imports = {}): Running {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), imports)
  return {
    instance,
    call(name, ...args) {
      const target = instance.exports[name]
      if (typeof target !== "function") throw new Error(`no function ${name}`)
      try {
        return { results: (target as (...args: unknown[]) => unknown)(...args) }
      } catch (error) {
        return { trap: (error as Error).message }
      }
    },
  }
}

/**
 * The module with every memory, table and global of its own exported as `all:<kind><index>`. Not for modules that
 * import any.
 */
export function exposed(bytes: Uint8Array): Uint8Array {
  const sections = readSections(bytes)
  const entries = (kind: ExternKind, count: number): Export[] =>
    Array.from({ length: count }, (_, index) => ({ name: `all:${kind}${index}`, kind, index }))
  const all = [
    ...entries("memory", parseMemories(findSection(sections, SectionId.Memory)).length),
    ...entries("table", parseTables(findSection(sections, SectionId.Table)).length),
    ...entries("global", parseGlobals(findSection(sections, SectionId.Global)).length),
  ]
  return writeModule(appendEntries(sections, SectionId.Export, all.map(writeExport)))
}

/** Everything that an exposed instance holds, as something to compare: memories, tables by function index, globals. */
export function stateOf({ exports }: WebAssembly.Instance): Record<string, unknown> {
  const state: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(exports)) {
    if (!name.startsWith("all:")) continue
    if (value instanceof WebAssembly.Memory) state[name] = memoryState(value)
    if (value instanceof WebAssembly.Table) state[name] = tableState(value)
    if (value instanceof WebAssembly.Global) state[name] = globalState(value)
  }
  return state
}

function memoryState(memory: WebAssembly.Memory): string {
  const bytes = Buffer.from(memory.buffer)
  const parts: string[] = []
  for (let i = 0; i < bytes.length; i += 4096) {
    const page = bytes.subarray(i, i + 4096)
    if (!page.equals(Buffer.alloc(page.length))) parts.push(`${i}:${page.toString("hex")}`)
  }
  return `${bytes.length} ${parts.join(" ")}`
}

function tableState(table: WebAssembly.Table): string {
  return Array.from({ length: Number(table.length) }, (_, i) => referenceName(table.get(i))).join(" ")
}

function globalState(global: WebAssembly.Global): string {
  try {
    const { value } = global
    return typeof value === "function" || value === null ? referenceName(value) : String(value)
  } catch {
    return "v128"
  }
}

function referenceName(value: unknown): string {
  return typeof value === "function" ? `f${value.name}` : String(value)
}

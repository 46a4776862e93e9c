// Functions of a live engine -> one library, loaded into it, with ids and stubs written into its memory.
//
// Addresses of the engine's memory are constants in the code: context, runtime, strings, bytecode. The snapshot has the
// same addresses.
import { JSContext, JSFunctionBytecode, JSRuntime } from "../../engine/abi.ts"
import { words } from "../../engine/words.ts"
import type { LiveEngine, Pointer } from "../../engine/live.ts"
import { opcodeByName } from "../../opcodes/quickjs.generated.ts"
import type { Signature } from "../../wasm/code.ts"
import type { FunctionInfo } from "../function.ts"
import { CacheSite } from "../helpers/cache.ts"
import { checkShapes } from "../helpers/check.ts"
import { writeHelpers } from "../helpers/routines.ts"
import { callType, firstFrozen, helperIndex, imports, type ImportName } from "../helpers/signatures.ts"
import { decodeLines, encodeLines, lineAt, type LineEntry } from "../read/lines.ts"
import { compileFunction, type Compiled } from "./compile.ts"
import { writeLibrary } from "./dylink.ts"
import type { Target } from "./target.ts"

/** One function on its way into a library. */
export interface Unit {
  info: FunctionInfo
  compiled: Compiled
  /** Where its bytecode and stubs will lie; undefined when it has no stubs. */
  placed?: { pointer: Pointer; size: number }
}

/** Compiles functions of one engine, and finally makes a library of them. */
export class LibraryWriter {
  readonly units: Unit[] = []
  /** Where the next caches go. */
  private sites: { pointer: Pointer; left: number } = { pointer: 0, left: 0 }
  readonly engine: LiveEngine
  readonly target: Target
  private placed: Unit["placed"]
  private readonly functions: { type: Signature; body: Uint8Array }[] = []
  private readonly table: number[] = []

  /** `context`: any context of the engine's runtime. */
  constructor(engine: LiveEngine, context: Pointer) {
    this.engine = engine
    checkShapes(engine, context)
    const view = engine.view()
    const runtime = view.getUint32(context + JSContext.rt, true)
    // An engine without the edit that counts native stack has no limit there.
    const countsNativeStack = view.getUint32(words.nativeStackLimit, true) !== 0
    this.target = {
      addresses: { runtime, countsNativeStack },
      place: (size) => {
        this.placed = { pointer: engine.malloc(size), size }
        return this.placed.pointer
      },
      word: () => {
        const pointer = engine.malloc(4)
        engine.view().setUint32(pointer, 0, true)
        return pointer
      },
      cache: () => this.newSite(),
      nextIndex: () => firstFrozen + this.functions.length,
      atomString: (atom) => {
        const strings = engine.view().getUint32(runtime + JSRuntime.atom_array, true)
        const pointer = engine.view().getUint32(strings + 4 * atom, true)
        return pointer % 2 === 1 || pointer === 0 ? undefined : pointer
      },
    }
  }

  /**
   * Compile a function and take it in, unless it cannot be compiled: compileFunction says what it returns and throws
   * then.
   */
  add(info: FunctionInfo): Compiled | undefined {
    this.placed = undefined
    const compiled = compileFunction(info, this.target)
    if (compiled === undefined) return undefined
    this.units.push({ info, compiled, placed: this.placed })
    this.table.push(this.target.nextIndex())
    this.functions.push({ type: callType, body: compiled.body })
    if (compiled.kernel) this.functions.push(compiled.kernel)
    return compiled
  }

  /** Room for a cache, zeroed and aligned. */
  private newSite(): Pointer {
    if (this.sites.left === 0) {
      const bytes = SITES_AT_ONCE * CacheSite.size
      const pointer = this.engine.malloc(bytes + CacheSite.size)
      this.engine.bytes().fill(0, pointer, pointer + bytes + CacheSite.size)
      this.sites = { pointer: (pointer + CacheSite.size - 1) & -CacheSite.size, left: SITES_AT_ONCE }
    }
    const { pointer } = this.sites
    this.sites = { pointer: pointer + CacheSite.size, left: this.sites.left - 1 }
    return pointer
  }

  /** The library's bytes. */
  bytes(): Uint8Array {
    const names = Object.keys(imports) as ImportName[]
    const helpers = writeHelpers(this.target.addresses)
    return writeLibrary({
      imports: names.map((name) => ({ name, type: imports[name] })),
      types: [callType],
      functions: [...helpers, ...this.functions],
      table: [...this.table, helperIndex("forgetShape")],
    })
  }

  /** Give the functions their ids: table slots from `tableBase` on. From here on calls reach the frozen code. */
  install(tableBase: number): void {
    const view = this.engine.view()
    // One hook serves all libraries: they share the chains.
    if (view.getUint32(words.shapeHook, true) === 0) {
      view.setUint32(words.shapeHook, tableBase + this.table.length, true)
    }
    this.units.forEach((unit, i) => {
      if (unit.placed) placeStubs(this.engine, unit, unit.placed)
      this.engine.view().setUint16(unit.info.pointer + JSFunctionBytecode.unused, tableBase + i, true)
    })
  }
}

/** Caches that are given room together. */
const SITES_AT_ONCE = 64

/** Highest table slot that fits into a function's two bytes. */
export const MAX_ID = 0xffff

/**
 * Put `[bytecode][stubs]` where it was promised and let the function use it, with line entries for the stubs.
 * `byte_code_len` stays: what lies behind it belongs to no one, so that the engine does not free the stubs' atoms.
 */
function placeStubs(engine: LiveEngine, { info, compiled }: Unit, placed: { pointer: Pointer; size: number }): void {
  const bytes = engine.bytes().subarray(placed.pointer, placed.pointer + placed.size)
  bytes.set(info.code)
  for (const { offset, instruction } of compiled.stubs) {
    bytes.set(info.code.subarray(instruction.offset, instruction.offset + instruction.size), offset)
    bytes[offset + instruction.size] = opcodeByName.yield.code
  }
  engine.view().setUint32(info.pointer + JSFunctionBytecode.byte_code_buf, placed.pointer, true)
  if (info.lineTable !== undefined) replaceLines(engine, info, linesWithStubs(info, info.lineTable, compiled))
}

function linesWithStubs(info: FunctionInfo, table: Uint8Array, compiled: Compiled): Uint8Array {
  const lines = decodeLines(table, info)
  const entries: LineEntry[] = [...lines]
  for (const { offset, instruction } of compiled.stubs) {
    // The engine asks for the last byte of the instruction.
    entries.push({ offset, ...lineAt(lines, instruction.offset + instruction.size - 1, info) })
  }
  return encodeLines(entries, info)
}

function replaceLines(engine: LiveEngine, info: FunctionInfo, table: Uint8Array): void {
  const view = engine.view()
  const field = (offset: number) => info.pointer + offset
  const old = view.getUint32(field(JSFunctionBytecode.pc2line_buf), true)
  const pointer = engine.call("js_malloc", info.realm, Math.max(table.length, 1))
  if (pointer === 0) throw new Error(`the engine has no memory for ${table.length} bytes`)
  engine.bytes().set(table, pointer)
  engine.view().setUint32(field(JSFunctionBytecode.pc2line_buf), pointer, true)
  engine.view().setUint32(field(JSFunctionBytecode.pc2line_len), table.length, true)
  engine.call("js_free", info.realm, old)
}

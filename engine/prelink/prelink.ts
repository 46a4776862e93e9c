// Prelinking, done when EdgeBox itself is built: engine + guest -> base.wasm, the module that every artifact starts
// from.
//
//   1. edit the engine (edits.ts) and export the internals that the guest wraps
//   2. run it, give it a larger stack, load the guest, let the guest create runtime and context and run its core
//   3. link what lies in memory now into one module (linker.ts)
//
// The base exports everything; linking an artifact keeps `memory` and `_start`.
import { Instructions } from "../../wasm/body.ts"
import { Op } from "../../wasm/instructions.ts"
import { makeCustom, writeModule } from "../../wasm/sections.ts"
import { JSContext, JSFunctionBytecode as B, JSRuntime, JSStackFrame } from "../abi.ts"
import { idleFunctions } from "../callgraph.ts"
import { editLayout } from "../edit/editable.ts"
import { editEngine } from "../edit/edits.ts"
import { words } from "../words.ts"
import { engineEditRefused } from "../errors.ts"
import type { Guest } from "./guest.ts"
import { hookInterpreter } from "../edit/hook.ts"
import { link, type LinkResult } from "../link/linker.ts"
import { loadLibrary } from "../link/loader.ts"
import { startEngine, type LiveEngine } from "../live.ts"
import { exportedFunction, parseModule, writeParts, type ModuleParts } from "../module.ts"
import type { EnginePackage } from "../package.ts"
import { openLab } from "../probe/lab.ts"
import { probeEngine } from "../probe/probe.ts"
import { findReplaced } from "./replaced.ts"

/** The engine's shadow stack in artifacts, in bytes. A plain frame takes about 250. */
export const shadowStackBytes = 4 << 20

/**
 * Native stack that the guest may use unless the host says otherwise, in bytes as nativestack.ts counts them. It fits
 * V8's default stack of 984 KB: there nothing overflows below 1.6 MB so counted.
 */
export const defaultNativeStackBytes = 1 << 20

/** Make the base. Throws EB4xx when the engine is not the one that EdgeBox was written for. */
export function prelink(engine: EnginePackage, guest: Guest): LinkResult {
  probeEngine(startEngine(engine.wasm)) // on an instance of its own: experiments leave things behind
  const module = parseModule(engine.wasm)
  const hook = hookInterpreter(module)
  editEngine({ module, interpreter: hook.interpreter, layout: editLayout })
  const findLine = findLineNumber(module)
  const replaced = [
    { from: findLine, engineName: "engine_find_line_num", to: "guest_find_line_num" },
    ...findReplaced(module, openLab(startEngine(engine.wasm))),
  ]
  for (const { from, engineName } of replaced) module.exports.push({ kind: "func", name: engineName, index: from })
  const edited = writeParts(module)

  const parts = parseModule(edited)
  const hostNames = parts.imports.filter((i) => i.module === "env").map((i) => i.name)
  const host = (name: string) => () => {
    throw new Error(`the engine called ${name} while the base was made`)
  }
  const live = startEngine(edited, {
    imports: { env: Object.fromEntries(hostNames.map((name) => [name, host(name)])) },
  })
  enlargeStack(live)
  loadLibrary(live, guest.library, "guest")
  startGuest(live, guest)

  parts.exports = parts.exports.filter((e) => e.name !== "_initialize") // it has run
  const redirects = hostNames.map((name) => ({ from: parts.imports.findIndex((i) => i.name === name), to: name }))
  const linked = link({
    module: parts,
    live,
    mayImport: true,
    redirects: [...redirects, ...replaced],
  })
  return { ...linked, wasm: withNote(linked, engine) }
}

/** What the base says about itself, as JSON in its custom section `edgebox.base`. */
export interface BaseNote {
  /** The engine package, with its version. */
  engine: string
  /** Functions that only exports reach: an artifact does without them unless a library calls them. */
  idle: number[]
  /** Bytes of code of the guest's C glue. */
  guestCode: number
}

const noteSection = "edgebox.base"

function withNote(linked: LinkResult, engine: EnginePackage): Uint8Array {
  const module = parseModule(linked.wasm)
  const note: BaseNote = {
    engine: `quickjs-wasi ${engine.version}`,
    idle: idleFunctions(module, exportedFunction(module, "_start")),
    guestCode: linked.libraryCode.reduce((sum, { bytes }) => sum + bytes, 0),
  }
  return writeModule([...module.sections, makeCustom(noteSection, new TextEncoder().encode(JSON.stringify(note)))])
}

/** Read the base's note. */
export function readBaseNote(base: ModuleParts): BaseNote {
  const section = base.sections.find((s) => s.name === noteSection)
  if (section === undefined) throw new Error("this is not a base that EdgeBox made")
  return JSON.parse(new TextDecoder().decode(section.bytes)) as BaseNote
}

/**
 * find_line_num(bytecode, pc, *column): reads the fields of the line table, in a function of three i32 that returns
 * one.
 */
function findLineNumber(module: ModuleParts): number {
  const found: number[] = []
  module.bodies.forEach((body, i) => {
    const index = i + module.importedFunctions
    const type = module.types[module.typeOf(index)]
    if (`${type?.params}->${type?.results}` !== "i32,i32,i32->i32") return
    const wanted = new Set<number>([B.line_num, B.col_num, B.pc2line_len, B.pc2line_buf])
    const code = new Instructions(body)
    let calls = 0
    while (code.next()) {
      if (code.op === Op.i32_load) wanted.delete(code.a)
      if (code.op === Op.call) calls++
    }
    if (wanted.size === 0 && body.length < 600) found.push(index)
  })
  const [only] = found
  if (only === undefined || found.length !== 1) throw engineEditRefused("find_line_num", 1, found.length)
  return only
}

/** Move the shadow stack to a place of its own. Before anything is on it. */
function enlargeStack(live: LiveEngine): void {
  const bottom = (live.malloc(shadowStackBytes + 16) + 15) & -16
  live.stackPointer.value = bottom + shadowStackBytes
  live.view().setUint32(words.shadowStackBase, bottom + shadowStackBytes, true)
  live.view().setUint32(words.nativeStackLimit, 0x7fff_ffff, true)
}

function startGuest(live: LiveEngine, guest: Guest): void {
  const exports = live.libraries[0]?.instance.exports as Record<string, (...args: number[]) => number>
  const call = (name: string, ...args: number[]): number => {
    const f = exports[name]
    if (f === undefined) throw new Error(`the guest does not export ${name}`)
    return f(...args)
  }
  const failed = call("guest_init")
  if (failed !== 0) throw new Error(`the guest could not create a context (step ${failed})`)
  if (call("guest_check_malloc") !== 1) throw new Error("the engine's malloc keeps the sizes of its blocks elsewhere")
  call("guest_set_stack_size", shadowStackBytes - 4096)
  call("guest_set_layout", JSContext.random_state)
  call("guest_set_frame_layout", JSRuntime.current_stack_frame, JSStackFrame.cur_func, JSStackFrame.prev_frame)
  live.withString(guest.core, (pointer, length) => {
    if (call("guest_eval_core", pointer, length) !== 0) {
      throw new Error(`the guest's core failed: ${live.readCString(call("guest_error"))}`)
    }
  })
  live.view().setUint32(words.nativeStackLimit, defaultNativeStackBytes, true)
  if (call("guest_seal") !== 0) throw new Error("the runtime's malloc functions are not where they should be")
  const used = live.view().getUint32(words.nativeStackUsed, true)
  if (used !== 0) throw new Error(`${used} bytes of native stack are still counted after the core ran`)
}

// Linking: the live engine as it is now becomes the artifact.
//
// The base's code is copied byte for byte; what libraries (frozen code, parts) added is appended, and memory is
// snapshotted. From here on nothing runs.
import { JSRuntime } from "../engine/abi.ts"
import { words } from "../engine/words.ts"
import { link, type LinkResult } from "../engine/link/linker.ts"
import type { LiveEngine } from "../engine/live.ts"
import { parseModule } from "../engine/module.ts"
import { defaultNativeStackBytes, readBaseNote } from "../engine/prelink/prelink.ts"
import { makeCustom, writeModule } from "../wasm/sections.ts"
import { concat } from "../wasm/bytes.ts"

/** What the artifact says about itself, as JSON in its custom section `edgebox`; runtime/artifact.ts reads it. */
export interface ArtifactNote {
  version: 1
  /** The engine package, with its version. */
  engine: string
  /** The version of EdgeBox that made it. */
  edgebox: string
  /** Where the host may write how many bytes of native stack the guest may use: an i32, before `_start`. */
  stackBudget: { address: number }
  snapshot: "engine" | "app"
  sizes: ArtifactSizes
}

/** Bytes by part. */
export interface ArtifactSizes {
  /** Code: of the engine, the guest's C glue, the web API libraries, the frozen functions. */
  engine: number
  guest: number
  libraries: number
  frozen: number
  /** The Data section: the memory of the initialised engine. */
  snapshot: number
  /** Of that, the app's bytecode and line tables. */
  app: number
}

export const noteSection = "edgebox"
/** The name under which frozen code is loaded as a library. */
export const frozenLibrary = "frozen"

export interface LinkOptions {
  base: Uint8Array
  edgebox: string
  snapshot: "engine" | "app"
  /** Bytes of the app's bytecode and line tables. */
  app: number
}

/** Link the artifact. The live engine is sealed by it and not to be used afterwards. */
export function linkArtifact(live: LiveEngine, options: LinkOptions): LinkResult & { note: ArtifactNote } {
  seal(live)
  const module = parseModule(options.base)
  const base = readBaseNote(module)
  const idle = new Set(base.idle)
  const linked = link({ module, live, idle, keepExports: ["memory", "_start"] })
  const codeOf = (wanted: (name: string) => boolean) =>
    linked.libraryCode.filter(({ name }) => wanted(name)).reduce((sum, { bytes }) => sum + bytes, 0)
  const added = codeOf(() => true)
  const note: ArtifactNote = {
    version: 1,
    engine: base.engine,
    edgebox: options.edgebox,
    stackBudget: { address: words.nativeStackLimit },
    snapshot: options.snapshot,
    sizes: {
      engine: linked.codeBytes - added - base.guestCode,
      guest: base.guestCode,
      libraries: codeOf((name) => name !== frozenLibrary),
      frozen: codeOf((name) => name === frozenLibrary),
      snapshot: linked.dataBytes,
      app: options.app,
    },
  }
  return { ...linked, wasm: withNote(linked.wasm, note), note }
}

/** The last that happens in the engine: garbage is collected, and nothing may be on its stack. */
function seal(live: LiveEngine): void {
  if (live.call("guest_seal") !== 0) throw new Error("the runtime's malloc functions are not where they should be")
  const view = live.view()
  view.setUint32(words.nativeStackLimit, defaultNativeStackBytes, true)
  const frame = view.getUint32(live.call("guest_runtime") + JSRuntime.current_stack_frame, true)
  const used = view.getUint32(words.nativeStackUsed, true)
  const base = view.getUint32(words.shadowStackBase, true)
  if (frame !== 0 || used !== 0 || live.stackPointer.value !== base) {
    throw new Error(`the engine is still running: frame ${frame}, stack ${used}, ${live.stackPointer.value} of ${base}`)
  }
}

function withNote(wasm: Uint8Array, note: ArtifactNote): Uint8Array {
  const section = makeCustom(noteSection, new TextEncoder().encode(JSON.stringify(note)))
  return concat([wasm, writeModule([section]).subarray(8)])
}

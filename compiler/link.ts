// Linking: the live engine as it is now becomes the artifact.
//
// The base's code is copied byte for byte; what libraries (frozen code, parts) added is appended, and memory is snapshotted. From
// here on nothing runs.
import { JSRuntime } from "../engine/abi.ts"
import { words } from "../engine/edits.ts"
import { link, type LinkResult } from "../engine/linker.ts"
import type { LiveEngine } from "../engine/live.ts"
import { parseModule } from "../engine/module.ts"
import { defaultNativeStackBytes, readIdle } from "../engine/prelink.ts"

/** What the artifact says about itself, in its custom section `edgebox`; runtime/artifact.ts reads it. */
export interface ArtifactNote {
  version: 1
  /** The engine package, with its version. */
  engine: string
  edgebox: string
  /** Where the host may write how many bytes of native stack the guest may use: an i32, before `_start`. */
  stackBudget: { address: number }
  /** Bytes by part, for `edgeboxc inspect`. */
  sizes: Record<string, number>
}

export interface LinkOptions {
  base: Uint8Array
  note: Pick<ArtifactNote, "engine" | "edgebox"> & { sizes?: Record<string, number> }
}

/** Link the artifact. The live engine is sealed by it and not to be used afterwards. */
export function linkArtifact(live: LiveEngine, options: LinkOptions): LinkResult {
  if (live.call("guest_seal") !== 0) throw new Error("the runtime's malloc functions are not where they should be")
  const view = live.view()
  view.setUint32(words.nativeStackLimit, defaultNativeStackBytes, true)
  const runtime = live.call("guest_runtime")
  const frame = view.getUint32(runtime + JSRuntime.current_stack_frame, true)
  const used = view.getUint32(words.nativeStackUsed, true)
  if (frame !== 0 || used !== 0) throw new Error(`the engine is still running: frame ${frame}, stack ${used}`)
  const module = parseModule(options.base)
  const note: ArtifactNote = {
    version: 1,
    engine: options.note.engine,
    edgebox: options.note.edgebox,
    stackBudget: { address: words.nativeStackLimit },
    sizes: { ...options.note.sizes },
  }
  return link({
    module,
    live,
    keepExports: ["memory", "_start"],
    idle: readIdle(module),
    custom: [{ name: "edgebox", bytes: new TextEncoder().encode(JSON.stringify(note)) }],
  })
}

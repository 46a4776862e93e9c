// `--optimize`: binaryen over the whole linked module, for size (-Oz). Functions that nothing reaches any more go away.
import { readSections, SectionId, writeModule } from "../wasm/sections.ts"
import { optimizerFailed } from "./errors.ts"

/** What optimising did. */
export interface Optimized {
  wasm: Uint8Array
  /** Bytes before and after. */
  before: number
  after: number
}

/**
 * Optimise a module for size. Imports, exports, memory and behaviour stay; the data is taken over byte for byte,
 * because it is a snapshot of which no byte may go. Throws EB803 when binaryen does not take the module.
 */
export async function optimizeModule(wasm: Uint8Array): Promise<Optimized> {
  const { default: binaryen } = await import("binaryen")
  const module = read()
  try {
    const { Features: f } = binaryen
    module.setFeatures(
      [f.MutableGlobals, f.SignExt, f.NontrappingFPToInt, f.BulkMemory, f.BulkMemoryOpt].reduce((a, b) => a | b, f.MVP),
    )
    binaryen.setOptimizeLevel(2)
    binaryen.setShrinkLevel(2)
    binaryen.setLowMemoryUnused(false)
    module.optimize()
    if (!module.validate()) throw optimizerFailed("the result is not valid")
    const result = withSectionsOf(module.emitBinary(), wasm)
    return { wasm: result, before: wasm.length, after: result.length }
  } finally {
    module.dispose()
  }

  function read(): ReturnType<typeof binaryen.readBinary> {
    try {
      return binaryen.readBinary(wasm)
    } catch (error) {
      throw optimizerFailed(String(error))
    }
  }
}

/** The custom sections of the original behind what binaryen wrote; it drops or moves what it does not know. */
function withSectionsOf(optimized: Uint8Array, original: Uint8Array): Uint8Array {
  const known = readSections(optimized).filter((s) => s.id !== SectionId.Custom)
  const custom = readSections(original).filter((s) => s.id === SectionId.Custom)
  return writeModule([...known, ...custom])
}

// The files that EdgeBox ships beside its own code, by the paths they have in an installed package and in a clone.
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"

// This file stands one folder below the package's root, and so does dist/, into which it is bundled.
const root = resolve(import.meta.dirname, "..")

/** The starter app that `edgeboxc init` copies. */
export const starterFolder = `${root}/templates/app`
/** The scripts of the guest's parts, by name, as JSON. */
export const partsFile = `${root}/dist/parts.json`

/** Engine and guest, linked once when EdgeBox itself was built. */
export async function readBase(): Promise<Uint8Array> {
  const path = `${root}/dist/base.wasm`
  return readFile(path).catch(() => {
    throw new Error(`${path} is missing: EdgeBox itself has not been built (npm run build)`)
  })
}

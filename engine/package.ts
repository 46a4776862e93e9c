// Where the engine package lies and what it contains.
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

/** The engine as published: its WebAssembly, and what names it exactly. */
export interface EnginePackage {
  /** Version of the npm package `quickjs-wasi`. */
  version: string
  wasm: Uint8Array
  /** SHA-256 of `wasm`, in hex. */
  hash: string
}

/** Read the installed engine package. */
export function readEnginePackage(): EnginePackage {
  const { version } = require("quickjs-wasi/package.json") as { version: string }
  const wasm = new Uint8Array(readFileSync(require.resolve("quickjs-wasi/quickjs.wasm")))
  return { version, wasm, hash: createHash("sha256").update(wasm).digest("hex") }
}

// WASI preview1, all of it: the one table of its functions, and the import object that is made of it for a guest.
import { ambientCalls } from "./ambient.ts"
import { descriptorCalls } from "./files.ts"
import type { Host } from "./hosting.ts"
import { call, wasmTypes } from "./parameters.ts"
import type { Row, WasmValue } from "./parameters.ts"
import { pollCalls } from "./poll.ts"
import { Errno, errnoOfSystemError, Fault } from "./preview1.ts"
import { pathCalls } from "./tree.ts"

/** The module name of preview1's imports. */
export const wasiModule = "wasi_snapshot_preview1"

/** Every function of preview1. All but proc_exit return an errno. */
export const preview1 = { ...ambientCalls, ...descriptorCalls, ...pathCalls, ...pollCalls } satisfies Record<
  string,
  Row
>

export type WasiName = keyof typeof preview1
export type WasiFunction = (...args: WasmValue[]) => number

export function isWasiName(name: string): name is WasiName {
  return Object.hasOwn(preview1, name)
}

/** A function's type in words: `(i32, i64, i32) -> (i32)`. */
export function signatureOf(name: WasiName): string {
  const types = [...wasmTypes(preview1[name])].map((type) => (type === "i" ? "i32" : "i64"))
  return `(${types.join(", ")}) -> (${name === "proc_exit" ? "" : "i32"})`
}

/** The import object's functions for one guest. */
export function wasiFunctions(host: Host): Record<WasiName, WasiFunction> {
  const functions = {} as Record<WasiName, WasiFunction>
  for (const name of Object.keys(preview1) as WasiName[]) functions[name] = guard(host, name, preview1[name])
  return functions
}

/** Turn what a function throws for the guest into an errno. Anything else passes: it ends the guest. */
function guard(host: Host, name: WasiName, row: Row): WasiFunction {
  return (...args) => {
    // The engine does not compare an import's declared type with a JavaScript function.
    if (typesOf(args) !== wasmTypes(row)) return host.wrongTypes(name)
    // A guest that catches its own exit (wasm's catch_all can) gets no further than its next call.
    if (host.exitCode?.() !== undefined) return host.exit(0)
    try {
      return call(row, host, args) ?? Errno.success
    } catch (error) {
      if (error instanceof Fault) return error.errno
      const errno = errnoOfSystemError(error)
      if (errno === undefined) throw error
      return errno
    }
  }
}

function typesOf(args: readonly unknown[]): string {
  let types = ""
  for (const arg of args) types += typeof arg === "number" ? "i" : typeof arg === "bigint" ? "I" : "?"
  return types
}

// What the WASI functions of one running guest share.
import type { FdTable } from "./fds.ts"
import type { GuestMemory } from "./memory.ts"

export interface Host {
  memory: GuestMemory
  fds: FdTable
  /** UTF-8 without the closing NUL. */
  args: Uint8Array[]
  /** `NAME=value`, UTF-8 without the closing NUL. */
  env: Uint8Array[]
  /** Ends the guest: does not return to it. */
  exit(code: number): never
  /** What the guest exited with, if it has. */
  exitCode(): number | undefined
}

/** Numbers as wasm passes them: an i32 as a signed number, an i64 as a signed bigint. */
export type WasiFunction = (...args: never[]) => number | void

/** An i32 as the unsigned number that a pointer, a length or a descriptor is. */
export function u32(value: number): number {
  return value >>> 0
}

/** An i64 as the unsigned number that an offset or a timestamp is. */
export function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value)
}

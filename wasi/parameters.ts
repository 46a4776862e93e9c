// A row of the table of WASI functions (calls.ts): what a function takes, and what it does.
//
//     fd_tell: row({ fd: u32, out: result(8) }, ({ memory, fds }, { fd, out }) => …)
//
// Parameters have preview1's names and order. A parameter's kind says which wasm values it is and what the function
// gets for them. All of it comes from a guest, so it is checked here, for every function alike and before the function
// does anything: what leads out of memory is `fault`.
import type { Host } from "./hosting.ts"
import type { Buffers, GuestMemory } from "./memory.ts"

/** A wasm value as JavaScript gets it: an i32 as a signed number, an i64 as a signed bigint. */
export type WasmValue = number | bigint

export interface Kind<T> {
  /** The wasm values that it is: i for an i32, I for an i64. */
  wasm: "i" | "I" | "ii"
  /** What the function gets for the values from `at` on. */
  take(memory: GuestMemory, values: readonly WasmValue[], at: number): T
}

/** A flag, a number, a descriptor, or a pointer that the function checks itself: unsigned. */
export const u32: Kind<number> = { wasm: "i", take: (_, values, at) => unsigned(values[at]) }
/** A time, an offset, rights: unsigned. */
export const u64: Kind<bigint> = { wasm: "I", take: (_, values, at) => BigInt.asUintN(64, values[at] as bigint) }
/** A distance. */
export const s64: Kind<bigint> = { wasm: "I", take: (_, values, at) => values[at] as bigint }

/** A pointer and a length or count; `read` says what of. */
function range<T>(read: (memory: GuestMemory, pointer: number, length: number) => T): Kind<T> {
  return { wasm: "ii", take: (memory, values, at) => read(memory, unsigned(values[at]), unsigned(values[at + 1])) }
}
/** A path. */
export const text: Kind<string> = range((memory, pointer, length) => memory.text(pointer, length))
/** A part of memory to fill. */
export const bytes: Kind<Uint8Array> = range((memory, pointer, length) => memory.bytes(pointer, length))
/** The same, of no more than a system hands over at once; more is `inval`. */
export const boundedBytes: Kind<Uint8Array> = range((memory, pointer, length) => memory.transfer(pointer, length))
/** An array of `iovec`s or `ciovec`s: the parts of memory that it names. */
export const buffers: Kind<Buffers> = range((memory, pointer, count) => memory.buffers(pointer, count))

/** Where a result of so many bytes goes: its address. */
export function result(size: number): Kind<number> {
  return {
    wasm: "i",
    take(memory, values, at) {
      const pointer = unsigned(values[at])
      memory.check(pointer, size)
      return pointer
    },
  }
}

function unsigned(value: WasmValue | undefined): number {
  return (value as number) >>> 0
}

type Parameters = Record<string, Kind<unknown>>
type Given<P extends Parameters> = { [name in keyof P]: P[name] extends Kind<infer T> ? T : never }

export interface Row {
  parameters: Parameters
  /** Do it. An errno, or nothing for success; throws what `Fault` stands for. */
  run(host: Host, given: never): number | void
}

export function row<P extends Parameters>(parameters: P, run: (host: Host, given: Given<P>) => number | void): Row {
  return { parameters, run }
}

/** The wasm values that a function takes: `iIi`. */
export function wasmTypes({ parameters }: Row): string {
  let types = ""
  for (const name in parameters) types += parameters[name]!.wasm
  return types
}

/** Check and decode what the guest passed, and do it. */
export function call({ parameters, run }: Row, host: Host, values: readonly WasmValue[]): number | void {
  const given: Record<string, unknown> = {}
  let at = 0
  for (const name in parameters) {
    const kind = parameters[name]!
    given[name] = kind.take(host.memory, values, at)
    at += kind.wasm.length
  }
  return run(host, given as never)
}

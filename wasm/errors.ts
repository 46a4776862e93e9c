// Problems of the binary format itself, whatever reads it: sorted by code. Codes are never reused.
import { Problem } from "../problem.ts"

/** The bytes are no core module at all. */
export const notWasm = (what: string) =>
  new Problem("EB300", `The input is ${what}, not a WebAssembly module.`, {
    hint: "Give a core module in the binary format: a file that begins with 00 61 73 6d 01 00 00 00.",
  })

export const malformed = (what: string, byteOffset: number) =>
  new Problem("EB301", `The module is malformed: ${what}.`, { at: `byte ${byteOffset}` })

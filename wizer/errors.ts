// Every problem that a user of the snapshot tool can see: one function each, sorted by code. Codes are never reused.

/** An error that is about the user's module or command line, not about this tool. */
export interface Problem extends Error {
  /** `EB3xx`. */
  code: string
  /** Where: an export, an import, a byte offset of the input. */
  at?: string
  /** What to do about it. */
  hint?: string
}

function problem(code: string, message: string, more: { at?: string; hint?: string; cause?: unknown } = {}): Problem {
  const { cause, ...rest } = more
  const error = new Error(message, cause === undefined ? undefined : { cause })
  error.name = "Problem"
  return Object.assign(error, { code }, rest)
}

/** Whether an error is one of ours, from any folder: it has a code such as `EB301`. */
export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && /^EB\d{3}$/.test((error as Partial<Problem>).code ?? "")
}

export const notWasm = (what: string) =>
  problem("EB300", `The input is ${what}, not a WebAssembly module.`, {
    hint: "Give a core module in the binary format: a file that begins with 00 61 73 6d 01 00 00 00.",
  })

export const malformed = (what: string, byteOffset: number) =>
  problem("EB301", `The module is malformed: ${what}.`, { at: `byte ${byteOffset}` })

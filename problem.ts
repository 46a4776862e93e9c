// What a problem is, and how it is printed: the one shape that every folder's errors.ts makes and every command line shows.
//
//     EB302: "wizer-initialize" trapped while the snapshot was being taken.
//       at app/clock.ts:4:9
//       Only in-memory work can run at build time.

/** What belongs to a problem besides its code and its sentence. */
export interface ProblemDetails {
  /** Where: `file:line:column`, a file, an export, a byte offset. */
  at?: string
  /** What to do about it: an action. May have several lines. */
  hint?: string
  /** Text below the message, as another tool wrote it: esbuild's diagnostics. */
  detail?: string
  cause?: unknown
}

/** Something that the user can mend. It is printed without a stack trace and ends a command with exit code 1 (wrong usage: 2). */
export class Problem extends Error {
  /** `EB` and three digits; the first says which folder it is of (ARCHITECTURE.md, "Problems"). Never reused. */
  readonly code: string
  readonly at?: string
  readonly hint?: string
  readonly detail?: string

  constructor(code: string, message: string, { at, hint, detail, cause }: ProblemDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = "Problem"
    this.code = code
    this.at = at
    this.hint = hint
    this.detail = detail
  }
}

/** Whether an error is a problem. By its code, not by its class: it may come from a worker, or from another bundle of ours. */
export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && /^EB\d{3}$/.test(String((error as { code?: unknown }).code))
}

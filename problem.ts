// What a problem is, and how it is printed: the one shape that every folder's errors.ts makes and every command line
// shows.
//
//     EB302: "wizer-initialize" trapped while the snapshot was being taken: unreachable.
//       at app/clock.ts:4:9
//       Only in-memory work can run at build time.
//
// Names of files, functions, imports and exports come from modules and packages that nobody has reason to trust, and
// what is printed goes to a terminal. So a problem holds lines: what one of them is made of can neither end it nor move
// the cursor.

/** One line, or several. */
export type Lines = string | readonly string[]

/** What belongs to a problem besides its code and its sentence. */
export interface ProblemDetails {
  /** Where: `file:line:column`, a file, an export, a byte offset. Several: frames, innermost first. */
  at?: Lines
  /** Below that, as it is laid out already: another tool's diagnostics (which may have colours), a table. */
  detail?: Lines
  /** What to do about it: an action. */
  hint?: Lines
  cause?: unknown
  exitCode?: number
}

/**
 * How our commands end, besides what a program that `edgebox` runs ends with. This is the place where it is said;
 * docs/errors.md has it from here.
 */
export const exitCodes = {
  /** A problem: something that the user can mend. */
  problem: 1,
  /** Wrong usage: the command line itself. */
  usage: 2,
  /** A fault of ours. */
  fault: 70,
} as const

/** Something that the user can mend. It is printed without a stack trace and ends a command. */
export class Problem extends Error {
  /** `EB` and three digits; the first says which folder it is of (docs/errors.md). Never reused. */
  readonly code: string
  readonly at: readonly string[]
  readonly detail: readonly string[]
  readonly hint: readonly string[]
  readonly exitCode: number

  /** `message` is a whole sentence, in the user's words. */
  constructor(code: string, message: string, details: ProblemDetails = {}) {
    const { at, detail, hint, cause, exitCode = exitCodes.problem } = details
    super(printable(message), cause === undefined ? undefined : { cause })
    this.name = "Problem"
    this.code = code
    this.at = linesOf(at, printable)
    this.detail = linesOf(detail, printableColored)
    this.hint = linesOf(hint, printable)
    this.exitCode = exitCode
  }
}

function linesOf(lines: Lines | undefined, clean: (line: string) => string): readonly string[] {
  return lines === undefined ? [] : [lines].flat().map(clean)
}

/** Whether an error is a problem. By its code, not by its class: it may be of another bundle of ours. */
export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && /^EB\d{3}$/.test(String((error as { code?: unknown }).code))
}

/** The exit code of a command that was ended by an error. */
export function exitCodeOf(error: unknown): number {
  return isProblem(error) ? error.exitCode : exitCodes.fault
}

/** The same problem with another place, for whoever catches it and knows where it happened. */
export function placed(problem: Problem, at: Lines): Problem {
  return new Problem(problem.code, problem.message, { ...problem, at })
}

/** What would move a terminal's cursor, colour it, or turn the order of what is read. */
export const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Longer than any honest line; names in a module may have megabytes. */
const maxLine = 600

/** `text` on one line, fit for a terminal. What is so already stays as it is. */
export function printable(text: string): string {
  return cut(text).replace(unprintable, escaped)
}

/** The same, but colours stay. */
function printableColored(text: string): string {
  return cut(text)
    .split(/(\x1b\[[\d;]*m)/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(unprintable, escaped)))
    .join("")
}

function cut(text: string): string {
  return text.length > maxLine ? `${text.slice(0, maxLine)}…` : text
}

function escaped(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`
}

/** Somebody else's words, as they stand in a sentence of ours that goes on or ends with a full stop of its own. */
export function withoutStop(words: string): string {
  return words.replace(/[.\s]+$/, "")
}

/** The lines that a problem is printed as; no newline at the end. */
export function problemText({ code, message, at, detail, hint }: Problem): string {
  const places = at.map((place) => `  at ${place}`)
  return [`${code}: ${message}`, ...places, ...detail, ...hint.map((line) => `  ${line}`)].join("\n")
}

/** A program of ours, as it is named in what it says. */
export interface Program {
  name: string
  version: string
}

/** What is printed of a fault of ours, an error that is no problem; no newline at the end. */
export function faultText(error: unknown, { name, version }: Program): string {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const lines = stack.split("\n").map(printable)
  return [`${name} ${version} has a fault of its own. Please report it, with this:`, ...lines].join("\n")
}

// Problems with the engine package, sorted by code. ARCHITECTURE.md says what a problem is.

/** A problem that a user can see. */
export class EngineProblem extends Error {
  readonly code: string
  readonly hint: string | undefined
  constructor(code: string, message: string, hint?: string) {
    super(message)
    this.name = "EngineProblem"
    this.code = code
    this.hint = hint
  }
}

const update =
  "Install the version of quickjs-wasi that EdgeBox's package.json names, or see ARCHITECTURE.md, “to update the engine”."

/** EB401: the memory layout is not what abi.ts says. */
export function layoutChanged(
  differences: readonly { name: string; expected: number; found: string }[],
): EngineProblem {
  const width = Math.max(...differences.map((d) => d.name.length))
  const rows = differences.map((d) => `  ${d.name.padEnd(width)}  expected ${d.expected}, found ${d.found}`)
  return new EngineProblem(
    "EB401",
    ["The installed engine is not laid out as EdgeBox expects:", ...rows].join("\n"),
    update,
  )
}

/** EB403: an edit's pattern occurs more or less often than in the engine that it was written for. */
export function engineEditRefused(edit: string, expected: number, found: number): EngineProblem {
  return new EngineProblem(
    "EB403",
    `The installed engine is not the one EdgeBox was written for: the edit "${edit}" expects ${expected} places and found ${found}.`,
    update,
  )
}

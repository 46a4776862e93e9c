// Every problem with the engine package, sorted by code. EB4xx; codes are never reused.

import { Problem } from "../problem.ts"

const update =
  "Install the version of quickjs-wasi that EdgeBox's package.json names, or see ARCHITECTURE.md, “To update the engine”."

/** The memory layout is not what abi.ts says. */
export function layoutChanged(differences: readonly { name: string; expected: number; found: string }[]): Problem {
  const width = Math.max(...differences.map((d) => d.name.length))
  return new Problem("EB401", "The installed engine is not laid out as EdgeBox expects.", {
    detail: differences.map((d) => `  ${d.name.padEnd(width)}  expected ${d.expected}, found ${d.found}`),
    hint: update,
  })
}

/** An edit's pattern occurs more or less often than in the engine that it was written for. */
export function engineEditRefused(edit: string, expected: number, found: number): Problem {
  return new Problem("EB403", `The edit "${edit}" of the engine expects ${expected} places and found ${found}.`, {
    hint: update,
  })
}

// Every problem that reading an opcode table can end in, sorted by code. EB5xx; codes are never reused.

import { exitCodes, Problem, withoutStop } from "../problem.ts"

export function wrongUsage(message: string, hint: string): Problem {
  return new Problem("EB500", message, { hint, exitCode: exitCodes.usage })
}

export function cannotReadTable(path: string, reason: string): Problem {
  return new Problem("EB501", `"${path}" cannot be read: ${withoutStop(reason)}.`, {
    hint: "Give a quickjs-opcode.h, or an engine .wasm.",
  })
}

export function notWasm(reason: string): Problem {
  return new Problem("EB502", `The engine is not a WebAssembly module that can be read: ${withoutStop(reason)}.`)
}

export function noTable(): Problem {
  return new Problem("EB503", "There is no opcode table: no record `invalid` is followed by a record `push_i32`.", {
    hint: "Use a build of QuickJS that has its dumps compiled in; only such a build names its opcodes.",
  })
}

export function severalTables(count: number): Problem {
  return new Problem(
    "EB504",
    `There are ${count} places that look like the opcode table; which one is meant cannot be told.`,
  )
}

export function strangeTable(reason: string): Problem {
  return new Problem("EB505", `The opcode table is not one that EdgeBox understands: ${withoutStop(reason)}.`, {
    hint: "Compare with the engine's quickjs-opcode.h and teach opcodes/gen.ts the new form.",
  })
}

export function notOpcodeHeader(path: string, reason: string): Problem {
  return new Problem("EB506", `This is not a QuickJS opcode header: ${withoutStop(reason)}.`, {
    at: path,
    hint: "Give the quickjs-opcode.h of a QuickJS or QuickJS-NG source tree.",
  })
}

/** `hint`: what brings both together. */
export function generatedFileStale(path: string, differences: readonly string[], hint: string): Problem {
  return new Problem("EB507", "The generated opcode table does not belong to the installed engine.", {
    at: path,
    detail: differences.map((line) => `  ${line}`),
    hint,
  })
}

export function noEngine(reason: string): Problem {
  return new Problem("EB508", `The engine package is not installed: ${withoutStop(reason)}.`, {
    hint: "Run: npm install",
  })
}

export function notGenerated(path: string): Problem {
  return new Problem("EB509", "The file is not an opcode table that gen-opcodes wrote.", {
    at: path,
    hint: "Run: npm run gen-opcodes",
  })
}

export function cannotWriteTable(path: string, reason: string): Problem {
  return new Problem("EB510", `The opcode table cannot be written: ${withoutStop(reason)}.`, {
    at: path,
    hint: "Name a file that you may write, in a folder that is there, with --table; EdgeBox's source tree has a place for it.",
  })
}

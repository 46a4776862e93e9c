// Every problem that reading an opcode table can end in. EB5xx; codes are never reused.

/** A problem that a user can see: code, message, where, and what to do about it. */
export interface OpcodesProblem extends Error {
  code: string
  at?: string
  hint?: string
}

function problem(code: string, message: string, at?: string, hint?: string): OpcodesProblem {
  return Object.assign(new Error(message), { code, at, hint })
}

export function cannotReadTable(path: string, reason: string): OpcodesProblem {
  return problem("EB501", `cannot read ${path}: ${reason}`, undefined, "Give a quickjs-opcode.h, or an engine .wasm.")
}

export function notWasm(reason: string): OpcodesProblem {
  return problem("EB502", `the engine is not a WebAssembly module that can be read: ${reason}`)
}

export function noTable(): OpcodesProblem {
  return problem(
    "EB503",
    "no opcode table found: no record named `invalid` is followed by one named `push_i32`",
    undefined,
    "Use a build of QuickJS that has its dumps compiled in; only such a build names its opcodes.",
  )
}

export function severalTables(count: number): OpcodesProblem {
  return problem("EB504", `${count} places look like the opcode table; which one is meant cannot be told`)
}

export function strangeTable(reason: string): OpcodesProblem {
  return problem(
    "EB505",
    `the opcode table is not one that EdgeBox understands: ${reason}`,
    undefined,
    "Compare with the engine's quickjs-opcode.h and teach opcodes/gen.ts the new form.",
  )
}

export function notOpcodeHeader(path: string, reason: string): OpcodesProblem {
  return problem(
    "EB506",
    `not a QuickJS opcode header: ${reason}`,
    path,
    "Give the quickjs-opcode.h of a QuickJS or QuickJS-NG source tree.",
  )
}

export function generatedFileStale(path: string, differences: readonly string[]): OpcodesProblem {
  return problem(
    "EB507",
    [`the generated opcode table does not belong to the installed engine`, ...differences].join("\n  "),
    path,
    "Run: npm run gen-opcodes",
  )
}

export function noEngine(reason: string): OpcodesProblem {
  return problem("EB508", `the engine package is not installed: ${reason}`, undefined, "Run: npm install")
}

export function notGenerated(path: string): OpcodesProblem {
  return problem("EB509", "the file is not an opcode table that gen-opcodes wrote", path, "Run: npm run gen-opcodes")
}

export function cannotWriteTable(path: string, reason: string): OpcodesProblem {
  return problem(
    "EB510",
    `cannot write the opcode table: ${reason}`,
    path,
    "Run gen-opcodes in EdgeBox's source tree, or name the file with --table.",
  )
}

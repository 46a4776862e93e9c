// Every problem that a user of `edgebox` can see, sorted by code. Codes are never reused. Imports nothing.

export class Problem extends Error {
  readonly code: string
  readonly at?: string
  readonly hint?: string

  constructor(code: string, message: string, more: { at?: string; hint?: string } = {}) {
    super(printable(message))
    this.name = "Problem"
    this.code = code
    this.at = more.at
    this.hint = more.hint
  }
}

/** Longer than any honest message; names in a module may have megabytes. */
const maxMessage = 600

/**
 * `text` on one line, without anything that would move a terminal's cursor, colour it, or turn the order of what is read:
 * names come from modules that nobody has reason to trust.
 */
export function printable(text: string): string {
  const short = text.length > maxMessage ? `${text.slice(0, maxMessage)}…` : text
  return short.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`)
}

/** What a command line prints of a problem. */
export function describe(problem: Problem): string {
  const lines = [`${problem.code}: ${problem.message}`]
  if (problem.at !== undefined) lines.push(`  at ${problem.at}`)
  if (problem.hint !== undefined) lines.push(`  ${problem.hint}`)
  return lines.join("\n") + "\n"
}

export function missingModule(path: string): Problem {
  return new Problem("EB701", `There is no file "${path}".`, {
    hint: "Build one with: edgeboxc build app/ -o app.wasm",
  })
}

export function unreadableModule(path: string, why: string): Problem {
  return new Problem("EB702", `"${path}" cannot be read: ${why}.`)
}

export function directoryAsModule(path: string): Problem {
  return new Problem("EB703", `"${path}" is a directory, not a wasm module.`, {
    hint: "Build an app's folder first: edgeboxc build app/ -o app.wasm",
  })
}

export function emptyModule(path: string): Problem {
  return new Problem("EB704", `"${path}" is empty.`)
}

export function notWasm(path: string, looksLike: string): Problem {
  const isSource = /\.[cm]?[jt]sx?$/.test(path)
  const hint = isSource ? `Build it first: edgeboxc build ${printable(path)} -o app.wasm` : undefined
  return new Problem("EB705", `"${path}" is not a wasm module: ${looksLike}.`, { hint })
}

export function component(path: string): Problem {
  return new Problem("EB706", `"${path}" is a WebAssembly component; edgebox runs core modules.`, {
    hint: "Build it for wasm32-wasip1 (WASI preview1) instead of preview2.",
  })
}

export function unknownVersion(path: string, version: number): Problem {
  return new Problem("EB707", `"${path}" is a wasm module of version ${version}; the version that exists is 1.`)
}

export function truncatedModule(path: string, where: string): Problem {
  return new Problem("EB708", `"${path}" is cut off: the file ends inside ${where}.`, {
    hint: "Build or copy it again.",
  })
}

export function corruptModule(path: string, why: string): Problem {
  return new Problem("EB709", `"${path}" is not valid wasm: ${why}.`, { hint: "Build or copy it again." })
}

export function foreignImport(path: string, name: string, hint?: string): Problem {
  return new Problem("EB710", `"${path}" imports ${name}, which edgebox does not have.`, {
    hint: hint ?? "edgebox runs modules that import functions of wasi_snapshot_preview1 only.",
  })
}

export function noStart(path: string): Problem {
  return new Problem("EB711", `"${path}" is not a WASI command: it does not export a function "_start".`)
}

export function reactor(path: string): Problem {
  return new Problem("EB712", `"${path}" is a WASI reactor ("_initialize"), not a command ("_start"): a library.`, {
    hint: "Link it as a command, with a main function.",
  })
}

export function wrongStart(path: string): Problem {
  return new Problem("EB713", `"${path}" is not a WASI command: its "_start" takes arguments.`)
}

export function wrongImportTypes(path: string, name: string): Problem {
  return new Problem("EB714", `"${path}" imports "${name}" with types that differ from WASI preview1's.`)
}

export function cannotInstantiate(path: string, why: string): Problem {
  return new Problem("EB715", `"${path}" cannot be started: ${why}.`)
}

export function badArtifactSection(path: string, why: string): Problem {
  return new Problem("EB716", `"${path}" has an "edgebox" section that cannot be used: ${why}.`, {
    hint: "Build it again with the edgeboxc of this version.",
  })
}

export function badGrant(option: string, why: string): Problem {
  return new Problem("EB720", `--dir ${option}: ${why}.`, {
    hint: "Write --dir HOST, --dir HOST::GUEST or --dir HOST::GUEST:ro.",
  })
}

export function badEnvironment(option: string, why: string): Problem {
  return new Problem("EB721", `--env ${option}: ${why}.`, {
    hint: "Write --env NAME=value, or --env NAME to pass yours on.",
  })
}

export function nulInArgument(what: string): Problem {
  return new Problem("EB722", `${what} contains a NUL character, which no program can be passed.`)
}

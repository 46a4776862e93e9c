// Every problem that a user of `edgebox` can see, sorted by code. EB7xx; codes are never reused.

import { exitCodes, Problem } from "../problem.ts"

export function wrongUsage(message: string, hint = "See edgebox --help."): Problem {
  return new Problem("EB700", message, { hint, exitCode: exitCodes.usage })
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
  const hint = isSource ? `Build it first: edgeboxc build ${path} -o app.wasm` : undefined
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

export function beyondLimit(path: string, why: string): Problem {
  return new Problem("EB717", `"${path}" declares more than the engine that runs it can give: ${why}.`, {
    hint: "Link it with smaller tables, memories or fewer functions.",
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

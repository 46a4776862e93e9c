// Every problem that a user of edgeboxc can see, one function each, sorted by code. Codes are never reused.
//
// EB1xx command line, .edgebox.json, entry · EB2xx bundling and compiling the app · EB8xx linking, artifacts, inspect.

import { Problem } from "../problem.ts"

export { isProblem, Problem } from "../problem.ts"

/** The lines that a problem is printed as; no newline at the end. */
export function problemText(problem: Problem): string {
  const lines = [`${problem.code}: ${problem.message}`]
  if (problem.at !== undefined) lines.push(`  at ${problem.at}`)
  if (problem.detail !== undefined) lines.push(problem.detail.replace(/\s+$/, ""))
  if (problem.hint !== undefined) lines.push(...problem.hint.split("\n").map((line) => `  ${line}`))
  return lines.join("\n")
}

// EB1xx: command line, .edgebox.json, entry

/** Wrong usage (exit code 2): commander's words, with the nearest known name where there is one. */
export const wrongUsage = (message: string, hint?: string) => new Problem("EB100", message, { hint })

export const notThere = (path: string) =>
  new Problem("EB101", `there is no file or folder ${JSON.stringify(path)}`, {
    hint: "Name the app's folder, or its entry file.",
  })

export const notAnAppFile = (path: string, endings: readonly string[]) =>
  new Problem("EB102", `${JSON.stringify(path)} is not a file that EdgeBox can compile`, {
    hint: `An entry file ends in ${endings.join(", ")}.`,
  })

export const noEntry = (folder: string, lookedFor: readonly string[]) =>
  new Problem("EB103", `${JSON.stringify(folder)} has no entry file`, {
    hint: `Looked for, in this order:\n${lookedFor.map((place) => `  ${place}`).join("\n")}\nAdd one of them, or name the file in .edgebox.json: { "entry": "src/start.ts" }`,
  })

export const entryNotThere = (entry: string, at: string) =>
  new Problem("EB104", `the entry ${JSON.stringify(entry)} does not exist`, {
    at,
    hint: "Name a file, relative to the app's folder.",
  })

export const packageNotInstalled = (name: string, at: string) =>
  new Problem("EB105", `the package ${JSON.stringify(name)} is not installed`, {
    at,
    hint: `Install it in the app's folder: npm install ${name}`,
  })

export const packageHasNoEntry = (name: string, at: string) =>
  new Problem("EB106", `the package ${JSON.stringify(name)} has neither a program (bin) nor a main file to run`, {
    at,
    hint: 'Write a file of your own that imports it, and name that as "entry".',
  })

export const configNotJson = (reason: string, at: string) =>
  new Problem("EB110", `.edgebox.json is not JSON: ${reason}`, {
    at,
    hint: "It is plain JSON: double quotes, no comments, no comma after the last entry.",
  })

export const configUnknownKey = (key: string, nearest: string | undefined, known: readonly string[], at: string) =>
  new Problem("EB111", `.edgebox.json has a key that EdgeBox does not know: ${JSON.stringify(key)}`, {
    at,
    hint: nearest === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean ${JSON.stringify(nearest)}?`,
  })

export const configWrongType = (key: string, expected: string, found: string, at: string) =>
  new Problem("EB112", `${JSON.stringify(key)} in .edgebox.json must be ${expected}, not ${found}`, { at })

export const configNotReadable = (reason: string, at: string) =>
  new Problem("EB113", `.edgebox.json cannot be read: ${reason}`, { at })

// EB114 was: both `entry` and `npm` in .edgebox.json. The entry wins.

export const noOutputFolder = (folder: string) =>
  new Problem("EB120", `the output folder ${JSON.stringify(folder)} does not exist`, {
    hint: `Create it: mkdir -p ${folder}`,
  })

export const outputNotWritable = (path: string, reason: string) =>
  new Problem("EB121", `${JSON.stringify(path)} cannot be written: ${reason}`)

export const outputIsInput = (path: string) =>
  new Problem("EB122", `the output ${JSON.stringify(path)} is one of the app's own files`, {
    hint: "Choose another name with -o.",
  })

export const folderNotEmpty = (path: string, file: string) =>
  new Problem("EB123", `${JSON.stringify(path)} already has a file ${JSON.stringify(file)}`, {
    hint: "Choose a new folder: edgeboxc init my-app",
  })

/** `seeAll`: how to see what there is. */
export const noSuchFunction = (name: string, similar: string | undefined, seeAll: string) =>
  new Problem("EB131", `the app has no function called ${JSON.stringify(name)}`, {
    hint: similar === undefined ? seeAll : `Did you mean ${JSON.stringify(similar)}?`,
  })

// EB2xx: bundling and compiling the app

export const bundleFailed = (count: number, detail: string, hint: string | undefined) =>
  new Problem("EB200", count === 1 ? "the app could not be bundled" : `the app could not be bundled: ${count} errors`, {
    detail,
    hint,
  })

export const unknownBuiltin = (
  name: string,
  at: string | undefined,
  existing: readonly string[],
  nearest: string | undefined,
) =>
  new Problem("EB201", `there is no built-in module ${JSON.stringify(name)} in EdgeBox`, {
    at,
    hint: `${nearest === undefined ? "" : `Did you mean ${JSON.stringify(nearest)}? `}What exists: ${existing.length === 0 ? "none yet" : existing.join(", ")}.`,
  })

export const nativeAddon = (file: string, at: string | undefined) =>
  new Problem("EB202", `${JSON.stringify(file)} is a native addon, machine code that cannot run in a sandbox`, {
    at,
    hint: "Use a package that is written in JavaScript or WebAssembly instead.",
  })

export const appDoesNotCompile = (reason: string, at: string | undefined) =>
  new Problem("EB220", `the engine does not take the app: ${reason}`, {
    at,
    hint: "QuickJS-NG runs what is in ECMAScript 2024 and much of what is newer: write this in another way.",
  })

export const engineRanOutOfMemory = () =>
  new Problem("EB221", "the app is too large for the engine's memory", {
    hint: "Leave out what the app does not use, or try --minify.",
  })

export const topLevelThrew = (error: string, at: string | undefined) =>
  new Problem("EB222", `the app's top level threw while it was run at build time: ${error}`, {
    at,
    hint: 'With "snapshot": "app" the top level runs once, at build time. Mend it, or build with --snapshot engine.',
  })

export const forbiddenAtBuild = (what: string, at: string | undefined) =>
  new Problem("EB223", `${what} is not possible at build time, when the app's top level runs with "snapshot": "app"`, {
    at,
    hint: "Move it into the default export, which runs at every start, or build with --snapshot engine.",
  })

export const nestedTooDeeply = () =>
  new Problem("EB224", "the app's code is nested too deeply to be compiled", {
    hint: "Some hundred functions or expressions inside one another are too many; generated code can be split.",
  })

// EB8xx: linking, artifacts, inspect

export const notAnArtifact = (path: string, reason: string) =>
  new Problem("EB800", `${JSON.stringify(path)} is not a module that can be inspected: ${reason}`, {
    hint: "Give it a .wasm file that edgeboxc build, or any other compiler, has written.",
  })

export const notReadable = (path: string, reason: string) =>
  new Problem("EB801", `${JSON.stringify(path)} cannot be read: ${reason}`)

export const optimizerFailed = (reason: string) =>
  new Problem("EB803", `the module could not be optimised: ${reason}`, {
    hint: "Leave out --optimize, and report this: it is a fault of EdgeBox's.",
  })

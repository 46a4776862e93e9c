// Every problem that a user of edgeboxc can see, one function each, sorted by code. Codes are never reused.
//
// EB1xx command line, .edgebox.json, entry · EB2xx bundling and compiling the app · EB8xx linking, artifacts, inspect.

import { exitCodes, Problem, withoutStop } from "../problem.ts"

// EB1xx: command line, .edgebox.json, entry

/** Commander's words, with the nearest known name where there is one. */
export const wrongUsage = (message: string, hint: string) =>
  new Problem("EB100", message, { hint, exitCode: exitCodes.usage })

export const notThere = (path: string) =>
  new Problem("EB101", `There is no file or folder "${path}".`, { hint: "Name the app's folder, or its entry file." })

export const notAnAppFile = (path: string, endings: readonly string[]) =>
  new Problem("EB102", `"${path}" is not a file that EdgeBox can compile.`, {
    hint: `An entry file ends in ${endings.join(", ")}.`,
  })

export const noEntry = (folder: string, lookedFor: readonly string[]) =>
  new Problem("EB103", `"${folder}" has no entry file.`, {
    hint: [
      "Looked for, in this order:",
      ...lookedFor.map((place) => `  ${place}`),
      'Add one of them, or name the file in .edgebox.json: { "entry": "src/start.ts" }',
    ],
  })

export const entryNotThere = (entry: string, at: string) =>
  new Problem("EB104", `The entry "${entry}" does not exist.`, {
    at,
    hint: "Name a file, relative to the app's folder.",
  })

export const packageNotInstalled = (name: string, at: string) =>
  new Problem("EB105", `The package "${name}" is not installed.`, {
    at,
    hint: `Install it in the app's folder: npm install ${name}`,
  })

export const packageHasNoEntry = (name: string, at: string) =>
  new Problem("EB106", `The package "${name}" has neither a program (bin) nor a main file to run.`, {
    at,
    hint: 'Write a file of your own that imports it, and name that as "entry".',
  })

export const configNotJson = (reason: string, at: string) =>
  new Problem("EB110", `The file .edgebox.json is not JSON: ${withoutStop(reason)}.`, {
    at,
    hint: "It is plain JSON: double quotes, no comments, no comma after the last entry.",
  })

export const configUnknownKey = (key: string, nearest: string | undefined, known: readonly string[], at: string) =>
  new Problem("EB111", `The file .edgebox.json has a key that EdgeBox does not know: "${key}".`, {
    at,
    hint: nearest === undefined ? `Known keys: ${known.join(", ")}.` : `Did you mean "${nearest}"?`,
  })

export const configWrongType = (key: string, expected: string, found: string, at: string) =>
  new Problem("EB112", `"${key}" in .edgebox.json must be ${expected}, not ${found}.`, { at })

export const configNotReadable = (reason: string, at: string) =>
  new Problem("EB113", `The file .edgebox.json cannot be read: ${withoutStop(reason)}.`, { at })

// EB114 was: both `entry` and `npm` in .edgebox.json. The entry wins.

export const optionUnknown = (name: string, nearest: string | undefined, known: readonly string[]) =>
  new Problem("EB115", `The call of build() has an option that EdgeBox does not know: "${name}".`, {
    hint: nearest === undefined ? `Known options: input, ${known.join(", ")}.` : `Did you mean "${nearest}"?`,
  })

export const optionWrongType = (name: string, expected: string, found: string) =>
  new Problem("EB116", `The option "${name}" of build() must be ${expected}, not ${found}.`)

export const noOutputFolder = (folder: string) =>
  new Problem("EB120", `The output folder "${folder}" does not exist.`, { hint: `Create it: mkdir -p ${folder}` })

export const outputNotWritable = (path: string, reason: string) =>
  new Problem("EB121", `"${path}" cannot be written: ${withoutStop(reason)}.`, {
    hint: "Check the folder and its permissions, or choose another name.",
  })

export const outputIsInput = (path: string) =>
  new Problem("EB122", `The output "${path}" is one of the app's own files.`, { hint: "Choose another name for it." })

export const folderNotEmpty = (path: string, file: string) =>
  new Problem("EB123", `"${path}" already has a file "${file}".`, {
    hint: "Choose a folder that does not have it: edgeboxc init <folder>",
  })

export const outputsClash = (path: string) =>
  new Problem("EB124", `Two files of this build would have the same name, "${path}".`, {
    hint: "Choose other names with -o and --report.",
  })

// EB130 was: a command that is not there yet.

/** `seeAll`: how to see what there is. */
export const noSuchFunction = (name: string, similar: string | undefined, seeAll: string) =>
  new Problem("EB131", `The app has no function called "${name}".`, {
    hint: similar === undefined ? seeAll : `Did you mean "${similar}"?`,
  })

// EB2xx: bundling and compiling the app

/** `detail`: the bundler's own words, laid out. */
export const bundleFailed = (count: number, detail: readonly string[], hint?: readonly string[]) =>
  new Problem("EB200", `The app could not be bundled${count === 1 ? "" : `: ${count} errors`}.`, { detail, hint })

export const unknownBuiltin = (name: string, at: string | undefined, known: readonly string[], nearest?: string) =>
  new Problem("EB201", `There is no built-in module "${name}" in EdgeBox.`, {
    at,
    hint: [...(nearest === undefined ? [] : [`Did you mean "${nearest}"?`]), `What exists: ${known.join(", ")}.`],
  })

export const nativeAddon = (file: string, at: string | undefined) =>
  new Problem("EB202", `"${file}" is a native addon, machine code that cannot run in a sandbox.`, {
    at,
    hint: "Use a package that is written in JavaScript or WebAssembly instead.",
  })

export const remoteModule = (url: string, at: string | undefined) =>
  new Problem("EB203", `"${url}" cannot be imported: nothing is loaded from the network.`, {
    at,
    hint: "Install it as a package, or put the file into the app's folder, and import that.",
  })

export const appDoesNotCompile = (reason: string, at: string | undefined) =>
  new Problem("EB220", `The engine does not take the app: ${withoutStop(reason)}.`, {
    at,
    hint: "QuickJS-NG runs what is in ECMAScript 2024 and much of what is newer: write this in another way.",
  })

export const engineRanOutOfMemory = () =>
  new Problem("EB221", "The app is too large for the engine's memory.", {
    hint: "Leave out what the app does not use, or try --minify.",
  })

export const topLevelThrew = (error: string, at: string | undefined) =>
  new Problem("EB222", `The app's top level threw while it was run at build time: ${withoutStop(error)}.`, {
    at,
    hint: 'With "snapshot": "app" the top level runs once, at build time. Mend it, or build with --snapshot engine.',
  })

export const forbiddenAtBuild = (what: string, at: string | undefined) =>
  new Problem("EB223", `At build time, when the app's top level runs ("snapshot": "app"), ${what} is not possible.`, {
    at,
    hint: "Move it into the default export, which runs at every start, or build with --snapshot engine.",
  })

export const nestedTooDeeply = () =>
  new Problem("EB224", "The app's code is nested too deeply to be compiled.", {
    hint: "Some hundred functions or expressions inside one another are too many; generated code can be split.",
  })

// EB8xx: linking, artifacts, inspect

export const notAnArtifact = (path: string, reason: string) =>
  new Problem("EB800", `"${path}" is not a module that can be inspected: ${withoutStop(reason)}.`, {
    hint: "Give it a .wasm file that edgeboxc build, or any other compiler, has written.",
  })

export const notReadable = (path: string, reason: string) =>
  new Problem("EB801", `"${path}" cannot be read: ${withoutStop(reason)}.`, {
    hint: "Name a module that is there and may be read; edgeboxc build app/ -o app.wasm makes one.",
  })

export const optimizerFailed = (reason: string) =>
  new Problem("EB803", `The module could not be optimised: ${withoutStop(reason)}.`, {
    hint: "Leave out --optimize, and report this: it is a fault of EdgeBox's.",
  })

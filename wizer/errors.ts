// Every problem that a user of the snapshot tool can see: one function each, sorted by code. Codes are never reused.
// EB300 and EB301, of modules that cannot be read, are in wasm/errors.ts.

import { Problem, withoutStop } from "../problem.ts"

export const trapped = (what: string, reason: string, frames: readonly string[], hint?: string) =>
  new Problem("EB302", `${what} trapped while the snapshot was being taken: ${withoutStop(reason)}.`, {
    at: frames,
    hint: hint ?? "It runs without the outside world here: no files, clock or network but what it is given.",
  })

export const initMissing = (names: readonly string[], functions: readonly string[]) =>
  new Problem(
    "EB303",
    `The module has no export ${names.map((name) => `"${name}"`).join(", ")} to initialise it with.`,
    {
      hint:
        functions.length > 0
          ? `Name the initialiser with --init-func. Exported functions without parameters: ${functions.join(", ")}.`
          : "Export a function without parameters and results, and name it with --init-func.",
    },
  )

export const initNotFunction = (name: string, kind: string) =>
  new Problem("EB304", `The initialiser "${name}" is a ${kind}, not a function.`, {
    hint: "Name an exported function with --init-func.",
  })

export const initWrongType = (name: string, type: string) =>
  new Problem("EB305", `The initialiser "${name}" is of type ${type}; it has to take nothing and return nothing.`, {
    hint: "Export a function of type () -> () that calls it.",
  })

export const importedState = (kind: string, module: string, name: string) =>
  new Problem(
    "EB306",
    `The module imports a ${kind}, "${name}" of "${module}": its contents cannot become part of the module.`,
    {
      hint: `Define the ${kind} in the module itself and export it (for LLD: no --import-memory, no --import-table).`,
    },
  )

export const missingImport = (what: string, module: string, name: string, isWasi: boolean) =>
  new Problem("EB307", `${what} called "${name}" of "${module}", which nobody provides while the snapshot is taken.`, {
    hint: isWasi
      ? "Allow WASI with --allow-wasi, or do not use it in the initialiser."
      : `Provide it with --preload ${module}=FILE, or do not call it in the initialiser.`,
  })

export const cannotLink = (reason: string) =>
  new Problem("EB308", `The module does not fit the imports that it was given: ${withoutStop(reason)}.`, {
    hint: "Compare the types of the imports with what --preload or the `imports` option provides.",
  })

export const unsupportedFeature = (feature: string, since: string, running: string) =>
  new Problem("EB309", `The module uses ${feature}, which ${running} does not have.`, { hint: since })

export const invalidModule = (reason: string) =>
  new Problem("EB310", `The module is not valid: ${withoutStop(reason)}.`, {
    hint: "Build it again, or check it with wasm-validate.",
  })

export const unrepresentable = (where: string, what: string) =>
  new Problem("EB311", `The initialiser left ${what} in ${where}; a module cannot contain that.`, {
    hint: "Put it there at run time, or let the initialiser take it out again.",
  })

export const renameMissing = (dst: string, src: string, exports: readonly string[]) =>
  new Problem("EB312", `"${src}" cannot be renamed to "${dst}": the snapshot has no such export.`, {
    hint: exports.length > 0 ? `It exports ${exports.map((name) => `"${name}"`).join(", ")}.` : "It exports nothing.",
  })

export const renameTwice = (role: string, name: string) =>
  new Problem("EB313", `"${name}" is the ${role} of two renamings.`, {
    hint: "Give each name once on each side of -r DST=SRC.",
  })

export const exited = (what: string, status: number) =>
  new Problem("EB314", `${what} exited with status ${status}.`, {
    hint: "Look at what it printed (--inherit-stdio shows it), or let it return.",
  })

export const timedOut = (what: string, timeoutMs: number) =>
  new Problem("EB315", `${what} was still running after ${timeoutMs} ms and was stopped.`, {
    hint: "Raise --timeout, or look for a loop that waits for something that cannot happen here.",
  })

export const tooMuchMemory = (what: string, bytes: number, limit: number, frames: readonly string[] = []) =>
  new Problem("EB316", `${what} needs ${bytes} bytes of memory; --max-memory is ${limit}.`, {
    at: frames,
    hint: "Raise --max-memory, or allocate less before the snapshot.",
  })

export const tooManySegments = (kept: number, limit: number) =>
  new Problem(
    "EB317",
    `The module keeps ${kept} data segments of its own; engines take ${limit} and the snapshot needs some.`,
    {
      hint: "Link with fewer passive data segments.",
    },
  )

export const rejectedOutput = (reason: string, bytes: number) =>
  new Problem("EB318", `The snapshot (${bytes} bytes) is not accepted by this engine: ${withoutStop(reason)}.`, {
    hint: "If the input is accepted, this is a defect of edgeboxc: please report it with the module.",
  })

export const threw = (what: string, reason: string, cause: unknown) =>
  new Problem("EB319", `${what} ended with an exception: ${withoutStop(reason)}.`, {
    hint: "Let the initialiser catch it.",
    cause,
  })

export const tooLarge = (bytes: number, limit: number) =>
  new Problem("EB320", `The snapshot would be ${bytes} bytes long; engines take ${limit}.`, {
    hint: "Leave less in memory, or less of it far apart.",
  })

export const preloadFailed = (name: string, reason: string) =>
  new Problem("EB321", `The preloaded module "${name}" could not be started: ${withoutStop(reason)}.`, {
    hint: "It has to be a core module in the binary format that runs on its own.",
  })

export const cannotRead = (file: string, reason: string) =>
  new Problem("EB322", `"${file}" cannot be read: ${withoutStop(reason)}.`, {
    hint: "Check the path and its permissions.",
  })

export const cannotWrite = (file: string, reason: string) =>
  new Problem("EB323", `"${file}" cannot be written: ${withoutStop(reason)}. What was there is unchanged.`, {
    hint: "Check the folder and its permissions.",
  })

export const noDirectory = (name: string, reason: string) =>
  new Problem("EB324", `The directory "${name}" cannot be given to the initialiser: ${withoutStop(reason)}.`, {
    hint: "Name an existing directory with --dir or --mapdir GUEST::HOST.",
  })

export const noRoom = (reason: string) =>
  new Problem(
    "EB325",
    `The module uses up a limit of the engine, so nothing can be added to look inside: ${withoutStop(reason)}.`,
    {
      hint: "Export or define less of what the engine counts here.",
    },
  )

export const preloadedTwice = (name: string) =>
  new Problem("EB326", `Two preloaded modules have the name "${name}", and imports could mean only one of them.`, {
    hint: "Give each --preload NAME=FILE a name of its own.",
  })

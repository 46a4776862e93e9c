// Every problem that a user of the snapshot tool can see: one function each, sorted by code. Codes are never reused.
// EB300 and EB301, of modules that cannot be read, are in wasm/errors.ts.

/** An error that is about the user's module or command line, not about this tool. */
export interface Problem extends Error {
  /** `EB3xx`. */
  code: string
  /** Where: an export, an import, a byte offset of the input. */
  at?: string
  /** What to do about it. */
  hint?: string
}

function problem(code: string, message: string, more: { at?: string; hint?: string; cause?: unknown } = {}): Problem {
  const { cause, ...rest } = more
  const error = new Error(message, cause === undefined ? undefined : { cause })
  error.name = "Problem"
  return Object.assign(error, { code }, rest)
}

/** Whether an error is one of ours, from any folder: it has a code such as `EB301`. */
export function isProblem(error: unknown): error is Problem {
  return error instanceof Error && /^EB\d{3}$/.test((error as Partial<Problem>).code ?? "")
}

export const trapped = (what: string, reason: string, frames: readonly string[], hint?: string) =>
  problem("EB302", `${what} trapped while the snapshot was being taken: ${reason}.`, {
    at: frames.length > 0 ? frames.join("\n  at ") : undefined,
    hint: hint ?? "It runs without the outside world here: no files, clock or network but what it is given.",
  })

export const initMissing = (names: readonly string[], functions: readonly string[]) =>
  problem("EB303", `The module has no export ${names.map((name) => `"${name}"`).join(", ")} to initialise it with.`, {
    hint:
      functions.length > 0
        ? `Name the initialiser with --init-func. Exported functions without parameters: ${functions.join(", ")}.`
        : "Export a function without parameters and results, and name it with --init-func.",
  })

export const initNotFunction = (name: string, kind: string) =>
  problem("EB304", `The initialiser "${name}" is a ${kind}, not a function.`, {
    hint: "Name an exported function with --init-func.",
  })

export const initWrongType = (name: string, type: string) =>
  problem("EB305", `The initialiser "${name}" is of type ${type}; it has to take nothing and return nothing.`, {
    hint: "Export a function of type () -> () that calls it.",
  })

export const importedState = (kind: string, module: string, name: string) =>
  problem(
    "EB306",
    `The module imports a ${kind}, "${name}" of "${module}": its contents cannot become part of the module.`,
    {
      hint: `Define the ${kind} in the module itself and export it (for LLD: no --import-memory, no --import-table).`,
    },
  )

export const missingImport = (what: string, module: string, name: string, isWasi: boolean) =>
  problem("EB307", `${what} called "${name}" of "${module}", which nobody provides while the snapshot is taken.`, {
    hint: isWasi
      ? "Allow WASI with --allow-wasi, or do not use it in the initialiser."
      : `Provide it with --preload ${module}=FILE, or do not call it in the initialiser.`,
  })

export const cannotLink = (reason: string) =>
  problem("EB308", `The module does not fit the imports that it was given: ${reason}.`, {
    hint: "Compare the types of the imports with what --preload or the `imports` option provides.",
  })

export const unsupportedFeature = (feature: string, since: string, running: string) =>
  problem("EB309", `The module uses ${feature}, which ${running} does not have.`, { hint: since })

export const invalidModule = (reason: string) =>
  problem("EB310", `The module is not valid: ${reason}.`, { hint: "Build it again, or check it with wasm-validate." })

export const unrepresentable = (where: string, what: string) =>
  problem("EB311", `The initialiser left ${what} in ${where}; a module cannot contain that.`, {
    hint: "Put it there at run time, or let the initialiser take it out again.",
  })

export const renameMissing = (dst: string, src: string, exports: readonly string[]) =>
  problem("EB312", `"${src}" cannot be renamed to "${dst}": the snapshot has no such export.`, {
    hint: exports.length > 0 ? `It exports ${exports.map((name) => `"${name}"`).join(", ")}.` : "It exports nothing.",
  })

export const renameTwice = (role: string, name: string) =>
  problem("EB313", `"${name}" is the ${role} of two renamings.`, {
    hint: "Give each name once on each side of -r DST=SRC.",
  })

export const exited = (what: string, status: number) =>
  problem("EB314", `${what} exited with status ${status}.`, {
    hint: "Look at what it printed (--inherit-stdio shows it), or let it return.",
  })

export const timedOut = (what: string, timeoutMs: number) =>
  problem("EB315", `${what} was still running after ${timeoutMs} ms and was stopped.`, {
    hint: "Raise --timeout, or look for a loop that waits for something that cannot happen here.",
  })

export const tooMuchMemory = (what: string, bytes: number, limit: number) =>
  problem("EB316", `${what} needs ${bytes} bytes of memory; --max-memory is ${limit}.`, {
    hint: "Raise --max-memory, or allocate less before the snapshot.",
  })

export const tooManySegments = (kept: number, limit: number) =>
  problem(
    "EB317",
    `The module keeps ${kept} data segments of its own; engines take ${limit} and the snapshot needs some.`,
    {
      hint: "Link with fewer passive data segments.",
    },
  )

export const rejectedOutput = (reason: string, bytes: number) =>
  problem("EB318", `The snapshot (${bytes} bytes) is not accepted by this engine: ${reason}.`, {
    hint: "If the input is accepted, this is a defect of edgeboxc: please report it with the module.",
  })

export const threw = (what: string, reason: string, cause: unknown) =>
  problem("EB319", `${what} ended with an exception: ${reason}.`, {
    hint: "Let the initialiser catch it.",
    cause,
  })

export const tooLarge = (bytes: number, limit: number) =>
  problem("EB320", `The snapshot would be ${bytes} bytes long; engines take ${limit}.`, {
    hint: "Leave less in memory, or less of it far apart.",
  })

export const preloadFailed = (name: string, reason: string) =>
  problem("EB321", `The preloaded module "${name}" could not be started: ${reason.replace(/\.$/, "")}.`, {
    hint: "It has to be a core module in the binary format that runs on its own.",
  })

export const cannotRead = (file: string, reason: string) =>
  problem("EB322", `"${file}" cannot be read: ${reason}.`, { hint: "Check the path and its permissions." })

export const cannotWrite = (file: string, reason: string) =>
  problem("EB323", `"${file}" cannot be written: ${reason}. What was there is unchanged.`, {
    hint: "Check the folder and its permissions.",
  })

export const noDirectory = (name: string, reason: string) =>
  problem("EB324", `The directory "${name}" cannot be given to the initialiser: ${reason}.`, {
    hint: "Name an existing directory with --dir or --mapdir GUEST::HOST.",
  })

export const noRoom = (reason: string) =>
  problem("EB325", `The module uses up a limit of the engine, so nothing can be added to look inside: ${reason}.`, {
    hint: "Export or define less of what the engine counts here.",
  })

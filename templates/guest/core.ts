// The core: what every artifact has of JavaScript. A script whose value is `start`; the C glue calls it with `native` and
// keeps the functions that it returns.
import { makeBytes } from "./bytes.ts"
import { makeConsole } from "./console.ts"
import { describe, hideTraceHook, uncaughtText } from "./errors.ts"
import { EventEmitter, onWarning } from "./events.ts"
import { format, formatWithOptions, rememberBuiltins } from "./format.ts"
import { inspect, useNative } from "./inspect.ts"
import { makeLoop } from "./loop.ts"
import type { Native } from "./native.ts"
import { nodeError } from "./nodeerror.ts"
import { makeProcess } from "./process.ts"
import { makeTimers } from "./timers.ts"

/** What parts are built from: never reachable from the app. */
export type Kit = ReturnType<typeof makeCore>["kit"]
/** The script of parts: registers modules and globals. */
export type Parts = (kit: Kit) => void

type App = (require: (name: string) => unknown) => unknown

/** Called once, by guest_eval_core. */
export function start(native: Native): object {
  useNative(native)
  rememberBuiltins()
  hideTraceHook(native)
  return makeCore(native).hooks
}

function makeCore(native: Native) {
  const modules = new Map<string, unknown>()
  /** Things that differ from run to run, bound again when a run starts. */
  const starters: (() => void)[] = []
  let exports: unknown
  let ranAtBuild = false

  const loop = makeLoop(native, {
    onError,
    onRejection,
    onRejectionHandled: (promise) => void process.process.emit("rejectionHandled", promise),
  })
  const bytes = makeBytes(native)
  const process = makeProcess(native, loop, bytes)
  const timers = makeTimers(loop, process.emitWarning)
  const console = makeConsole(native, (message) => process.emitWarning(message))
  onWarning((warning) => process.emitWarning(warning))
  starters.push(process.start, loop.start)

  /** Put a global where the language's own are: writable, not enumerable. */
  const expose = (name: string, value: unknown, enumerable = false): void => {
    if (typeof value === "function" && value.name !== name)
      Object.defineProperty(value, "name", { value: name, configurable: true })
    Object.defineProperty(globalThis, name, { value, writable: true, enumerable, configurable: true })
  }
  function queueMicrotask(callback: () => void): void {
    if (typeof callback !== "function")
      throw nodeError(TypeError, "ERR_INVALID_ARG_TYPE", 'The "callback" argument must be of type function.')
    native.enqueue(() => callback())
  }
  for (const [name, value] of Object.entries({ ...timers, queueMicrotask })) expose(name, value, true)
  expose("console", console)
  expose("process", process.process)
  expose("global", globalThis)

  function onError(error: unknown): void {
    const target = process.process
    if (!process.isExiting() && target.listenerCount("uncaughtException") > 0) {
      target.emit("uncaughtException", error, "uncaughtException")
      return
    }
    die(error)
  }

  function onRejection(promise: Promise<unknown>, reason: unknown): void {
    if (process.process.emit("unhandledRejection", reason, promise)) return
    if (reason instanceof Error || process.process.listenerCount("uncaughtException") > 0) return onError(reason)
    die(
      nodeError(
        Error,
        "ERR_UNHANDLED_REJECTION",
        `a promise was rejected and nothing handled it: no await, no .catch(). The reason is ${inspect(reason)}.`,
      ),
    )
  }

  /** The end: say why, tell listeners, leave. While building, the builder is told instead. */
  function die(error: unknown): never {
    if (!native.running()) throw error
    native.write(2, `${uncaughtText(error)}\n`)
    process.fail(1)
    let code = 1
    try {
      code = process.leave()
    } catch (another) {
      native.write(2, `${uncaughtText(another)}\n`)
    }
    native.exit(code)
  }

  const require = (name: string): unknown => {
    if (modules.has(name)) return modules.get(name)
    throw nodeError(Error, "MODULE_NOT_FOUND", `Cannot find module '${name}'`)
  }

  /** Run the app's top level, and the loop until nothing is left. */
  function live(entry: () => unknown): void {
    let result: unknown
    let settled = true
    try {
      result = entry()
    } catch (error) {
      onError(error)
    }
    if (native.promise(result) !== undefined) {
      settled = false
      ;(result as Promise<unknown>).then(
        (value) => {
          settled = true
          exports = value
        },
        (error: unknown) => {
          settled = true
          // Not a rejection that a handler may still catch: the program's own end.
          native.enqueue(() => onError(error))
        },
      )
    } else exports = result
    loop.drain()
    loop.run()
    if (!settled) {
      if (native.running()) native.write(2, "Warning: the app's top level awaits something that never happens.\n")
      process.fail(13)
    }
  }

  const hooks = {
    /** A run: returns the exit code. */
    main(app: App | undefined): number {
      for (const begin of starters) begin()
      if (ranAtBuild) live(callDefault)
      else if (app !== undefined) live(() => app(require))
      for (;;) {
        process.process.emit("beforeExit", Number(process.process["exitCode"] ?? 0))
        loop.drain()
        if (!loop.pending()) break
        loop.run()
      }
      return process.leave()
    },
    /** `--snapshot app`: the top level now, the default export's function at each start. */
    runAtBuild(app: App): void {
      guardRandom(native)
      live(() => app(require))
      if (loop.pending()) native.forbid("leaving a timer behind")
      ranAtBuild = true
    },
    rejection: loop.rejection,
    loadParts(parts: Parts) {
      parts(kit)
    },
    describe,
  }

  function callDefault(): unknown {
    const namespace = exports as { default?: unknown } | undefined
    let entry: unknown = namespace?.default ?? namespace
    // CommonJS compiled from ESM: the default export of the default export.
    if (typeof entry === "object" && entry !== null && typeof (entry as { default?: unknown }).default === "function")
      entry = (entry as { default: unknown }).default
    return typeof entry === "function" ? entry() : undefined
  }

  const kit = {
    native,
    loop,
    bytes,
    process: process.process,
    emitWarning: process.emitWarning,
    console,
    timers,
    queueMicrotask,
    EventEmitter,
    inspect,
    format,
    formatWithOptions,
    nodeError,
    modules,
    starters,
    expose,
  }
  return { hooks, kit }
}

/** While the artifact is built randomness would be baked in. The guard stays: programs may have kept a reference to it. */
function guardRandom(native: Native): void {
  const engine = Math.random
  Math.random = Object.defineProperty(() => (native.running() ? engine() : native.forbid("Math.random()")), "name", {
    value: "random",
    configurable: true,
  })
}

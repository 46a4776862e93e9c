// Loading: the base is brought to life and the app compiled in it.
//
// In: the base, the bundle, the script of the parts that the bundle uses. Out: a live engine that holds the app's
// functions, not yet run (or, with `snapshot: "app"`, run to its end).
import { words } from "../engine/words.ts"
import { startEngine, type JSValue, type LiveEngine } from "../engine/live.ts"
import { defaultNativeStackBytes } from "../engine/prelink/prelink.ts"
import type { Bundle } from "./bundle/bundle.ts"
import { appDoesNotCompile, engineRanOutOfMemory, forbiddenAtBuild, topLevelThrew } from "./errors.ts"
import type { Settled } from "./options.ts"
import { bytecodeBytes, originalPlace, placeApp } from "./positions.ts"
import { freezeStrings } from "./templatestrings.ts"

export type LoadChoices = Pick<Settled, "keepSource">

/** A live engine with an app in it. */
export interface LoadedApp {
  live: LiveEngine
  /** The app's outermost function. */
  appFunction: JSValue
  /** Bytes of the app's bytecode and line tables. */
  bytecodeBytes: number
}

const FLAG_MODULE = 1
const FLAG_KEEP_SOURCE = 2

/** File name of what has no original file: helpers that the bundler adds. */
export const bundleName = "edgebox:bundle"

/**
 * Start the base; `write` gets what the app prints at build time. `guest_unseal` makes freed memory be zeroed, so that
 * garbage stays out of the snapshot.
 */
export function startBase(
  base: Uint8Array,
  options: { write?: (fd: number, bytes: Uint8Array) => void } = {},
): LiveEngine {
  let live: LiveEngine | undefined
  const refuse = (what: string, result: number) => () => {
    live?.withString(what, (pointer) => live?.call("guest_forbid", pointer))
    return result
  }
  live = startEngine(base, {
    initialize: false,
    write: options.write,
    imports: {
      wasi_snapshot_preview1: {
        clock_time_get: refuse("reading the clock", 0),
        random_get: refuse("using randomness", 0),
      },
    },
  })
  live.view().setUint32(words.nativeStackLimit, buildNativeStackBytes, true)
  if (live.call("guest_unseal") !== 0) throw new Error("the base was not sealed")
  return live
}

/** Native stack while building: Node's default is 984 KB and the compiler itself is on it. */
const buildNativeStackBytes = defaultNativeStackBytes

/**
 * Compile the app in a live base. `parts` is the script of the guest's parts that it uses, or nothing. Throws EB220
 * when the engine refuses the source, or EB221 when it has no memory for it.
 */
export function compileBundle(live: LiveEngine, bundle: Bundle, parts: string, options: LoadChoices): LoadedApp {
  if (parts !== "") evaluateParts(live, parts)
  compileApp(live, bundle, options.keepSource)
  const appFunction = live.callValue("guest_app_function")
  placeApp(live, appFunction, bundle, bundleName)
  freezeStrings(live, appFunction)
  return { live, appFunction, bytecodeBytes: bytecodeBytes(live, appFunction) }
}

/** Run the app's top level now, until nothing is left to do. */
export function runAppNow(live: LiveEngine): void {
  const failed = live.call("guest_run_app_now") !== 0
  const error = readGuestError(live)
  if (error?.forbidden !== undefined) throw forbiddenAtBuild(error.forbidden, firstPlace(error.stack))
  if (error !== undefined || failed) throw topLevelThrew(describe(error), firstPlace(error?.stack))
}

function evaluateParts(live: LiveEngine, source: string): void {
  const failed = withName(live, "edgebox:parts", (name) =>
    live.withString(source, (pointer, length) => live.call("guest_eval_part", pointer, length, name)),
  )
  if (failed !== 0) throw new Error(`the guest's parts do not run: ${describe(readGuestError(live))}`)
}

function compileApp(live: LiveEngine, bundle: Bundle, keepSource: boolean): void {
  const flags = (keepSource ? FLAG_KEEP_SOURCE : 0) | (bundle.entryIsModule ? FLAG_MODULE : 0)
  const failed = withName(live, bundleName, (name) =>
    live.withString(bundle.code, (pointer, length) => live.call("guest_compile_app", pointer, length, name, flags)),
  )
  if (failed === 0) return
  const error = readGuestError(live)
  if (error === undefined || /out of memory/.test(error.message)) throw engineRanOutOfMemory()
  const { lineNumber, columnNumber } = error
  const place = lineNumber === undefined ? undefined : originalPlace(bundle, lineNumber, columnNumber ?? 1)
  throw appDoesNotCompile(describe(error), place && `${place.file}:${place.line}:${place.column}`)
}

function withName<T>(live: LiveEngine, name: string, use: (pointer: number) => T): T {
  return live.withString(name, use)
}

/** What `guest_error()` says: docs/guest-interface.md. */
interface GuestError {
  name?: string
  message: string
  stack?: string
  lineNumber?: number
  columnNumber?: number
  /** What the app asked for that it may not have at build time. */
  forbidden?: string
}

function readGuestError(live: LiveEngine): GuestError | undefined {
  const pointer = live.call("guest_error")
  return pointer === 0 ? undefined : (JSON.parse(live.readCString(pointer)) as GuestError)
}

function describe(error: GuestError | undefined): string {
  if (error === undefined) return "no reason was given"
  return error.name === undefined ? error.message : `${error.name}: ${error.message}`
}

/** The first place in a stack trace that lies in a file of the app. */
function firstPlace(stack: string | undefined): string | undefined {
  for (const line of stack?.split("\n") ?? []) {
    const place = /\(?([^()\s]+:\d+:\d+)\)?$/.exec(line)?.[1]
    // "<input>" is text that the app gave to JSON.parse or eval.
    if (place !== undefined && !/^(edgebox:|<)/.test(place)) return place
  }
  return undefined
}

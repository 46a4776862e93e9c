// The core: what every artifact has of JavaScript.
//
// A script whose value is `start`; the C glue calls it with `native` and keeps the functions that it returns. Only this
// file and what it imports live in the heap of every artifact. What needs more room is two scripts of their own
// (scripts.ts), kept as bytecode and loaded when a program first needs them: show.ts (printing values) and world.ts
// (process, timers, the event loop, how a program ends). "Hello, world" needs neither.
import { isClass } from "./isclass.ts"
import { expose, exposeGlobals, guardRandom, rename } from "./globals.ts"
import { kit, native, useKit, type Kit, type Show, type World } from "./kit.ts"
import type { Native } from "./native.ts"
import { loadNumber } from "./scripts.ts"
import { describe, installStacks } from "./stacks.ts"

type App = (require: (name: string) => unknown) => unknown

let hasWorld = false
/** What the entry exports. */
let exports: unknown
let ranAtBuild = false

/** Called once, by guest_eval_core. */
export function start(given: Native): object {
  installStacks(given)
  useKit(makeKit(given))
  exposeGlobals()
  return { main, runAtBuild, rejection, loadParts, describe }
}

function makeKit(native: Native): Kit {
  const loadWorld = lazy<World>("world")
  return {
    native,
    show: lazy<Show>("show"),
    world() {
      hasWorld = true
      return loadWorld()
    },
    modules: new Map(),
    starters: [],
    expose,
    rejected: new Map(),
    lateHandler() {},
  }
}

/** What a script of the core's makes, made when it is first asked for. */
function lazy<T>(script: Parameters<typeof loadNumber>[0]): () => T {
  let made: T | undefined
  return () => (made ??= native.load(loadNumber(script))(kit) as T)
}

/** Returns the exit code. */
function main(app: App | undefined, isModule: boolean): number {
  for (const begin of kit.starters) begin()
  return live(ranAtBuild ? callDefault : () => app?.(require), isModule)
}

/** `--snapshot app`: the top level now, the default export's function at each start. */
function runAtBuild(app: App, isModule: boolean): void {
  guardRandom()
  live(() => app(require), isModule)
  ranAtBuild = true
}

/** What the engine tells of promises. */
function rejection(promise: Promise<unknown>, reason: unknown, handled: boolean): void {
  if (!handled) kit.rejected.set(promise, reason)
  else if (!kit.rejected.delete(promise)) kit.lateHandler(promise)
}

function loadParts(parts: (kit: Kit) => void): void {
  parts(kit)
  for (const module of kit.modules.values())
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(module as object)))
      if (typeof value === "function" && name !== "constructor") rename(value as () => unknown, name)
}

/**
 * Run the program's entry, then whatever it left to do; returns the exit code. `isModule`: the entry is an ES module.
 */
function live(entry: () => unknown, isModule: boolean): number {
  let result: unknown
  try {
    result = entry()
  } catch (error) {
    kit.world().onError(error)
  }
  if (native.promise(result) === undefined) exports = result
  else kit.world().awaitTop(result as Promise<unknown>, (value) => (exports = value))
  // Without the world there are no ticks and no timers: jobs are all there can be. An ES module is itself run by a job
  // in Node: those that it leaves come before its ticks.
  while (isModule || !hasWorld) {
    try {
      native.runJobs()
      break
    } catch (error) {
      kit.world().onError(error)
    }
  }
  return hasWorld || kit.rejected.size > 0 ? kit.world().finish() : 0
}

function callDefault(): unknown {
  const namespace = exports as { default?: unknown } | undefined
  let entry: unknown = namespace?.default ?? namespace
  // A default export that went through CommonJS is one level down.
  if (typeof entry === "object" && entry !== null && typeof (entry as { default?: unknown }).default === "function")
    entry = (entry as { default: unknown }).default
  return typeof entry === "function" && !isClass(entry) ? (entry as () => unknown)() : undefined
}

/** A built-in module, for the bundle. */
const require = (name: string): unknown => {
  if (kit.modules.has(name)) return kit.modules.get(name)
  throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" })
}

// The core: what every artifact has of JavaScript.
//
// A script whose value is `start`; the C glue calls it with `native` and keeps the functions that it returns. Only this file
// lives in the heap of every artifact. What needs more room is two scripts of their own (scripts.ts), kept as bytecode and loaded when a
// program first needs them: show.ts (printing values) and world.ts (process, timers, the event loop, how a program ends).
// "Hello, world" needs neither.
import { describe, installStacks } from "./errors.ts"
import type { Native } from "./native.ts"
import { loadNumber } from "./scripts.ts"
import type { Show } from "./show.ts"
import type { World } from "./world.ts"

type App = (require: (name: string) => unknown) => unknown
type Anything = (...args: never[]) => unknown

/** What the guest's scripts and parts are built from: never reachable from the app. */
export interface Kit {
  native: Native
  /** Printing values: loaded when first asked for. */
  show(): Show
  /** process, timers, the loop: loaded when first asked for. */
  world(): World
  /** Built-in modules by name, without "node:". */
  modules: Map<string, unknown>
  /** Things that differ from run to run: called when a run starts. */
  starters: (() => void)[]
  /** Define a global: writable, configurable, enumerable if asked. */
  expose(name: string, value: unknown, enumerable?: boolean): void
  /** Rejections that nobody has handled yet. */
  rejected: Map<Promise<unknown>, unknown>
  /** Those that were reported; tells of handlers that come too late. */
  lateHandler: (promise: Promise<unknown>) => void
}

const consoleMethods =
  "log info debug error warn dir dirxml trace assert clear count countReset group groupCollapsed groupEnd table time timeLog timeEnd timeStamp profile profileEnd"

/** Called once, by guest_eval_core. */
export function start(native: Native): object {
  installStacks(native)
  const lazy = <T>(script: Parameters<typeof loadNumber>[0]): (() => T) => {
    let made: T | undefined
    return () => (made ??= native.load(loadNumber(script))(kit) as T)
  }
  let hasWorld = false
  const loadWorld = lazy<World>("world")
  const kit: Kit = {
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
  let exports: unknown
  let ranAtBuild = false

  // ---- globals ----

  const console: Record<string, Anything> = {}
  let indented = false
  for (const name of consoleMethods.split(" ")) {
    // Most of what programs print is one string: that needs nothing but a line feed.
    const fd = name === "log" || name === "info" || name === "debug" ? 1 : name === "error" || name === "warn" ? 2 : 0
    const method = (...args: unknown[]): unknown => {
      if (fd !== 0 && !indented && args.length === 1 && typeof args[0] === "string")
        return void native.write(fd, `${args[0]}\n`)
      if (fd === 0) indented = true // group() may have been called: from here on every line goes the long way
      return (kit.show().console as Record<string, (...args: unknown[]) => unknown>)[name]!(...args)
    }
    console[name] = Object.defineProperty(method, "name", { value: name })
  }
  Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true })
  expose("console", console)
  for (const name of [
    "setTimeout",
    "setInterval",
    "setImmediate",
    "clearTimeout",
    "clearInterval",
    "clearImmediate",
  ] as const)
    expose(name, (...args: never[]) => (kit.world().timers[name] as Anything)(...args), true)
  expose(
    "queueMicrotask",
    (callback: () => void) => {
      if (typeof callback !== "function") throw kit.world().wrongType("callback", "of type function", callback)
      native.enqueue(() => callback())
    },
    true,
  )
  expose("global", globalThis)
  Object.defineProperty(globalThis, "process", {
    get: () => kit.world().process,
    set: (value: unknown) => expose("process", value),
    configurable: true,
  })

  // ---- a run ----

  const require = (name: string): unknown => {
    if (name === "process") return kit.world().process
    if (kit.modules.has(name)) return kit.modules.get(name)
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" })
  }

  /** Run the program's entry, then whatever it left to do; returns the exit code. `isModule`: the entry is an ES module. */
  function live(entry: () => unknown, isModule: boolean): number {
    let result: unknown
    try {
      result = entry()
    } catch (error) {
      kit.world().onError(error)
    }
    if (native.promise(result) === undefined) exports = result
    else kit.world().awaitTop(result as Promise<unknown>, (value) => (exports = value))
    // Without the world there are no ticks and no timers: jobs are all there can be. An ES module is itself run by a job in Node: those that it
    // leaves come before its ticks.
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
    return typeof entry === "function" && !isClass(entry) ? entry() : undefined
  }

  return {
    /** Returns the exit code. */
    main(app: App | undefined, isModule: boolean): number {
      for (const begin of kit.starters) begin()
      return live(ranAtBuild ? callDefault : () => app?.(require), isModule)
    },
    /** `--snapshot app`: the top level now, the default export's function at each start. */
    runAtBuild(app: App, isModule: boolean): void {
      guardRandom(native)
      live(() => app(require), isModule)
      ranAtBuild = true
    },
    rejection(promise: Promise<unknown>, reason: unknown, handled: boolean): void {
      if (!handled) kit.rejected.set(promise, reason)
      else if (!kit.rejected.delete(promise)) kit.lateHandler(promise)
    },
    loadParts(parts: (kit: Kit) => void): void {
      parts(kit)
      // Names of functions were shortened by the bundler.
      for (const module of kit.modules.values())
        for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(module as object)))
          if (typeof value === "function" && name !== "constructor") rename(value as object, name)
    },
    describe,
  }
}

/** A class cannot be called; of all constructors it alone has a prototype that cannot be exchanged. */
function isClass(value: object): boolean {
  return Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false
}

function rename(value: object, name: string): void {
  if ((value as { name?: unknown }).name !== name)
    Object.defineProperty(value, "name", { value: name, configurable: true })
}

/** Put a global where the language's own are. */
function expose(name: string, value: unknown, enumerable = false): void {
  if (typeof value === "function") rename(value, name)
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable, configurable: true })
}

/** While the artifact is built randomness would be baked in. The guard stays: programs may have kept a reference to it. */
function guardRandom(native: Native): void {
  const engine = Math.random
  Math.random = Object.defineProperty(() => (native.running() ? engine() : native.forbid("Math.random()")), "name", {
    value: "random",
    configurable: true,
  })
}

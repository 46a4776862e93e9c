// The globals that every artifact has: console, timers, process. What is behind them is loaded when it is first used.
import { kit, native } from "./kit.ts"
import { named } from "./named.ts"

type Anything = (...args: unknown[]) => unknown

const consoleMethods =
  "log info debug error warn dir dirxml trace assert clear count countReset group groupCollapsed groupEnd table time timeLog timeEnd timeStamp profile profileEnd"

const timerNames = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
] as const

/** Define them all. */
export function exposeGlobals(): void {
  expose("console", makeConsole())
  for (const name of timerNames)
    expose(name, (...args: unknown[]) => (kit.world().timers[name] as Anything)(...args), true)
  expose("queueMicrotask", enqueueMicrotask, true)
  expose("global", globalThis)
  Object.defineProperty(globalThis, "process", {
    get: () => kit.world().process,
    set: (value: unknown) => expose("process", value),
    configurable: true,
  })
}

function makeConsole(): object {
  const console: Record<string, Anything> = {}
  for (const name of consoleMethods.split(" ")) console[name] = named(name, makeConsoleMethod(name))
  return Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true })
}

/** group() may have been called: every line goes the long way. */
let indented = false

function makeConsoleMethod(name: string): Anything {
  // Most of what programs print is one string: that needs nothing but a line feed.
  const fd = name === "log" || name === "info" || name === "debug" ? 1 : name === "error" || name === "warn" ? 2 : 0
  return (...args) => {
    if (fd !== 0 && !indented && args.length === 1 && typeof args[0] === "string")
      return void native.write(fd, `${args[0]}\n`)
    if (fd === 0) indented = true
    return kit.show().console[name]!(...args) as unknown
  }
}

const enqueueMicrotask = (callback: unknown): void => {
  if (typeof callback !== "function") throw kit.world().wrongType("callback", "of type function", callback)
  native.enqueue(() => (callback as () => void)())
}

/** Put a global where the language's own are. */
export function expose(name: string, value: unknown, enumerable = false): void {
  if (typeof value === "function") rename(value as Anything, name)
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable, configurable: true })
}

/** Names of functions were shortened by the bundler. */
export function rename(value: Anything, name: string): void {
  if (value.name !== name) named(name, value)
}

/**
 * While the artifact is built randomness would be baked in. The guard stays: programs may have kept a reference to it.
 */
export function guardRandom(): void {
  const engine = Math.random
  Math.random = named("random", () => (native.running() ? engine() : native.forbid("Math.random()")))
}

// setTimeout and its family, with Node's Timeout and Immediate objects.
import { customInspect } from "./inspection.ts"
import type { Immediate as LoopImmediate, TimerFunctions } from "./kit.ts"
import { cancel, immediate, schedule, type Timer } from "./loop.ts"
import { checkCallback, inspect } from "./nodeerror.ts"
import { emitWarning } from "./processobject.ts"

type Callback = (...args: any[]) => unknown
const longest = 2 ** 31 - 1

/** Timeouts that a program has asked for their numbers. */
const numbered = new Map<number, Timeout>()
let count = 0

/** End a timer. Not methods: programs would see them. */
let stopTimeout: (timeout: Timeout) => void
let stopImmediate: (immediate: Immediate) => void

class Timeout {
  _idleTimeout: number
  _onTimeout: Callback | null
  _repeat: number | null
  #timer: Timer
  #id: number | undefined
  constructor(callback: Callback, after: unknown, args: unknown[], repeat: boolean) {
    this._idleTimeout = clamp(after)
    this._onTimeout = callback
    this._repeat = repeat ? this._idleTimeout : null
    this.#timer = {
      period: repeat ? this._idleTimeout : -1,
      callback: callerOf(this),
      args,
      referenced: true,
    }
    schedule(this.#timer, this._idleTimeout)
  }
  ref() {
    this.#timer.referenced = true
    return this
  }
  unref() {
    this.#timer.referenced = false
    return this
  }
  hasRef() {
    return this.#timer.referenced
  }
  refresh() {
    if (this._onTimeout !== null) {
      this.#timer.callback ??= callerOf(this)
      schedule(this.#timer, this._idleTimeout)
    }
    return this
  }
  close() {
    stopTimeout(this)
    return this
  }
  [Symbol.toPrimitive]() {
    if (this.#id === undefined) {
      this.#id = ++count
      numbered.set(this.#id, this)
    }
    return this.#id
  }
  [Symbol.dispose ?? Symbol.for("nodejs.dispose")]() {
    stopTimeout(this)
  }
  [customInspect](_depth: number, options: object) {
    return inspect(this, { ...options, depth: 0, customInspect: false })
  }
  static {
    stopTimeout = (timeout) => {
      timeout._onTimeout = null
      timeout.#timer.callback = undefined
      cancel(timeout.#timer)
      if (timeout.#id !== undefined) numbered.delete(timeout.#id)
    }
  }
}

class Immediate {
  _onImmediate: Callback | null
  #entry: LoopImmediate
  constructor(callback: Callback, args: unknown[]) {
    this._onImmediate = callback
    this.#entry = { callback, args, referenced: true }
    immediate(this.#entry)
  }
  ref() {
    this.#entry.referenced = true
    return this
  }
  unref() {
    this.#entry.referenced = false
    return this
  }
  hasRef() {
    return this.#entry.referenced
  }
  static {
    stopImmediate = (immediate) => {
      immediate._onImmediate = null
      immediate.#entry.callback = undefined
      immediate.#entry.referenced = false
    }
  }
}

// Shortened by the bundler, but programs may print them.
Object.defineProperty(Timeout, "name", { value: "Timeout", configurable: true })
Object.defineProperty(Immediate, "name", { value: "Immediate", configurable: true })

/** What the loop calls: the callback that the timeout has by then. */
function callerOf(timeout: Timeout): Callback {
  return (...given) => timeout._onTimeout?.apply(timeout, given)
}

/** A delay as Node takes it: at least 1 ms, at most what 31 bits hold. */
function clamp(value: unknown): number {
  const milliseconds = Number(value)
  if (milliseconds > longest) {
    emitWarning(
      `${milliseconds} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`,
      "TimeoutOverflowWarning",
    )
    return 1
  }
  return milliseconds >= 1 ? Math.trunc(milliseconds) : 1
}

/** Cancel by the object, or by the number that it was turned into. */
function clear(timer: unknown): void {
  const found = typeof timer === "number" || typeof timer === "string" ? numbered.get(Number(timer)) : timer
  if (found instanceof Timeout) stopTimeout(found)
}

export const timers: TimerFunctions = {
  setTimeout(callback: Callback, after?: number, ...args: unknown[]) {
    checkCallback(callback)
    return new Timeout(callback, after, args, false)
  },
  setInterval(callback: Callback, after?: number, ...args: unknown[]) {
    checkCallback(callback)
    return new Timeout(callback, after, args, true)
  },
  setImmediate(callback: Callback, ...args: unknown[]) {
    checkCallback(callback)
    return new Immediate(callback, args)
  },
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate(immediate?: unknown) {
    if (immediate instanceof Immediate) stopImmediate(immediate)
  },
}

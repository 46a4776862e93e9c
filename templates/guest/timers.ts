// setTimeout and its family, with Node's Timeout and Immediate objects.
import type { Immediate as LoopImmediate, Loop, Timer } from "./loop.ts"
import { checkCallback, inspect } from "./nodeerror.ts"

type Callback = (...args: any[]) => unknown
const customInspect = Symbol.for("nodejs.util.inspect.custom")
const longest = 2 ** 31 - 1

export type Timers = ReturnType<typeof makeTimers>

/** The timer functions over a loop. `forbid` is told when one is used while the artifact is built. */
export function makeTimers(loop: Loop, warn: (message: string, type: string) => void) {
  const numbered = new Map<number, Timeout>()
  let count = 0

  const clamp = (value: unknown): number => {
    const milliseconds = Number(value)
    if (milliseconds > longest) {
      warn(
        `${milliseconds} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`,
        "TimeoutOverflowWarning",
      )
      return 1
    }
    return milliseconds >= 1 ? Math.trunc(milliseconds) : 1
  }

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
      const call = (...given: unknown[]) => this._onTimeout?.apply(this, given)
      this.#timer = {
        period: repeat ? this._idleTimeout : -1,
        callback: call,
        args,
        referenced: true,
      }
      loop.schedule(this.#timer, this._idleTimeout)
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
        this.#timer.callback ??= (...given: unknown[]) => this._onTimeout?.apply(this, given)
        loop.schedule(this.#timer, this._idleTimeout)
      }
      return this
    }
    close() {
      cancel(this)
      return this
    }
    stop() {
      this._onTimeout = null
      this.#timer.callback = undefined
      loop.cancel(this.#timer)
      if (this.#id !== undefined) numbered.delete(this.#id)
    }
    [Symbol.toPrimitive]() {
      if (this.#id === undefined) {
        this.#id = ++count
        numbered.set(this.#id, this)
      }
      return this.#id
    }
    [Symbol.dispose ?? Symbol.for("nodejs.dispose")]() {
      cancel(this)
    }
    [customInspect](_depth: number, options: object) {
      return inspect(this, { ...options, depth: 0, customInspect: false })
    }
  }

  class Immediate {
    _onImmediate: Callback | null
    #entry: LoopImmediate
    constructor(callback: Callback, args: unknown[]) {
      this._onImmediate = callback
      this.#entry = { callback, args, referenced: true }
      loop.immediate(this.#entry)
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
    stop() {
      this._onImmediate = null
      this.#entry.callback = undefined
      this.#entry.referenced = false
    }
  }
  for (const [type, name] of [
    [Timeout, "Timeout"],
    [Immediate, "Immediate"],
  ] as const)
    Object.defineProperty(type, "name", { value: name, configurable: true })
  const stop = { timeout: Timeout.prototype.stop, immediate: Immediate.prototype.stop }
  delete (Timeout.prototype as Partial<Timeout>).stop
  delete (Immediate.prototype as Partial<Immediate>).stop

  function cancel(timer: unknown): void {
    if (timer instanceof Timeout) stop.timeout.call(timer)
    else if (typeof timer === "number" || typeof timer === "string") {
      const known = numbered.get(Number(timer))
      if (known !== undefined) stop.timeout.call(known)
    }
  }

  return {
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
    clearTimeout: function clearTimeout(timer?: unknown) {
      cancel(timer)
    },
    clearInterval: function clearInterval(timer?: unknown) {
      cancel(timer)
    },
    clearImmediate: function clearImmediate(immediate?: unknown) {
      if (immediate instanceof Immediate) stop.immediate.call(immediate)
    },
  }
}

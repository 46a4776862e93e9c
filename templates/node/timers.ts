// node:timers and node:timers/promises: the globals, and promises of them.
import { kit, useKit, type Kit } from "../guest/kit.ts"
import { aborted } from "./aborted.ts"

type Options = { signal?: AbortSignal; ref?: boolean }

export function start(given: Kit): void {
  useKit(given)
  given.world() // alive in the snapshot: whoever imports timers sets one
  given.modules.set("timers/promises", promises)
  // The globals, so that they are the same functions.
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis
  const timers = { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate, promises }
  given.modules.set("timers", timers)
  const custom = Symbol.for("nodejs.util.promisify.custom")
  Object.defineProperty(setTimeout, custom, { value: promises.setTimeout, configurable: true })
  Object.defineProperty(setImmediate, custom, { value: promises.setImmediate, configurable: true })
}

const promises = {
  setTimeout: <T>(milliseconds?: number, value?: T, options?: Options) => {
    const { timers } = kit.world()
    return wait((done) => timers.setTimeout(done, milliseconds), timers.clearTimeout, value, options)
  },
  setImmediate: <T>(value?: T, options?: Options) => {
    const { timers } = kit.world()
    return wait((done) => timers.setImmediate(done), timers.clearImmediate, value, options)
  },
  async *setInterval<T>(milliseconds?: number, value?: T, options?: Options) {
    for (;;) yield await promises.setTimeout(milliseconds, value, options)
  },
  scheduler: {
    wait: (milliseconds: number, options?: Options) => promises.setTimeout(milliseconds, undefined, options),
    yield: () => promises.setImmediate(),
  },
}

/** A promise of `value` when the timer that `start` sets has come; `stop` is for a signal that comes before. */
function wait<T>(
  start: (done: () => void) => { unref(): unknown },
  stop: (timer: unknown) => void,
  value?: T,
  options: Options = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal, ref = true } = options
    const abort = () => {
      stop(timer)
      reject(aborted(signal!))
    }
    const timer = start(() => {
      signal?.removeEventListener("abort", abort)
      resolve(value as T)
    })
    if (!ref) timer.unref()
    if (signal?.aborted) return abort()
    signal?.addEventListener("abort", abort, { once: true })
  })
}

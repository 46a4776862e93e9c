// The calls with callbacks and promises. WASI has no asynchronous files: the work is done at once, its result comes
// later.
import { kit } from "../guest/kit.ts"

type Call = (...args: unknown[]) => unknown

/** A call that returns a promise. */
export function withPromise(run: Call): Call {
  return (...args) =>
    new Promise((resolve, reject) => {
      let result: unknown
      try {
        result = run(...args)
      } catch (error) {
        return later(() => reject(error as Error))
      }
      later(() => resolve(result))
    })
}

/** A call that takes a callback as its last argument. */
export function withCallback(run: Call): Call {
  return (...args) => {
    const callback = (typeof args.at(-1) === "function" ? args.pop() : undefined) as Call
    kit.world().checkCallback(callback, "cb")
    let result: unknown
    try {
      result = run(...args)
    } catch (error) {
      if ((error as { syscall?: string }).syscall === undefined) throw error // a mistake in the arguments
      return later(() => callback(error))
    }
    later(() => callback(null, ...(result === undefined ? [] : [result])))
  }
}

/** At the end of this turn of the loop. */
export function later(call: () => void): void {
  kit.world().loop.immediate({ callback: call, args: [], referenced: true })
}

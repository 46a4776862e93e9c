// node:events: the core's EventEmitter with the functions around it.
import type { Kit } from "../guest/core.ts"

type Emitter = import("../guest/emitter.ts").EventEmitter

export function start({ modules, world }: Kit): void {
  const { EventEmitter, captureRejections, errorMonitor, wrongType } = world()

  function once(emitter: Emitter, event: string | symbol, options: { signal?: AbortSignal } = {}): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const { signal } = options
      if (signal?.aborted) return reject(aborted(signal))
      const target = emitter as unknown as Partial<EventTarget>
      if (typeof target.addEventListener === "function" && typeof emitter.on !== "function") {
        target.addEventListener(event as string, (given) => resolve([given]), { once: true })
        return
      }
      const stop = () => {
        emitter.removeListener(event, onEvent)
        emitter.removeListener("error", onError)
        signal?.removeEventListener("abort", onAbort)
      }
      const onEvent = (...args: unknown[]) => (stop(), resolve(args))
      const onError = (error: unknown) => (stop(), reject(error))
      const onAbort = () => (stop(), reject(aborted(signal!)))
      emitter.once(event, onEvent)
      if (event !== "error") emitter.once("error", onError)
      signal?.addEventListener("abort", onAbort, { once: true })
    })
  }
  const aborted = (signal: AbortSignal) =>
    Object.assign(new Error("The operation was aborted", { cause: signal.reason }), {
      name: "AbortError",
      code: "ABORT_ERR",
    })

  function on(
    emitter: Emitter,
    event: string | symbol,
    options: { signal?: AbortSignal } = {},
  ): AsyncIterableIterator<unknown[]> {
    const { signal } = options
    if (signal?.aborted) throw aborted(signal)
    const values: unknown[][] = []
    const waiting: { resolve(result: IteratorResult<unknown[]>): void; reject(error: unknown): void }[] = []
    let error: { value: unknown } | undefined
    let done = false
    const finish = () => {
      done = true
      emitter.removeListener(event, onEvent)
      emitter.removeListener("error", onError)
      for (const one of waiting.splice(0)) one.resolve({ done: true, value: undefined })
    }
    const onEvent = (...args: unknown[]) => {
      const next = waiting.shift()
      if (next === undefined) values.push(args)
      else next.resolve({ done: false, value: args })
    }
    const onError = (value: unknown) => {
      const next = waiting.shift()
      if (next === undefined) error = { value }
      else next.reject(value)
      finish()
    }
    emitter.on(event, onEvent)
    if (event !== "error") emitter.on("error", onError)
    signal?.addEventListener("abort", () => onError(aborted(signal)), { once: true })
    return {
      next() {
        const value = values.shift()
        if (value !== undefined) return Promise.resolve({ done: false, value })
        if (error !== undefined) {
          const failed = Promise.reject(error.value)
          error = undefined
          return failed
        }
        if (done) return Promise.resolve({ done: true, value: undefined })
        return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
      },
      return() {
        finish()
        return Promise.resolve({ done: true, value: undefined })
      },
      throw(value: unknown) {
        if (!(value instanceof Error)) throw wrongType("EventEmitter.AsyncIterator", "an instance of Error", value)
        error = { value }
        finish()
        return Promise.resolve({ done: true, value: undefined })
      },
      [Symbol.asyncIterator]() {
        return this
      },
    } as AsyncIterableIterator<unknown[]>
  }

  const extras = {
    EventEmitter,
    once,
    on,
    captureRejectionSymbol: captureRejections,
    errorMonitor,
    listenerCount: (emitter: Emitter, event: string) => emitter.listenerCount(event),
    getEventListeners: (emitter: Emitter, event: string) => emitter.listeners(event),
    getMaxListeners: (emitter: { getMaxListeners(): number }) => emitter.getMaxListeners(),
    setMaxListeners(count: number, ...emitters: { setMaxListeners(count: number): unknown }[]) {
      if (emitters.length === 0)
        (EventEmitter as unknown as { defaultMaxListeners: number }).defaultMaxListeners = count
      for (const emitter of emitters) emitter.setMaxListeners(count)
    },
    usingDomains: false,
  }
  modules.set("events", Object.assign(EventEmitter, extras))
}

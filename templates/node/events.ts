// node:events: the core's EventEmitter with the functions around it.
import { kit, useKit, type Emitter, type Kit } from "../guest/kit.ts"
import { aborted } from "./aborted.ts"

type EventName = string | symbol

export function start(given: Kit): void {
  useKit(given)
  const { EventEmitter, captureRejections, errorMonitor } = given.world()
  const extras = {
    EventEmitter,
    once,
    on,
    captureRejectionSymbol: captureRejections,
    errorMonitor,
    listenerCount: (emitter: Emitter, event: string) => emitter.listenerCount(event),
    getEventListeners: (emitter: Emitter, event: string) => emitter.listeners(event),
    getMaxListeners: (emitter: { getMaxListeners(): number }) => emitter.getMaxListeners(),
    setMaxListeners,
    usingDomains: false,
  }
  given.modules.set("events", Object.assign(EventEmitter, extras))
}

const setMaxListeners = (count: number, ...emitters: { setMaxListeners(count: number): unknown }[]) => {
  const { EventEmitter } = kit.world()
  if (emitters.length === 0) (EventEmitter as unknown as { defaultMaxListeners: number }).defaultMaxListeners = count
  for (const emitter of emitters) emitter.setMaxListeners(count)
}

/** A promise of the next event's values; an "error" event before it rejects it. */
function once(emitter: Emitter, event: EventName, options: { signal?: AbortSignal } = {}): Promise<unknown[]> {
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

/** Every event's values from now on, one after the other. */
function on(
  emitter: Emitter,
  event: EventName,
  options: { signal?: AbortSignal } = {},
): AsyncIterableIterator<unknown[]> {
  const { signal } = options
  if (signal?.aborted) throw aborted(signal)
  const stream = new EventStream(() => {
    emitter.removeListener(event, onEvent)
    emitter.removeListener("error", onError)
  })
  const onEvent = (...args: unknown[]) => stream.add(args)
  const onError = (error: unknown) => stream.fail(error)
  emitter.on(event, onEvent)
  if (event !== "error") emitter.on("error", onError)
  signal?.addEventListener("abort", () => onError(aborted(signal)), { once: true })
  return iterate(stream)
}

/** Events that nobody has asked for yet, or askers for whom there is no event yet. */
class EventStream {
  #values: unknown[][] = []
  #waiting: { resolve(result: IteratorResult<unknown[]>): void; reject(error: unknown): void }[] = []
  #error: { value: unknown } | undefined
  #done = false
  #stop: () => void
  constructor(stop: () => void) {
    this.#stop = stop
  }
  add(value: unknown[]): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#values.push(value)
    else next.resolve({ done: false, value })
  }
  /** The next asker gets the error; then it is over. */
  fail(value: unknown): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#error = { value }
    else next.reject(value)
    this.finish()
  }
  finish(): void {
    this.#done = true
    this.#stop()
    for (const one of this.#waiting.splice(0)) one.resolve({ done: true, value: undefined })
  }
  next(): Promise<IteratorResult<unknown[]>> {
    const value = this.#values.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#error !== undefined) {
      const failed = Promise.reject(this.#error.value)
      this.#error = undefined
      return failed
    }
    if (this.#done) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }
  /** The asker's own error: the next one gets it. */
  throw(value: unknown): void {
    this.#error = { value }
    this.finish()
  }
}

function iterate(stream: EventStream): AsyncIterableIterator<unknown[]> {
  const end = () => Promise.resolve({ done: true, value: undefined })
  return {
    next() {
      return stream.next()
    },
    return() {
      stream.finish()
      return end()
    },
    throw(value: unknown) {
      if (!(value instanceof Error))
        throw kit.world().wrongType("EventEmitter.AsyncIterator", "an instance of Error", value)
      stream.throw(value)
      return end()
    },
    [Symbol.asyncIterator]() {
      return this
    },
  } as AsyncIterableIterator<unknown[]>
}

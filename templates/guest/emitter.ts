// EventEmitter, as node:events has it. The core needs it for `process`; the module `events` shows it to apps.
import type { Emitter, EventName, Listener } from "./kit.ts"
import { checkCallback, inspect, nodeError, outOfRange } from "./nodeerror.ts"

const names = Symbol("events")
const most = Symbol("maxListeners")
export const captureRejections: unique symbol = Symbol.for("nodejs.rejection") as never
export const errorMonitor: unique symbol = Symbol("events.errorMonitor") as never
let defaultMost = 10
let warn: (warning: Error) => void = () => {}

/** How to tell about listeners that pile up. */
export function onWarning(how: (warning: Error) => void): void {
  warn = how
}

function checkCount(name: string, value: unknown): void {
  if (typeof value !== "number" || value < 0 || Number.isNaN(value)) throw outOfRange(name, ">= 0", value)
}

/** Options of the constructor. */
export interface EmitterOptions {
  captureRejections?: boolean
}

// A function rather than a class: old code calls EventEmitter.call(this) and util.inherits from it.
export interface EventEmitter extends Emitter {
  [names]: Record<EventName, Listener[]> | undefined
  [most]: number | undefined
}

/** The constructor, callable without `new`. */
export const EventEmitter = function EventEmitter(this: EventEmitter, options?: EmitterOptions) {
  init(this)
  if (options?.captureRejections) Object.defineProperty(this, captureRejectionsOn, { value: true, configurable: true })
} as unknown as { new (options?: EmitterOptions): EventEmitter; prototype: EventEmitter }
const captureRejectionsOn = Symbol("captureRejections")

function init(emitter: EventEmitter): void {
  if (!Object.hasOwn(emitter, names))
    Object.defineProperty(emitter, names, { value: Object.create(null), writable: true, configurable: true })
}

function table(emitter: EventEmitter): Record<EventName, Listener[]> {
  init(emitter)
  return emitter[names]!
}

function add(emitter: EventEmitter, event: EventName, listener: unknown, first: boolean): EventEmitter {
  checkCallback(listener, "listener")
  const all = table(emitter)
  // Before it is added: a listener of "newListener" may add others in front of it.
  if (all["newListener"] !== undefined) emitter.emit("newListener", event, (listener as Listener).listener ?? listener)
  const list = (all[event] ??= [])
  // Lists are copied on change, so that one that is being emitted stays as it is.
  all[event] = first ? [listener, ...list] : [...list, listener]
  warnOfLeak(emitter, event, all[event])
  return emitter
}

const warned = new WeakMap<EventEmitter, Set<EventName>>()

function warnOfLeak(emitter: EventEmitter, event: EventName, list: Listener[]): void {
  const limit = (emitter as unknown as { getMaxListeners(): number }).getMaxListeners()
  if (limit <= 0 || list.length <= limit) return
  const seen = warned.get(emitter) ?? new Set()
  if (seen.has(event)) return
  warned.set(emitter, seen.add(event))
  const warning = new Error(
    `Possible EventEmitter memory leak detected. ${list.length} ${String(event)} listeners added to ${inspect(emitter, { depth: -1 })}. ` +
      `MaxListeners is ${limit}. Use emitter.setMaxListeners() to increase limit`,
  )
  warning.name = "MaxListenersExceededWarning"
  Object.assign(warning, { emitter, type: event, count: list.length })
  warn(warning)
}

function wrapOnce(emitter: EventEmitter, event: EventName, listener: unknown): Listener {
  checkCallback(listener, "listener")
  let fired = false
  const wrapper: Listener = function (this: unknown, ...args) {
    if (fired) return undefined
    fired = true
    emitter.removeListener(event, wrapper)
    return listener.apply(emitter, args)
  }
  wrapper.listener = listener
  return wrapper
}

function throwUnhandled(error: unknown): never {
  if (error instanceof Error) throw error
  const text = typeof error === "string" ? `'${error}'` : inspect(error)
  throw nodeError(Error, "ERR_UNHANDLED_ERROR", `Unhandled error. (${text})`, { context: error })
}

function watchRejection(emitter: EventEmitter, event: EventName, result: unknown, args: unknown[]): void {
  const then = (result as PromiseLike<unknown> | undefined)?.then
  if (typeof then !== "function") return
  then.call(result, undefined, (error: unknown) => {
    const own = (emitter as unknown as Record<symbol, unknown>)[captureRejections]
    if (typeof own === "function") own.call(emitter, error, event, ...args)
    else emitter.emit("error", error)
  })
}

const methods = {
  on(this: EventEmitter, event: EventName, listener: Listener) {
    return add(this, event, listener, false)
  },
  prependListener(this: EventEmitter, event: EventName, listener: Listener) {
    return add(this, event, listener, true)
  },
  once(this: EventEmitter, event: EventName, listener: Listener) {
    return add(this, event, wrapOnce(this, event, listener), false)
  },
  prependOnceListener(this: EventEmitter, event: EventName, listener: Listener) {
    return add(this, event, wrapOnce(this, event, listener), true)
  },
  removeListener(this: EventEmitter, event: EventName, listener: Listener) {
    checkCallback(listener, "listener")
    const all = table(this)
    const list = all[event]
    if (list === undefined) return this
    const at = list.findLastIndex((one) => one === listener || one.listener === listener)
    if (at < 0) return this
    const rest = list.toSpliced(at, 1)
    if (rest.length === 0) delete all[event]
    else all[event] = rest
    if (all["removeListener"] !== undefined) this.emit("removeListener", event, list[at]!.listener ?? list[at])
    return this
  },
  removeAllListeners(this: EventEmitter, event?: EventName) {
    const all = table(this)
    if (arguments.length === 0) {
      for (const key of Reflect.ownKeys(all)) {
        if (key !== "removeListener")
          (this as unknown as { removeAllListeners(event: EventName): void }).removeAllListeners(key)
      }
      this[names] = Object.create(null)
      return this
    }
    for (const listener of [...(all[event!] ?? [])].reverse()) this.removeListener(event!, listener)
    return this
  },
  emit(this: EventEmitter, event: EventName, ...args: unknown[]) {
    const all = table(this)
    if (event === "error" && all[errorMonitor as never] !== undefined) this.emit(errorMonitor as never, ...args)
    const list = all[event]
    if (list === undefined) {
      if (event === "error") throwUnhandled(args[0])
      return false
    }
    const watched = (this as unknown as Record<symbol, unknown>)[captureRejectionsOn] === true
    for (const listener of list) {
      const result = listener.apply(this, args)
      if (watched) watchRejection(this, event, result, args)
    }
    return true
  },
  eventNames(this: EventEmitter) {
    return Reflect.ownKeys(table(this))
  },
  listenerCount(this: EventEmitter, event: EventName, listener?: Listener) {
    const list = table(this)[event] ?? []
    return listener === undefined
      ? list.length
      : list.filter((one) => one === listener || one.listener === listener).length
  },
  listeners(this: EventEmitter, event: EventName) {
    return (table(this)[event] ?? []).map((one) => one.listener ?? one)
  },
  rawListeners(this: EventEmitter, event: EventName) {
    return [...(table(this)[event] ?? [])]
  },
  setMaxListeners(this: EventEmitter, count: number) {
    checkCount("setMaxListeners", count)
    Object.defineProperty(this, most, { value: count, writable: true, configurable: true })
    return this
  },
  getMaxListeners(this: EventEmitter) {
    return this[most] ?? defaultMost
  },
}
for (const [name, value] of Object.entries({ ...methods, addListener: methods.on, off: methods.removeListener }))
  Object.defineProperty(EventEmitter.prototype, name, { value, writable: true, enumerable: true, configurable: true })
Object.defineProperty(EventEmitter, "name", { value: "EventEmitter", configurable: true })
Object.defineProperty(EventEmitter, "defaultMaxListeners", {
  enumerable: true,
  configurable: true,
  get: () => defaultMost,
  set(count: number) {
    checkCount("defaultMaxListeners", count)
    defaultMost = count
  },
})

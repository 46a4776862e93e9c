// AbortController and AbortSignal of the DOM Standard (section 3).
import { customInspect } from "../guest/inspection.ts"
import { kit } from "../guest/kit.ts"
import { defineHandler, Event, EventTarget } from "./eventtarget.ts"

interface SignalState {
  aborted: boolean
  reason: unknown
  /** The "dependent signals". */
  dependents: AbortSignal[]
}
const states = new WeakMap<AbortSignal, SignalState>()
const stateOf = (signal: AbortSignal): SignalState => states.get(signal)!

/** Programs cannot make a signal. */
const secret = Symbol()

const abortError = () => new DOMException("This operation was aborted", "AbortError")
const timeoutError = () => new DOMException("The operation was aborted due to timeout", "TimeoutError")

export class AbortSignal extends EventTarget {
  constructor(key?: symbol) {
    if (key !== secret) throw kit.world().nodeError(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor")
    super()
    states.set(this, { aborted: false, reason: undefined, dependents: [] })
  }
  get aborted(): boolean {
    return stateOf(this).aborted
  }
  get reason(): unknown {
    return stateOf(this).reason
  }
  throwIfAborted(): void {
    if (this.aborted) throw this.reason
  }
  [customInspect](depth: number, options: object): unknown {
    return shown(this, { aborted: this.aborted }, depth, options)
  }
  static abort(reason: unknown = abortError()): AbortSignal {
    const signal = new AbortSignal(secret)
    Object.assign(stateOf(signal), { aborted: true, reason })
    return signal
  }
  static timeout(milliseconds: number): AbortSignal {
    const signal = new AbortSignal(secret)
    kit
      .world()
      .timers.setTimeout(() => signalAbort(signal, timeoutError()), milliseconds)
      .unref()
    return signal
  }
  static any(list: Iterable<AbortSignal>): AbortSignal {
    const signal = new AbortSignal(secret)
    const sources = [...list]
    const done = sources.find((source) => source.aborted)
    if (done !== undefined) Object.assign(stateOf(signal), { aborted: true, reason: done.reason })
    else for (const source of sources) stateOf(source).dependents.push(signal)
    return signal
  }
}
defineHandler(AbortSignal.prototype, "abort")

/** "Signal abort". */
function signalAbort(signal: AbortSignal, reason: unknown): void {
  const state = stateOf(signal)
  if (state.aborted) return
  state.aborted = true
  state.reason = reason
  signal.dispatchEvent(new Event("abort"))
  for (const dependent of state.dependents) signalAbort(dependent, reason)
}

export class AbortController {
  #signal = new AbortSignal(secret)
  get signal(): AbortSignal {
    return this.#signal
  }
  abort(reason: unknown = abortError()): void {
    signalAbort(this.#signal, reason)
  }
  [customInspect](depth: number, options: object): unknown {
    return shown(this, { signal: this.#signal }, depth, options)
  }
}

/** How Node shows an object that has everything behind accessors. */
function shown(self: object, fields: object, depth: number, options: { depth?: number | null }): unknown {
  if (depth < 0) return self
  const inner = { ...options, depth: options.depth == null ? null : options.depth - 1 }
  return `${self.constructor.name} ${kit.show().inspect(fields, inner)}`
}

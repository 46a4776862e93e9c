// Event, CustomEvent, EventTarget, AbortController and AbortSignal of the DOM Standard, without a tree.
import type { Kit } from "../guest/core.ts"

type Listener = ((event: any) => unknown) | { handleEvent(event: any): unknown }
interface Entry {
  type: string
  listener: Listener
  capture: boolean
  once: boolean
  passive: boolean
  removed: boolean
}

export function start({ native, expose, world, show }: Kit): void {
  const custom = Symbol.for("nodejs.util.inspect.custom")
  /** How Node shows an object that has everything behind accessors. */
  function shown(self: object, fields: object, depth: number, options: { depth?: number | null }): unknown {
    if (depth < 0) return self
    const inner = { ...options, depth: options.depth == null ? null : options.depth - 1 }
    return `${self.constructor.name} ${show().inspect(fields, inner)}`
  }

  interface State {
    target: EventTarget | null
    dispatching: boolean
    stopped: boolean
    canceled: boolean
    passive: boolean
  }
  const states = new WeakMap<Event, State>()
  const stateOf = (event: Event): State => states.get(event)!

  class Event {
    static readonly NONE = 0
    static readonly CAPTURING_PHASE = 1
    static readonly AT_TARGET = 2
    static readonly BUBBLING_PHASE = 3
    readonly type: string
    readonly bubbles: boolean
    readonly cancelable: boolean
    readonly composed: boolean
    readonly timeStamp: number
    cancelBubble = false
    constructor(type: unknown, options: { bubbles?: boolean; cancelable?: boolean; composed?: boolean } = {}) {
      if (arguments.length === 0)
        throw world().nodeError(TypeError, "ERR_MISSING_ARGS", 'The "type" argument must be specified')
      this.type = `${type as string}`
      this.bubbles = Boolean(options?.bubbles)
      this.cancelable = Boolean(options?.cancelable)
      this.composed = Boolean(options?.composed)
      this.timeStamp = native.running() ? native.monotonic() : 0
      states.set(this, { target: null, dispatching: false, stopped: false, canceled: false, passive: false })
    }
    get target() {
      return stateOf(this).target
    }
    get srcElement() {
      return stateOf(this).target
    }
    get currentTarget() {
      return stateOf(this).dispatching ? stateOf(this).target : null
    }
    get eventPhase() {
      return stateOf(this).dispatching ? 2 : 0
    }
    get defaultPrevented() {
      return stateOf(this).canceled
    }
    get returnValue() {
      return !stateOf(this).canceled
    }
    get isTrusted() {
      return false
    }
    composedPath() {
      return stateOf(this).dispatching ? [stateOf(this).target] : []
    }
    preventDefault() {
      if (this.cancelable && !stateOf(this).passive) stateOf(this).canceled = true
    }
    stopPropagation() {
      this.cancelBubble = true
    }
    stopImmediatePropagation() {
      stateOf(this).stopped = true
      this.cancelBubble = true
    }
  }

  class CustomEvent extends Event {
    readonly detail: unknown
    constructor(
      type: unknown,
      options: { detail?: unknown; bubbles?: boolean; cancelable?: boolean; composed?: boolean } = {},
    ) {
      super(type, options)
      this.detail = options?.detail ?? null
    }
  }

  class EventTarget {
    #entries: Entry[] = []
    addEventListener(
      type: string,
      listener: Listener | null,
      options?: boolean | { capture?: boolean; once?: boolean; passive?: boolean; signal?: AbortSignal },
    ) {
      if (arguments.length < 2)
        throw world().nodeError(TypeError, "ERR_MISSING_ARGS", 'The "type" and "listener" arguments must be specified')
      if (listener === null || listener === undefined) return
      if (typeof listener !== "function" && typeof listener !== "object")
        throw world().wrongType("listener", "an instance of EventListener", listener)
      const {
        capture = false,
        once = false,
        passive = false,
        signal = undefined,
      } = typeof options === "object" && options !== null ? options : { capture: Boolean(options) }
      if (signal?.aborted) return
      type = `${type}`
      if (this.#entries.some((e) => e.type === type && e.listener === listener && e.capture === Boolean(capture)))
        return
      this.#entries.push({
        type,
        listener,
        capture: Boolean(capture),
        once: Boolean(once),
        passive: Boolean(passive),
        removed: false,
      })
      signal?.addEventListener("abort", () => this.removeEventListener(type, listener, { capture: Boolean(capture) }), {
        once: true,
      })
    }
    removeEventListener(type: string, listener: Listener | null, options?: boolean | { capture?: boolean }) {
      const capture = Boolean(typeof options === "object" && options !== null ? options.capture : options)
      const at = this.#entries.findIndex(
        (e) => e.type === `${type}` && e.listener === listener && e.capture === capture,
      )
      if (at >= 0) this.#entries.splice(at, 1)[0]!.removed = true
    }
    dispatchEvent(event: Event): boolean {
      const state = states.get(event)
      if (state === undefined) throw world().wrongType("event", "an instance of Event", event)
      if (state.dispatching) throw new DOMException("The event is already being dispatched", "InvalidStateError")
      state.dispatching = true
      state.target = this
      for (const entry of [...this.#entries]) {
        if (entry.type !== event.type || entry.removed) continue
        if (entry.once) this.removeEventListener(entry.type, entry.listener, entry.capture)
        state.passive = entry.passive
        try {
          if (typeof entry.listener === "function") entry.listener.call(this, event)
          else entry.listener.handleEvent(event)
        } catch (error) {
          world().loop.tick(() => world().onError(error), [])
        }
        state.passive = false
        if (state.stopped) break
      }
      state.dispatching = false
      state.stopped = false
      event.cancelBubble = false
      return !state.canceled
    }
  }

  const secret = Symbol()
  const signals = new WeakMap<AbortSignal, { aborted: boolean; reason: unknown; dependents: AbortSignal[] }>()

  class AbortSignal extends EventTarget {
    constructor(key?: symbol) {
      if (key !== secret) throw world().nodeError(TypeError, "ERR_ILLEGAL_CONSTRUCTOR", "Illegal constructor")
      super()
      signals.set(this, { aborted: false, reason: undefined, dependents: [] })
    }
    get aborted(): boolean {
      return signals.get(this)!.aborted
    }
    get reason(): unknown {
      return signals.get(this)!.reason
    }
    throwIfAborted(): void {
      if (this.aborted) throw this.reason
    }
    [custom](depth: number, options: object): unknown {
      return shown(this, { aborted: this.aborted }, depth, options)
    }
    static abort(reason: unknown = new DOMException("This operation was aborted", "AbortError")): AbortSignal {
      const signal = new AbortSignal(secret)
      Object.assign(signals.get(signal)!, { aborted: true, reason })
      return signal
    }
    static timeout(milliseconds: number): AbortSignal {
      const signal = new AbortSignal(secret)
      world()
        .timers.setTimeout(
          () => abort(signal, new DOMException("The operation was aborted due to timeout", "TimeoutError")),
          milliseconds,
        )
        .unref()
      return signal
    }
    static any(list: Iterable<AbortSignal>): AbortSignal {
      const signal = new AbortSignal(secret)
      const sources = [...list]
      const done = sources.find((source) => source.aborted)
      if (done !== undefined) Object.assign(signals.get(signal)!, { aborted: true, reason: done.reason })
      else for (const source of sources) signals.get(source)!.dependents.push(signal)
      return signal
    }
  }

  function abort(signal: AbortSignal, reason: unknown): void {
    const state = signals.get(signal)!
    if (state.aborted) return
    state.aborted = true
    state.reason = reason
    signal.dispatchEvent(new Event("abort"))
    for (const dependent of state.dependents) abort(dependent, reason)
  }

  class AbortController {
    #signal = new AbortSignal(secret)
    get signal(): AbortSignal {
      return this.#signal
    }
    abort(reason: unknown = new DOMException("This operation was aborted", "AbortError")): void {
      abort(this.#signal, reason)
    }
    [custom](depth: number, options: object): unknown {
      return shown(this, { signal: this.#signal }, depth, options)
    }
  }

  handler(AbortSignal.prototype, "abort")
  for (const [name, type] of Object.entries({ Event, CustomEvent, EventTarget, AbortSignal, AbortController })) {
    Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true })
    for (const key of Object.getOwnPropertyNames(type.prototype))
      if (key !== "constructor") Object.defineProperty(type.prototype, key, { enumerable: true })
    expose(name, type)
  }

  /** An `on…` attribute: one listener that can be exchanged. */
  function handler(prototype: object, type: string): void {
    const current = new WeakMap<object, Listener | null>()
    Object.defineProperty(prototype, `on${type}`, {
      configurable: true,
      enumerable: true,
      get(this: EventTarget) {
        return current.get(this) ?? null
      },
      set(this: EventTarget, listener: unknown) {
        if (!current.has(this))
          this.addEventListener(type, (event) => {
            const now = current.get(this)
            if (typeof now === "function") now.call(this, event)
          })
        current.set(this, typeof listener === "function" ? (listener as Listener) : null)
      },
    })
  }
}

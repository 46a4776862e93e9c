// Event, CustomEvent and EventTarget of the DOM Standard (section 2), without a tree: an event has one target and one
// phase.
import { kit, native } from "../guest/kit.ts"
import { needArguments } from "./webidl.ts"

export type Listener = ((event: any) => unknown) | { handleEvent(event: any): unknown }

/** What an event knows and does not show: the standard's flags. */
interface EventState {
  target: EventTarget | null
  dispatching: boolean
  /** "Stop immediate propagation". */
  stopped: boolean
  canceled: boolean
  inPassiveListener: boolean
}
const states = new WeakMap<Event, EventState>()
const stateOf = (event: Event): EventState => states.get(event)!

interface EventOptions {
  bubbles?: boolean
  cancelable?: boolean
  composed?: boolean
}

export class Event {
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
  constructor(type: unknown, options: EventOptions = {}) {
    needArguments(arguments.length, 1, '"type" argument')
    this.type = `${type as string}`
    this.bubbles = Boolean(options?.bubbles)
    this.cancelable = Boolean(options?.cancelable)
    this.composed = Boolean(options?.composed)
    this.timeStamp = native.running() ? native.monotonic() : 0
    states.set(this, { target: null, dispatching: false, stopped: false, canceled: false, inPassiveListener: false })
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
    if (this.cancelable && !stateOf(this).inPassiveListener) stateOf(this).canceled = true
  }
  stopPropagation() {
    this.cancelBubble = true
  }
  stopImmediatePropagation() {
    stateOf(this).stopped = true
    this.cancelBubble = true
  }
}

export class CustomEvent extends Event {
  readonly detail: unknown
  constructor(type: unknown, options: EventOptions & { detail?: unknown } = {}) {
    super(type, options)
    this.detail = options?.detail ?? null
  }
}

/** An event listener of the standard. */
interface Entry {
  type: string
  listener: Listener
  capture: boolean
  once: boolean
  passive: boolean
  removed: boolean
}

interface ListenerOptions {
  capture?: boolean
  once?: boolean
  passive?: boolean
  signal?: { aborted: boolean; addEventListener(type: "abort", listener: () => void, options: { once: true }): void }
}

export class EventTarget {
  #entries: Entry[] = []
  addEventListener(type: string, listener: Listener | null, options?: boolean | ListenerOptions) {
    needArguments(arguments.length, 2, '"type" and "listener" arguments')
    if (listener === null || listener === undefined) return
    if (typeof listener !== "function" && typeof listener !== "object")
      throw kit.world().wrongType("listener", "an instance of EventListener", listener)
    const { capture = false, once = false, passive = false, signal = undefined } = flatten(options)
    if (signal?.aborted) return
    const entry = {
      type: `${type}`,
      listener,
      capture: Boolean(capture),
      once: Boolean(once),
      passive: Boolean(passive),
      removed: false,
    }
    if (this.#find(entry) >= 0) return
    this.#entries.push(entry)
    const remove = () => this.removeEventListener(entry.type, listener, { capture: entry.capture })
    signal?.addEventListener("abort", remove, { once: true })
  }
  removeEventListener(type: string, listener: Listener | null, options?: boolean | { capture?: boolean }) {
    const capture = Boolean(flatten(options).capture)
    const at = this.#find({ type: `${type}`, listener, capture })
    if (at >= 0) this.#entries.splice(at, 1)[0]!.removed = true
  }
  dispatchEvent(event: Event): boolean {
    const state = states.get(event)
    if (state === undefined) throw kit.world().wrongType("event", "an instance of Event", event)
    if (state.dispatching) throw new DOMException("The event is already being dispatched", "InvalidStateError")
    state.dispatching = true
    state.target = this
    for (const entry of [...this.#entries]) {
      if (entry.type !== event.type || entry.removed) continue
      if (entry.once) this.removeEventListener(entry.type, entry.listener, entry.capture)
      state.inPassiveListener = entry.passive
      callListener(this, entry.listener, event)
      state.inPassiveListener = false
      if (state.stopped) break
    }
    state.dispatching = false
    state.stopped = false
    event.cancelBubble = false
    return !state.canceled
  }
  #find({ type, listener, capture }: { type: string; listener: Listener | null; capture: boolean }): number {
    return this.#entries.findIndex((e) => e.type === type && e.listener === listener && e.capture === capture)
  }
}

/** "Flatten": options that are not an object are `capture`. */
function flatten(options: boolean | ListenerOptions | undefined): ListenerOptions {
  return typeof options === "object" && options !== null ? options : { capture: Boolean(options) }
}

/** "Inner invoke" for one listener; what it throws is reported, later. */
function callListener(target: EventTarget, listener: Listener, event: Event): void {
  try {
    if (typeof listener === "function") listener.call(target, event)
    else listener.handleEvent(event)
  } catch (error) {
    kit.world().loop.tick(() => kit.world().onError(error), [])
  }
}

/** An event handler IDL attribute `on…` (HTML Standard, section 8.1.8): one listener that can be exchanged. */
export function defineHandler(prototype: object, type: string): void {
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

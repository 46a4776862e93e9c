// What the guest's scripts and parts are built from, and what they owe each other. Never reachable from the app.
//
// The core makes one kit. Every other script and every part is bundled alone and called with it once: `start` keeps it
// here, in a variable that is the script's own, before anything else of the script runs.
import type { InspectOptions } from "./inspection.ts"
import type { Native } from "./native.ts"

type AnyFunction = (...args: any[]) => any

export interface Kit {
  native: Native
  /** Printing values: loaded when first asked for. */
  show(): Show
  /** process, timers, the loop: loaded when first asked for. */
  world(): World
  /** Built-in modules by name, without "node:". */
  modules: Map<string, unknown>
  /** Things that differ from run to run: called when a run starts. */
  starters: (() => void)[]
  /** Define a global: writable, configurable, enumerable if asked. */
  expose(name: string, value: unknown, enumerable?: boolean): void
  /** Rejections that nobody has handled yet. */
  rejected: Map<Promise<unknown>, unknown>
  /** Those that were reported; tells of handlers that come too late. */
  lateHandler: (promise: Promise<unknown>) => void
}

/** What the script show.ts gives. */
export interface Show {
  console: Record<string, AnyFunction>
  format(...args: unknown[]): string
  formatWithOptions(options: InspectOptions, ...args: unknown[]): string
  inspect(value: unknown, options?: InspectOptions | boolean | object, depth?: number | null, colors?: boolean): string
  customInspect: symbol
  defaultOptions: Required<InspectOptions>
  styleColors: Record<string, [number, number]>
  styleNames: Record<string, string>
}

/** What the script world.ts gives. */
export interface World {
  process: Emitter & Record<string, unknown>
  timers: TimerFunctions
  loop: {
    /** Call after what runs now, before anything else. */
    tick(callback: AnyFunction, args: unknown[]): void
    /** Call at the end of this turn. */
    immediate(immediate: Immediate): void
  }
  bytes: {
    decode(bytes: Uint8Array, encoding: Encoding): string
    encode(text: string, encoding: Encoding): Uint8Array
    /** Bytes as an app gets them. */
    own(bytes: Uint8Array): Uint8Array
  }
  EventEmitter: { new (options?: { captureRejections?: boolean }): Emitter; prototype: Emitter }
  captureRejections: symbol
  errorMonitor: symbol
  emitWarning(warning: string | Error, type?: string, code?: string): void
  nodeError(
    type: new (message: string) => Error,
    code: string,
    message: string,
    extra?: Record<string, unknown>,
  ): Error & { code: string }
  wrongType(argument: string, expected: string, value: unknown): Error
  checkCallback(callback: unknown, argument?: string): void
  onError(error: unknown): void
  /** The program's entry returned a promise: its end is the entry's end. */
  awaitTop(promise: Promise<unknown>, onValue: (value: unknown) => void): void
  /** Turn the loop until nothing is left; returns the exit code. */
  finish(): number
}

/** How text is made of bytes, and bytes of text, by encoding name. */
export type Encoding = "utf8" | "latin1" | "ascii" | "hex" | "base64" | "base64url" | "utf16le"

/** Something the loop calls at the end of a turn. */
export interface Immediate {
  callback: AnyFunction | undefined
  args: unknown[]
  referenced: boolean
}

export type Listener = AnyFunction & { listener?: Listener }
export type EventName = string | symbol

/** An EventEmitter, as far as the guest itself calls it. */
export interface Emitter {
  emit(event: EventName, ...args: unknown[]): boolean
  on(event: EventName, listener: Listener): this
  once(event: EventName, listener: Listener): this
  off(event: EventName, listener: Listener): this
  removeListener(event: EventName, listener: Listener): this
  addListener(event: EventName, listener: Listener): this
  listenerCount(event: EventName, listener?: Listener): number
  listeners(event: EventName): Listener[]
}

/** The globals, as the world makes them. */
export interface TimerFunctions {
  setTimeout(callback: AnyFunction, after?: number, ...args: unknown[]): { unref(): unknown }
  setInterval(callback: AnyFunction, after?: number, ...args: unknown[]): { unref(): unknown }
  setImmediate(callback: AnyFunction, ...args: unknown[]): { unref(): unknown }
  clearTimeout(timer?: unknown): void
  clearInterval(timer?: unknown): void
  clearImmediate(immediate?: unknown): void
}

/** The kit of this script. */
export let kit: Kit
/** The natives of the kit. */
export let native: Native

/** The first thing that a script's `start` does. */
export function useKit(given: Kit): void {
  kit = given
  native = given.native
}

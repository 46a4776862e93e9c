// console, as Node's: log, info, debug, dir and table to standard output, warn, error, trace and assert to standard
// error.
import { table } from "./consoletable.ts"
import { format } from "./format.ts"
import { inspect } from "./inspect.ts"
import type { InspectOptions } from "./inspection.ts"
import { kit, native } from "./kit.ts"

const counts = new Map<string, number>()
const started = new Map<string, number>()
let indent = ""

/** The methods that are more than a string and a line feed (globals.ts has those). */
export const consoleCalls = {
  log,
  info: log,
  debug: log,
  error,
  warn: error,
  dir(value: unknown, options?: InspectOptions) {
    say(1, inspect(value, { customInspect: false, ...options }))
  },
  dirxml: log,
  trace(...args: unknown[]) {
    const at = { name: "Trace", message: format(...args) } as { name: string; message: string; stack?: string }
    ;(Error as unknown as { captureStackTrace(target: object): void }).captureStackTrace(at)
    say(2, String(at.stack))
  },
  assert(condition?: unknown, ...args: unknown[]) {
    if (condition) return
    if (typeof args[0] === "string") args[0] = `Assertion failed: ${args[0]}`
    else args.unshift(args.length === 0 ? "Assertion failed" : "Assertion failed:")
    error(...args)
  },
  clear() {},
  count(label?: unknown) {
    const name = named(label)
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    log(`${name}: ${count}`)
  },
  countReset(label?: unknown) {
    const name = named(label)
    if (!counts.delete(name)) warn(`Count for '${name}' does not exist`)
  },
  group,
  groupCollapsed: group,
  groupEnd() {
    indent = indent.slice(0, -2)
  },
  table(data: unknown, columns?: string[]) {
    const text = table(data, columns)
    if (text === undefined) log(data)
    else log(text)
  },
  time(label?: unknown) {
    const name = named(label)
    if (started.has(name)) warn(`Label '${name}' already exists for console.time()`)
    else started.set(name, native.monotonic())
  },
  timeLog(label?: unknown, ...args: unknown[]) {
    const name = named(label)
    const text = elapsed(name, "timeLog")
    if (text !== undefined) log(`${name}: ${text}`, ...args)
  },
  timeEnd(label?: unknown) {
    const name = named(label)
    const text = elapsed(name, "timeEnd")
    if (text !== undefined) log(`${name}: ${text}`)
    started.delete(name)
  },
  timeStamp() {},
  profile() {},
  profileEnd() {},
}

function say(fd: number, text: string): void {
  if (indent !== "") text = indent + text.replaceAll("\n", `\n${indent}`)
  native.write(fd, `${text}\n`)
}

function log(...args: unknown[]): void {
  say(1, args.length === 1 && typeof args[0] === "string" ? args[0] : format(...args))
}

function error(...args: unknown[]): void {
  say(2, format(...args))
}

function group(...args: unknown[]): void {
  if (args.length > 0) log(...args)
  indent += "  "
}

const warn = (message: string) => kit.world().emitWarning(message)

const named = (label: unknown) => (label === undefined ? "default" : String(label))

function elapsed(label: string, method: string): string | undefined {
  const from = started.get(label)
  if (from !== undefined) return duration(native.monotonic() - from)
  warn(`No such label '${label}' for console.${method}()`)
  return undefined
}

function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Number(milliseconds.toFixed(3))}ms`
  const seconds = milliseconds / 1000
  if (seconds < 60) return `${seconds.toFixed(3)}s`
  const minutes = Math.floor(seconds / 60)
  const two = (n: number) => String(n).padStart(2, "0")
  if (minutes < 60) return `${minutes}:${(seconds % 60).toFixed(3).padStart(6, "0")} (m:ss.mmm)`
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(Math.floor(seconds % 60))} (h:mm:ss)`
}

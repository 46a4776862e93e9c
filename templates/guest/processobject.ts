// process: what a WASI command can know and do of it.
import { EventEmitter } from "./emitter.ts"
import { env, readEnvironment } from "./env.ts"
import { makeInput } from "./stdin.ts"
import { native } from "./kit.ts"
import { elapsed, tick } from "./loop.ts"
import { named } from "./named.ts"
import { checkCallback, outOfRange, wrongType } from "./nodeerror.ts"
import { makeOutput } from "./stdout.ts"

declare const EDGEBOX_VERSIONS: { edgebox: string; quickjs: string }

/** The Node API that the guest is written after. */
const nodeVersion = "20.0.0"

type Callback = (...args: any[]) => unknown

let exitCode: unknown
let exiting = false
let argv: string[] | undefined

/** process.hrtime, and below it hrtime.bigint. */
const hrtime = (before?: [number, number]): [number, number] => {
  const time = native.nanoseconds()
  let seconds = Number(time / 1_000_000_000n)
  let nanoseconds = Number(time % 1_000_000_000n)
  if (before !== undefined) {
    seconds -= before[0]
    nanoseconds -= before[1]
    if (nanoseconds < 0) [seconds, nanoseconds] = [seconds - 1, nanoseconds + 1e9]
  }
  return [seconds, nanoseconds]
}

export const process = new EventEmitter() as EventEmitter & Record<PropertyKey, any>
Object.setPrototypeOf(process, makePrototype())
addAccessors()
addProperties()

/** Between the object and EventEmitter's prototype stands one that knows what to be called. */
function makePrototype(): object {
  const prototype = Object.create(EventEmitter.prototype)
  const constructor = named("process", function () {})
  constructor.prototype = prototype
  Object.defineProperty(prototype, "constructor", { value: constructor, writable: true, configurable: true })
  Object.defineProperty(prototype, Symbol.toStringTag, { value: "process", configurable: true })
  return prototype
}

/** What is made, or read, when it is first looked at. */
function addAccessors(): void {
  const getters: Record<string, [get: () => unknown, set?: (value: any) => void]> = {
    argv: [() => (argv ??= ["edgebox", ...native.args()]), (value) => void (argv = value)],
    // Printing it looks behind the proxy, so what it shows must be there by then.
    env: [() => (native.running() && readEnvironment(), env)],
    argv0: [() => "edgebox"],
    exitCode: [() => exitCode, (code) => void (exitCode = checkCode(code))],
    stdin: [lazy(makeInput)],
    stdout: [lazy(() => makeOutput(1))],
    stderr: [lazy(() => makeOutput(2))],
  }
  for (const [name, [get, set]] of Object.entries(getters))
    Object.defineProperty(process, name, { get, set, enumerable: true, configurable: true })
}

function lazy<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

function addProperties(): void {
  Object.defineProperty(hrtime, "bigint", {
    value: named("hrtimeBigInt", () => native.nanoseconds()),
    enumerable: true,
    writable: true,
    configurable: true,
  })
  Object.assign(process, {
    title: "edgebox",
    version: `v${nodeVersion}`,
    versions: { node: nodeVersion, edgebox: EDGEBOX_VERSIONS.edgebox, quickjs: EDGEBOX_VERSIONS.quickjs },
    arch: "wasm32",
    platform: "wasi",
    release: { name: "edgebox" },
    execArgv: [],
    execPath: "edgebox",
    pid: 1,
    ppid: 0,
    config: {},
    features: {},
    cwd: () => "/",
    umask: () => 0o22,
    uptime: () => elapsed() / 1000,
    hrtime,
    memoryUsage,
    nextTick(callback: Callback, ...args: unknown[]) {
      checkCallback(callback)
      tick(callback, args)
    },
    exit(code?: unknown) {
      if (code !== undefined) exitCode = checkCode(code)
      if (!native.running()) native.forbid("process.exit()")
      native.exit(leave())
    },
    abort() {
      native.exit(134)
    },
    emitWarning,
  })
  // Shortened by the bundler, but programs may print them.
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(process)))
    if (typeof value === "function") named(name, value as () => unknown)
  Object.defineProperty(memoryUsage, "rss", { value: named("rss", () => native.memorySize()), enumerable: true })
}

function memoryUsage() {
  const size = native.memorySize()
  return { rss: size, heapTotal: size, heapUsed: size, external: 0, arrayBuffers: 0 }
}

/** process.emitWarning: to listeners, and to standard error. */
export function emitWarning(
  warning: string | Error,
  type?: string | { type?: string; code?: string; detail?: string },
  code?: string,
): void {
  const options = typeof type === "object" && type !== null ? type : { type, code }
  const error: Error & { code?: string } =
    warning instanceof Error ? warning : Object.assign(new Error(String(warning)), { name: options.type ?? "Warning" })
  if (options.code !== undefined && !("code" in error)) Object.assign(error, { code: options.code })
  tick(() => {
    process.emit("warning", error)
    const label = error.code === undefined ? "" : `[${error.code}] `
    native.write(2, `(edgebox) ${label}${error.name}: ${error.message}\n`)
  }, [])
}

function checkCode(code: unknown): unknown {
  if (code == null) return undefined
  if (typeof code === "string" && code !== "" && Number.isInteger(Number(code))) return code
  if (typeof code !== "number") throw wrongType("code", "of type number", code)
  if (!Number.isInteger(code)) throw outOfRange("code", "an integer", code)
  return code
}

// ---- what the end of a program needs of it --------------------------------------------------------------------------

/** Tell listeners of "exit", once; returns the code to exit with. */
export function leave(): number {
  if (!exiting) {
    exiting = true
    process["_exiting"] = true
    process.emit("exit", status())
  }
  return status()
}

const status = () => (exitCode == null ? 0 : Number(exitCode) & 0xff)

export const isExiting = () => exiting

/** Exit with `code`, whatever the program has chosen before; it may still choose another. */
export function fail(code: number): void {
  exitCode = code
}

/** Exit with `code` if the program has chosen none. */
export function suggest(code: number): void {
  exitCode ??= code
}

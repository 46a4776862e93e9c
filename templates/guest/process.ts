// process: what a WASI command can know and do of it.
import type { BytesKit } from "./bytes.ts"
import { EventEmitter } from "./events.ts"
import type { Loop } from "./loop.ts"
import type { Native } from "./native.ts"
import { checkCallback, outOfRange, wrongType } from "./nodeerror.ts"
import { makeInput, makeOutput } from "./stdio.ts"

declare const EDGEBOX_VERSIONS: { edgebox: string; quickjs: string }

/** The Node API that the guest is written after. */
const nodeVersion = "20.0.0"

type Callback = (...args: any[]) => unknown

/** Make `process`, and what the core needs of it besides. */
export function makeProcess(native: Native, loop: Loop, bytes: BytesKit) {
  let exitCode: unknown
  let exiting = false
  let started = 0
  let argv: string[] | undefined
  const lazy = <T>(make: () => T) => {
    let made: T | undefined
    return () => (made ??= make())
  }
  const stdin = lazy(() => makeInput(native, loop, bytes))
  const stdout = lazy(() => makeOutput(native, loop, bytes, 1))
  const stderr = lazy(() => makeOutput(native, loop, bytes, 2))
  const readArgv = () => (argv ??= ["edgebox", ...native.args()])

  const process = new EventEmitter() as EventEmitter & Record<PropertyKey, any>
  const prototype = Object.create(EventEmitter.prototype)
  Object.defineProperty(prototype, "constructor", {
    value: named("process", function () {}),
    writable: true,
    configurable: true,
  })
  ;(prototype.constructor as { prototype: object }).prototype = prototype
  Object.defineProperty(prototype, Symbol.toStringTag, { value: "process", configurable: true })
  Object.setPrototypeOf(process, prototype)

  const { env, read: readEnv } = makeEnv(native)
  const getters: Record<string, [get: () => unknown, set?: (value: any) => void]> = {
    argv: [readArgv, (value) => void (argv = value)],
    // Printing it looks behind the proxy, so what it shows must be there by then.
    env: [() => (native.running() && readEnv(), env)],
    argv0: [() => "edgebox"],
    exitCode: [() => exitCode, (code) => void (exitCode = checkCode(code))],
    stdin: [stdin],
    stdout: [stdout],
    stderr: [stderr],
  }
  for (const [name, [get, set]] of Object.entries(getters))
    Object.defineProperty(process, name, { get, set, enumerable: true, configurable: true })

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
  Object.defineProperty(hrtime, "bigint", {
    value: named("hrtimeBigInt", () => native.nanoseconds()),
    enumerable: true,
    writable: true,
    configurable: true,
  })

  function emitWarning(
    warning: string | Error,
    type?: string | { type?: string; code?: string; detail?: string },
    code?: string,
  ): void {
    const options = typeof type === "object" && type !== null ? type : { type, code }
    const error =
      warning instanceof Error
        ? warning
        : Object.assign(new Error(String(warning)), { name: options.type ?? "Warning" })
    if (options.code !== undefined && !("code" in error)) Object.assign(error, { code: options.code })
    loop.tick(() => {
      process.emit("warning", error)
      const label = (error as { code?: string }).code === undefined ? "" : `[${(error as { code?: string }).code}] `
      native.write(2, `(edgebox) ${label}${error.name}: ${error.message}\n`)
    }, [])
  }

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
    uptime: () => (native.monotonic() - started) / 1000,
    hrtime,
    memoryUsage,
    nextTick(callback: Callback, ...args: unknown[]) {
      checkCallback(callback)
      loop.tick(callback, args)
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
  for (const [name, value] of Object.entries(Object.getOwnPropertyDescriptors(process)))
    if (typeof value.value === "function") named(name, value.value as () => unknown)

  function memoryUsage() {
    const size = native.memorySize()
    return { rss: size, heapTotal: size, heapUsed: size, external: 0, arrayBuffers: 0 }
  }
  Object.defineProperty(memoryUsage, "rss", { value: named("rss", () => native.memorySize()), enumerable: true })

  /** Tell listeners of "exit", once; returns the code to exit with. */
  function leave(): number {
    if (!exiting) {
      exiting = true
      process["_exiting"] = true
      process.emit("exit", status())
    }
    return status()
  }

  const status = () => (exitCode == null ? 0 : Number(exitCode) & 0xff)

  return {
    process,
    leave,
    emitWarning,
    /** Exit with `code`, whatever the program has chosen before; it may still choose another. */
    fail(code: number) {
      exitCode = code
    },
    /** Exit with `code` if the program has chosen none. */
    suggest(code: number) {
      exitCode ??= code
    },
    isExiting: () => exiting,
    start() {
      started = native.monotonic()
    },
  }
}

function named<T extends (...args: any[]) => unknown>(name: string, f: T): T {
  return Object.defineProperty(f, "name", { value: name, configurable: true })
}

function checkCode(code: unknown): unknown {
  if (code == null) return undefined
  if (typeof code === "string" && code !== "" && Number.isInteger(Number(code))) return code
  if (typeof code !== "number") throw wrongType("code", "of type number", code)
  if (!Number.isInteger(code)) throw outOfRange("code", "an integer", code)
  return code
}

/** process.env: the environment when it is first looked at; values become strings as they are set. */
function makeEnv(native: Native): { env: Record<string, string>; read: () => void } {
  const values: Record<string, string> = {}
  let isRead = false
  const read = () => {
    if (isRead) return values
    const pairs = native.env()
    isRead = true
    for (const pair of pairs) {
      const at = pair.indexOf("=", 1)
      if (at > 0) values[pair.slice(0, at)] ??= pair.slice(at + 1)
    }
    return values
  }
  const env = new Proxy(values, {
    get: (_, key) => (typeof key === "string" ? read()[key] : (values as Record<symbol, string>)[key as never]),
    has: (_, key) => Reflect.has(read(), key),
    ownKeys: () => Reflect.ownKeys(read()),
    getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(read(), key),
    deleteProperty: (_, key) => Reflect.deleteProperty(read(), key),
    set(_, key, value) {
      if (typeof key === "symbol" || typeof value === "symbol")
        throw new TypeError("Cannot convert a Symbol value to a string")
      read()[key] = String(value)
      return true
    },
    defineProperty(_, key, descriptor) {
      read()[key as string] = String(descriptor.value)
      return true
    },
  })
  return { env, read }
}

// Built-in modules that are a view of what the guest has anyway: timers, console, process, os.
import type { Kit } from "../guest/core.ts"

type Options = { signal?: AbortSignal; ref?: boolean }

export function start({ modules, world, native }: Kit): void {
  const { timers, process } = world()

  const wait =
    (start: (done: () => void) => { unref?(): unknown }, stop: (timer: never) => void) =>
    <T>(value?: T, options: Options = {}): Promise<T> =>
      new Promise((resolve, reject) => {
        const { signal, ref = true } = options
        const abort = () => {
          stop(timer as never)
          reject(
            Object.assign(new Error("The operation was aborted", { cause: signal?.reason }), {
              name: "AbortError",
              code: "ABORT_ERR",
            }),
          )
        }
        const timer = start(() => {
          signal?.removeEventListener("abort", abort)
          resolve(value as T)
        })
        if (!ref) timer.unref?.()
        if (signal?.aborted) return abort()
        signal?.addEventListener("abort", abort, { once: true })
      })
  const later = {
    setTimeout: <T>(milliseconds?: number, value?: T, options?: Options) =>
      wait((done) => timers.setTimeout(done, milliseconds), timers.clearTimeout)(value, options),
    setImmediate: <T>(value?: T, options?: Options) =>
      wait((done) => timers.setImmediate(done), timers.clearImmediate)(value, options),
    async *setInterval<T>(milliseconds?: number, value?: T, options?: Options) {
      for (;;) yield await later.setTimeout(milliseconds, value, options)
    },
    scheduler: {
      wait: (milliseconds: number, options?: Options) => later.setTimeout(milliseconds, undefined, options),
      yield: () => later.setImmediate(),
    },
  }
  modules.set("timers/promises", later)
  // The globals, so that they are the same functions.
  const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = globalThis
  modules.set("timers", {
    setTimeout,
    setInterval,
    setImmediate,
    clearTimeout,
    clearInterval,
    clearImmediate,
    promises: later,
  })
  const custom = Symbol.for("nodejs.util.promisify.custom")
  Object.defineProperty(setTimeout, custom, { value: later.setTimeout, configurable: true })
  Object.defineProperty(setImmediate, custom, { value: later.setImmediate, configurable: true })
  modules.set("console", globalThis.console)
  modules.set("process", process)
  modules.set("os", {
    EOL: "\n",
    arch: () => "wasm32",
    availableParallelism: () => 1,
    constants: { signals: {}, errno: {} },
    cpus: () => [],
    devNull: "/dev/null",
    endianness: () => "LE",
    freemem: () => 2 ** 32 - native.memorySize(),
    homedir: () => "/",
    hostname: () => "localhost",
    loadavg: () => [0, 0, 0],
    machine: () => "wasm32",
    networkInterfaces: () => ({}),
    platform: () => "wasi",
    release: () => "",
    tmpdir: () => "/tmp",
    totalmem: () => 2 ** 32,
    type: () => "WASI",
    uptime: () => (process as { uptime?(): number })["uptime"]?.() ?? 0,
    userInfo: () => ({ uid: 0, gid: 0, username: "", homedir: "/", shell: null }),
    version: () => "",
  })
}

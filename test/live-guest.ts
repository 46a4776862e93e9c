// A guest in a live engine, without prelink: loaded as a library, run under node:wasi.
//
// In: the bundle's text, arguments, environment, input. Out: what it wrote and its exit code.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { WASI } from "node:wasi"
import { partsScript, type PartName } from "../compiler/parts.ts"
import { buildGuest, type Guest } from "../engine/guest.ts"
import { loadLibrary, type LoadedLibrary } from "../engine/library.ts"
import { startEngine, type LiveEngine } from "../engine/live.ts"
import { readEnginePackage } from "../engine/package.ts"

const root = resolve(import.meta.dirname, "..")
let engineModule: WebAssembly.Module | undefined
let guest: Promise<Guest> | undefined

/** What a run may be given. */
export interface RunOptions {
  args?: string[]
  env?: Record<string, string>
  stdin?: string | Uint8Array
  preopens?: Record<string, string>
  parts?: PartName[]
  keepSource?: boolean
}

/** What a run left behind. */
export interface RunResult {
  stdout: string
  stderr: string
  code: number
}

/** An engine with the guest in it, the core run, the parts loaded. */
export interface LiveGuest {
  engine: LiveEngine
  library: LoadedLibrary
  call(name: string, ...args: (number | bigint)[]): number
  /** Compile the text of a bundle; the problem's description if there is one. */
  compile(text: string, flags?: number): Record<string, unknown> | undefined
  error(): Record<string, unknown> | undefined
}

/** Start a guest whose WASI is `wasi`. */
export async function startGuest(wasi: WebAssembly.ModuleImports, parts: PartName[] = []): Promise<LiveGuest> {
  engineModule ??= new WebAssembly.Module(readEnginePackage().wasm as Uint8Array<ArrayBuffer>)
  const { library: bytes, core } = await (guest ??= buildGuest(root))
  let library: LoadedLibrary | undefined
  const names = ["interrupt", "promise_rejection", "module_normalize", "module_load", "call", "get_timezone_offset"]
  const env = Object.fromEntries(
    names.map((name) => [
      `host_${name}`,
      (...args: never[]) => (library?.instance.exports[`host_${name}`] as (...args: never[]) => unknown)(...args),
    ]),
  )
  const engine = startEngine(engineModule, { imports: { env, wasi_snapshot_preview1: wasi as never } })
  library = loadLibrary(engine, bytes, "guest", wasi)
  const exports = library.instance.exports
  const live: LiveGuest = {
    engine,
    library,
    call: (name, ...args) => Number((exports[name] as (...args: (number | bigint)[]) => number)(...args) ?? 0),
    compile: (text, flags = 0) =>
      engine.withString(text, (at, length) =>
        engine.withString("app.js", (name) =>
          live.call("guest_compile_app", at, length, name, flags) === 0 ? undefined : (live.error() ?? {}),
        ),
      ),
    error() {
      const at = live.call("guest_error")
      return at === 0 ? undefined : (JSON.parse(engine.readCString(at)) as Record<string, unknown>)
    },
  }
  const step = live.call("guest_init")
  live.call("guest_set_stack_size", 120_000)
  if (step !== 0) throw new Error(`guest_init failed at step ${step}`)
  if (engine.withString(core, (at, length) => live.call("guest_eval_core", at, length)) !== 0) fail(live, "the core")
  if (parts.length > 0) {
    const { source } = await partsScript(parts)
    const done = engine.withString(source, (at, length) =>
      engine.withString("edgebox:parts", (name) => live.call("guest_eval_part", at, length, name)),
    )
    if (done !== 0) fail(live, "the parts")
  }
  return live
}

function fail(live: LiveGuest, what: string): never {
  throw new Error(`${what} failed: ${JSON.stringify(live.error())}`)
}

/** Run `bundle`, the text of a function of `require`, as an artifact would. */
export async function run(bundle: string, options: RunOptions = {}): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), "edgebox-guest-"))
  const path = (name: string) => join(folder, name)
  writeFileSync(path("stdin"), options.stdin ?? "")
  const fds = [openSync(path("stdin"), "r"), openSync(path("stdout"), "w"), openSync(path("stderr"), "w")] as const
  try {
    const wasi = new WASI({
      version: "preview1",
      args: ["app.wasm", ...(options.args ?? [])],
      env: options.env ?? {},
      preopens: options.preopens ?? {},
      stdin: fds[0],
      stdout: fds[1],
      stderr: fds[2],
      returnOnExit: true,
    })
    // While the guest is made, WASI answers from the engine's memory; node:wasi learns of it when the command starts.
    let memory: WebAssembly.Memory | undefined
    const imports = wasi.wasiImport as unknown as Record<string, (...args: never[]) => unknown>
    const table = Object.fromEntries(
      Object.entries(imports).map(([name, f]) => [name, (...args: never[]) => (memory === undefined ? 0 : f(...args))]),
    )
    const live = await startGuest(table, options.parts)
    const problem = live.compile(bundle, options.keepSource ? 2 : 0)
    if (problem !== undefined) throw new Error(`the bundle does not compile: ${JSON.stringify(problem)}`)
    memory = live.engine.memory
    const _start = () => live.call("_start")
    const code = wasi.start({ exports: { memory, _start } }) as unknown as number
    return { stdout: readFileSync(path("stdout"), "utf8"), stderr: readFileSync(path("stderr"), "utf8"), code }
  } finally {
    for (const fd of fds) closeSync(fd)
    rmSync(folder, { recursive: true })
  }
}

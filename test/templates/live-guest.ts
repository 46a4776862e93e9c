// A guest in a live engine: the base, instantiated, with an app compiled in it, run under node:wasi without linking
// anything.
//
// In: the bundle's text, arguments, environment, input. Out: what it wrote and its exit code.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { WASI } from "node:wasi"
import { partsScript } from "../../compiler/usedparts.ts"
import { words } from "../../engine/words.ts"
import { startEngine, type LiveEngine } from "../../engine/live.ts"
import type { PartName } from "../../templates/parts.ts"

const root = resolve(import.meta.dirname, "../..")
let base: WebAssembly.Module | undefined

/** What a run may be given. */
export interface RunOptions {
  args?: string[]
  env?: Record<string, string>
  stdin?: string | Uint8Array
  preopens?: Record<string, string>
  parts?: PartName[]
  keepSource?: boolean
  /** Run the top level first, as `--snapshot app` does. */
  runAtBuild?: boolean
}

/** What a run left behind. */
export interface RunResult {
  stdout: string
  stderr: string
  code: number
}

/** An engine with the guest in it and parts loaded. */
export interface LiveGuest {
  engine: LiveEngine
  /** Compile the text of a bundle; the problem's description if there is one. */
  compile(text: string, flags?: number): Record<string, unknown> | undefined
  error(): Record<string, unknown> | undefined
}

/** Start a guest whose WASI is `wasi`. */
export async function startGuest(wasi: WebAssembly.ModuleImports, parts: PartName[] = []): Promise<LiveGuest> {
  base ??= new WebAssembly.Module(readFileSync(join(root, "dist/base.wasm")) as Uint8Array<ArrayBuffer>)
  const engine = startEngine(base, { initialize: false, imports: { wasi_snapshot_preview1: wasi as never } })
  engine.view().setUint32(words.nativeStackLimit, 600_000, true)
  engine.call("guest_unseal")
  const live: LiveGuest = {
    engine,
    compile: (text, flags = 0) =>
      engine.withString(text, (at, length) =>
        engine.withString("app.js", (name) =>
          engine.call("guest_compile_app", at, length, name, flags) === 0 ? undefined : (live.error() ?? {}),
        ),
      ),
    error() {
      const at = engine.call("guest_error")
      return at === 0 ? undefined : (JSON.parse(engine.readCString(at)) as Record<string, unknown>)
    },
  }
  if (parts.length > 0) {
    const source = partsScript(parts)
    const done = engine.withString(source, (at, length) =>
      engine.withString("edgebox:parts", (name) => engine.call("guest_eval_part", at, length, name)),
    )
    if (done !== 0) throw new Error(`the parts failed: ${JSON.stringify(live.error())}`)
  }
  return live
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
    if (options.runAtBuild && live.engine.call("guest_run_app_now") !== 0) throw new Error(JSON.stringify(live.error()))
    memory = live.engine.memory
    const _start = () => live.engine.call("_start")
    const code = wasi.start({ exports: { memory, _start } }) as unknown as number
    return { stdout: readFileSync(path("stdout"), "utf8"), stderr: readFileSync(path("stderr"), "utf8"), code }
  } finally {
    for (const fd of fds) closeSync(fd)
    rmSync(folder, { recursive: true })
  }
}

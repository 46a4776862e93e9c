// How long from a compiled module to the first line of the app, inside one process.
//
//   npm run bench start [processes]
//
// Each measured process compiles the module, then makes instances: the first one also pays for compiling the functions
// that it uses, later ones do not. "without the snapshot" is what the same costs when engine, context and app are made
// at start: the engine as published, driven through its own package. Medians over processes; of a process's later
// instances the median counts.
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { compile, run } from "../runtime/run.ts"
import { withLateOptimization } from "../runtime/tiering.ts"
import { bufferInput, bufferOutput } from "../wasi/streams.ts"

const root = resolve(import.meta.dirname, "..")
const later = 40

interface Times {
  first: number
  later: number
}

const median = (times: number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] ?? NaN

/** Milliseconds from a compiled module to the app's first output. */
function artifactTimes(path: string): Times {
  const bytes = new Uint8Array(readFileSync(path))
  const program = withLateOptimization(() => compile(bytes, path)) // as edgebox does it
  const times: number[] = []
  for (let i = 0; i <= later; i++) {
    let at = NaN
    const stdout = bufferOutput()
    const write = stdout.write
    stdout.write = (bytes) => {
      if (Number.isNaN(at)) at = performance.now()
      write?.(bytes)
    }
    const start = performance.now()
    const { exitCode } = run(program, {
      args: ["hello"],
      env: {},
      dirs: [],
      stdin: bufferInput(new Uint8Array(0)),
      stdout,
      stderr: bufferOutput(),
    })
    if (exitCode !== 0 || Number.isNaN(at)) throw new Error(`${path} printed nothing`)
    times.push(at - start)
  }
  return { first: times[0] ?? NaN, later: median(times.slice(1)) }
}

async function packageTimes(): Promise<Times> {
  const { QuickJS } = await import("quickjs-wasi")
  const bytes = readFileSync(join(root, "node_modules/quickjs-wasi/quickjs.wasm"))
  const module = withLateOptimization(() => new WebAssembly.Module(bytes))
  const times: number[] = []
  for (let i = 0; i <= later; i++) {
    let at = NaN
    const start = performance.now()
    const vm = await QuickJS.create(module)
    const log = vm.newFunction("log", () => {
      at = performance.now()
      return vm.undefined
    })
    vm.setProp(vm.global, "log", log)
    vm.evalCode("log('Hello from EdgeBox')", "hello.js")
    times.push(at - start)
    vm.dispose()
  }
  return { first: times[0] ?? NaN, later: median(times.slice(1)) }
}

const [what, path] = process.argv.slice(2)
if (what === "measure") {
  const times = path === "package" ? await packageTimes() : artifactTimes(path ?? "")
  process.stdout.write(JSON.stringify(times))
} else {
  compare(Number(what ?? 11))
}

function compare(processes: number): void {
  const folder = mkdtempSync(join(tmpdir(), "edgebox-start-"))
  try {
    const files = { "snapshot engine": join(folder, "engine.wasm"), "snapshot app": join(folder, "app.wasm") }
    const app = join(folder, "hello.js")
    writeFileSync(app, 'export default () => console.log("Hello from EdgeBox")\n')
    build([join(root, "fixtures/build/hello"), "-o", files["snapshot engine"]])
    build([app, "-o", files["snapshot app"], "--snapshot", "app"])
    const subjects: Record<string, string> = { ...files, "without the snapshot": "package" }
    const times = new Map(Object.keys(subjects).map((name) => [name, [] as Times[]]))
    for (let i = 0; i < processes; i++) {
      for (const [name, subject] of Object.entries(subjects)) {
        const child = spawnSync(process.execPath, [process.argv[1] ?? "", "measure", subject], { encoding: "utf8" })
        if (child.status !== 0) throw new Error(child.stderr)
        times.get(name)?.push(JSON.parse(child.stdout) as Times)
      }
    }
    console.log(`node ${process.version}, ${processes} processes each, medians`)
    for (const [name, list] of times) {
      const first = median(list.map((t) => t.first)).toFixed(2)
      const next = median(list.map((t) => t.later)).toFixed(2)
      console.log(`${name.padEnd(22)} first instance ${first.padStart(6)} ms   later instances ${next.padStart(6)} ms`)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function build(args: string[]): void {
  const child = spawnSync(process.execPath, [join(root, "dist/edgeboxc.js"), "build", ...args], { encoding: "utf8" })
  if (child.status !== 0) throw new Error(child.stderr)
}

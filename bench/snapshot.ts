// `npm run bench snapshot`: edgeboxc snapshot beside the real wizer, whole process against whole
// process, runs interleaved. Then what it takes in-process, and a memory of 1 GiB against a loop in JavaScript.
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { makeWasi } from "../wizer/node/wasi.ts"
import { snapshot } from "../wizer/snapshot.ts"
import { engineWith, everyBytes, fullHeap, oneWord, scattered } from "./snapshot-modules.ts"

const runs = Number(process.env["RUNS"] ?? 7)
const folder = mkdtempSync(join(tmpdir(), "bench-snapshot-"))
const objects =
  "globalThis.list = []; for (let i = 0; i < 20000; i++) list.push({ id: i, name: 'object ' + i, at: [i] })"

const wizer = nativeWizer()
const ours = [process.execPath, resolve("dist/edgeboxc.js"), "snapshot"]

function nativeWizer(): string | undefined {
  const { resolve: find } = createRequire(import.meta.url)
  try {
    const name = `@bytecodealliance/wizer-${process.platform}-${process.arch}`
    const from = createRequire(find("@bytecodealliance/wizer/package.json"))
    const binary = join(dirname(from.resolve(`${name}/package.json`)), "wizer")
    return existsSync(binary) ? binary : undefined
  } catch {
    return undefined
  }
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? NaN

/** Milliseconds and peak MB of a process. */
function measure(command: string[]): { ms: number; mb: number } {
  const cache = mkdtempSync(join(folder, "cache-"))
  const before = performance.now()
  const time = spawnSync("/usr/bin/time", ["-f", "peak=%M", ...command], {
    encoding: "utf8",
    // wizer 10 keeps what it has compiled on disk; a module that was never seen before is what is measured
    env: { ...process.env, XDG_CACHE_HOME: cache },
  })
  const ms = performance.now() - before
  if (time.error) {
    const plain = performance.now()
    execFileSync(command[0] ?? "", command.slice(1), { stdio: "ignore" })
    return { ms: performance.now() - plain, mb: NaN }
  }
  if (time.status !== 0) throw new Error(`${command.join(" ")}\n${time.stderr}`)
  return { ms, mb: Number(/peak=(\d+)/.exec(time.stderr)?.[1]) / 1024 }
}

function compare(name: string, bytes: Uint8Array): void {
  const input = join(folder, "in.wasm")
  writeFileSync(input, bytes)
  const tools: [string, string[], string][] = []
  const out = (tool: string) => join(folder, `${tool}.wasm`)
  // Its default name for the initialiser is another one before 11.
  if (wizer)
    tools.push(["wizer", [wizer, "--allow-wasi", "-f", "wizer-initialize", input, "-o", out("wizer")], out("wizer")])
  tools.push(["edgeboxc", [...ours, "--allow-wasi", input, out("edgeboxc")], out("edgeboxc")])
  const times = new Map(tools.map(([tool]) => [tool, { ms: [] as number[], mb: [] as number[] }]))
  for (let run = 0; run < runs; run++) {
    for (const [tool, command] of tools) {
      const { ms, mb } = measure(command)
      times.get(tool)?.ms.push(ms)
      times.get(tool)?.mb.push(mb)
    }
  }
  for (const [tool, , file] of tools) {
    const { ms = [], mb = [] } = times.get(tool) ?? {}
    const size = statSync(file).size.toLocaleString("en")
    console.log(
      `${name.padEnd(40)} ${tool.padEnd(9)} ${median(ms).toFixed(0).padStart(6)} ms ${median(mb).toFixed(0).padStart(5)} MB ${size.padStart(12)} bytes`,
    )
  }
}

async function inProcess(): Promise<void> {
  const bytes = engineWith()
  const first: number[] = []
  const processor: number[] = [] // tells the work when others use the machine too
  for (let run = 0; run < runs; run++) {
    const wasi = makeWasi({ reproducible: true })
    const cpu = process.cpuUsage()
    const before = performance.now()
    const { report } = await snapshot(bytes, { imports: wasi.imports, bind: wasi.bind })
    first.push(performance.now() - before)
    const { user, system } = process.cpuUsage(cpu)
    processor.push((user + system) / 1000)
    if (run === 0)
      console.log(
        "  first:",
        Object.entries(report.ms)
          .map(([k, v]) => `${k} ${v.toFixed(1)}`)
          .join(", "),
      )
    wasi.close()
  }
  console.log(
    `QuickJS + runtime + context, in-process: first ${first[0]?.toFixed(1)} ms, median ${median(first).toFixed(1)} ms (processor time ${processor[0]?.toFixed(1)}, ${median(processor).toFixed(1)} ms)`,
  )
}

/** The whole tool against a loop over an Int32Array, each in a process of its own. */
function oneGigabyte(): void {
  const input = join(folder, "word.wasm")
  writeFileSync(input, oneWord())
  const script = `
    const memory = new WebAssembly.Memory({ initial: 16384 })
    new Int32Array(memory.buffer)[1 << 27] = 42
    const before = performance.now()
    const words = new Int32Array(memory.buffer)
    let found = 0
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) found++
    console.log(performance.now() - before)`
  const [tool, loop] = [[] as number[], [] as number[]]
  const peaks: number[] = []
  for (let run = 0; run < runs; run++) {
    const { ms, mb } = measure([...ours, input, join(folder, "word.out.wasm")])
    tool.push(ms)
    peaks.push(mb)
    loop.push(Number(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })))
  }
  console.log(
    `1 GiB with one word: whole tool ${median(tool).toFixed(0)} ms (${median(peaks).toFixed(0)} MB), the loop alone ${median(loop).toFixed(0)} ms: ${(median(loop) / median(tool)).toFixed(2)} times`,
  )
}

console.log(`Node ${process.version}, medians of ${runs}`)
await inProcess()
compare("(a) 1 MB, a byte every 128", everyBytes(16, 128))
compare("(b) 64 MB, 10,000 scattered i32", scattered(1024, 10_000))
compare("(d) 1 MB, a byte every 16", everyBytes(16, 16))
compare("(e) 64 MB, 200,000 spots", scattered(1024, 200_000))
compare("(c) QuickJS + runtime + context", engineWith())
compare("(c'') the same + 20,000 JS objects", engineWith(objects))
compare("(f) 35 MB of heap, no zeros", fullHeap(560))
oneGigabyte()
rmSync(folder, { recursive: true })

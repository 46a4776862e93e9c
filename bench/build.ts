// How long `edgeboxc build` takes, whole processes, and how large what it makes is. Medians.
//
//   npm run bench build [runs]
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { gzipSync } from "node:zlib"

const root = resolve(import.meta.dirname, "..")
const runs = Number(process.argv[2] ?? 7)

/** The most that each may take, in ms of wall time with Node's own start. */
const limits: Record<string, number> = { hello: 1000, markdown: 1500, transpile: 30_000 }

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}

function buildOnce(app: string, output: string): number {
  const start = performance.now()
  const args = [join(root, "dist/edgeboxc.js"), "build", join(root, "fixtures/build", app), "-o", output, "--quiet"]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" })
  if (status !== 0) throw new Error(stderr)
  return performance.now() - start
}

const folder = mkdtempSync(join(tmpdir(), "edgebox-bench-"))
let missed = 0
try {
  console.log(`edgeboxc build, ${runs} runs each, Node ${process.versions.node}`)
  console.log("app         median    limit      bytes    gzip -9")
  for (const [app, limit] of Object.entries(limits)) {
    const output = join(folder, `${app}.wasm`)
    const few = limit > 5000 ? Math.min(runs, 3) : runs
    const ms = median(Array.from({ length: few }, () => buildOnce(app, output)))
    const wasm = readFileSync(output)
    const packed = gzipSync(wasm, { level: 9 }).length
    const columns = [`${Math.round(ms)} ms`.padStart(8), `${limit} ms`.padStart(8), String(wasm.length).padStart(10)]
    console.log(app.padEnd(10), ...columns, String(packed).padStart(10), ms > limit ? " MISSED" : "")
    if (ms > limit) missed++
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.exitCode = missed > 0 ? 1 : 0

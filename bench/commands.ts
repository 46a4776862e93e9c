// What starting the commands costs: whole processes, interleaved, beside `node -e 0` and, when a second checkout is
// named, beside the same command of that one.
//
//   npm run bench commands [-- runs [checkout]]     a checkout, of an earlier commit for instance, that has been built
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const count = Number(process.argv[2] ?? 15)
const before = process.argv[3]
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env // makes Node itself start slower, which flatters every ratio

/** A memory of a page and an initialiser that stores 7 in it. */
const tiny = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 4, 1, 0x60, 0, 0],
  ...[3, 2, 1, 0],
  ...[5, 3, 1, 0, 1],
  ...[7, 20, 1, 16, ...Buffer.from("wizer-initialize"), 0, 0],
  ...[10, 11, 1, 9, 0, 0x41, 0, 0x41, 7, 0x36, 2, 0, 0x0b],
])

/** Name -> arguments of edgeboxc. */
function commandsIn(folder: string): Record<string, string[]> {
  const output = join(folder, "out.wasm")
  const build = (app: string) => ["build", join(root, "fixtures/build", app), "-o", output, "--quiet"]
  return {
    "--version": ["--version"],
    "snapshot of a tiny module": ["snapshot", join(folder, "tiny.wasm"), "-o", output],
    "build hello": build("hello"),
    "build markdown": build("markdown"),
  }
}

function run(name: string, args: string[]): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env })
  if (status !== 0) throw new Error(`${name} exited with ${status}: ${stderr}`)
  return performance.now() - start
}

const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!
const folder = mkdtempSync(join(tmpdir(), "edgebox-bench-"))
try {
  writeFileSync(join(folder, "tiny.wasm"), tiny)
  console.log(`edgeboxc on Node ${process.versions.node}, ${count} runs each, median / least`)
  for (const [name, args] of Object.entries(commandsIn(folder))) {
    const checkouts = [root, ...(before === undefined ? [] : [before])]
    const empty: number[] = []
    const times = checkouts.map((): number[] => [])
    for (let i = 0; i < count; i++) {
      empty.push(run("node", ["-e", "0"]))
      checkouts.forEach((checkout, k) => times[k]!.push(run(name, [join(checkout, "dist/edgeboxc.js"), ...args])))
    }
    const ratio = (a: number[], b: number[]) =>
      `${(median(a) / median(b)).toFixed(2)} / ${(Math.min(...a) / Math.min(...b)).toFixed(2)}`
    const [now, then] = times as [number[], number[] | undefined]
    const beside = then === undefined ? "" : `, ${ratio(now, then)} of the other checkout's`
    console.log(
      `${name.padEnd(27)} ${median(now).toFixed(0).padStart(5)} ms, ${ratio(now, empty)} of node -e 0${beside}`,
    )
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

// What starting edgebox costs beside starting Node: whole processes, interleaved, medians and minima.
//
//   npm run bench start-runtime [runs]
//
// `node hello.js` is the yardstick. NODE_EXTRA_CA_CERTS, where it is set, makes Node itself start slower, which
// flatters every ratio: it is taken out of the environment.
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const count = Number(process.argv[2] ?? 21)
const dist = resolve(import.meta.dirname, "../dist")
const edgebox = join(dist, "edgebox.cjs")
const folder = mkdtempSync(join(tmpdir(), "edgebox-bench-"))
const hello = join(folder, "hello.js")
const app = join(folder, "hello.wasm")
writeFileSync(hello, `console.log("hello")\n`)
const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env
const built = spawnSync(process.execPath, [join(dist, "edgeboxc.js"), "build", hello, "-o", app], {
  env,
  encoding: "utf8",
})
if (built.status !== 0) throw new Error(built.stderr)

const commands: Record<string, [string, string[]]> = {
  "node hello.js": [process.execPath, [hello]],
  "edgebox hello.wasm": [edgebox, [app]],
  "the same in a worker": [process.execPath, [edgebox, app]],
  "edgebox --help": [edgebox, ["--help"]],
}
const times = new Map<string, number[]>(Object.keys(commands).map((name) => [name, []]))
for (let i = 0; i < count; i++) {
  for (const [name, [command, args]] of Object.entries(commands)) {
    const start = performance.now()
    const { status } = spawnSync(command, args, { stdio: "ignore", env })
    if (status !== 0) throw new Error(`${name} exited with ${status}`)
    times.get(name)!.push(performance.now() - start)
  }
}
rmSync(folder, { recursive: true })

const middle = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1]!
const yardstick = times.get("node hello.js")!
const [median, least] = [middle(yardstick), Math.min(...yardstick)]
for (const [name, list] of times) {
  const columns = [middle(list), Math.min(...list)].map((ms) => ms.toFixed(1).padStart(7))
  const ratios = [middle(list) / median, Math.min(...list) / least].map((ratio) => ratio.toFixed(2))
  console.log(`${name.padEnd(30)} median ${columns[0]} ms  least ${columns[1]} ms  ${ratios.join(" / ")} times`)
}

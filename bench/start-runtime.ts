// What starting edgebox costs beside starting Node: whole processes, interleaved, medians and minima.
//
//   node bench/start-runtime.ts app.wasm [runs]      (Node 22.18 or newer; or through esbuild)
//
// `node hello.js` is the yardstick. A worker is started unless Node has a stack that is large enough.
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const [app, count = "21"] = process.argv.slice(2)
if (app === undefined) throw new Error("which .wasm?")
const edgebox = resolve(import.meta.dirname, "../dist/edgebox.cjs")
const folder = mkdtempSync(join(tmpdir(), "edgebox-bench-"))
const hello = join(folder, "hello.js")
writeFileSync(hello, `console.log("hello")\n`)

const mainThread = ["--stack-size=5000", "--wasm-tiering-budget=13000000"]
const commands: Record<string, string[]> = {
  "node hello.js": [hello],
  "edgebox, in a worker": [edgebox, app],
  "edgebox, on the main thread": [...mainThread, edgebox, app],
  "edgebox --help": [edgebox, "--help"],
}
const times = new Map<string, number[]>(Object.keys(commands).map((name) => [name, []]))
for (let i = 0; i < Number(count); i++) {
  for (const [name, args] of Object.entries(commands)) {
    const start = performance.now()
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore" })
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

// `npm run bench freeze`: the programs of bench/freeze, interpreted and frozen, in one process, runs interleaved.
//
// Prints medians in ms and how many times faster frozen is. `--which all|auto`, `--only NAME`, `--runs N`.
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { World } from "../test/world.ts"
import type { JSValue } from "../engine/live.ts"
import { UNDEFINED } from "../freeze/types.ts"
import type { Which } from "../freeze/freeze.ts"

const { values } = parseArgs({
  options: {
    which: { type: "string", default: "all" },
    only: { type: "string" },
    runs: { type: "string", default: "9" },
    folder: { type: "string", default: resolve("bench/freeze") },
  },
})

interface Contestant {
  world: World
  times: number[]
  run: () => JSValue
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return (process.env.MIN ? sorted[0] : sorted[sorted.length >> 1]) ?? NaN
}

const files = readdirSync(values.folder).filter((f) => f.endsWith(".js") && (!values.only || f.includes(values.only)))
console.log(`program          interpreted   frozen   times   frozen functions, wasm bytes (Node ${process.version})`)
for (const file of files.sort()) {
  const source = readFileSync(join(values.folder, file), "utf8")
  const start = (which: Which): Contestant => {
    const world = new World(which === "none" ? {} : { freeze: { which } })
    // One function around everything, as in a bundle.
    world.run(`(function () {${source}})()`, file)
    const global = world.engine.callValue("JS_GetGlobalObject", world.context)
    const run = world.engine.withString("run", (name) =>
      world.engine.callValue("JS_GetPropertyStr", world.context, global, name),
    )
    // Called, not evaluated: a script that says run() would be compiled, and frozen, each time.
    return { world, times: [], run: () => world.engine.callValue("JS_Call", world.context, run, UNDEFINED, 0, 0) }
  }
  const [plain, frozen] = [start("none"), start(values.which as Which)]
  const results = new Set<string>()
  for (let round = 0; round < Number(values.runs) + 3; round++) {
    for (const { world, times, run } of [plain, frozen]) {
      const before = performance.now()
      const result = run()
      const elapsed = performance.now() - before
      results.add(world.textOf(result))
      // The first rounds are while the engine's own wasm is still being optimised.
      if (round >= 3) times.push(elapsed)
    }
  }
  if (results.size !== 1) throw new Error(`${file} differs: ${[...results].join(" and ")}`)
  const [a, b] = [median(plain.times), median(frozen.times)]
  const functions = frozen.world.frozen[0]?.functions.filter((f) => f.frozen) ?? []
  const wasm = functions.reduce((sum, f) => sum + (f.wasm ?? 0), 0)
  const bytecode = functions.reduce((sum, f) => sum + f.bytecode, 0)
  const cells = [
    file.replace(".js", "").padEnd(16),
    a.toFixed(2).padStart(11),
    b.toFixed(2).padStart(8),
    (a / b).toFixed(1).padStart(7),
  ]
  console.log(`${cells.join(" ")}   ${functions.length}, ${wasm} for ${bytecode} bytes of bytecode`)
}

// Random programs print the same in Node, interpreted and frozen. SEED=n begins elsewhere.
import { expect, test } from "vitest"
import { batch, difference, firstDifference, frozenAll, spelled, traceInEngine, traceInNode } from "./differ.ts"
import { reduce } from "./reduce.ts"
import { prelude, TraceWriter } from "./traces.ts"

const count = process.env["EDGEBOX_ALL"] === "1" ? 20_000 : 500
const start = Number(process.env["SEED"] ?? 1)
/** Programs that share an engine: starting one and loading code take longer than a program runs. */
const BATCH = 20
/** Every so many batches run once more, with a collection at every allocation. */
const STRESS = 10

test(`${count} programs from SEED=${start}`, { timeout: 4 * 3_600_000 }, () => {
  let lines = 0
  for (let seed = start; seed < start + count; seed += BATCH) {
    const source = batch(seed, BATCH)
    const interpreted = traceInEngine(source)
    lines += interpreted.length
    const different =
      firstDifference("Node", spelled(traceInNode(source)), "interpreted", spelled(interpreted)) ??
      firstDifference("interpreted", interpreted, "frozen", traceInEngine(source, frozenAll)) ??
      (((seed - start) / BATCH) % STRESS === 0
        ? firstDifference(
            "interpreted",
            interpreted,
            "frozen, collecting",
            traceInEngine(source, { ...frozenAll, gcStress: true }),
          )
        : undefined)
    if (different !== undefined) expect.fail(`SEED=${seed}..${seed + BATCH - 1}, ${different}\n${smallest(seed)}`)
  }
  console.log(`${count} programs from SEED=${start} printed ${lines} lines, all the same three times`)
  expect(lines).toBeGreaterThan(20 * count)
})

/** The first program of a batch that differs on its own, made small. */
function smallest(seed: number): string {
  for (let one = seed; one < seed + BATCH; one++) {
    const body = new TraceWriter(one).writeBody()
    const fails = (text: string) => difference(`${prelude}\n${text}`) !== undefined
    if (!fails(body)) continue
    const small = reduce(body, fails)
    return `SEED=${one} alone, reduced, ${difference(`${prelude}\n${small}`)}\n${small}`
  }
  return "no program of the batch differs alone"
}

test("reduce leaves what makes a program fail", () => {
  const program = new TraceWriter(start).write()
  const planted = program.replace("show(g0", "{ let x = 1; if (x) { print('needle'); } }\nshow(g0")
  const small = reduce(planted, (text) => traceInNode(text).includes("needle"))
  expect(traceInNode(small)).toContain("needle")
  expect(small.length, small).toBeLessThan(400)
})

// `npm run test262 -- <checkout of tc39/test262> [--sample N] [--seed S] [--only TEXT] [--workers N]`
//
// Runs test262's language/ and built-ins/ in a live engine, as they are and with every function of the test frozen, and
// prints each test whose outcome differs. An outcome is what was thrown, with its stack, or that nothing was, and for
// asynchronous tests what was printed. Modules that a test imports are frozen as well.
import { existsSync, readFileSync, readdirSync } from "node:fs"
import { availableParallelism } from "node:os"
import { basename, dirname, join, relative, resolve } from "node:path"
import { parseArgs } from "node:util"
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads"
import { World, editedModule } from "./world.ts"

interface Test {
  path: string
  source: string
  includes: string[]
  flags: string[]
  /** Name of the error that the test is meant to end with. */
  negative?: string
}

interface Tally {
  run: number
  passed: number
  /** Stopped by the time limit in both ways, or beyond what the harness can do. */
  skipped: number
  frozen: number
  kept: number
  differ: string[]
}

const zero = (): Tally => ({ run: 0, passed: 0, skipped: 0, frozen: 0, kept: 0, differ: [] })

const host = `var $262 = { global: globalThis, gc, detachArrayBuffer, evalScript(s) { return (0, eval)(s) },
  createRealm() { throw new Error("no realms here") }, agent: {}, AbstractModuleSource: function () {} };`

/** Calls of the interrupt handler, each after 10,000 ticks, that a test may take. */
const INTERRUPTS = 400
/** A step counts as a call does, so frozen code gets through its ticks faster. */
const FROZEN_INTERRUPTS = 10 * INTERRUPTS

function readTest(root: string, path: string): Test {
  const source = readFileSync(path, "utf8")
  const front = /\/\*---([\s\S]*?)---\*\//.exec(source)?.[1] ?? ""
  const list = (key: string) => {
    const inline = new RegExp(`^${key}: *\\[([^\\]]*)\\]`, "m").exec(front)?.[1]
    if (inline !== undefined)
      return inline
        .split(",")
        .map((s) => s.trim())
        .filter((s) => s !== "")
    const block = new RegExp(`^${key}:\\s*\\n((?:\\s+- .*\\n?)+)`, "m").exec(front)?.[1]
    return (block ?? "")
      .split("\n")
      .map((s) => s.replace(/^\s*- /, "").trim())
      .filter((s) => s !== "")
  }
  return {
    path: relative(root, path),
    source,
    includes: list("includes"),
    flags: list("flags"),
    negative: /^negative:(?:\s*\n|\s*\{)[\s\S]*?\btype:\s*(\w+)/m.exec(front)?.[1],
  }
}

function runOnce(root: string, test: Test, strict: boolean, freeze: boolean): { outcome: string; world?: World } {
  const world = new World({
    interrupts: freeze ? FROZEN_INTERRUPTS : INTERRUPTS,
    module: editedModule(),
    readModule: (name) => {
      const file = join(dirname(join(root, test.path)), name)
      return file.startsWith(resolve(root)) && existsSync(file) ? readFileSync(file, "utf8") : undefined
    },
    ...(freeze ? { freeze: { which: "all" } } : {}),
  })
  const raw = test.flags.includes("raw")
  const isAsync = test.flags.includes("async")
  const harness = ["assert.js", "sta.js", ...(isAsync ? ["doneprintHandle.js"] : []), ...test.includes]
  try {
    if (!raw) {
      const text = harness.map((name) => readFileSync(join(root, "harness", name), "utf8")).join("\n")
      const failed = world.run(`${host}\n${text}\nundefined`, "harness.js")
      if (failed !== "undefined") return { outcome: `harness ${failed}` }
    }
    const name = basename(test.path)
    const source = strict ? `"use strict";\n${test.source}` : test.source
    const isModule = test.flags.includes("module")
    if (!isModule && test.flags.includes("async")) world.compileImports(source, name)
    const outcome = isModule ? world.runModule(source, name) : world.run(source, name)
    world.runJobs()
    const thrown = outcome.startsWith("threw ") ? outcome : ""
    return { outcome: world.stopped ? "stopped" : [thrown, ...world.printed].join("\n"), world }
  } catch (error) {
    return { outcome: `crashed: ${String(error)}` }
  }
}

function runTest(root: string, test: Test, tally: Tally): void {
  const { flags } = test
  if (flags.includes("CanBlockIsTrue")) {
    tally.skipped++ // there are no agents to block
    return
  }
  const modes =
    flags.includes("raw") || flags.includes("noStrict") || flags.includes("module")
      ? [false]
      : flags.includes("onlyStrict")
        ? [true]
        : [false, true]
  for (const strict of modes) {
    const plain = runOnce(root, test, strict, false)
    const frozen = runOnce(root, test, strict, true)
    tally.run++
    for (const { functions } of frozen.world?.frozen ?? []) {
      for (const f of functions) f.frozen ? tally.frozen++ : tally.kept++
    }
    if (isExpected(test, plain.outcome)) tally.passed++
    if (plain.outcome === frozen.outcome) continue
    if (plain.outcome === "stopped" || frozen.outcome === "stopped") {
      tally.skipped++ // one of them was faster
      continue
    }
    tally.differ.push(
      `${test.path}${strict ? " (strict)" : ""}\n    interpreted: ${plain.outcome}\n    frozen:      ${frozen.outcome}`,
    )
  }
}

function isExpected(test: Test, outcome: string): boolean {
  if (test.negative !== undefined) return outcome.startsWith(`threw ${test.negative}`)
  return test.flags.includes("async") ? outcome.includes("Test262:AsyncTestComplete") : outcome === ""
}

function testFiles(root: string, only: string | undefined): string[] {
  return ["test/language", "test/built-ins"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(root, folder, file)),
    )
    .filter((file) => file.endsWith(".js") && !file.includes("_FIXTURE") && (only === undefined || file.includes(only)))
    .sort()
}

/** `count` of the files, chosen by a seed. */
function sample(files: string[], count: number, seed: number): string[] {
  let state = seed >>> 0
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32
  const shuffled = files.map((file) => ({ file, key: random() })).sort((a, b) => a.key - b.key)
  return shuffled.slice(0, count).map((s) => s.file)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      sample: { type: "string" },
      seed: { type: "string", default: "1" },
      only: { type: "string" },
      workers: { type: "string" },
    },
  })
  const [root] = positionals
  if (root === undefined) throw new Error("say where the checkout of test262 is")
  const all = testFiles(root, values.only)
  const files = values.sample === undefined ? all : sample(all, Number(values.sample), Number(values.seed))
  const count = Number(values.workers ?? availableParallelism())
  const total = zero()
  let next = 0
  await Promise.all(
    Array.from({ length: count }, () => {
      const worker = new Worker(new URL(import.meta.url), {
        workerData: { root },
        resourceLimits: { stackSizeMb: 16 },
      })
      return new Promise<void>((resolve, reject) => {
        const give = () => {
          const batch = files.slice(next, (next += 50))
          worker.postMessage(batch)
          if (next % 2000 < 50)
            process.stderr.write(`\r${Math.min(next, files.length)} of ${files.length}, ${total.differ.length} differ `)
        }
        worker.on("message", (tally: Tally) => {
          for (const text of tally.differ) process.stdout.write(`\n${text}\n`)
          total.differ.push(...tally.differ)
          for (const key of ["run", "passed", "skipped", "frozen", "kept"] as const) total[key] += tally[key]
          if (next < files.length) give()
          else void worker.terminate().then(() => resolve())
        })
        worker.on("error", reject)
        give()
      })
    }),
  )
  const { run, passed, skipped, frozen, kept, differ } = total
  console.log(
    `\n${files.length} files, seed ${values.seed}: ${run} runs, ${passed} as expected, ${skipped} skipped, ${differ.length} differ; ` +
      `${frozen} functions frozen, ${kept} kept`,
  )
  process.exitCode = differ.length === 0 ? 0 : 1
}

if (isMainThread) {
  await main()
} else {
  const { root } = workerData as { root: string }
  parentPort?.on("message", (files: string[]) => {
    const tally = zero()
    for (const file of files) runTest(root, readTest(root, file), tally)
    parentPort?.postMessage(tally)
  })
}

// A reporter that says, at the end of a run, how long the tests of each folder took, beside their budget, and which
// tests took longest.
//
// A budget fails nothing: it holds for a machine of two processors with nothing else to do, and says where to look when
// a run is slow.
import type { Reporter, TestModule } from "vitest/node"

/** Seconds for all tests of a folder, one after the other. Together they leave `.ci/run` far below its half hour. */
const budgets: Record<string, number> = {
  compiler: 90,
  engine: 40,
  freeze: 120,
  opcodes: 15,
  runtime: 25,
  templates: 20,
  wasi: 15,
  wasm: 5,
  wizer: 25,
}

const SLOWEST = 10

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`.padStart(10)

export default class Times implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = [...folderLines(modules), "", `The ${SLOWEST} slowest tests:`, ...slowestTests(modules)]
    console.log(["Time of each folder's tests, and its budget:", ...lines].map((line) => `  ${line}`).join("\n"))
  }
}

function folderLines(modules: readonly TestModule[]): string[] {
  const times = new Map<string, number>()
  for (const module of modules) {
    const folder = module.relativeModuleId.split("/").slice(1, -1).join("/") || "(the whole)"
    const { collectDuration, duration } = module.diagnostic()
    times.set(folder, (times.get(folder) ?? 0) + collectDuration + duration)
  }
  return [...times].sort().map(([folder, ms]) => {
    const budget = budgets[folder]
    const over =
      budget !== undefined && ms > 1000 * budget ? "  over its budget, if this machine had nothing else to do" : ""
    return `${folder.padEnd(12)}${seconds(ms)}${budget === undefined ? "" : ` of ${budget} s`}${over}`
  })
}

function slowestTests(modules: readonly TestModule[]): string[] {
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const timed = tests.map((test) => ({ ms: test.diagnostic()?.duration ?? 0, test }))
  const slow = timed.sort((a, b) => b.ms - a.ms).slice(0, SLOWEST)
  return slow.map(({ ms, test }) => `${seconds(ms)}  ${test.module.relativeModuleId}: ${test.fullName}`)
}

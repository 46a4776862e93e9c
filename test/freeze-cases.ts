// Programs under fixtures/freeze, and what each prints: in Node, interpreted, frozen, frozen with a collection at every allocation.
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { traceInNode, type Trace } from "./differ.ts"
import { World, type WorldOptions } from "./world.ts"

const prelude = readFileSync(resolve(import.meta.dirname, "../fixtures/freeze/show.js"), "utf8")

/** Marks lines that only the engine prints: messages and stacks, which Node words differently. */
const DETAIL = "engine: "

/** What Node prints. */
export function casePrintsInNode(program: string): Trace {
  return traceInNode(program, { before: `${prelude}\nfunction detail() {}`, file: "program.js" })
}

export interface CaseRun {
  /** What every engine prints. */
  trace: Trace
  /** All lines, with the engine's own messages and stacks. */
  detailed: Trace
  leaks: string
  frozen: number
  kept: number
}

/** What our engine prints. */
export function caseRuns(program: string, options: WorldOptions): CaseRun {
  const world = new World(options)
  const detail = `function detail(text) { print(${JSON.stringify(DETAIL)} + text) }`
  const started = world.run(`${prelude}\n${detail}\n;undefined`, "show.js")
  if (started !== "undefined") throw new Error(started)
  const outcome = world.run(`${program}\n;undefined`, "program.js")
  world.runJobs()
  const detailed = [...world.printed, ...(outcome === "undefined" ? [] : [outcome])]
  const trace = detailed.filter((line) => !line.startsWith(DETAIL))
  const functions = world.frozen.flatMap((f) => f.functions)
  const frozen = functions.filter((f) => f.frozen).length
  return { trace, detailed, frozen, kept: functions.length - frozen, leaks: world.leaks() }
}

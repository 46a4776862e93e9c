// Programs under fixtures/freeze, and what each prints: in Node, interpreted, frozen, frozen with a collection at every
// allocation.
import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import type { Case } from "../cases.ts"
import { traceInNode, traceModulesInNode, type Trace } from "./differ.ts"
import { World, type WorldOptions } from "../world.ts"

const prelude = readFileSync(resolve(import.meta.dirname, "../../fixtures/freeze/show.js"), "utf8")

/** Marks lines that only the engine prints: messages and stacks, which Node words differently. */
const DETAIL = "engine: "

/** A program, and the folder with the modules that it imports. */
export interface Program {
  source: string
  folder: string
}

/** The program of a case. */
export function programOf(c: Case): Program {
  return { source: c.text("program.js"), folder: c.folder }
}

/** The names of its modules. */
function modulesOf({ folder }: Program): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".js") && name !== "program.js")
}

/** What Node prints. */
export async function casePrintsInNode(program: Program): Promise<Trace> {
  const before = `${prelude}\nfunction detail() {}`
  if (modulesOf(program).length === 0) return traceInNode(program.source, { before, file: "program.js" })
  return await traceModulesInNode(program.source, before, join(program.folder, "program.js"))
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
export function caseRuns(program: Program, options: WorldOptions): CaseRun {
  const modules = modulesOf(program)
  const readModule = (name: string) =>
    modules.includes(name) ? readFileSync(join(program.folder, name), "utf8") : undefined
  const world = new World(modules.length > 0 ? { ...options, readModule } : options)
  const detail = `function detail(text) { print(${JSON.stringify(DETAIL)} + text) }`
  const started = world.run(`${prelude}\n${detail}\n;undefined`, "show.js")
  if (started !== "undefined") throw new Error(started)
  if (modules.length > 0) world.compileImports(program.source, "program.js")
  const outcome = world.run(`${program.source}\n;undefined`, "program.js")
  world.runJobs()
  const detailed = [...world.printed, ...(outcome === "undefined" ? [] : [outcome])]
  const trace = detailed.filter((line) => !line.startsWith(DETAIL))
  const functions = world.frozen.flatMap((f) => f.functions)
  const frozen = functions.filter((f) => f.frozen).length
  return { trace, detailed, frozen, kept: functions.length - frozen, leaks: world.leaks() }
}

// The same program in Node, interpreted and frozen: what each prints, and where they differ.
import { setTimeout } from "node:timers/promises"
import { constants, createContext, Script, type CreateContextOptions } from "node:vm"
import { prelude, TraceWriter } from "./traces.ts"
import { World, type WorldOptions } from "../world.ts"

/** What one run of a program shows: what it printed, then what ended it, if anything did. */
export type Trace = string[]

/** Milliseconds after which Node gives a program up; programs end by themselves, so it fails the test. */
const NODE_TIMEOUT = 600_000

/** In a context of Node's own, where `before` has run. */
export function traceInNode(source: string, { before = "", file = "test.js" } = {}): Trace {
  const { printed, context } = nodeContext({ microtaskMode: "afterEvaluate" })
  context["gc"] = () => {}
  context["detachArrayBuffer"] = (buffer: ArrayBuffer) => void structuredClone(buffer, { transfer: [buffer] })
  try {
    new Script(before, { filename: "before.js" }).runInContext(context)
    new Script(source, { filename: file }).runInContext(context, { timeout: NODE_TIMEOUT })
  } catch (error) {
    printed.push(`threw ${String(error)}`)
  }
  return printed
}

/** The same for a program that imports modules beside its file: it prints `done` last. */
export async function traceModulesInNode(source: string, before: string, file: string): Promise<Trace> {
  const { printed, context } = nodeContext({})
  new Script(before, { filename: "before.js" }).runInContext(context)
  const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER
  new Script(source, { filename: file, importModuleDynamically }).runInContext(context, { timeout: NODE_TIMEOUT })
  const end = Date.now() + NODE_TIMEOUT
  while (printed.at(-1) !== "done" && Date.now() < end) await setTimeout(5)
  return printed
}

function nodeContext(options: CreateContextOptions) {
  const printed: string[] = []
  const print = (...values: unknown[]) => printed.push(values.map(String).join(" "))
  return { printed, context: createContext({ print }, options) }
}

/** In an engine of its own; what is left when everything was freed is at the end. */
export function traceInEngine(source: string, options: WorldOptions = {}, file = "test.js"): Trace {
  const world = new World(options)
  const outcome = world.run(`${source}\n;undefined`, file)
  world.runJobs()
  if (outcome.startsWith("threw ")) world.printed.push(outcome.split("\n")[0]!)
  const leaks = world.leaks()
  if (leaks !== "") world.printed.push(`left over: ${leaks.slice(0, 400)}`)
  return world.printed
}

export const frozenAll: WorldOptions = { freeze: { which: "all" } }

/**
 * A number has one shortest spelling but for a few whose last digits QuickJS chooses otherwise: each as Node spells it.
 */
export function spelled(trace: Trace): Trace {
  return trace.map((line) => line.replace(/\d+\.\d+(e[-+]\d+)?/g, (digits) => String(Number(digits))))
}

/** Where the three differ, or undefined; also when it is no program. */
export function difference(source: string): string | undefined {
  if (!parses(source)) return undefined
  const interpreted = traceInEngine(source)
  return (
    firstDifference("Node", spelled(traceInNode(source)), "interpreted", spelled(interpreted)) ??
    firstDifference("interpreted", interpreted, "frozen", traceInEngine(source, frozenAll))
  )
}

function parses(source: string): boolean {
  try {
    return new Script(source) !== undefined
  } catch {
    return false
  }
}

/** The first line in which two traces differ, as text. */
export function firstDifference(left: string, a: Trace, right: string, b: Trace): string | undefined {
  const at = Array.from({ length: Math.max(a.length, b.length) }, (_, i) => i).find((i) => a[i] !== b[i])
  if (at === undefined) return undefined
  return `line ${at + 1}\n  ${left}: ${a[at] ?? "(nothing)"}\n  ${right}: ${b[at] ?? "(nothing)"}`
}

/** Programs of consecutive seeds as one script: all functions but the last, which is at the top level. */
export function batch(seed: number, count: number): string {
  const bodies = Array.from({ length: count }, (_, i) => new TraceWriter(seed + i).writeBody())
  const wrapped = bodies.slice(0, -1).map((body, i) => `program(${seed + i}, function () {\n${body}\n});`)
  return [prelude, ...wrapped, `program(${seed + count - 1}, () => {});`, bodies.at(-1)].join("\n")
}

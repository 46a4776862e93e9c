// A module with an initialiser -> the same module, already initialised. This is the front door: `import { snapshot }
// from "edgebox/wizer"`. It needs nothing but WebAssembly, so it runs in browsers and workers too.
//
//   const { wasm, report } = await snapshot(bytes, { initFunc: "setup", imports: { env: { now: () => 0 } } })
//
// The same in two steps, for those who run the module themselves:
//
//   const { wasm, plan } = instrument(bytes)
//   const instance = …instantiate wasm…
//   const tables = readTables(instance, plan)
//   for (const { name } of startSequence(plan)) instance.exports[name]()
//   const snapshotted = assemble(plan, capture(instance, plan, tables))
import { capture, type State, type Touched } from "./capture.ts"
import { rejectedOutput } from "./errors.ts"
import { instrument, type InstrumentOptions, type Plan } from "./instrument.ts"
import { mentionedFunctions } from "./layout.ts"
import { makeReport, type Report } from "./summary.ts"
import { outputExports, planData, rewrite, rewriteDeclaring, type DataPlan, type RewriteOptions } from "./rewrite.ts"
import { compile, run, type Host } from "./initialize.ts"
import { smallestTransfer } from "./transfer.ts"

export { capture, readTables, type InstanceLike, type State } from "./capture.ts"
export { isProblem, Problem } from "../problem.ts"
export { defaultInitNames, instrument, startSequence, type InstrumentOptions, type Plan } from "./instrument.ts"
export { reportText, type Report } from "./summary.ts"
export type { RewriteOptions } from "./rewrite.ts"
export { Exit, stopProgram, type Host } from "./initialize.ts"

/** What the data segments are chosen for: the smallest file, the smallest compressed file, or the fewest segments. */
export type Optimize = "raw" | "transfer" | "segments"

export interface SnapshotOptions extends InstrumentOptions, RewriteOptions, Host {
  /** Default `raw`. */
  optimize?: Optimize
  /** For hosts that know which pages of a memory were touched: the others need not be looked at. */
  touched?: Touched
}

export interface SnapshotResult {
  wasm: Uint8Array
  report: Report
}

/**
 * Run a module's initialiser and return the module as it is afterwards.
 *
 * The result has been validated by the engine that runs this. Problems (EB300 to EB320) are thrown as errors with
 * `code`, and where it helps `at` and `hint`. Host functions that throw end the initialiser; `stopProgram(new Exit(0))`
 * ends it well.
 */
export async function snapshot(bytes: Uint8Array, options: SnapshotOptions = {}): Promise<SnapshotResult> {
  const clock = stopwatch()
  const { wasm: instrumented, plan } = instrument(bytes, options)
  outputExports(plan, options) // says now what is wrong with the renames
  clock.lap("instrument")
  const module = await compile(instrumented, bytes, plan)
  clock.lap("compile")
  const ran = await run(module, plan, options)
  clock.lap("initialise")
  const state = capture(ran.instance, plan, ran.tables, options.touched)
  const data = await chooseData(plan, state, options.optimize ?? "raw")
  clock.lap("segments")
  const wasm = write(plan, state, data, options)
  clock.lap("write")
  return { wasm, report: makeReport(plan, state, data, { before: bytes.length, after: wasm.length }, clock.laps) }
}

/** The second half of the two-step form: a state that was captured -> the module. */
export function assemble(plan: Plan, state: State, options: RewriteOptions = {}): Uint8Array {
  return write(plan, state, planData(plan, state), options)
}

async function chooseData(plan: Plan, state: State, optimize: Optimize): Promise<DataPlan> {
  switch (optimize) {
    case "raw":
      return planData(plan, state)
    case "segments":
      return planData(plan, state, Infinity)
    case "transfer":
      return smallestTransfer(plan, state)
    default:
      return optimize satisfies never
  }
}

/** Write and validate. */
function write(plan: Plan, state: State, data: DataPlan, options: RewriteOptions): Uint8Array {
  const wasm = rewrite(plan, state, data, options)
  if (WebAssembly.validate(wasm as BufferSource)) return wasm
  // Code may have a `ref.func` of a function that only an export or table entry mentioned which is gone now.
  const again = rewriteDeclaring(plan, state, data, options, mentionedFunctions(plan.layout))
  if (WebAssembly.validate(again as BufferSource)) return again
  throw rejectedOutput(whyRejected(wasm), wasm.length)
}

function whyRejected(wasm: Uint8Array): string {
  try {
    new WebAssembly.Module(wasm as BufferSource)
    return "it says that it is not valid, but compiles it"
  } catch (error) {
    return (error as Error).message
  }
}

function stopwatch() {
  const laps: Record<string, number> = {}
  let last = performance.now()
  return {
    laps,
    lap(name: string) {
      const now = performance.now()
      laps[name] = now - last
      last = now
    },
  }
}

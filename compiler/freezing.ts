// Freezing: functions of the loaded app -> frozen code, loaded into the live engine. The linker finds it among its
// libraries.
import type { JSValue, LiveEngine, LoadedLibrary } from "../engine/live.ts"
import { freezeFunctions, type FunctionReport } from "../freeze/freeze.ts"
import { anonymous } from "../freeze/read/naming.ts"
import { bytecodeOf } from "../freeze/read/reader.ts"
import { nearest } from "../nearest.ts"
import { printable } from "../problem.ts"
import { noSuchFunction } from "./errors.ts"
import type { Settled } from "./options.ts"

/** How to see what names there are. */
export const seeAll = "`edgeboxc freeze <app>` lists them. With --minify they have no names."

export type FreezeChoice = Pick<Settled, "freeze" | "freezeOnly" | "freezeExcept">

/** What was frozen and what was kept, for the report. Sizes in bytes. */
export interface FreezeReport {
  frozen: number
  kept: number
  /** Of the frozen functions. */
  bytecode: number
  wasm: number
  functions: FunctionReport[]
}

/** What freezing made of an app. */
export interface Frozen {
  report: FreezeReport
  /** The frozen code; undefined when nothing was frozen. */
  library?: LoadedLibrary
}

/**
 * Freeze the app's functions as chosen. Call it before the app runs: what is entered already stays as it is. Throws
 * EB131 for a name that no function has.
 */
export function freezeApp(live: LiveEngine, appFunction: JSValue, choice: FreezeChoice): Frozen {
  const root = bytecodeOf(live, appFunction)
  const { freeze: which, freezeOnly: only, freezeExcept: except } = choice
  if (root === undefined || (which === "none" && only === undefined)) return { report: summary([]) }
  const context = live.call("guest_context")
  const { functions, library } = freezeFunctions(live, { context, root, which, only, except })
  for (const name of [...(only ?? []), ...(except ?? [])]) checkName(name, functions)
  return { report: summary(functions), library }
}

/** Throws EB131 when no function has the name. */
export function checkName(name: string, functions: readonly FunctionReport[]): void {
  const known = [...new Set(functions.map((f) => f.name || anonymous))]
  if (!known.includes(name)) throw noSuchFunction(name, nearest(name, known), seeAll)
}

function summary(functions: FunctionReport[]): FreezeReport {
  const frozen = functions.filter((f) => f.frozen)
  return {
    frozen: frozen.length,
    kept: functions.length - frozen.length,
    bytecode: frozen.reduce((sum, f) => sum + f.bytecode, 0),
    wasm: frozen.reduce((sum, f) => sum + (f.wasm ?? 0), 0),
    functions,
  }
}

/** The plan, a line for each function: frozen, or why it is kept. */
export function planText({ report }: Frozen): string {
  return report.functions.length === 0 ? "No function is frozen." : report.functions.map(functionLine).join("\n")
}

function functionLine({ name, file, line, frozen, why, bytecode, wasm, steps, exits }: FunctionReport): string {
  const what = frozen ? `frozen  ${bytecode} -> ${wasm} bytes, ${steps} steps, ${exits} exits` : `kept    ${why}`
  return `${printable(`${file}:${line}`).padEnd(30)} ${printable(name || anonymous).padEnd(24)} ${what}`
}

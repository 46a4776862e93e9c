// Freezing: functions of the loaded app -> frozen code, loaded into the live engine. The linker finds it among its libraries.
import type { JSValue, LiveEngine } from "../engine/live.ts"
import { freezeFunctions, type FunctionReport, type Which } from "../freeze/freeze.ts"
import { bytecodeOf } from "../freeze/reader.ts"

export interface FreezeChoice {
  freeze?: Which
  freezeOnly?: string[]
  freezeExcept?: string[]
}

/** What was frozen and what was kept, for the report. Sizes in bytes. */
export interface FreezeReport {
  frozen: number
  kept: number
  /** Of the frozen functions. */
  bytecode: number
  wasm: number
  functions: FunctionReport[]
}

/** Freeze the app's functions as chosen (default `auto`). Call it before the app runs: what is entered already stays as it is. */
export function freezeApp(live: LiveEngine, appFunction: JSValue, choice: FreezeChoice = {}): FreezeReport {
  const root = bytecodeOf(live, appFunction)
  const { freeze: which = "auto", freezeOnly, freezeExcept } = choice
  if (root === undefined || (which === "none" && freezeOnly === undefined)) return summary([])
  const context = live.call("guest_context")
  return summary(freezeFunctions(live, { context, root, which, only: freezeOnly, except: freezeExcept }).functions)
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

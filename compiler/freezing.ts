// Freezing: functions of the loaded app -> frozen code, loaded into the live engine. The linker finds it among its libraries.
import type { JSValue, LiveEngine } from "../engine/live.ts"
import { freezeFunctions, type FunctionReport, type Which } from "../freeze/freeze.ts"
import type { Command } from "commander"
import { listing } from "../freeze/flow/disassembly.ts"
import { anonymous, sourceNames } from "../freeze/read/naming.ts"
import { bytecodeOf, functionReader } from "../freeze/read/reader.ts"
import { watOf } from "./commands/wat.ts"
import { bundle } from "./bundle/bundle.ts"
import { mergeOptions } from "./config.ts"
import { resolveApp } from "./entry.ts"
import { noSuchFunction } from "./errors.ts"
import { loadApp, startBase } from "./load.ts"
import { nearest } from "../nearest.ts"
import { readBase } from "./shipped.ts"
import { builtinNames, partsScript, usedParts } from "./usedparts.ts"

const seeAll = "`edgeboxc freeze <app>` lists them. With --minify they have no names."

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

/**
 * Freeze the app's functions as chosen (default `auto`). Call it before the app runs: what is entered already stays as it is. Throws EB131 for a name
 * that no function has.
 */
export function freezeApp(live: LiveEngine, appFunction: JSValue, choice: FreezeChoice = {}): FreezeReport {
  const root = bytecodeOf(live, appFunction)
  const { freeze: which = "auto", freezeOnly, freezeExcept } = choice
  if (root === undefined || (which === "none" && freezeOnly === undefined)) return summary([])
  const context = live.call("guest_context")
  const { functions } = freezeFunctions(live, { context, root, which, only: freezeOnly, except: freezeExcept })
  const known = [...new Set(functions.map((f) => f.name || anonymous))]
  for (const name of [...(freezeOnly ?? []), ...(freezeExcept ?? [])]) {
    if (!known.includes(name)) throw noSuchFunction(name, nearest(name, known), seeAll)
  }
  return summary(functions)
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

/** Register the `freeze` command. Its action throws problems. */
export function freezeCommand(program: Command): void {
  program
    .command("freeze <app>")
    .description("show what freezing makes of an app's functions")
    .option("--wat <name>", "the WebAssembly of one function beside its bytecode")
    .addHelpText("after", "\nExamples:\n  $ edgeboxc freeze my-app\n  $ edgeboxc freeze src/app.ts --wat render\n")
    .action(async (input: string, options: { wat?: string }) => {
      process.stdout.write(`${await showFrozen(input, options.wat)}\n`)
    })
}

/** With a name, that function's bytecode and WebAssembly; without one, a line for each function: frozen, or why it is kept. */
export async function showFrozen(input: string, name?: string): Promise<string> {
  const app = await resolveApp(input)
  const bundled = await bundle(app, { ...mergeOptions(app.config, {}), builtins: builtinNames })
  const parts = partsScript(usedParts(bundled.code, bundled.builtins))
  const live = startBase(await readBase())
  const { appFunction } = loadApp(live, bundled, parts, { keepSource: false })
  const root = bytecodeOf(live, appFunction)
  if (root === undefined) throw new Error("the app has no function")
  const context = live.call("guest_context")
  const infos = functionReader(live, live.call("guest_runtime")).readAll(root)
  const names = sourceNames(infos)
  const { functions, library } = freezeFunctions(live, { context, root, which: "all" })
  if (name === undefined) return functions.map(functionLine).join("\n")
  const shown = functions.flatMap((f, i) => ((names.get(infos[i]!.pointer) || anonymous) === name ? [i] : []))
  const known = [...new Set(names.values())].map((text) => text || anonymous)
  if (shown.length === 0) throw noSuchFunction(name, nearest(name, known), seeAll)
  const texts = shown.map(async (i) => {
    const { frozen, why, position, kernel } = functions[i]!
    const bytecode = listing(infos[i]!, names)
    if (!frozen || library === undefined || position === undefined) return `${bytecode}\n\n;; kept: ${why}`
    return `${bytecode}\n\n${await watOf(library.bytes, position, position + (kernel ? 1 : 0))}`
  })
  return (await Promise.all(texts)).join("\n\n")
}

function functionLine({ name, file, line, frozen, why, bytecode, wasm, steps, exits }: FunctionReport): string {
  const what = frozen ? `frozen  ${bytecode} -> ${wasm} bytes, ${steps} steps, ${exits} exits` : `kept    ${why}`
  return `${`${file}:${line}`.padEnd(30)} ${(name || anonymous).padEnd(24)} ${what}`
}

// `edgeboxc disasm`: the bytecode of an app's functions, as text. The app is bundled and compiled as `build` does it; nothing is run.
import type { Command } from "commander"
import { listing } from "../../freeze/flow/disassembly.ts"
import { anonymous, sourceNames } from "../../freeze/read/naming.ts"
import { bytecodeOf, functionReader, type FunctionInfo } from "../../freeze/read/reader.ts"
import { bundle } from "../bundle/bundle.ts"
import { mergeOptions } from "../config.ts"
import { resolveApp } from "../entry.ts"
import { noSuchFunction } from "../errors.ts"
import { loadApp, startBase } from "../load.ts"
import { nearest } from "../../nearest.ts"
import { readBase } from "../shipped.ts"
import { builtinNames, partsScript, usedParts } from "../usedparts.ts"

interface Options {
  function: string[]
}

/** Register the `disasm` command. Its action throws problems. */
export function disasmCommand(program: Command): void {
  program
    .command("disasm <app>")
    .description("print the bytecode of an app's functions")
    .option(
      "--function <name>",
      "only the functions of this name; can be repeated",
      (name, before: string[]) => [...before, name],
      [],
    )
    .addHelpText("after", "\nExamples:\n  $ edgeboxc disasm my-app\n  $ edgeboxc disasm src/app.ts --function render\n")
    .action(async (input: string, options: Options) => {
      // `| head` closes the pipe early; that is no error.
      process.stdout.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error
      })
      process.stdout.write(`${await disassembleApp(input, options.function)}\n`)
    })
}

/** The text of an app's functions, in the order in which they nest. `wanted`: only these names; none for all. */
export async function disassembleApp(input: string, wanted: readonly string[] = []): Promise<string> {
  const functions = await appFunctions(input)
  const names = sourceNames(functions)
  for (const name of wanted) {
    const known = [...new Set(names.values())].map((text) => text || anonymous)
    if (!known.includes(name))
      throw noSuchFunction(name, nearest(name, known), "Without --function all functions are printed.")
  }
  const isWanted = ({ pointer }: FunctionInfo): boolean => wanted.includes(names.get(pointer) || anonymous)
  const shown = wanted.length === 0 ? functions : functions.filter(isWanted)
  return shown.map((f) => listing(f, names)).join("\n\n")
}

async function appFunctions(input: string): Promise<FunctionInfo[]> {
  const app = await resolveApp(input)
  const options = mergeOptions(app.config, {})
  const bundled = await bundle(app, { ...options, builtins: builtinNames })
  const parts = partsScript(usedParts(bundled.code, bundled.builtins))
  const live = startBase(await readBase())
  const { appFunction } = loadApp(live, bundled, parts, { keepSource: false })
  const root = bytecodeOf(live, appFunction)
  if (root === undefined) throw new Error("the app's outermost function is no bytecode function")
  return functionReader(live, live.call("JS_GetRuntime", live.call("guest_context"))).readAll(root)
}

// `edgeboxc disasm`: the bytecode of an app's functions, as text. The app is bundled and compiled as `build` does it;
// nothing is run.
import type { Command } from "commander"
import type { FunctionInfo } from "../../freeze/function.ts"
import { listing } from "../../freeze/flow/disassembly.ts"
import { anonymous, sourceNames } from "../../freeze/read/naming.ts"
import { functionsOf, loadApp, openApp } from "../app.ts"
import { noSuchFunction } from "../errors.ts"
import { optimizeLate } from "../jit.ts"
import { nearest } from "../../nearest.ts"
import { collect } from "./option.ts"

interface Options {
  function: string[]
}

/** Register the `disasm` command. Its action throws problems. */
export function disasmCommand(program: Command): void {
  program
    .command("disasm <app>")
    .description("print the bytecode of an app's functions")
    .option("--function <name>", "only the functions of this name; can be repeated", collect, [])
    .addHelpText("after", "\nExamples:\n  $ edgeboxc disasm my-app\n  $ edgeboxc disasm src/app.ts --function render\n")
    .action(async (input: string, options: Options) => {
      optimizeLate()
      // `| head` closes the pipe early; that is no error.
      process.stdout.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "EPIPE") throw error
      })
      process.stdout.write(`${await disassembleApp(input, options.function)}\n`)
    })
}

/** The text of an app's functions, in the order in which they nest. `wanted`: only these names; none for all. */
export async function disassembleApp(input: string, wanted: readonly string[] = []): Promise<string> {
  const functions = functionsOf(await loadApp(await openApp(input)))
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

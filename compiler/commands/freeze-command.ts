// `edgeboxc freeze`: what freezing makes of an app's functions. The app is bundled, compiled and frozen as `build` does
// it; nothing is run.
import type { Command } from "commander"
import { optimizeLate } from "../jit.ts"
import { listing } from "../../freeze/flow/disassembly.ts"
import { anonymous, sourceNames } from "../../freeze/read/naming.ts"
import { functionsOf, loadApp, openApp } from "../app.ts"
import { checkName, freezeApp, planText } from "../freezing.ts"
import type { BuildChoices } from "../options.ts"
import { watOf } from "../wat.ts"
import { optionOf } from "./option.ts"

interface Options extends Pick<BuildChoices, "freeze"> {
  wat?: string
}

/** Register the `freeze` command. Its action throws problems. */
export function freezeCommand(program: Command): void {
  program
    .command("freeze <app>")
    .description("show what `build` freezes of an app, and why it keeps the rest")
    .addOption(optionOf("freeze"))
    .option("--wat <name>", "the WebAssembly of one function beside its bytecode")
    .addHelpText("after", "\nExamples:\n  $ edgeboxc freeze my-app\n  $ edgeboxc freeze src/app.ts --wat render\n")
    .action(async (input: string, { wat, ...choice }: Options) => {
      optimizeLate()
      process.stdout.write(`${await showFrozen(input, choice, wat)}\n`)
    })
}

/**
 * With a name, that function's bytecode and WebAssembly; without one, a line for each function: frozen, or why it is
 * kept.
 */
export async function showFrozen(input: string, choice: BuildChoices = {}, name?: string): Promise<string> {
  const loaded = await loadApp(await openApp(input, choice))
  const infos = functionsOf(loaded)
  const names = sourceNames(infos)
  const frozen = freezeApp(loaded.live, loaded.appFunction, loaded.options)
  const { report, library } = frozen
  if (name === undefined) return planText(frozen)
  checkName(name, report.functions)
  const texts = report.functions.map(async ({ name: own, frozen, why, position, kernel }, i) => {
    if ((own || anonymous) !== name) return []
    const bytecode = listing(infos[i]!, names)
    if (!frozen || library === undefined || position === undefined) return [`${bytecode}\n\n;; kept: ${why}`]
    return [`${bytecode}\n\n${await watOf(library.bytes, position, position + (kernel ? 1 : 0))}`]
  })
  return (await Promise.all(texts)).flat().join("\n\n")
}

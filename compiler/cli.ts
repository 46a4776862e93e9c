#!/usr/bin/env node
// edgeboxc: argv -> command.
//
// Whatever is heavy is imported when a command runs, so that starting costs a few milliseconds.
import type { Command } from "commander"
import * as module from "node:module"
import { makeProgram, runProgram } from "../command.ts"
import manifest from "../package.json" with { type: "json" }
import { addBuildOptions } from "./commands/option.ts"
import { wrongUsage } from "./errors.ts"
import type { BuildChoices, CommandChoices } from "./options.ts"

// Node 22 and later keep what V8 compiles of the commands, in a folder for temporary files.
;(module as { enableCompileCache?: () => void }).enableCompileCache?.()

const program = makeProgram({ name: "edgeboxc", version: manifest.version })
  .description("Compile a JavaScript or TypeScript app into one sandboxed, already initialised WASI module.")
  .addHelpText("after", examples("edgeboxc init my-app", "edgeboxc build my-app -o app.wasm", "edgeboxc build --help"))

addBuildOptions(program.command("build <app>"))
  .description("compile an app (a folder or an entry file) into one WASI module")
  .addHelpText(
    "after",
    `
The entry of a folder is "entry" or "npm" in .edgebox.json, then "exports", "module" or "main" in
package.json, then index, main or app with any of the usual endings. Options can be set in
.edgebox.json as well: { "minify": true, "keepSource": true }; the command line wins.
${examples("edgeboxc build src/app.ts", "edgeboxc build . -o dist/app.wasm --minify", "edgeboxc build app --define VERSION='\"1.2\"' --watch")}`,
  )
  .action(async (input: string, options: BuildChoices & CommandChoices) => {
    const { buildCommand } = await import("./commands/build-command.ts")
    await buildCommand({ ...options, input })
  })

program
  .command("init [folder]")
  .description("make a starter app")
  .addHelpText("after", examples("edgeboxc init", "edgeboxc init my-app"))
  .action(async (folder: string | undefined) => {
    const { initCommand } = await import("./commands/build-command.ts")
    await initCommand(folder ?? ".")
  })

/** Commands that bring their options along: name -> what adds it to the program. */
const others: Record<string, () => Promise<(program: Command) => void>> = {
  snapshot: async () => (await import("./commands/snapshot-command.ts")).snapshotCommand,
  inspect: async () => (await import("./commands/inspect-command.ts")).inspectCommand,
  disasm: async () => (await import("./commands/disasm-command.ts")).disasmCommand,
  freeze: async () => (await import("./commands/freeze-command.ts")).freezeCommand,
}

/** Add the command that is asked for, or all of them when help may be wanted. */
async function addOthers(asked = ""): Promise<void> {
  if (["build", "init", "-V", "--version"].includes(asked)) return
  const wanted = Object.hasOwn(others, asked) ? [others[asked]!] : Object.values(others)
  for (const load of wanted) {
    const add = await load()
    add(program)
  }
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`
}

void runProgram(program, wrongUsage, () => addOthers(process.argv[2]))

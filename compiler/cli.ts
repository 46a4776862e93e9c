#!/usr/bin/env node
// edgeboxc: argv -> command.
//
// Whatever is heavy is imported when a command runs, so that starting costs a few milliseconds.
import { type Command, InvalidArgumentError, Option } from "commander"
import * as module from "node:module"
import { makeProgram, runProgram } from "../command.ts"
import manifest from "../package.json" with { type: "json" }
import type { BuildOptions } from "./build.ts"
import { wrongUsage } from "./errors.ts"

// Node 22 and later keep what V8 compiles of the commands, in a folder for temporary files.
;(module as { enableCompileCache?: () => void }).enableCompileCache?.()

const program = makeProgram({ name: "edgeboxc", version: manifest.version })
  .description("Compile a JavaScript or TypeScript app into one sandboxed, already initialised WASI module.")
  .addHelpText("after", examples("edgeboxc init my-app", "edgeboxc build my-app -o app.wasm", "edgeboxc build --help"))

program
  .command("build <app>")
  .description("compile an app (a folder or an entry file) into one WASI module")
  .option("-o, --output <file>", "where to write the module (default: <name>.wasm in this folder)")
  .addOption(new Option("--snapshot <what>", "what has already run when the module starts").choices(["engine", "app"]))
  .option("--optimize", "optimise the whole module for size; takes longer")
  .option("--keep-source", "keep the source, for Function.prototype.toString")
  .option("--minify", "shorten names and syntax")
  .option("--define <K=V>", "replace an identifier by a JSON value; can be repeated", keyValue)
  .option("--external <name>", "look an import up when the app runs; can be repeated", collect)
  .option("--sourcemap", "also write <output>.map")
  .addOption(
    new Option("--freeze <which>", "which functions to compile ahead of time").choices(["all", "auto", "none"]),
  )
  .option("--freeze-only <name>", "freeze these functions alone; can be repeated", collect)
  .option("--freeze-except <name>", "leave these functions unfrozen; can be repeated", collect)
  .option("--report <file.json>", "write what was built, and how, as JSON")
  .option("--stages <folder>", "write every value on the pipeline to a folder")
  .option("--watch", "build again when a file changes")
  .option("--verbose", "also print the time of every stage")
  .option("--quiet", "print problems only")
  .addHelpText(
    "after",
    `
The entry of a folder is "entry" or "npm" in .edgebox.json, then "exports", "module" or "main" in
package.json, then index, main or app with any of the usual endings. Options can be set in
.edgebox.json as well: { "minify": true, "keepSource": true }; the command line wins.
${examples("edgeboxc build src/app.ts", "edgeboxc build . -o dist/app.wasm --minify", "edgeboxc build app --define VERSION='\"1.2\"' --watch")}`,
  )
  .action(async (input: string, options: CommandOptions) => {
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
  freeze: async () => (await import("./freezing.ts")).freezeCommand,
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

/** `build`'s options as the command line has them. */
export interface CommandOptions extends Omit<BuildOptions, "input" | "color" | "onStage" | "write"> {
  watch?: boolean
  verbose?: boolean
  quiet?: boolean
}

function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join("\n")}\n`
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

function keyValue(text: string, before: Record<string, string> = {}): Record<string, string> {
  const split = text.indexOf("=")
  if (split < 1) throw new InvalidArgumentError("Write it as NAME=VALUE.")
  return { ...before, [text.slice(0, split)]: text.slice(split + 1) }
}

addOthers(process.argv[2]).then(() => runProgram(program, wrongUsage))

#!/bin/sh
// edgebox: read the command line, compile the module, run it, exit with its code.
import { reporting, runAndExit, version } from "./finish.ts"
import type { Grants } from "./finish.ts"
import { load } from "./program.ts"
import { help, readCommand } from "./commandline.ts"
import type { Command } from "./commandline.ts"
import { mainStackBytes } from "./stack.ts"
import { writeFully } from "../wasi/streams.ts"
import { runInWorker } from "./thread.ts"

function main(): void {
  const command = reporting(() => readCommand(process.argv.slice(2), process.env))
  switch (command.kind) {
    case "run":
      return start(command)
    case "help":
      return say(help)
    case "version":
      return say(`${version()}\n`)
  }
}

function start({ file, args, env, dirs }: Command & { kind: "run" }): void {
  const grants: Grants = { args: [file, ...args], env, dirs }
  const stackBytes = mainStackBytes(process.execArgv)
  if (stackBytes !== undefined) {
    runAndExit(
      reporting(() => load(file)),
      grants,
      stackBytes,
    )
  }
  runInWorker(file, grants)
}

function say(text: string): void {
  reporting(() => writeFully(1, Buffer.from(text)))
}

main()

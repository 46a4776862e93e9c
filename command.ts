// The command lines that are made with commander: how they begin, and how they end.
import { Command, CommanderError } from "commander"
import { exitCodeOf, exitCodes, faultText, isProblem, type Problem, problemText, type Program } from "./problem.ts"

/** A command line that throws instead of printing and exiting; so do the commands that are added to it. */
export function makeProgram({ name, version }: Program): Command {
  return new Command(name)
    .version(version, "-V, --version")
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
}

type WrongUsage = (message: string, hint: string) => Problem

/**
 * Do what the command line asks for. If that fails, say why on standard error and set the exit code. `prepare` adds the
 * commands that are not there from the start.
 */
export async function runProgram(
  program: Command,
  wrongUsage: WrongUsage,
  prepare?: () => Promise<void>,
): Promise<void> {
  try {
    await prepare?.()
    await program.parseAsync()
  } catch (error) {
    if (error instanceof CommanderError) ended(error, program, wrongUsage)
    else fail(error, program)
  }
}

function ended(error: CommanderError, program: Command, wrongUsage: WrongUsage): void {
  if (error.exitCode === 0) return // --help, --version
  if (error.code !== "commander.help") return fail(usageProblem(error, program, wrongUsage), program)
  // No command at all: what there is says more than what is missing.
  process.stderr.write(program.helpInformation())
  process.exitCode = exitCodes.usage
}

function fail(error: unknown, program: Command): void {
  const self = { name: program.name(), version: program.version() ?? "" }
  process.stderr.write(`${isProblem(error) ? problemText(error) : faultText(error, self)}\n`)
  process.exitCode = exitCodeOf(error)
}

/** Commander's words ("error: unknown option '--minfy'\n(Did you mean --minify?)") in the form of a problem. */
function usageProblem({ message }: CommanderError, program: Command, wrongUsage: WrongUsage): Problem {
  const [first = "", ...rest] = message.split("\n")
  const suggestion = rest.map((line) => line.replace(/^\((.*)\)$/, "$1")).join(" ")
  const help = program.commands.length === 0 ? "" : `, or ${program.name()} <command> --help`
  return wrongUsage(sentence(first.replace(/^error: /, "")), suggestion || `See ${program.name()} --help${help}.`)
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.?!]$/.test(text) ? "" : ".")
}

// How a run ends for the process: what is printed, and the exit code.
import { describe, Problem } from "./errors.ts"
import { run } from "./run.ts"
import type { Program, RunSettings } from "./run.ts"
import { hostInput, hostOutput, writeFully } from "../wasi/streams.ts"

/** Exit codes of our own. A shell reports 141 for a program that a closed pipe ended. */
export const exitCodes = { failed: 1, misused: 2, ours: 70, closedPipe: 141 }

/** What of the settings comes from the command line. */
export type Grants = Pick<RunSettings, "args" | "env" | "dirs">

/** Run with the process's own streams and end the thread (or process) with the guest's exit code. */
export function runAndExit(program: Program, grants: Grants, stackBytes: number): never {
  return reporting(() => {
    const exit = (code: number): never => process.exit(code)
    const onClosed = () => exit(exitCodes.closedPipe)
    const ended = run(program, {
      ...grants,
      stdin: hostInput(),
      stdout: hostOutput(1, onClosed),
      stderr: hostOutput(2, onClosed),
      stackBytes,
      exit,
    })
    if (ended.trap !== undefined) complain(`edgebox: ${program.path} ${ended.trap}\n`)
    return exit(ended.exitCode)
  })
}

/** Do `work`; if it throws, say so on stderr and end with the code for it. */
export function reporting<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const ours = !(error instanceof Problem)
    complain(ours ? brokenInvariant(error) : describe(error))
    return process.exit(ours ? exitCodes.ours : exitCodes.failed)
  }
}

function brokenInvariant(error: unknown): string {
  const stack = (error as Error | undefined)?.stack ?? String(error)
  return `edgebox: this is a mistake in edgebox, please report it.\n${stack}\n`
}

/** Print on stderr; if nobody listens, the exit code has to do. */
export function complain(text: string): void {
  try {
    writeFully(2, Buffer.from(text))
  } catch {
    return
  }
}

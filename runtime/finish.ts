// How a run ends for the process: what is printed, and the exit code.
import { exitCodeOf, faultText, isProblem, printable, problemText } from "../problem.ts"
import { run } from "./run.ts"
import type { Program, RunSettings } from "./run.ts"
import { fs } from "../wasi/node.ts"
import { hostInput, hostOutput, writeFully } from "../wasi/streams.ts"

/** The exit code that a shell reports for a program that a closed pipe ended. */
const closedPipe = 141

/** What of the settings comes from the command line. */
export type Grants = Pick<RunSettings, "args" | "env" | "dirs">

/** Run with the process's own streams and end the thread (or process) with the guest's exit code. */
export function runAndExit(program: Program, grants: Grants, stackBytes: number): never {
  return reporting(() => {
    const exit = (code: number): never => process.exit(code)
    const onClosed = () => exit(closedPipe)
    const ended = run(program, {
      ...grants,
      stdin: hostInput(),
      stdout: hostOutput(1, onClosed),
      stderr: hostOutput(2, onClosed),
      stackBytes,
      exit,
    })
    if (ended.trap !== undefined) complain(`edgebox: ${printable(program.path)} ${ended.trap}\n`)
    return exit(ended.exitCode)
  })
}

/** Do `work`; if it throws, say so on stderr and end with the code for it. */
export function reporting<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    return fail(error)
  }
}

/** Say on stderr what went wrong, and end with the code for it. */
export function fail(error: unknown): never {
  complain(`${isProblem(error) ? problemText(error) : faultText(error, { name: "edgebox", version: version() })}\n`)
  return process.exit(exitCodeOf(error))
}

export function version(): string {
  const manifest = fs.readFileSync(`${import.meta.dirname}/../package.json`, "utf8")
  return (JSON.parse(manifest) as { version: string }).version
}

/** Print on stderr; if nobody listens, the exit code has to do. */
export function complain(text: string): void {
  try {
    writeFully(2, Buffer.from(text))
  } catch {
    return
  }
}

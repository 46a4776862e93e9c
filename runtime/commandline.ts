// edgebox's command line, read by hand: an option library costs a start more than everything else that cli.ts loads.
import { nearest } from "../nearest.ts"
import * as problems from "./errors.ts"
import type { Preopen } from "./run.ts"

/** What the command line asks for. */
export type Command =
  | { kind: "run"; file: string; args: string[]; env: Record<string, string>; dirs: Preopen[] }
  | { kind: "help" }
  | { kind: "version" }

export const help = `Usage: edgebox [options] app.wasm [args]

Run a WASI command. It gets its arguments and the standard streams, and nothing else that is not granted here.

Options, all before the file:
  --dir HOST[::GUEST][:ro]  let it use the directory HOST, under the name GUEST (default: the same);
                            with :ro it can only read. May be repeated
  --env NAME=value          set a variable in its environment. May be repeated
  --env NAME                pass on the variable of yours
  -h, --help                show this
  -V, --version             show the version

Everything after the file is passed to the program.

Exit status: the program's own; 1 if the file cannot be run or the program traps, 2 for a wrong command line,
141 if the reader of its output has gone.
`

/** Options that take a value: --name value or --name=value. */
const valued = ["--dir", "--env"]
const flags = ["--help", "--version"]

/** Read the arguments after `edgebox`. Throws a Problem for wrong usage, and for a grant that cannot be meant. */
export function readCommand(argv: string[], environment: Record<string, string | undefined>): Command {
  const env: Record<string, string> = {}
  const dirs: Preopen[] = []
  let at = 0
  for (; at < argv.length; at++) {
    const arg = argv[at]!
    if (arg === "--") {
      at++
      break
    }
    if (!arg.startsWith("-") || arg === "-") break
    if (arg === "-h" || arg === "--help") return { kind: "help" }
    if (arg === "-V" || arg === "--version") return { kind: "version" }
    const equals = arg.indexOf("=")
    const name = equals < 0 ? arg : arg.slice(0, equals)
    if (!valued.includes(name)) throw unknownOption(name)
    const value = equals < 0 ? argv[++at] : arg.slice(equals + 1)
    if (value === undefined || value === "") throw problems.wrongUsage(`The option ${name} needs a value.`)
    if (name === "--dir") dirs.push(readGrant(value))
    else readVariable(value, env, environment)
  }
  const file = argv[at]
  if (file === undefined) throw problems.wrongUsage("There is no .wasm file to run.")
  return { kind: "run", file, args: argv.slice(at + 1), env, dirs: checkNames(dirs) }
}

/** HOST, HOST::GUEST, and either with :ro. */
function readGrant(option: string): Preopen {
  const readOnly = option.endsWith(":ro")
  const paths = readOnly ? option.slice(0, -":ro".length) : option
  const split = paths.indexOf("::")
  const host = split < 0 ? paths : paths.slice(0, split)
  const guest = split < 0 ? paths : paths.slice(split + 2)
  if (host === "") throw problems.badGrant(option, "it names no directory of yours")
  if (guest === "") throw problems.badGrant(option, "it names no directory for the program")
  return { host, guest, readOnly }
}

/** Two directories under one name: a program would see one of them, and not say which. */
function checkNames(dirs: Preopen[]): Preopen[] {
  const twice = dirs.find(({ guest }, i) => dirs.findIndex((other) => other.guest === guest) !== i)
  if (twice !== undefined) throw problems.badGrant(`${twice.host}::${twice.guest}`, `"${twice.guest}" is granted twice`)
  return dirs
}

function readVariable(option: string, env: Record<string, string>, environment: Record<string, string | undefined>) {
  const equals = option.indexOf("=")
  const name = equals < 0 ? option : option.slice(0, equals)
  const value = equals < 0 ? environment[name] : option.slice(equals + 1)
  if (name === "") throw problems.badEnvironment(option, "it has no name")
  if (value === undefined) throw problems.badEnvironment(option, `your environment has no ${name}`)
  // Not an assignment: `__proto__` is a name like any other.
  Object.defineProperty(env, name, { value, enumerable: true, configurable: true, writable: true })
}

function unknownOption(name: string): Error {
  const known = [...valued, ...flags]
  // `-d` is the beginning of --dir.
  const near = known.find((option) => option.startsWith(`-${name}`)) ?? nearest(name, known)
  const hint = near === undefined ? undefined : `Did you mean ${near}?`
  return problems.wrongUsage(`There is no option ${name}.`, hint)
}

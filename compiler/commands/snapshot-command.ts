// edgeboxc snapshot: reads the command line, runs the job, writes the module. All that it knows of snapshots is in
// wizer/.
import { readFileSync } from "node:fs"
import { Command, InvalidArgumentError, Option } from "commander"
import { checkJob, runJob, type Job } from "../../wizer/node/job.ts"
import { reasonOf, writeOutput } from "../../output.ts"
import { cannotRead, cannotWrite } from "../../wizer/errors.ts"
import { reportText, type Optimize, type SnapshotResult } from "../../wizer/snapshot.ts"

interface Options {
  output?: string
  initFunc?: string
  keepInitFunc?: boolean
  renameFunc: [dst: string, src: string][]
  allowWasi?: boolean
  dir: [guest: string, host: string][]
  env: Record<string, string>
  inheritEnv?: boolean
  inheritStdio?: boolean
  preload: [name: string, file: string][]
  reproducible?: boolean
  timeout?: number
  maxMemory?: number
  optimize: Optimize
  report?: string
  validateOnly?: boolean
}

/** Register the `snapshot` command. Its action throws problems (EB3xx); wrong usage ends with status 2. */
export function snapshotCommand(program: Command): void {
  const command = program
    .command("snapshot")
    .description("run a module's initialiser now, and write the module as it is afterwards")
    .argument("[in.wasm]", "the module; - for standard input", "-")
    .argument("[out.wasm]", "where the snapshot goes; - for standard output")
    .option("-o, --output <file>", "the same as the second argument")
    .option("-f, --init-func <export>", "the initialiser (default: wizer-initialize, wizer.initialize or wizer_init)")
    .option("--keep-init-func", "leave the initialiser exported")
    .addOption(
      repeated("-r, --rename-func <dst=src>", "export `src` as `dst`, in the place of what is called so", pair),
    )
    .option("--allow-wasi", "provide WASI to the initialiser")
    .addOption(directories("--dir <directory>", "give it a directory, under the same name"))
    .addOption(directories("--mapdir <guest::host>", "give it a directory under another name"))
    .addOption(
      repeated("--env <key=value>", "give it an environment variable", pair).argParser(variable).default({}, "none"),
    )
    .option("--inherit-env", "give it this process's environment")
    .option("--inherit-stdio", "give it standard input, and standard output where the module does not go there")
    .option("--no-inherit-stdio", "do not show what it prints")
    .addOption(repeated("--preload <name=file>", "a module that it may import from under this name", pair))
    .option("--reproducible", "fixed clock, seeded random numbers: the same bytes on every machine")
    .option("--timeout <ms>", "stop the initialiser after so many milliseconds", positive)
    .option("--max-memory <bytes>", "stop it when its memories grow beyond (K, M and G are powers of 1024)", size)
    .addOption(
      new Option("--optimize <for>", "the smallest file, the smallest compressed file, or the fewest segments")
        .choices(["raw", "transfer", "segments"])
        .default("raw"),
    )
    .option("--report <file>", "write what the snapshot weighs as JSON; - for standard output")
    .option("--validate-only", "check the module and the options, run nothing, write nothing")
    .action(async (input: string, output: string | undefined, options: Options) => {
      if (output !== undefined && options.output !== undefined) {
        usage(command, `name one file to write, not both "${output}" and "${options.output}"`)
      }
      await run(command, input, output ?? options.output, options)
    })
  acceptWizerSpelling(command)
}

async function run(command: Command, input: string, output: string | undefined, options: Options): Promise<void> {
  const target = output ?? "-"
  if (options.reproducible && options.inheritEnv) {
    usage(command, "--inherit-env makes the snapshot depend on this machine, which --reproducible rules out")
  }
  if (target === "-" && options.report === "-")
    usage(command, "the module and the report cannot both go to standard output")
  if (target === "-" && process.stdout.isTTY && !options.validateOnly) {
    usage(command, "name the file to write, or - for standard output: a terminal cannot show a module")
  }
  const job = makeJob(input, target, options)
  if (options.validateOnly) {
    await checkJob(job)
    return say(target, `${input}: can be snapshotted`)
  }
  const result = options.timeout === undefined ? await runJob(job) : await runWithin(job, options.timeout)
  await write(target, result.wasm)
  await tell(target, options, result)
}

async function runWithin(job: Job, timeoutMs: number): Promise<SnapshotResult> {
  const { runJobWithin } = await import("../../wizer/node/timeout.ts") // loads node:worker_threads
  return runJobWithin(job, timeoutMs)
}

async function tell(target: string, { report }: Options, result: SnapshotResult): Promise<void> {
  const json = `${JSON.stringify(result.report, null, 2)}\n`
  if (report !== undefined) await write(report, json)
  if (report !== "-") say(target, reportText(result.report, target === "-" ? "standard output" : target))
}

async function write(path: string, bytes: Uint8Array | string): Promise<void> {
  try {
    await writeOutput(path, bytes)
  } catch (error) {
    throw cannotWrite(path === "-" ? "standard output" : path, reasonOf(error))
  }
}

/** `-` is standard input. */
function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path === "-" ? 0 : path)
  } catch (error) {
    throw cannotRead(path === "-" ? "standard input" : path, reasonOf(error))
  }
}

function say(target: string, text: string): void {
  const stream = target === "-" ? process.stderr : process.stdout
  stream.once("error", () => {}) // the module is written; that nobody can read the summary is no failure
  stream.write(`${text}\n`)
}

function makeJob(input: string, target: string, options: Options): Job {
  const job: Job = {
    input: readInput(input),
    options: {
      initFunc: options.initFunc,
      keepInitFunc: options.keepInitFunc,
      renames: options.renameFunc,
      optimize: options.optimize,
      maxMemory: options.maxMemory,
    },
    preloads: options.preload.map(([name, file]) => ({ name, bytes: readInput(file) })),
  }
  return options.allowWasi ? { ...job, wasi: wasiOf(input, target, options) } : job
}

function wasiOf(input: string, target: string, options: Options): Job["wasi"] {
  const silent = options.inheritStdio === false
  return {
    env: { ...(options.inheritEnv ? (process.env as Record<string, string>) : {}), ...options.env },
    dirs: options.dir,
    reproducible: options.reproducible ?? false,
    // Nothing that the guest prints may end up in the module.
    stdout: silent ? undefined : options.inheritStdio && target !== "-" && options.report !== "-" ? 1 : 2,
    stderr: silent ? undefined : 2,
    stdin: options.inheritStdio === true && input !== "-",
  }
}

function usage(command: Command, message: string): never {
  return command.error(`error: ${message}`, { exitCode: 2, code: "edgeboxc.usage" })
}

type Pair = [string, string]

function repeated(flags: string, description: string, parse: (text: string) => Pair): Option {
  return new Option(flags, description)
    .argParser((text: string, before: Pair[]) => [...before, parse(text)])
    .default([], "none")
}

function pair(text: string): Pair {
  const at = text.indexOf("=")
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("It has to have the form NAME=VALUE.")
  return [text.slice(0, at), text.slice(at + 1)]
}

function variable(text: string, before: Record<string, string>): Record<string, string> {
  const at = text.indexOf("=")
  if (at < 1) throw new InvalidArgumentError("It has to have the form KEY=VALUE.")
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) }
}

/** --dir and --mapdir fill the same list, in the order given. */
function directories(flags: string, description: string): Option {
  const option = new Option(flags, description).argParser((text: string, before: Pair[]): Pair[] => {
    const at = text.indexOf("::")
    if (flags.startsWith("--dir")) return [...before, [text, text]]
    if (at < 1 || at + 2 === text.length) throw new InvalidArgumentError("It has to have the form GUEST::HOST.")
    return [...before, [text.slice(0, at), text.slice(at + 2)]]
  })
  option.attributeName = () => "dir"
  return option.default([], "none")
}

function positive(text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("It has to be a number above 0.")
  return value
}

function size(text: string): number {
  const [, digits, unit] = /^(\d+)([kmg])?$/i.exec(text) ?? []
  if (digits === undefined) throw new InvalidArgumentError("It has to be a number of bytes such as 1048576 or 64M.")
  // No memory comes near 2^53 bytes, and numbers are exact up to there.
  return Math.min(
    Number.MAX_SAFE_INTEGER,
    Number(digits) * 1024 ** ["", "k", "m", "g"].indexOf((unit ?? "").toLowerCase()),
  )
}

/** Options of Wizer that may be followed by `true` or `false`, with `=` or as the next word. */
const switches =
  /^--(keep-init-func|allow-wasi|inherit-stdio|inherit-env|relaxed-simd-deterministic|wasm-[a-z0-9-]+)(?:=(.*))?$/

/**
 * Wizer's spellings: `--func-rename`, `--keep-init-func=true`, `--inherit-env false`, `--wasm-simd true`. Features are
 * always on here, so switching one on says nothing new; switching one off is refused.
 */
function acceptWizerSpelling(command: Command): void {
  const parse = command.parseOptions.bind(command)
  command.parseOptions = (argv) => parse(translate(command, argv))
}

function translate(command: Command, argv: readonly string[]): string[] {
  const out: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ""
    if (word === "--") return [...out, ...argv.slice(i)]
    const [, name, attached] = switches.exec(word) ?? []
    if (name === undefined) {
      out.push(word.replace(/^--func-rename(?==|$)/, "--rename-func").replace(/^(-[for])=/, "$1"))
      continue
    }
    const next = argv[i + 1]
    const value = attached ?? (next === "true" || next === "false" ? argv[++i] : "true")
    if (value !== "true" && value !== "false") usage(command, `--${name} takes true or false, not "${value}"`)
    out.push(...translateSwitch(command, name, value === "true"))
  }
  return out
}

function translateSwitch(command: Command, name: string, on: boolean): string[] {
  if (name.startsWith("wasm-") && !on) usage(command, `--${name} false: features cannot be switched off here`)
  if (name.startsWith("wasm-") || name === "relaxed-simd-deterministic") return []
  if (name === "inherit-stdio" && !on) return ["--no-inherit-stdio"]
  return on ? [`--${name}`] : []
}

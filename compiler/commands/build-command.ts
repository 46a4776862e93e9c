// What edgeboxc's commands do and print. Results go to stdout, everything else to stderr.
import { dirname, resolve } from "node:path"
import { stat } from "node:fs/promises"
import { type BuildOptions, type BuildResult, build } from "../build.ts"
import { isProblem, printable, problemText } from "../../problem.ts"
import { fromHere } from "../disk.ts"
import { wrongUsage } from "../errors.ts"
import { optimizeLate } from "../jit.ts"
import type { BuildChoices, CommandChoices } from "../options.ts"
import { init } from "./starter.ts"
import { stageLines, summaryLine } from "../report.ts"
import { buildAndWatch, type Watched } from "./watch.ts"

/** What `edgeboxc build` is told. */
type CommandOptions = BuildChoices & CommandChoices & { input: string }

/** `edgeboxc build`. */
export async function buildCommand(options: CommandOptions): Promise<void> {
  optimizeLate()
  if (options.output === "-") checkReader(options)
  if (options.watch !== true) {
    await buildOnce(options)
    return
  }
  const stop = new AbortController()
  process.once("SIGINT", () => stop.abort())
  process.once("SIGTERM", () => stop.abort())
  let known: string[] = []
  await buildAndWatch(async (): Promise<Watched> => {
    try {
      known = (await buildOnce(options)).inputs
      return { files: known, folders: [] }
    } catch (error) {
      if (!isProblem(error)) throw error
      process.stderr.write(`${problemText(error)}\n`)
      // What is missing may come anywhere among the app's files.
      const folders = new Set(known.map((file) => dirname(file)).filter((path) => !path.includes("node_modules")))
      return { files: known, folders: [...folders.add(await folderOf(options.input))] }
    }
  }, stop.signal)
}

/** A module on standard output is for one reader, who can read it. */
function checkReader({ watch }: CommandOptions): void {
  const hint = "Name the file to write: -o app.wasm."
  if (watch === true) throw wrongUsage("--watch cannot write one module after the other to standard output.", hint)
  if (process.stdout.isTTY) throw wrongUsage("Standard output is a terminal, which cannot show a module.", hint)
}

async function buildOnce(options: CommandOptions): Promise<BuildResult> {
  const progress = startProgress(options.quiet !== true && process.stderr.isTTY === true)
  try {
    const { watch, verbose, quiet, ...rest } = options
    // An option of the command's that is not taken here is a type error.
    rest satisfies Record<Exclude<keyof typeof rest, keyof BuildChoices | "input">, never>
    const result = await build({
      ...rest,
      ...buildTimeOutput(),
      color: process.stderr.hasColors?.(),
      onStage: progress.stage,
    })
    progress.clear()
    if (quiet !== true) {
      const aside = options.report === "-"
      report(result, { verbose: verbose === true, wanted: options.freezeOnly ?? [], aside })
    }
    return result
  } finally {
    progress.clear()
  }
}

interface Telling {
  verbose: boolean
  wanted: readonly string[]
  /** Standard output has something else to say. */
  aside: boolean
}

function report({ output, report, bundle }: BuildResult, { verbose, wanted, aside }: Telling): void {
  for (const { name, frozen, why } of report.frozen.functions) {
    if (wanted.includes(name) && !frozen) process.stderr.write(`${printable(name)} is not frozen: ${why}\n`)
  }
  if (bundle.missing.length > 0) {
    const list = bundle.missing.map(({ name, files }) => `${name} (${files.join(", ")})`)
    process.stderr.write(`not there, and an error when it is asked for: ${printable(list.join("; "))}\n`)
  }
  for (const warning of bundle.warnings) process.stderr.write(`${warning.trimEnd()}\n`)
  if (verbose) process.stderr.write(`${stageLines(report).join("\n")}\n`)
  const place = output === "-" ? "standard output" : fromHere(output)
  const summary = aside || output === "-" ? process.stderr : process.stdout
  summary.write(`${summaryLine(place, report)}\n`)
}

/** What an app prints while it is run at build time goes to stderr, so that it does not mix with our own result. */
function buildTimeOutput(): Pick<BuildOptions, "write"> {
  return { write: (_fd, bytes) => void process.stderr.write(bytes) }
}

/** A terminal shows the stage that is running, once the build has taken half a second. */
function startProgress(on: boolean): { stage: (name: string) => void; clear: () => void } {
  const start = performance.now()
  let shown = false
  // A stage that keeps the thread busy lets no timer fire, so slow ones are announced before they begin.
  const show = (name: string) => {
    process.stderr.write(`\r\x1b[K${name}…`)
    shown = true
  }
  let timer: NodeJS.Timeout | undefined
  return {
    stage(name) {
      clearTimeout(timer)
      if (!on) return
      const left = 500 - (performance.now() - start)
      if (left <= 0) show(name)
      else timer = setTimeout(show, left, name)
    },
    clear() {
      clearTimeout(timer)
      if (shown) process.stderr.write("\r\x1b[K")
      shown = false
    },
  }
}

/** Where to look for changes when nothing could be built. */
async function folderOf(input: string): Promise<string> {
  const path = resolve(input)
  const found = await stat(path).catch(() => undefined)
  return found?.isDirectory() === true ? path : dirname(path)
}

/** `edgeboxc init`. */
export async function initCommand(folder: string): Promise<void> {
  const files = await init(folder)
  const enter = resolve(folder) === process.cwd() ? "" : `${fromHere(resolve(folder))}/`
  process.stdout.write(
    `Made ${files.map((file) => `${enter}${file}`).join(", ")}.\n\n` +
      `  npx edgeboxc build ${enter === "" ? "." : enter.slice(0, -1)} -o app.wasm\n  echo "one two two" | npx edgebox app.wasm\n`,
  )
}

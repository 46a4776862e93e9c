// The whole pipeline, top to bottom: an app's folder or file -> an artifact.
import { stat } from "node:fs/promises"
import { join, resolve } from "node:path"
import manifest from "../package.json" with { type: "json" }
import { functionsOf, loadApp, openApp } from "./app.ts"
import type { Bundle, BundleChoices } from "./bundle/bundle.ts"
import { mapText } from "./bundle/mappings.ts"
import { checkChoices } from "./config.ts"
import { checkOutputFolder, writeFileWhole } from "./disk.ts"
import { outputIsInput, outputsClash, wrongUsage } from "./errors.ts"
import { freezeApp, type FreezeChoice } from "./freezing.ts"
import { linkArtifact } from "./link.ts"
import { type LoadChoices, runAppNow } from "./load.ts"
import { optimizeModule } from "./optimize.ts"
import type { BuildChoices } from "./options.ts"
import { type BuildReport, reportOf, type Sizes } from "./report.ts"
import { writeStages } from "./stages.ts"

/**
 * What `build` can be told. What is left out is taken from `.edgebox.json`, then from the defaults. The choices are in
 * options.ts.
 */
export interface BuildOptions extends BuildChoices {
  /** The app: a folder or an entry file. */
  input: string
  /** Colour diagnostics for a terminal. */
  color?: boolean
  /** Called when a stage begins, for progress. */
  onStage?: (stage: string) => void
  /** What the app prints while it is run at build time. */
  write?: (fd: number, bytes: Uint8Array) => void
}

/** What a build made, and how. */
export interface BuildResult {
  output: string
  wasm: Uint8Array
  bundle: Bundle
  report: BuildReport
  /** Absolute paths of everything that the build read from the app; a change of one of them calls for another build. */
  inputs: string[]
}

/**
 * Compile an app into an artifact and write it. Throws a problem when the app is at fault; the old artifact stays as it
 * was.
 */
export async function build({ input, color, onStage, write, ...given }: BuildOptions): Promise<BuildResult> {
  const clock = startClock(onStage)

  clock.stage("finding the entry")
  checkChoices(input, given)
  const opened = await openApp(input, given)
  const {
    output: named = `${opened.app.name}.wasm`,
    snapshot,
    optimize,
    sourcemap,
    report: reportFile,
    stages,
    ...others
  } = opened.options
  // An option that is taken neither here nor by a stage is a type error.
  others satisfies Record<Exclude<keyof typeof others, keyof (BundleChoices & LoadChoices & FreezeChoice)>, never>
  const output = placeOf(named)
  const reportPlace = reportFile === undefined ? undefined : placeOf(reportFile)
  checkStdout(output, reportPlace, sourcemap)
  for (const path of [output, reportPlace]) if (path !== undefined && path !== "-") await checkOutputFolder(path)

  const loaded = await loadApp(opened, { onStage: clock.stage, color, write })
  const { app, bundle, live, base } = loaded
  await checkOutputs(
    [output, ...(sourcemap ? [`${output}.map`] : []), ...(reportPlace ? [reportPlace] : [])],
    bundle.inputs,
  )
  const functions = stages === undefined ? [] : functionsOf(loaded)

  clock.stage("freezing")
  const frozen = freezeApp(live, loaded.appFunction, opened.options)
  // From here on no code is added to the app.

  if (snapshot === "app") {
    clock.stage("running the app's top level")
    runAppNow(live)
  }

  clock.stage("linking")
  const linked = linkArtifact(live, { base, edgebox: manifest.version, snapshot, app: loaded.bytecodeBytes })
  // From here on nothing runs.

  if (optimize) clock.stage("optimizing")
  const optimized = optimize ? await optimizeModule(linked.wasm) : undefined
  const wasm = optimized?.wasm ?? linked.wasm

  clock.stage("writing")
  await writeFileWhole(output, wasm)
  if (sourcemap) await writeFileWhole(`${output}.map`, mapText(bundle.map))

  const sizes: Sizes = {
    artifact: wasm.length,
    ...(optimized && { beforeOptimizing: optimized.before }),
    base: base.length,
    bundle: Buffer.byteLength(bundle.code),
    parts: linked.note.sizes,
  }
  const { engine } = linked.note
  const report = reportOf({
    app,
    output,
    bundle,
    snapshot,
    sizes,
    stages: clock.finish(),
    engine,
    frozen: frozen.report,
  })
  if (reportPlace !== undefined) await writeFileWhole(reportPlace, `${JSON.stringify(report, null, 2)}\n`)
  if (stages !== undefined) {
    const values = { ...loaded, functions, frozen, linked: linked.wasm, optimized: optimized?.wasm, report }
    await writeStages(resolve(stages), values)
  }
  const inputs = [...bundle.inputs, join(app.root, ".edgebox.json"), join(app.root, "package.json")]
  return { output, wasm, bundle, report, inputs }
}

/** Where a file goes, absolute; `-` is standard output. */
function placeOf(path: string): string {
  return path === "-" ? path : resolve(path)
}

/** What is written must not replace a file of the app's, nor something else that is written. `inputs` are absolute. */
async function checkOutputs(outputs: readonly string[], inputs: readonly string[]): Promise<void> {
  const files = outputs.filter((path) => path !== "-")
  for (const path of files) if (inputs.includes(path)) throw outputIsInput(path)
  const twice = files.find((path, i) => files.indexOf(path) !== i)
  if (twice === undefined) return
  const there = await stat(twice).catch(() => undefined)
  if (there === undefined || there.isFile()) throw outputsClash(twice) // a device or a pipe takes both
}

/** Standard output takes one file, and has no place beside it. */
function checkStdout(output: string, report: string | undefined, sourcemap: boolean | undefined): void {
  if (output !== "-") return
  const wrong = (message: string) => wrongUsage(message, "Name a file for the module: -o app.wasm.")
  if (report === "-") throw wrong("The module and the report cannot both go to standard output.")
  if (sourcemap) throw wrong("A source map lies beside the module; beside standard output it cannot.")
}

/** Measures the stages; each lasts until the next begins. */
function startClock(onStage: BuildOptions["onStage"]) {
  const began: { name: string; at: number }[] = []
  return {
    stage(name: string): void {
      began.push({ name, at: performance.now() })
      onStage?.(name)
    },
    finish(): { name: string; ms: number }[] {
      const end = performance.now()
      return began.map(({ name, at }, i) => ({ name, ms: Math.round((began[i + 1]?.at ?? end) - at) }))
    },
  }
}

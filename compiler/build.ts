// The whole pipeline, top to bottom: an app's folder or file -> an artifact.
import { writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import manifest from "../package.json" with { type: "json" }
import { type Bundle, bundle } from "./bundle/bundle.ts"
import { mergeOptions } from "./config.ts"
import { type App, resolveApp } from "./entry.ts"
import { outputIsInput } from "./errors.ts"
import { checkOutputFolder, makeFolder, writeAtomically } from "./disk.ts"
import { freezeApp } from "./freezing.ts"
import { linkArtifact } from "./link.ts"
import { loadApp, runAppNow, startBase } from "./load.ts"
import { mapText } from "./bundle/mappings.ts"
import { optimizeModule } from "./optimize.ts"
import { builtinNames, partsScript, usedParts } from "./usedparts.ts"
import { type BuildReport, reportOf, type Sizes } from "./report.ts"
import { readBase } from "./shipped.ts"

/** What `build` can be told. What is left out is taken from `.edgebox.json`, then from the defaults. */
export interface BuildOptions {
  /** The app: a folder or an entry file. */
  input: string
  /** The artifact's path; `<name>.wasm` in the working directory when nothing is said. */
  output?: string
  /** `engine` (default): the app's top level runs at every start. `app`: it has run at build time. */
  snapshot?: "engine" | "app"
  optimize?: boolean
  keepSource?: boolean
  minify?: boolean
  define?: Record<string, string>
  external?: string[]
  /** Also write `<output>.map`. */
  sourcemap?: boolean
  freeze?: "all" | "auto" | "none"
  freezeOnly?: string[]
  freezeExcept?: string[]
  /** Write a report as JSON to this file. */
  report?: string
  /** Write every value on the pipeline to this folder. */
  stages?: string
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

/** Compile an app into an artifact and write it. Throws a problem when the app is at fault; the old artifact stays as it was. */
export async function build(given: BuildOptions): Promise<BuildResult> {
  const clock = startClock(given.onStage)

  clock.stage("finding the entry")
  const app = await resolveApp(given.input)
  const options = mergeOptions(configOf(app), given)
  const output = resolve(options.output ?? `${app.name}.wasm`)
  for (const path of [output, options.report]) if (path !== undefined) await checkOutputFolder(resolve(path))

  clock.stage("bundling")
  const bundled = await bundle(app, { ...options, builtins: builtinNames })
  if (bundled.inputs.includes(output)) throw outputIsInput(output)

  clock.stage("compiling")
  const parts = partsScript(usedParts(bundled.code, bundled.builtins))
  const base = await readBase()
  const live = startBase(base, { write: options.write })
  const { snapshot = "engine", keepSource = false } = options
  const loaded = loadApp(live, bundled, parts, { keepSource })

  clock.stage("freezing")
  const { freeze = "auto", freezeOnly, freezeExcept } = options
  const frozen = freezeApp(live, loaded.appFunction, { freeze, freezeOnly, freezeExcept })
  // From here on no code is added to the app.

  if (snapshot === "app") {
    clock.stage("running the app's top level")
    runAppNow(live)
  }

  clock.stage("linking")
  const linked = linkArtifact(live, { base, edgebox: manifest.version, snapshot, app: loaded.bytecodeBytes })
  // From here on nothing runs.

  if (options.optimize === true) clock.stage("optimizing")
  const optimized = options.optimize === true ? await optimizeModule(linked.wasm) : undefined
  const wasm = optimized?.wasm ?? linked.wasm

  clock.stage("writing")
  await writeAtomically(output, wasm)
  if (options.sourcemap === true) await writeAtomically(`${output}.map`, mapText(bundled.map))

  const sizes: Sizes = {
    artifact: wasm.length,
    ...(optimized && { beforeOptimizing: optimized.before }),
    base: base.length,
    bundle: Buffer.byteLength(bundled.code),
    parts: linked.note.sizes,
  }
  const report = reportOf({
    app,
    output,
    bundle: bundled,
    snapshot,
    sizes,
    stages: clock.finish(),
    engine: linked.note.engine,
    frozen,
  })
  if (options.report !== undefined)
    await writeAtomically(resolve(options.report), `${JSON.stringify(report, null, 2)}\n`)
  if (options.stages !== undefined) await writeStages(resolve(options.stages), { app, bundled, parts, linked, report })
  const inputs = [...bundled.inputs, join(app.root, ".edgebox.json"), join(app.root, "package.json")]
  return { output, wasm, bundle: bundled, report, inputs }
}

/** Paths in `.edgebox.json` are relative to the folder that it lies in. */
function configOf({ config, root }: App): App["config"] {
  return config.output === undefined ? config : { ...config, output: resolve(root, config.output) }
}

interface Stages {
  app: App
  bundled: Bundle
  parts: string
  linked: { wasm: Uint8Array }
  report: BuildReport
}

/** Every value on the pipeline, one file each. */
async function writeStages(folder: string, { app, bundled, parts, linked, report }: Stages): Promise<void> {
  await makeFolder(folder)
  const { code, map, ...rest } = bundled
  const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`
  await writeFile(join(folder, "1-app.json"), json(app))
  await writeFile(join(folder, "2-bundle.js"), code)
  await writeFile(join(folder, "2-bundle.js.map"), mapText(map))
  await writeFile(join(folder, "2-bundle.json"), json(rest))
  await writeFile(join(folder, "3-parts.js"), parts)
  await writeFile(join(folder, "4-linked.wasm"), linked.wasm)
  await writeFile(join(folder, "5-report.json"), json(report))
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

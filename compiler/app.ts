// The pipeline's first half: what the user named -> a live engine that holds the app's functions, of which none has
// run.
import { resolve } from "node:path"
import type { LiveEngine } from "../engine/live.ts"
import type { FunctionInfo } from "../freeze/function.ts"
import { bytecodeOf, functionReader } from "../freeze/read/reader.ts"
import { type Bundle, bundle } from "./bundle/bundle.ts"
import { type App, resolveApp } from "./entry.ts"
import { compileBundle, type LoadedApp, startBase } from "./load.ts"
import { type BuildChoices, type Config, settle, type Settled } from "./options.ts"
import { readBase } from "./shipped.ts"
import { builtinNames, partsScript, usedParts } from "./usedparts.ts"

/** An app that was found, and what holds for it. */
export interface OpenApp {
  app: App
  options: Settled
}

/** Find the app that `input` names, and settle what was asked for with what its `.edgebox.json` says. */
export async function openApp(input: string, given: BuildChoices = {}): Promise<OpenApp> {
  const app = await resolveApp(input)
  return { app, options: settle(configOf(app), given) }
}

/** Paths in `.edgebox.json` are relative to the folder that it lies in. */
function configOf({ config, root }: App): Config {
  return config.output === undefined ? config : { ...config, output: resolve(root, config.output) }
}

/** Everything that the first half makes. */
export interface AppInEngine extends OpenApp, LoadedApp {
  bundle: Bundle
  /** The script of the guest's parts that the bundle uses. */
  parts: string
  base: Uint8Array
}

/** What surrounds the first half. */
export interface LoadSettings {
  /** Called when a stage begins. */
  onStage?: (stage: string) => void
  /** Colour the bundler's diagnostics. */
  color?: boolean
  /** What the app prints at build time. */
  write?: (fd: number, bytes: Uint8Array) => void
}

/** Bundle an app and compile it in a live base. Throws problems of the app's. */
export async function loadApp({ app, options }: OpenApp, settings: LoadSettings = {}): Promise<AppInEngine> {
  const { onStage, color, write } = settings
  onStage?.("bundling")
  const bundled = await bundle(app, { ...options, color, builtins: builtinNames })

  onStage?.("compiling")
  const parts = partsScript(usedParts(bundled.code, bundled.builtins))
  const base = await readBase()
  const loaded = compileBundle(startBase(base, { write }), bundled, parts, options)
  return { app, options, bundle: bundled, parts, base, ...loaded }
}

/** The app's functions as the engine has them, in the order in which they nest. Read before they are frozen. */
export function functionsOf({ live, appFunction }: LoadedApp): FunctionInfo[] {
  return functionReader(live, live.call("guest_runtime")).readAll(rootOf(live, appFunction))
}

function rootOf(live: LiveEngine, appFunction: LoadedApp["appFunction"]): number {
  const root = bytecodeOf(live, appFunction)
  if (root === undefined) throw new Error("the app's outermost function is no bytecode function")
  return root
}

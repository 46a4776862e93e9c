// `--stages <folder>`: every value on the pipeline, one file each, numbered in the order in which they come.
import { join } from "node:path"
import type { FunctionInfo } from "../freeze/function.ts"
import { sourceNames } from "../freeze/read/naming.ts"
import { listing } from "../freeze/flow/disassembly.ts"
import type { AppInEngine } from "./app.ts"
import { mapText } from "./bundle/mappings.ts"
import { makeFolder, writeFileWhole } from "./disk.ts"
import { type Frozen, planText } from "./freezing.ts"
import type { BuildReport } from "./report.ts"
import { libraryText } from "./wat.ts"

/** What a build has at its end. */
export interface Stages extends Pick<AppInEngine, "app" | "options" | "bundle" | "parts"> {
  /** As they were before they were frozen. */
  functions: readonly FunctionInfo[]
  frozen: Frozen
  linked: Uint8Array
  optimized?: Uint8Array
  report: BuildReport
}

/** Write them. What a build has not made (nothing frozen, not optimised) has no file. */
export async function writeStages(folder: string, stages: Stages): Promise<void> {
  await makeFolder(folder)
  for (const [name, value] of await filesOf(stages)) await writeFileWhole(join(folder, name), value)
}

async function filesOf(stages: Stages): Promise<[name: string, value: string | Uint8Array][]> {
  const { app, options, bundle, parts, functions, frozen, linked, optimized, report } = stages
  const { code, map, ...rest } = bundle
  const names = sourceNames(functions)
  const { library } = frozen
  return [
    ["1-app.json", json({ ...app, options })],
    ["2-bundle.js", code],
    ["2-bundle.js.map", mapText(map)],
    ["2-bundle.json", json(rest)],
    ["3-parts.js", parts],
    ["4-functions.txt", `${functions.map((f) => listing(f, names)).join("\n\n")}\n`],
    ["5-plan.txt", `${planText(frozen)}\n`],
    ...(library === undefined ? [] : [["6-frozen.wat", await libraryText(library.bytes)] as [string, string]]),
    ["7-linked.wasm", linked],
    ...(optimized === undefined ? [] : [["8-optimized.wasm", optimized] as [string, Uint8Array]]),
    ["9-report.json", json(report)],
  ]
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}

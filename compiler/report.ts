// What a build tells about itself: the report (`--report`), and the line that is printed at the end.
import { relative } from "node:path"
import manifest from "../package.json" with { type: "json" }
import type { Bundle } from "./bundle/bundle.ts"
import type { App } from "./entry.ts"
import type { FreezeReport } from "./freezing.ts"
import type { ArtifactSizes } from "./link.ts"

/** Bytes. */
export interface Sizes {
  /** The artifact. */
  artifact: number
  /** The artifact before `--optimize`. */
  beforeOptimizing?: number
  /** Engine and guest, of which every artifact is made. */
  base: number
  /** The app's JavaScript, bundled. */
  bundle: number
  /** The artifact by part; before `--optimize`. */
  parts: ArtifactSizes
}

/** `--report file.json`. Paths are relative to the app's folder, with forward slashes. */
export interface BuildReport {
  edgebox: string
  engine: string
  name: string
  entry: string
  output: string
  snapshot: "engine" | "app"
  format: Bundle["format"]
  builtins: string[]
  inputs: string[]
  warnings: number
  sizes: Sizes
  frozen: FreezeReport
  stages: { name: string; ms: number }[]
}

interface ReportInput {
  app: App
  output: string
  bundle: Bundle
  snapshot: "engine" | "app"
  sizes: Sizes
  stages: BuildReport["stages"]
  engine: string
  frozen: FreezeReport
}

export function reportOf({ app, output, bundle, snapshot, sizes, stages, engine, frozen }: ReportInput): BuildReport {
  const shown = (path: string) => relative(app.root, path).replaceAll("\\", "/")
  return {
    edgebox: manifest.version,
    engine,
    name: app.name,
    entry: shown(app.entry),
    output: output === "-" ? output : shown(output),
    snapshot,
    format: bundle.format,
    builtins: bundle.builtins,
    inputs: bundle.inputs.map(shown),
    warnings: bundle.warnings.length,
    sizes,
    frozen,
    stages,
  }
}

/** `app.wasm  823 KB in 0.41 s, from 12 files (41 KB of JavaScript)` */
export function summaryLine(shownOutput: string, report: BuildReport): string {
  const { sizes, inputs } = report
  const files = `${inputs.length} file${inputs.length === 1 ? "" : "s"}`
  return `${shownOutput}  ${bytesText(sizes.artifact)} in ${secondsText(totalMs(report))}, from ${files} (${bytesText(sizes.bundle)} of JavaScript)${frozenText(report.frozen)}`
}

function frozenText({ frozen, kept }: FreezeReport): string {
  return frozen + kept === 0 ? "" : `, ${frozen} of ${frozen + kept} functions frozen`
}

/** One line a stage, for `--verbose`. */
export function stageLines(report: BuildReport): string[] {
  return report.stages.map(({ name, ms }) => `  ${String(ms).padStart(6)} ms  ${name}`)
}

function totalMs(report: BuildReport): number {
  return report.stages.reduce((sum, { ms }) => sum + ms, 0)
}

/** 1 KB is 1,000 bytes. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(bytes < 1e4 ? 1 : 0)} KB` : `${(bytes / 1e6).toFixed(2)} MB`
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}

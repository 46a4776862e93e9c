// Parts of the guest that go only into artifacts whose bundle uses them: web globals and built-in modules.
//
// In: the bundle's text and the built-in modules it imports. Out: one script that defines what they need. A global counts as
// used when its name stands anywhere in the text: too many parts cost some kilobytes, a missing one a program.
import { readFileSync } from "node:fs"
import { partsFile } from "./shipped.ts"

interface Part {
  /** Globals that it defines. */
  globals?: string[]
  /** Built-in modules that it defines, without `node:`. */
  modules?: string[]
  /** Parts that must be there before it. */
  needs?: PartName[]
}

export type PartName =
  | "encoding"
  | "url"
  | "headers"
  | "clone"
  | "crypto"
  | "performance"
  | "events"
  | "node-world"
  | "node-path"
  | "node-fs"
  | "node-util"
  | "node-events"
  | "node-assert"
  | "node-url"
  | "node-small"

/** Every part, in the order in which they are loaded. */
const parts: Record<PartName, Part> = {
  encoding: { globals: ["TextEncoder", "TextDecoder"] },
  url: { globals: ["URL", "URLSearchParams"] },
  headers: { globals: ["Headers"] },
  clone: { globals: ["structuredClone"] },
  crypto: { globals: ["crypto", "Crypto"] },
  performance: { globals: ["performance", "Performance", "PerformanceEntry"] },
  events: { globals: ["Event", "CustomEvent", "EventTarget", "AbortController", "AbortSignal"] },
  "node-world": { globals: ["process", "setTimeout", "setInterval", "setImmediate"] },
  "node-path": { modules: ["path", "path/posix"] },
  "node-fs": { modules: ["fs", "fs/promises"] },
  "node-util": { modules: ["util", "util/types"], needs: ["encoding", "node-small"] },
  "node-events": { modules: ["events"] },
  "node-assert": { modules: ["assert", "assert/strict"] },
  "node-url": { modules: ["url"], needs: ["url"] },
  "node-small": { modules: ["timers", "timers/promises", "console", "process", "os"] },
}

const names = Object.keys(parts) as PartName[]

/** Built-in modules that exist, without `node:`, sorted. */
export const builtinNames: readonly string[] = names.flatMap((name) => parts[name].modules ?? []).sort()

/** The parts that a bundle uses: those whose modules it imports, whose globals it mentions, and those that they need. */
export function usedParts(bundleText: string, imports: readonly string[]): PartName[] {
  const words = new Set(bundleText.match(/[A-Za-z]\w*/g))
  const used = new Set<PartName>()
  const add = (name: PartName): void => {
    used.add(name)
    parts[name].needs?.forEach(add)
  }
  for (const name of names) {
    const { globals = [], modules = [] } = parts[name]
    if (modules.some((module) => imports.includes(module)) || globals.some((global) => words.has(global))) add(name)
  }
  return names.filter((name) => used.has(name))
}

/** The script for `guest_eval_part`; empty when there are no parts. Reads what `npm run build` wrote. */
export function partsScript(wanted: readonly PartName[]): string {
  if (wanted.length === 0) return ""
  const built = JSON.parse(readFileSync(partsFile, "utf8")) as Record<PartName, string>
  const calls = names.filter((name) => wanted.includes(name)).map((name) => `(${built[name]})(kit);`)
  return `(function(kit){${calls.join("\n")}})`
}

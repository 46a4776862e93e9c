// Parts of the guest that go only into artifacts whose bundle uses them: web globals and built-in modules.
//
// In: the bundle's text and the built-in modules it imports. Out: one script that defines what they need. A global
// counts as used when its name stands anywhere in the text: too many parts cost some kilobytes, a missing one a
// program.
import { readFileSync } from "node:fs"
import { partNames, parts, type PartName } from "../templates/parts.ts"
import { partsFile } from "./shipped.ts"

/** Built-in modules that exist, without `node:`, sorted. */
export const builtinNames: readonly string[] = partNames.flatMap((name) => parts[name].modules ?? []).sort()

/**
 * The parts that a bundle uses: those whose modules it imports, whose globals it mentions, and those that they need.
 */
export function usedParts(bundleText: string, imports: readonly string[]): PartName[] {
  const words = new Set(bundleText.match(/[A-Za-z]\w*/g))
  const used = new Set<PartName>()
  const add = (name: PartName): void => {
    used.add(name)
    parts[name].needs?.forEach(add)
  }
  for (const name of partNames) {
    const { globals = [], modules = [] } = parts[name]
    if (modules.some((module) => imports.includes(module)) || globals.some((global) => words.has(global))) add(name)
  }
  return partNames.filter((name) => used.has(name))
}

/** The script for `guest_eval_part`; empty when there are no parts. Reads what `npm run build` wrote. */
export function partsScript(wanted: readonly PartName[]): string {
  if (wanted.length === 0) return ""
  const built = JSON.parse(readFileSync(partsFile, "utf8")) as Record<PartName, string>
  const calls = partNames.filter((name) => wanted.includes(name)).map((name) => `(${built[name]})(kit);`)
  return `(function(kit){${calls.join("\n")}})`
}

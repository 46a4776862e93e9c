// The guest's parts: the one table that the compiler (which parts does a bundle use? which built-in modules are there?)
// and the builder of the base (which files become scripts?) read. It imports nothing.

/** A part: a script that goes only into artifacts whose bundle uses it. `Name` is its file, templates/<name>.ts. */
interface Part<Name extends string> {
  /** Globals that it defines. */
  globals?: readonly string[]
  /** Built-in modules that it defines, without `node:`. */
  modules?: readonly string[]
  /** Parts that must be there as well. */
  needs?: readonly Name[]
}

/** Every part, in the order in which they are loaded. */
export const parts = table({
  "web/encoding": { globals: ["TextEncoder", "TextDecoder"] },
  "web/url": { globals: ["URL", "URLSearchParams"] },
  "web/headers": { globals: ["Headers"] },
  "web/clone": { globals: ["structuredClone"] },
  "web/crypto": { globals: ["crypto", "Crypto"] },
  "web/performance": { globals: ["performance", "Performance", "PerformanceEntry"] },
  "web/events": { globals: ["Event", "CustomEvent", "EventTarget", "AbortController", "AbortSignal"] },
  "node/process": { globals: ["process", "setTimeout", "setInterval", "setImmediate"], modules: ["process"] },
  "node/path": { modules: ["path", "path/posix"] },
  "node/fs": { modules: ["fs", "fs/promises"] },
  "node/util": { modules: ["util", "util/types"], needs: ["web/encoding", "node/timers"] },
  "node/events": { modules: ["events"] },
  "node/assert": { modules: ["assert", "assert/strict"] },
  "node/url": { modules: ["url"], needs: ["web/url"] },
  "node/timers": { modules: ["timers", "timers/promises"] },
  "node/console": { modules: ["console"] },
  "node/os": { modules: ["os"] },
})

export type PartName = keyof typeof parts

/** All names, in the order of the table. */
export const partNames = Object.keys(parts) as PartName[]

/** Makes a misspelled name in `needs` a type error. */
function table<Name extends string>(rows: Record<Name, Part<NoInfer<Name>>>): Record<Name, Part<Name>> {
  return rows
}

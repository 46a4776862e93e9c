// performance.now, timeOrigin, mark and measure of the High Resolution Time and User Timing standards.
import type { Kit } from "../guest/core.ts"

export function start({ native, expose, starters, show }: Kit): void {
  let monotonicStart = 0
  let timeOrigin = 0
  const entries: PerformanceEntry[] = []
  // A clock that was read while building would be the same in every run.
  const begin = () => {
    monotonicStart = native.monotonic()
    timeOrigin = native.wallClock()
  }
  starters.push(begin)
  const now = () => native.monotonic() - monotonicStart

  class PerformanceEntry {
    readonly name: string
    readonly entryType: string
    readonly startTime: number
    readonly duration: number
    readonly detail: unknown
    constructor(name: string, entryType: string, startTime: number, duration: number, detail: unknown) {
      this.name = name
      this.entryType = entryType
      this.startTime = startTime
      this.duration = duration
      this.detail = detail
    }
    toJSON() {
      const { name, entryType, startTime, duration, detail } = this
      return { name, entryType, startTime, duration, detail }
    }
  }
  const moment = (at: unknown, fallback: number): number => {
    if (at === undefined) return fallback
    if (typeof at === "number") return at
    const mark = entries.findLast((entry) => entry.entryType === "mark" && entry.name === String(at))
    if (mark === undefined)
      throw new DOMException(`The "${String(at)}" performance mark has not been set`, "SyntaxError")
    return mark.startTime
  }
  const add = (entry: PerformanceEntry): PerformanceEntry => {
    entries.push(entry)
    return entry
  }

  class Performance {
    constructor(key?: symbol) {
      if (key !== secret) throw new TypeError("Illegal constructor")
    }
    now(): number {
      return now()
    }
    get timeOrigin(): number {
      return timeOrigin
    }
    mark(name: string, options: { startTime?: number; detail?: unknown } = {}) {
      return add(new PerformanceEntry(`${name}`, "mark", options.startTime ?? now(), 0, options.detail ?? null))
    }
    measure(
      name: string,
      from?: string | { start?: unknown; end?: unknown; duration?: number; detail?: unknown },
      to?: string,
    ) {
      const options = typeof from === "object" && from !== null ? from : { start: from, end: to }
      let end = moment(options.end, now())
      let start = moment(options.start, 0)
      const { duration, detail } = options as { duration?: number; detail?: unknown }
      if (duration !== undefined) {
        if (options.start === undefined) start = end - duration
        else end = start + duration
      }
      return add(new PerformanceEntry(`${name}`, "measure", start, end - start, detail ?? null))
    }
    clearMarks(name?: string): void {
      drop("mark", name)
    }
    clearMeasures(name?: string): void {
      drop("measure", name)
    }
    getEntries() {
      return [...entries].sort((a, b) => a.startTime - b.startTime)
    }
    getEntriesByName(name: string, type?: string) {
      return this.getEntries().filter(
        (entry) => entry.name === `${name}` && (type === undefined || entry.entryType === type),
      )
    }
    getEntriesByType(type: string) {
      return this.getEntries().filter((entry) => entry.entryType === type)
    }
    toJSON() {
      return { timeOrigin }
    }
    [Symbol.for("nodejs.util.inspect.custom")](_depth: number, options: object): string {
      return `Performance ${show().inspect({ timeOrigin }, options)}`
    }
  }
  function drop(type: string, name: string | undefined): void {
    for (let at = entries.length - 1; at >= 0; at--) {
      const entry = entries[at]!
      if (entry.entryType === type && (name === undefined || entry.name === `${name}`)) entries.splice(at, 1)
    }
  }
  const secret = Symbol()
  Object.defineProperty(Performance.prototype, Symbol.toStringTag, { value: "Performance", configurable: true })
  expose("Performance", Performance)
  expose("PerformanceEntry", PerformanceEntry)
  expose("performance", new Performance(secret), true)
}

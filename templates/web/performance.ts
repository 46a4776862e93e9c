// performance.now, timeOrigin, mark and measure of the High Resolution Time and User Timing standards.
import { customInspect } from "../guest/inspection.ts"
import { kit, native, useKit, type Kit } from "../guest/kit.ts"

export function start(given: Kit): void {
  useKit(given)
  kit.starters.push(readClocks)
  Object.defineProperty(Performance.prototype, Symbol.toStringTag, { value: "Performance", configurable: true })
  kit.expose("Performance", Performance)
  kit.expose("PerformanceEntry", PerformanceEntry)
  kit.expose("performance", new Performance(secret), true)
}

let monotonicStart = 0
let timeOrigin = 0

/** When a run starts: a clock that was read while building would be the same in every run. */
function readClocks(): void {
  monotonicStart = native.monotonic()
  timeOrigin = native.wallClock()
}

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

/** The performance timeline. */
const entries: PerformanceEntry[] = []

function add(entry: PerformanceEntry): PerformanceEntry {
  entries.push(entry)
  return entry
}

function drop(type: string, name: string | undefined): void {
  for (let at = entries.length - 1; at >= 0; at--) {
    const entry = entries[at]!
    if (entry.entryType === type && (name === undefined || entry.name === `${name}`)) entries.splice(at, 1)
  }
}

/** "Convert a mark to a timestamp": a number is one already. */
function timestampOf(mark: unknown, fallback: number): number {
  if (mark === undefined) return fallback
  if (typeof mark === "number") return mark
  const found = entries.findLast((entry) => entry.entryType === "mark" && entry.name === String(mark))
  if (found === undefined)
    throw new DOMException(`The "${String(mark)}" performance mark has not been set`, "SyntaxError")
  return found.startTime
}

interface MeasureOptions {
  start?: unknown
  end?: unknown
  duration?: number
  detail?: unknown
}

/** Programs cannot make one. */
const secret = Symbol()

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
  measure(name: string, from?: string | MeasureOptions, to?: string) {
    const options: MeasureOptions = typeof from === "object" && from !== null ? from : { start: from, end: to }
    let end = timestampOf(options.end, now())
    let start = timestampOf(options.start, 0)
    const { duration, detail } = options
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
  [customInspect](_depth: number, options: object): string {
    return `Performance ${kit.show().inspect({ timeOrigin }, options)}`
  }
}

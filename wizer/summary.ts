// What a snapshot weighs and where its time went: a plain value for --report, and the same as a few lines for people.
import type { Plan } from "./instrument.ts"
import type { State } from "./capture.ts"
import type { DataPlan } from "./rewrite.ts"

export interface Report {
  bytes: { before: number; after: number }
  initFunc: string
  memories: MemoryReport[]
  tables: { index: number; before: number; after: number; rewritten: boolean }[]
  globals: { mutable: number; changed: number }
  segments: {
    /** Of the snapshot, and of the module itself where code refers to them. */
    snapshot: number
    kept: number
    /** Of the original module. */
    before: number
  }
  /** Milliseconds by step, in the order of the steps. */
  ms: Record<string, number>
}

export interface MemoryReport {
  index: number
  pages: { before: number; after: number }
  /** Bytes in segments: what of the memory is in the file. */
  stored: number
  /** Zero bytes among them, which were cheaper than another segment. */
  filled?: number
  segments: number
  /** The largest segments, largest first. */
  largest: { offset: number; length: number }[]
}

/** Put the figures together. */
export function makeReport(
  plan: Plan,
  state: State,
  data: DataPlan,
  bytes: Report["bytes"],
  ms: Record<string, number>,
): Report {
  const { layout } = plan
  const memories = layout.memories.map((type, index) => {
    const segments = data.segments[index] ?? []
    const size = state.memories[index]?.bytes.length ?? 0
    return {
      index,
      pages: { before: type.min, after: size / 2 ** type.pageSizeLog2 },
      stored: segments.reduce((sum, { length }) => sum + length, 0),
      segments: segments.length,
      largest: [...segments].sort((a, b) => b.length - a.length || a.offset - b.offset).slice(0, 5),
    }
  })
  const changed = [...state.globals].filter(([i, expr]) => !sameBytes(expr, layout.globals[i]?.init.bytes))
  return {
    bytes,
    initFunc: plan.initFunc,
    memories,
    tables: layout.tables.map(({ type }, index) => ({
      index,
      before: type.min,
      after: state.tables.get(index)?.length ?? type.min,
      rewritten: state.tables.has(index),
    })),
    globals: { mutable: state.globals.size, changed: changed.length },
    segments: {
      snapshot: memories.reduce((sum, { segments }) => sum + segments, 0),
      kept: data.kept.length,
      before: layout.data.length,
    },
    ms,
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i])
}

/** A few lines for the terminal. */
export function reportText(report: Report, name: string): string {
  const { bytes, memories, tables, globals, segments, ms } = report
  const count = (n: number, what: string) => `${grouped(n)} ${what}${n === 1 ? "" : "s"}`
  const lines = [`${name}  ${grouped(bytes.before)} -> ${count(bytes.after, "byte")}`]
  for (const { index, pages, stored, largest, segments } of memories) {
    const grew =
      pages.after === pages.before ? count(pages.after, "page") : `${pages.before} -> ${count(pages.after, "page")}`
    lines.push(`  memory ${index}  ${grew}, ${count(stored, "byte")} stored in ${count(segments, "segment")}`)
    const top = largest.slice(0, 3).map(({ offset, length }) => `${grouped(length)} at 0x${offset.toString(16)}`)
    if (top.length > 1) lines.push(`    largest  ${top.join(", ")}`)
  }
  for (const { index, before, after, rewritten } of tables) {
    if (rewritten)
      lines.push(
        `  table ${index}  ${before === after ? count(after, "slot") : `${before} -> ${count(after, "slot")}`}, written anew`,
      )
  }
  lines.push(`  globals  ${globals.changed} of ${globals.mutable} changed`)
  if (segments.kept > 0) lines.push(`  data segments  ${segments.kept} kept at their places, code refers to them`)
  const total = Object.values(ms).reduce((sum, n) => sum + n, 0)
  const steps = Object.entries(ms).map(([step, n]) => `${step} ${n.toFixed(1)}`)
  lines.push(`  time  ${total.toFixed(1)} ms: ${steps.join(", ")}`)
  return lines.join("\n")
}

/** 1234567 -> "1,234,567". By hand: the first use of `toLocaleString` loads data for a few milliseconds. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",")
}

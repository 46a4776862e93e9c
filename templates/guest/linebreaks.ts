// Where util.inspect breaks lines: entries side by side when they are few and short, in columns when they are many and
// alike, one a line otherwise.
import type { Inspection } from "./inspection.ts"
import { textWidth } from "./text.ts"

const color = /\x1b\[\d+m/g
const lengthOf = (i: Inspection, text: string) => (i.colors ? text.replace(color, "").length : text.length)

/** Put entries between braces. `list` is the array they came from, if they may go into columns. */
export function arrange(
  i: Inspection,
  entries: string[],
  base: string,
  braces: [string, string],
  level: number,
  list?: unknown,
): string {
  const head = base === "" ? "" : `${base} `
  const margin = `\n${" ".repeat(i.indentation)}`
  if (i.compact === true) {
    if (fits(i, entries, 0, base)) {
      const joined = entries.join(", ")
      if (!joined.includes("\n")) return `${braces[0]}${base === "" ? " " : ` ${base} `}${joined} ${braces[1]}`
    }
    const opening =
      base === "" && braces[0].length === 1 ? " " : `${base === "" ? "" : ` ${base}`}\n${" ".repeat(i.indentation)}  `
    return `${braces[0]}${opening}${entries.join(`,\n${" ".repeat(i.indentation)}  `)} ${braces[1]}`
  }
  let rows = entries
  if (typeof i.compact === "number" && i.compact >= 1) {
    if (list !== undefined && entries.length > 6) rows = columns(i, entries, list)
    // On one line: the innermost `compact` levels, when they fit.
    if (i.currentLevel - level < i.compact && rows === entries) {
      const start = entries.length + i.indentation + braces[0].length + base.length + 10
      if (fits(i, entries, start, base)) {
        const joined = entries.join(", ")
        if (!joined.includes("\n")) return `${head}${braces[0]} ${joined} ${braces[1]}`
      }
    }
  }
  return `${head}${braces[0]}${margin}  ${rows.join(`,${margin}  `)}${margin}${braces[1]}`
}

function fits(i: Inspection, entries: string[], start: number, base: string): boolean {
  let total = entries.length + start
  if (total + entries.length > i.breakLength) return false
  for (const entry of entries) {
    total += lengthOf(i, entry)
    if (total > i.breakLength) return false
  }
  return base === "" || !base.includes("\n")
}

/** Many short entries, several to a row: about square, no wider than the line, at most 15 columns. */
function columns(i: Inspection, entries: string[], list: unknown): string[] {
  const hasMore = i.maxArrayLength < entries.length
  const count = hasMore ? entries.length - 1 : entries.length // "... 3 more items" stands alone
  const lengths: number[] = []
  for (let at = 0; at < count; at++) lengths.push(i.colors ? lengthOf(i, entries[at]!) : textWidth(entries[at]!))
  const across = columnCount(i, entries.length, lengths)
  if (across <= 1) return entries
  const rows = rowsOf(entries, lengths, across, isNumeric(list, entries.length))
  if (hasMore) rows.push(entries[count]!)
  return rows
}

/** How many columns; 1 when they would not look better. */
function columnCount(i: Inspection, entries: number, lengths: number[]): number {
  const total = lengths.reduce((sum, length) => sum + length + 2, 0)
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0)
  const cell = longest + 2
  if (cell * 3 + i.indentation >= i.breakLength || (total / cell <= 5 && longest > 6)) return 1
  const bias = Math.sqrt(cell - total / entries)
  const typical = Math.max(cell - 3 - bias, 1)
  return Math.min(
    Math.round(Math.sqrt(2.5 * typical * lengths.length) / typical),
    Math.floor((i.breakLength - i.indentation) / cell),
    (i.compact as number) * 4,
    15,
  )
}

/** Numbers to the right, everything else to the left. */
function rowsOf(entries: string[], lengths: number[], across: number, numeric: boolean): string[] {
  const widths = columnWidths(lengths, across)
  const rows: string[] = []
  for (let from = 0; from < lengths.length; from += across) {
    const to = Math.min(from + across, lengths.length)
    let row = ""
    for (let at = from; at < to; at++) {
      const isLast = at === to - 1
      const text = isLast ? entries[at]! : `${entries[at]}, `
      const invisible = entries[at]!.length - lengths[at]!
      const width = widths[at - from]! + invisible
      if (numeric) row += text.padStart(isLast ? width - 2 : width)
      else row += isLast ? text : text.padEnd(width)
    }
    rows.push(row)
  }
  return rows
}

function columnWidths(lengths: number[], across: number): number[] {
  const widths: number[] = []
  for (let column = 0; column < across; column++) {
    let width = 0
    for (let at = column; at < lengths.length; at += across) width = Math.max(width, lengths[at]!)
    widths.push(width + 2)
  }
  return widths
}

function isNumeric(list: unknown, count: number): boolean {
  if (list === undefined) return false
  for (let at = 0; at < count; at++) {
    const type = typeof (list as unknown[])[at]
    if (type !== "number" && type !== "bigint") return false
  }
  return true
}

// console.table: rows and columns in box-drawing characters, left-aligned.
import { inspect } from "./inspect.ts"
import { textWidth } from "./text.ts"

const valuesColumn = "Values"

/** The table, or undefined when the data has no rows. */
export function table(data: unknown, only?: string[]): string | undefined {
  if (typeof data !== "object" || data === null) return undefined
  const isMap = data instanceof Map
  const isSet = data instanceof Set
  const head = isMap || isSet ? "(iteration index)" : "(index)"
  const rows: [string, unknown][] = isMap
    ? [...data].map((entry, at) => [String(at), entry])
    : isSet
      ? [...data].map((value, at) => [String(at), value])
      : Object.keys(data).map((key) => [key, (data as Record<string, unknown>)[key]])
  if (isMap) {
    const lines = rows.map(([at, entry]) => {
      const [key, value] = entry as [unknown, unknown]
      return [at, cell(key), cell(value)]
    })
    return draw([head, "Key", "Values"], lines)
  }
  const columns: string[] = only === undefined ? [] : [...only]
  let plain = false
  for (const [, row] of rows) {
    if (!isObject(row)) plain = true
    else if (only === undefined) for (const key of Object.keys(row)) if (!columns.includes(key)) columns.push(key)
  }
  const lines = rows.map(([at, row]) => {
    const cells = columns.map((column) =>
      isObject(row) && Object.hasOwn(row, column) ? cell((row as Record<string, unknown>)[column]) : "",
    )
    return [at, ...cells, ...(plain ? [isObject(row) ? "" : cell(row)] : [])]
  })
  return draw([head, ...columns, ...(plain ? [valuesColumn] : [])], lines)
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function"

function cell(value: unknown): string {
  const depth =
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0
  return inspect(value, { maxArrayLength: 3, breakLength: Infinity, depth })
}

function draw(head: string[], rows: string[][]): string {
  const widths = head.map(
    (title, column) => Math.max(...[title, ...rows.map((row) => row[column]!)].map(textWidth)) + 2,
  )
  const rule = (left: string, middle: string, right: string) =>
    left + widths.map((width) => "─".repeat(width)).join(middle) + right
  const line = (cells: string[]) => `│${cells.map((text, column) => pad(text, widths[column]!)).join("│")}│`
  return [rule("┌", "┬", "┐"), line(head), rule("├", "┼", "┤"), ...rows.map(line), rule("└", "┴", "┘")].join("\n")
}

function pad(text: string, width: number): string {
  return ` ${text}${" ".repeat(width - textWidth(text) - 1)}`
}

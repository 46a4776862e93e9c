// Source maps, as far as moving whole lines about needs them: mappings <-> one list of segments a line.

/** A source map, version 3 (ECMA-426). */
export interface SourceMap {
  version: 3
  sources: string[]
  names: string[]
  mappings: string
}

/** [column], [column, source, line, column] or the same with a name; all count from 0. */
export type Segment = number[]

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const valueOf = new Map([...digits].map((digit, value) => [digit.charCodeAt(0), value]))

/** Take a map's mappings apart into lines of segments. */
export function decodeMappings(mappings: string): Segment[][] {
  const lines: Segment[][] = []
  const carried = [0, 0, 0, 0] // source, line, column, name: these go on from line to line
  for (const line of mappings.split(";")) {
    let column = 0
    const segments: Segment[] = []
    for (const text of line === "" ? [] : line.split(",")) {
      const [first, ...rest] = decodeNumbers(text)
      column += first ?? 0
      segments.push([column, ...rest.map((delta, field) => (carried[field] = (carried[field] ?? 0) + delta))])
    }
    lines.push(segments)
  }
  return lines
}

/** The inverse of `decodeMappings`. */
export function encodeMappings(lines: readonly Segment[][]): string {
  const carried = [0, 0, 0, 0]
  return lines
    .map((segments) => {
      let before = 0
      return segments
        .map(([column = 0, ...rest]) => {
          const deltas = rest.map((value, field) => {
            const delta = value - (carried[field] ?? 0)
            carried[field] = value
            return delta
          })
          const text = [column - before, ...deltas].map(encodeNumber).join("")
          before = column
          return text
        })
        .join(",")
    })
    .join(";")
}

function decodeNumbers(text: string): number[] {
  const numbers: number[] = []
  let value = 0
  let shift = 0
  for (let i = 0; i < text.length; i++) {
    const digit = valueOf.get(text.charCodeAt(i)) ?? 0
    value += (digit & 31) << shift
    shift += 5
    if ((digit & 32) !== 0) continue // more digits follow
    numbers.push((value & 1) === 1 ? -(value >>> 1) : value >>> 1)
    value = shift = 0
  }
  return numbers
}

function encodeNumber(number: number): string {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1
  let text = ""
  do {
    const digit = rest & 31
    rest >>>= 5
    text += digits[rest > 0 ? digit | 32 : digit]
  } while (rest > 0)
  return text
}

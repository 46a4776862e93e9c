// Source maps, as far as moving whole lines about needs them.
//
// Each line's mappings are differences to what came before, so a line that moves needs its first differences written
// anew; the rest of it, and every line that still follows the one it followed before, is copied as text. (A bundle of
// 10 MB has 5 million numbers.)

/** A source map, version 3 (ECMA-426). */
export interface SourceMap {
  version: 3
  /** Paths, not URLs. */
  sources: string[]
  names: string[]
  mappings: string
}

/** A map as it is written to a file: there, sources are URLs. */
export function mapText(map: SourceMap): string {
  const sources = map.sources.map((path) => path.split("/").map(encodeURIComponent).join("/"))
  return JSON.stringify({ ...map, sources })
}

/** [column], [column, source, line, column] or the same with a name; all absolute, counting from 0. */
export type Segment = number[]

/** Source, line, column and name: what differences go on from, across lines. */
type State = [number, number, number, number]

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
const valueOf = new Uint8Array(128)
for (const [value, digit] of [...digits].entries()) valueOf[digit.charCodeAt(0)] = value
const comma = 44
const semicolon = 59

/** The mappings of a script, by line. */
export class MappedLines {
  private readonly text: string
  /** Where each line begins in the text; one more than there are lines. */
  private readonly starts: number[] = [0]
  /** The state before each line, four numbers a line. */
  private readonly states: number[] = [0, 0, 0, 0]

  constructor(mappings: string) {
    this.text = mappings
    const state: State = [0, 0, 0, 0]
    eachNumber(mappings, 0, mappings.length, {
      number: (field, value) => {
        if (field > 0) state[field - 1]! += value
      },
      line: (next) => {
        this.starts.push(next)
        this.states.push(...state)
      },
    })
    this.starts.push(mappings.length + 1)
    this.states.push(...state)
  }

  /** The segments of one line, in order; none for a line that is not there. */
  segments(line: number): Segment[] {
    if (line < 0 || line + 1 >= this.starts.length) return []
    const state = this.stateBefore(line)
    const found: Segment[] = []
    let current: Segment = []
    let column = 0
    eachNumber(this.text, this.starts[line]!, this.starts[line + 1]! - 1, {
      number: (field, value) => {
        if (field === 0) {
          column += value
          current = [column]
          found.push(current)
        } else current.push((state[field - 1]! += value))
      },
      line: () => {},
    })
    return found
  }

  /** The mappings of a script made of these lines, in this order; a line of -1 is one without mappings. */
  arranged(order: readonly number[]): string {
    const state: State = [0, 0, 0, 0]
    return order.map((line) => this.lineAfter(line, state)).join(";")
  }

  /** One line's mappings, to stand after `state`, which moves on. */
  private lineAfter(line: number, state: State): string {
    if (line < 0 || line + 1 >= this.starts.length) return ""
    const from = this.starts[line]!
    const to = this.starts[line + 1]! - 1
    if (from >= to) return ""
    if (this.stateBefore(line).every((value, field) => value === state[field])) {
      for (let field = 0; field < 4; field++) state[field] = this.states[4 * (line + 1) + field]!
      return this.text.slice(from, to)
    }
    let column = 0
    const written = this.segments(line).map((segment) => {
      let text = encodeNumber(segment[0]! - column)
      column = segment[0]!
      for (let field = 1; field < segment.length; field++) {
        text += encodeNumber(segment[field]! - state[field - 1]!)
        state[field - 1] = segment[field]!
      }
      return text
    })
    return written.join(",")
  }

  private stateBefore(line: number): State {
    return this.states.slice(4 * line, 4 * line + 4) as State
  }
}

interface Visitor {
  /** A number, and which of its segment's it is. */
  number: (field: number, value: number) => void
  /** A line ended; the next begins at this offset. */
  line: (next: number) => void
}

function eachNumber(text: string, from: number, to: number, visit: Visitor): void {
  let value = 0
  let shift = 0
  let field = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code === semicolon || code === comma) {
      field = 0
      if (code === semicolon) visit.line(i + 1)
      continue
    }
    const digit = valueOf[code] ?? 0
    value |= (digit & 31) << shift
    shift += 5
    if ((digit & 32) !== 0) continue // more digits follow
    visit.number(field++, (value & 1) === 1 ? -(value >>> 1) : value >>> 1)
    value = shift = 0
  }
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

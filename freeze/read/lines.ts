// The line table of a function (pc2line): bytes <-> entries. The trace of an error is read from it, so code that is put
// elsewhere needs entries there, and tables have to be written as well as read.
//
// An entry holds differences from the one before, the first from the function's own line and column:
//   one byte  (line - LINE_BASE) + offset * LINE_RANGE + 1    when the line moves by -1 to 3, the offset by at most 50
//   or        0, offset (LEB128), line (zigzag LEB128)
//   then      column (zigzag LEB128)
// Writing what was read gives the same bytes: the engine leaves out entries that change nothing, and so do we.

/** From `offset` in the code on, instructions belong to this place. Lines and columns count from 1. */
export interface LineEntry {
  offset: number
  line: number
  column: number
}

/** Where a function begins; what its table counts from. */
export interface LineStart {
  line: number
  column: number
}

const LINE_BASE = -1
const LINE_RANGE = 5
const FIRST = 1
const MAX_SHORT_OFFSET = Math.floor((255 - FIRST) / LINE_RANGE)

/** Read a table. Throws RangeError when it is cut short or damaged. */
export function decodeLines(table: Uint8Array, start: LineStart): LineEntry[] {
  const entries: LineEntry[] = []
  let at = 0
  let [offset, line, column] = [0, start.line, start.column]
  while (at < table.length) {
    const head = table[at++]!
    if (head === 0) {
      offset += leb()
      line += zigzag(leb())
    } else {
      offset += Math.floor((head - FIRST) / LINE_RANGE)
      line += ((head - FIRST) % LINE_RANGE) + LINE_BASE
    }
    column += zigzag(leb())
    entries.push({ offset, line, column })
  }
  return entries

  function leb(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = table[at++]
      if (byte === undefined) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new RangeError("the line table is damaged")
  }
}

/** Write a table. Entries have ascending offsets; one that says the same as the one before it is left out. */
export function encodeLines(entries: readonly LineEntry[], start: LineStart): Uint8Array {
  const bytes: number[] = []
  let last: LineEntry = { offset: 0, ...start }
  for (const entry of entries) {
    const [offset, line, column] = [entry.offset - last.offset, entry.line - last.line, entry.column - last.column]
    if (offset < 0) throw new RangeError(`line entries out of order at offset ${entry.offset}`)
    if (line === 0 && column === 0) continue
    if (line >= LINE_BASE && line < LINE_BASE + LINE_RANGE && offset <= MAX_SHORT_OFFSET) {
      // The last byte value is 255 at most: 4 + 50 * 5 + 1.
      bytes.push(line - LINE_BASE + offset * LINE_RANGE + FIRST)
    } else {
      bytes.push(0)
      pushLeb(bytes, offset)
      pushLeb(bytes, unzigzag(line))
    }
    pushLeb(bytes, unzigzag(column))
    last = entry
  }
  return Uint8Array.from(bytes)
}

/**
 * The place of the instruction at `offset`, as the engine finds it: the last entry at or before it, or where the
 * function begins. For a return address in a stack trace ask for `cur_pc - 1`, as the engine does.
 */
export function lineAt(entries: readonly LineEntry[], offset: number, start: LineStart): LineStart {
  let place = start
  for (const entry of entries) {
    if (entry.offset > offset) break
    place = entry
  }
  return { line: place.line, column: place.column }
}

function zigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1)
}

function unzigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}

function pushLeb(bytes: number[], value: number): void {
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80)
  bytes.push(value)
}

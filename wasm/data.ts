// The data and data count sections: what memories are filled with. WebAssembly core specification 2.0, sections 5.5.14
// and 5.5.15.
import { readConstExpr, type ConstExpr } from "./expressions.ts"
import { Reader, Writer } from "./bytes.ts"
import type { Section } from "./sections.ts"
import { collect } from "./vectors.ts"

export interface DataSegment {
  mode: "active" | "passive"
  /** Active only. */
  memory: number
  /** Active only. */
  offset?: ConstExpr
  /** A view into the module. */
  data: Uint8Array
  /** The segment as it stands in the section. */
  bytes: Uint8Array
}

export function parseData(section: Section | undefined): DataSegment[] {
  return collect(section, readData)
}

function readData(r: Reader): DataSegment {
  const start = r.pos
  const flags = r.u32()
  if (flags > 2) r.fail(`data segment flags ${flags} are unknown`, start)
  const memory = flags === 2 ? r.u32() : 0
  const offset = flags === 1 ? undefined : readConstExpr(r)
  const data = r.take(r.u32())
  return { mode: flags === 1 ? "passive" : "active", memory, offset, data, bytes: r.bytes.subarray(start, r.pos) }
}

/** A passive data segment. */
export function writePassiveData(data: Uint8Array): Uint8Array {
  return new Writer().u32(1).u32(data.length).bytes(data).finish()
}

export function parseDataCount(section: Section | undefined): number | undefined {
  return section && new Reader(section.bytes, section.offset).u32()
}

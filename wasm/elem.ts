// The element section: what tables are filled with. WebAssembly core specification 2.0, section 5.5.12.
import { readConstExpr, refFunc, type ConstExpr } from "./expressions.ts"
import { Writer, type Reader } from "./bytes.ts"
import type { Section } from "./sections.ts"
import { readValType, writeValType, type ValType } from "./valtypes.ts"
import { collect, readMany } from "./vectors.ts"

export interface ElementSegment {
  mode: "active" | "passive" | "declarative"
  /** Active only. */
  table: number
  /** Active only. */
  offset?: ConstExpr
  type: ValType
  items: ConstExpr[]
  /** The segment as it stands in the section. */
  bytes: Uint8Array
}

export function parseElements(section: Section | undefined): ElementSegment[] {
  return collect(section, readElement)
}

// Flags of an element segment: 1 not active, 2 explicit table (active) or declarative (not active), 4 items are
// expressions.
function readElement(r: Reader): ElementSegment {
  const start = r.pos
  const flags = r.u32()
  if (flags > 7) r.fail(`element segment flags ${flags} are unknown`, start)
  const active = (flags & 1) === 0
  const mode = active ? "active" : flags & 2 ? "declarative" : "passive"
  const table = active && flags & 2 ? r.u32() : 0
  const offset = active ? readConstExpr(r) : undefined
  const expressions = (flags & 4) !== 0
  const type = flags & 3 ? readElementKind(r, expressions) : "funcref"
  const items = readMany(r, expressions ? readConstExpr : readFunctionItem)
  return { mode, table, offset, type, items, bytes: r.bytes.subarray(start, r.pos) }
}

function readElementKind(r: Reader, expressions: boolean): ValType {
  if (expressions) return readValType(r)
  const at = r.pos
  if (r.u8() !== 0) r.fail("an element kind is unknown", at)
  return "funcref"
}

function readFunctionItem(r: Reader): ConstExpr {
  const index = r.u32()
  return { bytes: refFunc(index), value: { op: "ref.func", index }, functions: [index] }
}

/**
 * An active segment of function indices, the form that every engine reads. `null` items make it a list of expressions.
 */
export function writeActiveElement(table: number, offset: Uint8Array, functions: readonly number[]): Uint8Array {
  const w = new Writer()
  if (table === 0) w.u32(0).bytes(offset)
  else w.u32(2).u32(table).bytes(offset).u8(0)
  w.u32(functions.length)
  for (const index of functions) w.u32(index)
  return w.finish()
}

/** An active segment whose items are expressions of any reference type. */
export function writeActiveExpressions(
  table: number,
  offset: Uint8Array,
  type: ValType,
  items: readonly Uint8Array[],
): Uint8Array {
  const w = writeValType(new Writer().u32(6).u32(table).bytes(offset), type)
  w.u32(items.length)
  for (const item of items) w.bytes(item)
  return w.finish()
}

/** A passive segment without items. */
export function writeEmptyPassive(type: ValType): Uint8Array {
  if (type === "funcref") return new Writer().u32(1).u8(0).u32(0).finish()
  return writeValType(new Writer().u32(5), type).u32(0).finish()
}

/** A segment that is never used: it makes `ref.func` of these functions valid. */
export function writeDeclarative(functions: readonly number[]): Uint8Array {
  const w = new Writer().u32(3).u8(0).u32(functions.length)
  for (const index of functions) w.u32(index)
  return w.finish()
}

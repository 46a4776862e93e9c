// The type section: function types, and what the GC and stack-switching proposals define beside them.
// WebAssembly core specification 2.0, sections 5.3.6 and 5.5.4.
import { Writer, type Reader } from "./bytes.ts"
import type { Section } from "./sections.ts"
import { readValType, writeValType, type ValType } from "./valtypes.ts"
import { each, readMany } from "./vectors.ts"

export interface FuncType {
  kind: "func"
  params: ValType[]
  results: ValType[]
}

/** A function type, or something of the GC proposal that takes up an index. */
export type DefinedType = FuncType | { kind: "struct" | "array" | "cont" }

/** What a defined type begins with. */
const Form = { func: 0x60, struct: 0x5f, array: 0x5e, cont: 0x5d } as const
/** A recursion group, and a type with supertypes. */
const REC = 0x4e
const SUB_FINAL = 0x4f
const SUB = 0x50
/** i8 and i16, which only fields can have. */
const packedTypes = [0x78, 0x77]

/** Every type index in order, recursion groups flattened. */
export function parseTypes(section: Section | undefined): DefinedType[] {
  const types: DefinedType[] = []
  each(section, (r) => {
    if (r.peek() !== REC) return void types.push(readSubType(r))
    r.u8()
    for (let left = r.count(); left > 0; left--) types.push(readSubType(r))
  })
  return types
}

function readSubType(r: Reader): DefinedType {
  if (r.peek() === SUB_FINAL || r.peek() === SUB) {
    r.u8()
    for (let left = r.count(); left > 0; left--) r.u32()
  }
  const at = r.pos
  const form = r.u8()
  switch (form) {
    case Form.func:
      return { kind: "func", params: readMany(r, readValType), results: readMany(r, readValType) }
    case Form.struct:
      readMany(r, readFieldType)
      return { kind: "struct" }
    case Form.array:
      readFieldType(r)
      return { kind: "array" }
    case Form.cont:
      r.s33()
      return { kind: "cont" }
    default:
      return r.fail(`type form 0x${form.toString(16)} is unknown`, at)
  }
}

function readFieldType(r: Reader): void {
  if (!packedTypes.includes(r.peek())) readValType(r)
  else r.u8()
  r.u8()
}

export function writeFuncType(type: { params: readonly ValType[]; results: readonly ValType[] }): Uint8Array {
  const w = new Writer().u8(Form.func)
  for (const list of [type.params, type.results]) {
    w.u32(list.length)
    for (const t of list) writeValType(w, t)
  }
  return w.finish()
}

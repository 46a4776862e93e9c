// The opcode table as a plain value, whichever way it was read (from an engine: wasm.ts; from a C header: header.ts),
// and what holds for every such table.
import { strangeTable } from "./errors.ts"

/**
 * The operand formats that QuickJS defines, each with an opcode that has it. An engine's table holds formats as numbers
 * only; the witness says which number means which format. `undefined`: the engine defines the format and no opcode uses
 * it.
 */
export const formatWitness = {
  none: "undefined",
  none_int: "push_0",
  none_loc: "get_loc0",
  none_arg: "get_arg0",
  none_var_ref: "get_var_ref0",
  u8: "special_object",
  i8: "push_i8",
  loc8: "get_loc8",
  const8: "push_const8",
  label8: "goto8",
  u16: "rest",
  i16: "push_i16",
  label16: "goto16",
  npop: "call",
  npopx: "call0",
  npop_u16: "eval",
  loc: "get_loc",
  arg: "get_arg",
  var_ref: "get_var_ref",
  u32: "set_class_name",
  u32x2: "source_loc",
  i32: "push_i32",
  const: "push_const",
  label: "goto",
  atom: "get_field",
  atom_u8: "define_method",
  atom_u16: "make_loc_ref",
  atom_label_u8: "with_get_var",
  atom_label_u16: "scope_make_ref",
  label_u16: undefined,
} as const

/** How an instruction's operand bytes are read. */
export type OpcodeFormat = keyof typeof formatWitness

/** Bytes that the operands of a format take, after the opcode byte. */
export const formatSize: Record<OpcodeFormat, number> = {
  none: 0,
  none_int: 0,
  none_loc: 0,
  none_arg: 0,
  none_var_ref: 0,
  u8: 1,
  i8: 1,
  loc8: 1,
  const8: 1,
  label8: 1,
  u16: 2,
  i16: 2,
  label16: 2,
  npop: 2,
  npopx: 0,
  npop_u16: 4,
  loc: 2,
  arg: 2,
  var_ref: 2,
  u32: 4,
  u32x2: 8,
  i32: 4,
  const: 4,
  label: 4,
  atom: 4,
  atom_u8: 5,
  atom_u16: 6,
  atom_label_u8: 9,
  atom_label_u16: 10,
  label_u16: 6,
}

export function isOpcodeFormat(text: string): text is OpcodeFormat {
  return Object.hasOwn(formatWitness, text)
}

/** One row of the table: the stack effect is `pops` values taken and `pushes` put, besides what `npop` formats add. */
export interface TableRow {
  name: string
  /** Bytes of the whole instruction. */
  size: number
  pops: number
  pushes: number
  format: OpcodeFormat
}

/** An opcode table. `opcodes` is by code; `temporaries` exist only while the engine compiles. */
export interface OpcodeTable {
  opcodes: TableRow[]
  temporaries: TableRow[]
}

/**
 * Split rows in the engine's order into opcodes and temporaries, and check what must hold.
 *
 * The order is: opcodes up to `nop`, then temporaries, then short forms from `push_minus1` on, whose code is their
 * position less the number of temporaries.
 */
export function tableOf(rows: readonly TableRow[]): OpcodeTable {
  const nop = rows.findIndex((row) => row.name === "nop")
  const short = rows.findIndex((row) => row.name === "push_minus1")
  if (nop < 0) throw strangeTable("it has no `nop`")
  if (short < nop) throw strangeTable("its short forms do not follow `nop`; they should start at `push_minus1`")
  const table = { opcodes: [...rows.slice(0, nop + 1), ...rows.slice(short)], temporaries: rows.slice(nop + 1, short) }
  if (table.opcodes.length > 256) throw strangeTable(`${table.opcodes.length} opcodes do not fit into a byte`)
  const seen = new Set<string>()
  for (const row of rows) {
    if (seen.has(row.name)) throw strangeTable(`\`${row.name}\` occurs twice`)
    seen.add(row.name)
    const size = 1 + formatSize[row.format]
    if (row.size !== size) throw strangeTable(`\`${row.name}\` has ${row.size} bytes, but ${row.format} takes ${size}`)
  }
  return table
}

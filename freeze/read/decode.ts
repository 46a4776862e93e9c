// Bytes of finished bytecode -> instructions.
//
// Branch offsets are relative to where they are written; here they become offsets in the code. Short forms keep their
// own opcode, but their operand says what the long form's would: `get_loc0` has { kind: "loc", index: 0 }.
import { opcodeByName, opcodes, type OpcodeInfo } from "../../opcodes/quickjs.generated.ts"
import type { AtomName, Instruction, Operands } from "../function.ts"

const NONE: Operands = { kind: "none" }

const push_0 = opcodeByName.push_0.code
const call0 = opcodeByName.call0.code
const get_loc0 = opcodeByName.get_loc0.code
const get_arg0 = opcodeByName.get_arg0.code
const get_var_ref0 = opcodeByName.get_var_ref0.code

/** Decode a whole function. Throws RangeError when the bytes are not instructions one after the other. */
export function decode(code: Uint8Array, atomName: (atom: number) => AtomName): Instruction[] {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength)
  const instructions: Instruction[] = []
  for (let offset = 0; offset < code.length;) {
    const info = opcodes[code[offset]!]
    if (info === undefined || info.code === 0) throw new RangeError(`no opcode ${code[offset]} (at offset ${offset})`)
    const { size, name: opcode, format } = info
    if (offset + size > code.length) throw new RangeError(`\`${opcode}\` is cut short (at offset ${offset})`)
    instructions.push({ offset, size, opcode, format, operands: operandsOf(info, view, offset, atomName) })
    offset += size
  }
  return instructions
}

function operandsOf(info: OpcodeInfo, view: DataView, offset: number, atomName: (atom: number) => AtomName): Operands {
  const at = offset + 1
  const u8 = (position: number): number => view.getUint8(position)
  const u16 = (position: number): number => view.getUint16(position, true)
  const u32 = (position: number): number => view.getUint32(position, true)
  const i32 = (position: number): number => view.getInt32(position, true)
  switch (info.format) {
    case "none":
      return NONE
    case "none_int":
      return { kind: "int", value: info.code - push_0 }
    case "i8":
      return { kind: "int", value: view.getInt8(at) }
    case "i16":
      return { kind: "int", value: view.getInt16(at, true) }
    case "i32":
      return { kind: "int", value: i32(at) }
    case "none_loc":
      return { kind: "loc", index: info.name === "get_loc0_loc1" ? 0 : (info.code - get_loc0) % 4 }
    case "loc8":
      return { kind: "loc", index: u8(at) }
    case "loc":
      return { kind: "loc", index: u16(at) }
    case "none_arg":
      return { kind: "arg", index: (info.code - get_arg0) % 4 }
    case "arg":
      return { kind: "arg", index: u16(at) }
    case "none_var_ref":
      return { kind: "var_ref", index: (info.code - get_var_ref0) % 4 }
    case "var_ref":
      return { kind: "var_ref", index: u16(at) }
    case "const8":
      return { kind: "const", index: u8(at) }
    case "const":
      return { kind: "const", index: u32(at) }
    case "label8":
      return { kind: "label", target: at + view.getInt8(at) }
    case "label16":
      return { kind: "label", target: at + view.getInt16(at, true) }
    case "label":
      return { kind: "label", target: at + i32(at) }
    case "label_u16":
      return { kind: "label_u16", target: at + i32(at), value: u16(at + 4) }
    case "u8":
      return { kind: "unsigned", value: u8(at) }
    case "u16":
      return { kind: "unsigned", value: u16(at) }
    case "u32":
      return { kind: "unsigned", value: u32(at) }
    case "u32x2":
      return { kind: "u32x2", first: u32(at), second: u32(at + 4) }
    case "npop":
      return { kind: "call", argCount: u16(at) }
    case "npopx":
      return { kind: "call", argCount: info.code - call0 }
    case "npop_u16":
      return { kind: "call_scope", argCount: u16(at), scope: u16(at + 2) }
    case "atom":
      return { kind: "atom", name: atomName(u32(at)) }
    case "atom_u8":
      return { kind: "atom_value", name: atomName(u32(at)), value: u8(at + 4) }
    case "atom_u16":
      return { kind: "atom_value", name: atomName(u32(at)), value: u16(at + 4) }
    case "atom_label_u8":
      return { kind: "atom_label", name: atomName(u32(at)), target: at + 4 + i32(at + 4), value: u8(at + 8) }
    case "atom_label_u16":
      return { kind: "atom_label", name: atomName(u32(at)), target: at + 4 + i32(at + 4), value: u16(at + 8) }
    default:
      return info.format satisfies never
  }
}

/** Counts of what operands may refer to. */
export interface OperandLimits {
  varCount: number
  argCount: number
  closureVarCount: number
  constantCount: number
}

/**
 * Check that every operand refers to something that exists and every branch to the start of an instruction. Throws
 * RangeError.
 */
export function checkOperands(instructions: readonly Instruction[], limits: OperandLimits): void {
  const starts = new Set(instructions.map((i) => i.offset))
  for (const instruction of instructions) {
    const complaint = complaintAbout(instruction, limits, starts)
    if (complaint !== undefined) {
      throw new RangeError(`\`${instruction.opcode}\` refers to ${complaint} (at offset ${instruction.offset})`)
    }
  }
}

function complaintAbout(
  { opcode, operands: o }: Instruction,
  limits: OperandLimits,
  starts: Set<number>,
): string | undefined {
  const beyond = (index: number, count: number, what: string): string | undefined =>
    index < count ? undefined : `${what} ${index} of ${count}`
  switch (o.kind) {
    case "loc":
      return beyond(opcode === "get_loc0_loc1" ? 1 : o.index, limits.varCount, "variable")
    case "arg":
      return beyond(o.index, limits.argCount, "argument")
    case "var_ref":
      return beyond(o.index, limits.closureVarCount, "captured variable")
    case "const":
      return beyond(o.index, limits.constantCount, "constant")
    case "label":
    case "label_u16":
    case "atom_label":
      return starts.has(o.target) ? undefined : `the offset ${o.target}, where no instruction starts`
    case "atom_value":
      if (opcode === "make_loc_ref") return beyond(o.value, limits.varCount, "variable")
      if (opcode === "make_arg_ref") return beyond(o.value, limits.argCount, "argument")
      if (opcode === "make_var_ref_ref") return beyond(o.value, limits.closureVarCount, "captured variable")
      return undefined
    default:
      return undefined
  }
}

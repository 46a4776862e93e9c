// Function bodies, instruction by instruction.
//
// A body is what the code section holds for one function: local declarations, then instructions, without the size in
// front. `Instructions` walks it without building anything, by the table in instructions.ts; nothing else about
// instructions is known here, and nothing is checked: the engine validates. An instruction that the table does not have
// is refused, because skipping it would mean guessing. WebAssembly core specification 2.0, sections 5.4 and 5.5.13.
import { opcodeText, rowOf, type Immediate, type InstructionRow } from "./instructions.ts"
import { Reader, Writer } from "./bytes.ts"
import type { Section } from "./sections.ts"
import { skipValType } from "./valtypes.ts"
import { collect } from "./vectors.ts"

/** The bodies of the code section. Views into the module. */
export function parseCode(section: Section | undefined): Uint8Array[] {
  return collect(section, (r) => r.take(r.u32()))
}

/** A body as an entry of the code section. */
export function writeBody(body: Uint8Array): Uint8Array {
  return new Writer(body.length + 5).u32(body.length).bytes(body).finish()
}

/** One instruction. */
export interface Instruction {
  /** Position of the opcode and of what follows the instruction, in the body. */
  at: number
  end: number
  /** As in `Op`. */
  op: number
  /**
   * What the first two immediates say: an index; a memory access's offset; an i32, signed; a block type, as its byte or
   * 0x10000 + type index; how many there are of a list. 0 where there is none, or one that is no small number.
   */
  a: number
  b: number
}

/** What is thrown at an instruction that the table does not have. */
export type UnknownInstruction = (opcode: string, at: number) => Error

const refuse: UnknownInstruction = (opcode, at) =>
  new Error(`instruction ${opcode} at ${at} of a function body is not known here`)

/** Walks a body. `next()` fills the instruction's fields in place and says whether there was one. */
export class Instructions implements Instruction {
  /** How many groups of locals are declared, the bytes of the groups, and how many locals that makes. */
  readonly groups: number
  readonly declarations: Uint8Array
  readonly locals: number
  /** Where the instructions begin. */
  readonly start: number
  at = 0
  end: number
  op = 0
  a = 0
  b = 0
  private readonly reader: Reader
  private readonly unknown: UnknownInstruction

  constructor(body: Uint8Array, unknown = refuse) {
    const r = new Reader(body)
    this.reader = r
    this.unknown = unknown
    this.groups = r.count()
    const first = r.pos
    let locals = 0
    for (let left = this.groups; left > 0; left--) {
      locals += r.u32()
      skipValType(r)
    }
    this.locals = locals
    this.declarations = body.subarray(first, r.pos)
    this.start = this.end = r.pos
  }

  next(): boolean {
    const r = this.reader
    if (r.done) return false
    this.at = r.pos
    this.op = r.opcode()
    const row = rowOf(this.op)
    if (row === undefined) throw this.unknown(opcodeText(this.op), this.at)
    const { immediates } = row
    const count = immediates.length
    this.a = count > 0 ? readImmediate(r, immediates[0]!) : 0
    this.b = count > 1 ? readImmediate(r, immediates[1]!) : 0
    for (let i = 2; i < count; i++) readImmediate(r, immediates[i]!)
    this.end = r.pos
    return true
  }
}

/** All instructions of a body as a list, for code that looks around. */
export function decode(body: Uint8Array): Instruction[] {
  const out: Instruction[] = []
  const code = new Instructions(body)
  while (code.next()) out.push({ at: code.at, end: code.end, op: code.op, a: code.a, b: code.b })
  return out
}

/** Move behind what follows an opcode. */
export function skipImmediates(r: Reader, { immediates }: InstructionRow): void {
  for (const immediate of immediates) readImmediate(r, immediate)
}

/** A type index, where a block type is one, is returned as this and the index. */
export const TYPE_INDEX = 0x10000

/** Returns what `Instruction.a` says. */
function readImmediate(r: Reader, immediate: Immediate): number {
  switch (immediate) {
    case "labelidx":
    case "funcidx":
    case "typeidx":
    case "tableidx":
    case "localidx":
    case "globalidx":
    case "memidx":
    case "tagidx":
    case "dataidx":
    case "elemidx":
    case "fieldidx":
    case "u32":
      return r.u32()
    case "memarg1":
    case "memarg2":
    case "memarg4":
    case "memarg8":
    case "memarg16":
      if (r.u32() & 0x40) r.u32() // the alignment says that a memory index follows
      return r.u64()
    case "i32":
      return r.s32()
    case "blocktype":
      return readBlockType(r)
    case "labels":
      return skipMany(r, 1, () => r.u32())
    case "laneidx":
    case "u8":
      return r.u8()
    case "heaptype":
      return r.s33()
    case "valtypes":
      return skipMany(r, 0, () => skipValType(r))
    case "catches":
      return skipMany(r, 0, () => skipCatch(r))
    case "i64":
      r.s64()
      return 0
    case "f32":
      r.take(4)
      return 0
    case "f64":
      r.take(8)
      return 0
    case "v128":
    case "lanes":
      r.take(16)
      return 0
    default:
      return immediate satisfies never
  }
}

/** Nothing (0x40), a value type, or a type index, which is not negative. */
function readBlockType(r: Reader): number {
  const first = r.peek()
  if (first < 0x40 || first >= 0x80) return TYPE_INDEX + r.s33()
  return skipValType(r)
}

/** Pass over a vector, and over `more` of the same behind it. Returns the vector's count. */
function skipMany(r: Reader, more: number, one: () => void): number {
  const count = r.count()
  for (let left = count + more; left > 0; left--) one()
  return count
}

/** catch and catch_ref name a tag, catch_all and catch_all_ref do not; all name a label. */
function skipCatch(r: Reader): void {
  if (r.u8() < 2) r.u32()
  r.u32()
}

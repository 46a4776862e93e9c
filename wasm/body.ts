// Function bodies, instruction by instruction.
//
// A body is what the code section holds for one function: local declarations, then instructions, without the size in front.
// `Instructions` walks it without building anything; `relocate` copies a body while indices change. Only what C compilers emit
// without SIMD, threads, exceptions and GC is known; anything else is refused, because skipping it would mean guessing.
// Encoding: WebAssembly core specification 2.0, section 5.4.
import { Reader, Writer } from "./sections.ts"

/** Opcodes that code here names. 0xfc-prefixed ones are 0xfc00 + the second number. */
export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  local_get: 0x20,
  local_set: 0x21,
  local_tee: 0x22,
  global_get: 0x23,
  global_set: 0x24,
  memory_size: 0x3f,
  memory_grow: 0x40,
  i32_load: 0x28,
  i32_load8_u: 0x2d,
  i32_store: 0x36,
  i32_const: 0x41,
  i64_const: 0x42,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_ge_u: 0x4f,
  i64_lt_u: 0x54,
  i64_ge_u: 0x5a,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_and: 0x71,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_u: 0x76,
  i32_wrap_i64: 0xa7,
  memory_init: 0xfc08,
  data_drop: 0xfc09,
  table_grow: 0xfc0f,
} as const

/** Value types as encoded. */
export const Type = { void: 0x40, i32: 0x7f, i64: 0x7e } as const

type Shape =
  | "none"
  | "block"
  | "label"
  | "br_table"
  | "func"
  | "call_indirect"
  | "select_t"
  | "local"
  | "global"
  | "table"
  | "memarg"
  | "memory"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  | "heaptype"

const shapes = shapeTable()

function shapeTable(): (Shape | undefined)[] {
  const table: (Shape | undefined)[] = new Array(256).fill(undefined)
  const set = (from: number, to: number, shape: Shape) => table.fill(shape, from, to + 1)
  set(0x00, 0x01, "none")
  set(0x02, 0x04, "block")
  table[0x05] = table[0x0b] = table[0x0f] = table[0x1a] = table[0x1b] = "none"
  set(0x0c, 0x0d, "label")
  table[0x0e] = "br_table"
  table[0x10] = table[0x12] = "func"
  table[0x11] = table[0x13] = "call_indirect"
  table[0x1c] = "select_t"
  set(0x20, 0x22, "local")
  set(0x23, 0x24, "global")
  set(0x25, 0x26, "table")
  set(0x28, 0x3e, "memarg")
  set(0x3f, 0x40, "memory")
  table[0x41] = "i32"
  table[0x42] = "i64"
  table[0x43] = "f32"
  table[0x44] = "f64"
  set(0x45, 0xc4, "none")
  table[0xd0] = "heaptype"
  table[0xd1] = "none"
  table[0xd2] = "func"
  return table
}

/** One instruction. `a` and `b` are its immediates in order: an index, an offset, a constant (i32 signed), a block type. */
export interface Instruction {
  /** Position of the opcode and of what follows the instruction, in the body. */
  at: number
  end: number
  op: number
  a: number
  b: number
}

/** Walks a body. `next()` fills the instruction's fields in place and says whether there was one. */
export class Instructions implements Instruction {
  readonly reader: Reader
  /** Counts and types of the local declarations. */
  readonly locals: { count: number; type: number }[] = []
  /** Where the instructions begin. */
  readonly start: number
  at = 0
  end: number
  op = 0
  a = 0
  b = 0

  constructor(body: Uint8Array) {
    this.reader = new Reader(body)
    for (let left = this.reader.count(); left > 0; left--) {
      this.locals.push({ count: this.reader.u32(), type: this.reader.u8() })
    }
    this.start = this.end = this.reader.pos
  }

  next(): boolean {
    const r = this.reader
    if (r.done) return false
    this.at = r.pos
    this.op = r.u8()
    this.a = this.b = 0
    if (this.op === 0xfc) this.prefixed()
    else this.immediates(shapes[this.op])
    this.end = r.pos
    return true
  }

  private immediates(shape: Shape | undefined): void {
    const r = this.reader
    switch (shape) {
      case "none":
        return
      case "block":
        this.a = r.peek() >= 0x40 && r.peek() < 0x80 ? r.u8() : r.s33() + 0x10000
        return
      case "label":
      case "func":
      case "local":
      case "global":
      case "table":
      case "memory":
        this.a = r.u32()
        return
      case "br_table":
        for (this.a = r.count(); this.b <= this.a; this.b++) r.u32()
        return
      case "call_indirect":
      case "memarg":
        this.a = r.u32()
        this.b = r.u32()
        return
      case "select_t":
        for (let left = r.count(); left > 0; left--) r.u8()
        return
      case "i32":
        this.a = r.s32()
        return
      case "i64":
        r.s64()
        return
      case "f32":
        r.take(4)
        return
      case "f64":
        r.take(8)
        return
      case "heaptype":
        r.s33()
        return
      case undefined:
        throw new Error(`instruction 0x${this.op.toString(16)} at ${this.at} of a function body is not known here`)
    }
  }

  private prefixed(): void {
    const r = this.reader
    const sub = r.u32()
    this.op = 0xfc00 + sub
    if (sub <= 7) return
    if (sub === 8 || sub === 10 || sub === 12 || sub === 14) {
      this.a = r.u32()
      this.b = r.u32()
    } else if (sub === 9 || sub === 11 || sub === 13 || (sub >= 15 && sub <= 17)) {
      this.a = r.u32()
    } else {
      throw new Error(`instruction 0xfc ${sub} at ${this.at} of a function body is not known here`)
    }
  }
}

/** All instructions of a body as a list, for code that looks around. */
export function decode(body: Uint8Array): Instruction[] {
  const out: Instruction[] = []
  const code = new Instructions(body)
  while (code.next()) out.push({ at: code.at, end: code.end, op: code.op, a: code.a, b: code.b })
  return out
}

/** What becomes of an index: another index, or, for a global that never changes, a constant. */
export type GlobalTarget = { index: number } | { constant: number }

/** How indices change when a body moves to another module. */
export interface IndexMaps {
  func: (index: number) => number
  type: (index: number) => number
  global: (index: number) => GlobalTarget
}

/** Copy a body with every function, type and global index mapped. Locals and labels stay; so does all else. */
export function relocate(body: Uint8Array, maps: IndexMaps): Uint8Array {
  const out = new Writer()
  const code = new Instructions(body)
  let copied = 0
  const upTo = (end: number) => {
    out.bytes(body.subarray(copied, end))
  }
  while (code.next()) {
    const { op, at, end, a } = code
    if (op === 0x10 || op === 0x12 || op === 0xd2) {
      upTo(at)
      out.u8(op).u32(maps.func(a))
    } else if (op === 0x11 || op === 0x13) {
      upTo(at)
      out.u8(op).u32(maps.type(a)).u32(code.b)
    } else if (op === 0x23 || op === 0x24) {
      upTo(at)
      writeGlobalAccess(out, op, maps.global(a))
    } else if (op >= 0x02 && op <= 0x04 && a >= 0x10000) {
      upTo(at)
      out.u8(op).s64(BigInt(maps.type(a - 0x10000)))
    } else if (op === Op.memory_init || op === Op.data_drop) {
      throw new Error("a function body refers to a data segment by index, which linking would renumber")
    } else {
      continue
    }
    copied = end
  }
  upTo(body.length)
  return out.finish()
}

function writeGlobalAccess(out: Writer, op: number, target: GlobalTarget): void {
  if ("index" in target) out.u8(op).u32(target.index)
  else if (op === Op.global_get) out.u8(Op.i32_const).s32(target.constant)
  else throw new Error("a function body writes to a global that becomes a constant")
}

/** Indices of locals that are added behind a function's own. */
export function addLocals(code: Instructions, parameters: number, types: readonly number[]): number[] {
  const first = code.locals.reduce((sum, group) => sum + group.count, parameters)
  return types.map((_, i) => first + i)
}

/** A body's beginning: its declarations of locals, with one more each. */
export function withLocals(code: Instructions, types: readonly number[]): Writer {
  const out = new Writer().u32(code.locals.length + types.length)
  for (const { count, type } of code.locals) out.u32(count).u8(type)
  for (const type of types) out.u32(1).u8(type)
  return out
}

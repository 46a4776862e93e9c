// Where one instruction ends and the next begins. Nothing else about instructions is known here, and nothing is checked: the
// engine validates. Instructions of proposals that are not listed end in EB309's way: `undefined`.
import { Reader } from "./bytes.ts"
import { readHeapType, readValType } from "./entries.ts"

/** What follows an opcode. */
type Immediate =
  | "u32"
  | "u8"
  | "s32"
  | "s64"
  | "4"
  | "8"
  | "16"
  | "memarg"
  | "blocktype"
  | "heap"
  | "labels" // br_table
  | "types" // select t
  | "catches" // try_table

const u = (count: number): Immediate[] => new Array<Immediate>(count).fill("u32")

/** First opcode, last opcode, immediates. */
const plain: readonly (readonly [number, number, readonly Immediate[]])[] = [
  [0x00, 0x01, []],
  [0x02, 0x04, ["blocktype"]],
  [0x05, 0x05, []],
  [0x06, 0x06, ["blocktype"]], // try
  [0x07, 0x09, u(1)], // catch, throw, rethrow
  [0x0a, 0x0b, []], // throw_ref, end
  [0x0c, 0x0d, u(1)],
  [0x0e, 0x0e, ["labels"]],
  [0x0f, 0x0f, []],
  [0x10, 0x10, u(1)],
  [0x11, 0x11, u(2)],
  [0x12, 0x12, u(1)], // return_call
  [0x13, 0x13, u(2)], // return_call_indirect
  [0x14, 0x15, u(1)], // call_ref, return_call_ref
  [0x18, 0x18, u(1)], // delegate
  [0x19, 0x1b, []], // catch_all, drop, select
  [0x1c, 0x1c, ["types"]],
  [0x1f, 0x1f, ["blocktype", "catches"]],
  [0x20, 0x26, u(1)],
  [0x28, 0x3e, ["memarg"]],
  [0x3f, 0x40, u(1)],
  [0x41, 0x41, ["s32"]],
  [0x42, 0x42, ["s64"]],
  [0x43, 0x43, ["4"]],
  [0x44, 0x44, ["8"]],
  [0x45, 0xc4, []],
  [0xd0, 0xd0, ["heap"]],
  [0xd1, 0xd1, []],
  [0xd2, 0xd2, u(1)],
  [0xd3, 0xd4, []], // ref.eq, ref.as_non_null
  [0xd5, 0xd6, u(1)], // br_on_null, br_on_non_null
]

/** The same behind a prefix byte; the second opcode is a u32. */
const prefixed: Record<number, readonly (readonly [number, number, readonly Immediate[]])[]> = {
  // GC
  0xfb: [
    [0, 1, u(1)],
    [2, 5, u(2)],
    [6, 7, u(1)],
    [8, 10, u(2)],
    [11, 14, u(1)],
    [15, 15, []],
    [16, 16, u(1)],
    [17, 19, u(2)],
    [20, 23, ["heap"]],
    [24, 25, ["u8", "u32", "heap", "heap"]],
    [26, 30, []],
  ],
  // saturating conversions, bulk memory, tables, wide arithmetic
  0xfc: [
    [0, 7, []],
    [8, 8, u(2)],
    [9, 9, u(1)],
    [10, 10, u(2)],
    [11, 11, u(1)],
    [12, 12, u(2)],
    [13, 13, u(1)],
    [14, 14, u(2)],
    [15, 17, u(1)],
    [19, 22, []],
  ],
  // SIMD and relaxed SIMD
  0xfd: [
    [0, 11, ["memarg"]],
    [12, 13, ["16"]],
    [14, 20, []],
    [21, 34, ["u8"]],
    [35, 83, []],
    [84, 91, ["memarg", "u8"]],
    [92, 93, ["memarg"]],
    [94, 0x1ff, []],
  ],
  // atomics
  0xfe: [
    [0, 2, ["memarg"]],
    [3, 3, ["u8"]],
    [0x10, 0x4e, ["memarg"]],
  ],
}

function tableOf(rows: (typeof prefixed)[number], size: number): (readonly Immediate[] | undefined)[] {
  const table = new Array<readonly Immediate[] | undefined>(size).fill(undefined)
  for (const [first, last, immediates] of rows) table.fill(immediates, first, last + 1)
  return table
}

const byOpcode = tableOf(plain, 256)
const byPrefix = new Map(Object.entries(prefixed).map(([prefix, rows]) => [Number(prefix), tableOf(rows, 512)]))

/** Move behind the next instruction. False when the instruction is not known. */
export function skipInstruction(r: Reader): boolean {
  const opcode = r.u8()
  const immediates = byPrefix.has(opcode) ? byPrefix.get(opcode)?.[r.u32()] : byOpcode[opcode]
  if (!immediates) return false
  for (const immediate of immediates) skipImmediate(r, immediate)
  return true
}

function skipImmediate(r: Reader, immediate: Immediate): void {
  switch (immediate) {
    case "u32":
      return void r.u32()
    case "u8":
      return void r.u8()
    case "s32":
      return void r.s32()
    case "s64":
      return void r.s64()
    case "4":
    case "8":
    case "16":
      return void r.take(Number(immediate))
    case "memarg":
      if (r.u32() & 0x40) r.u32() // the alignment says that a memory index follows
      return void r.u64()
    case "blocktype":
      return skipBlockType(r)
    case "heap":
      return void readHeapType(r)
    case "labels":
      for (let left = r.count() + 1; left > 0; left--) r.u32()
      return
    case "types":
      for (let left = r.count(); left > 0; left--) readValType(r)
      return
    case "catches":
      // catch and catch_ref name a tag, catch_all and catch_all_ref do not
      for (let left = r.count(); left > 0; left--) {
        if (r.u8() < 2) r.u32()
        r.u32()
      }
      return
    default:
      immediate satisfies never
  }
}

/** Nothing (0x40), a value type, or a type index. */
function skipBlockType(r: Reader): void {
  const first = r.peek()
  if (first === 0x40) r.u8()
  else if (first < 0x40 || first >= 0x80) r.s33()
  else readValType(r)
}

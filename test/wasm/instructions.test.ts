// The table of instructions against what other tools know: each row is disassembled by wabt, or assembled by binaryen
// where wabt does not know the proposal; and what `Code` writes is what `Instructions` reads.
import binaryen from "binaryen"
import { expect, test } from "vitest"
import { decode, Instructions, parseCode, writeBody } from "../../wasm/body.ts"
import { Writer } from "../../wasm/bytes.ts"
import { access, Code, F64, I32, I64, Op, op, type WasmType } from "../../wasm/code.ts"
import { writePassiveData } from "../../wasm/data.ts"
import { writeFuncType } from "../../wasm/deftypes.ts"
import { rowOf, rows, type Immediate, type InstructionName, type InstructionRow } from "../../wasm/instructions.ts"
import { findSection, makeSection, readSections, SectionId, writeModule } from "../../wasm/sections.ts"
import { writeVector } from "../../wasm/vectors.ts"
import { randomFrom, seedOf } from "../random.ts"
import { disassemble } from "../wasm.ts"

const seed = seedOf("wasm/instructions")

/** Rows that only binaryen knows: the instructions of this text. */
const inBinaryen = `(module
  (type $s (struct (field (mut i32)) (field (mut i8))))
  (type $a (array (mut i32)))
  (type $b (array (mut i8)))
  (type $r (array (mut funcref)))
  (data $d "abcd")
  (elem $e funcref (ref.func $g))
  (type $f (func))
  (func $g)
  (func (param $f (ref $f)) (return_call_ref $f (local.get $f)))
  (func (param $s (ref $s)) (param $a (ref $a)) (param $b (ref $b)) (param $r (ref $r))
    (param $any anyref) (param $ext externref) (param $i i32) (param $l i64)
    (drop (struct.new $s (local.get $i) (local.get $i)))
    (drop (struct.new_default $s))
    (drop (struct.get $s 0 (local.get $s)))
    (drop (struct.get_s $s 1 (local.get $s)))
    (drop (struct.get_u $s 1 (local.get $s)))
    (struct.set $s 0 (local.get $s) (local.get $i))
    (drop (array.new $a (local.get $i) (local.get $i)))
    (drop (array.new_default $a (local.get $i)))
    (drop (array.new_fixed $a 2 (local.get $i) (local.get $i)))
    (drop (array.new_data $b $d (local.get $i) (local.get $i)))
    (drop (array.new_elem $r $e (local.get $i) (local.get $i)))
    (drop (array.get $a (local.get $a) (local.get $i)))
    (drop (array.get_s $b (local.get $b) (local.get $i)))
    (drop (array.get_u $b (local.get $b) (local.get $i)))
    (array.set $a (local.get $a) (local.get $i) (local.get $i))
    (drop (array.len (local.get $a)))
    (array.fill $a (local.get $a) (local.get $i) (local.get $i) (local.get $i))
    (array.copy $a $a (local.get $a) (local.get $i) (local.get $a) (local.get $i) (local.get $i))
    (array.init_data $b $d (local.get $b) (local.get $i) (local.get $i) (local.get $i))
    (array.init_elem $r $e (local.get $r) (local.get $i) (local.get $i) (local.get $i))
    (drop (ref.test (ref $s) (local.get $any)))
    (drop (ref.test (ref null $s) (local.get $any)))
    (drop (ref.cast (ref $s) (local.get $any)))
    (drop (ref.cast (ref null $s) (local.get $any)))
    (drop (block $l (result (ref $s)) (drop (br_on_cast $l anyref (ref $s) (local.get $any))) (unreachable)))
    (drop (block $l (result anyref) (drop (br_on_cast_fail $l anyref (ref $s) (local.get $any))) (unreachable)))
    (drop (any.convert_extern (local.get $ext)))
    (drop (extern.convert_any (local.get $any)))
    (drop (i31.get_s (ref.i31 (local.get $i))))
    (drop (i31.get_u (ref.i31 (local.get $i))))
    (drop (ref.eq (local.get $s) (local.get $a)))
    (drop (ref.as_non_null (local.get $any)))
    (block $l (drop (br_on_null $l (local.get $any))))
    (drop (block $l (result (ref any)) (br_on_non_null $l (local.get $any)) (unreachable)))
    (tuple.drop 2 (i64.add128 (local.get $l) (local.get $l) (local.get $l) (local.get $l)))
    (tuple.drop 2 (i64.sub128 (local.get $l) (local.get $l) (local.get $l) (local.get $l)))
    (tuple.drop 2 (i64.mul_wide_s (local.get $l) (local.get $l)))
    (tuple.drop 2 (i64.mul_wide_u (local.get $l) (local.get $l)))))`

test("binaryen writes what the rows say, of proposals that wabt does not know", () => {
  const module = binaryen.parseText(inBinaryen)
  module.setFeatures(binaryen.Features.All)
  const code = findSection(readSections(module.emitBinary()), SectionId.Code)
  module.dispose()
  const found = countOf(parseCode(code).flatMap((body) => decode(body).map((i) => rowOf(i.op)!.name)))
  // The text's instructions, and what the binary has more: an `end` of each block and body, two drops for a pair.
  const text = inBinaryen
    .slice(inBinaryen.indexOf("(func $g)"))
    .replace(/\((ref\.\w+) \(ref null/g, "($1_null (ref null")
    .replace(/\(block/g, "(end (block")
    .replace(/\(tuple.drop/g, "(drop (drop")
  const wanted = countOf([...text.matchAll(/\(([\w.]+)/g)].map(([, name]) => (name === "func" ? "end" : name!)))
  for (const name of ["param", "result", "ref"]) delete wanted[name]
  expect(found).toEqual(wanted)
  expect(rows.filter((row) => !knownToWabt(row) && found[row.name] === undefined)).toEqual([])
})

function countOf(names: readonly string[]): Record<string, number> {
  const count: Record<string, number> = {}
  for (const name of names) count[name] = (count[name] ?? 0) + 1
  return count
}

function knownToWabt({ name, code }: InstructionRow): boolean {
  const others = ["return_call_ref", "ref.eq", "ref.as_non_null", "br_on_null", "br_on_non_null"]
  return code >> 12 !== 0xfb && !others.includes(name) && !/128$|mul_wide/.test(name)
}

/** Immediates that stand for the first of everything. */
function writeOperand(w: Writer, immediate: Immediate): Writer {
  if (immediate.startsWith("memarg")) return w.u32(Math.log2(Number(immediate.slice("memarg".length)))).u32(0)
  switch (immediate) {
    case "blocktype":
      return w.u8(0x40)
    case "labels":
      return w.u32(2).u32(0).u32(0).u32(0)
    case "valtypes":
      return w.u32(1).u8(I32)
    case "heaptype":
      return w.u8(0x70)
    case "f32":
      return w.bytes(new Uint8Array(4))
    case "f64":
      return w.bytes(new Uint8Array(8))
    case "v128":
    case "lanes":
      return w.bytes(new Uint8Array(16))
    default:
      return w.u8(0)
  }
}

/** What has to stand around an instruction. */
const around: Partial<Record<InstructionName, [before: number[], after: number[]]>> = {
  block: [[], [Op.end]],
  loop: [[], [Op.end]],
  if: [[], [Op.end]],
  else: [
    [Op.if, 0x40],
    [Op.nop, Op.end],
  ], // an empty one is not shown,
  end: [[Op.block, 0x40], []],
  try: [[], [Op.end]],
  catch: [[Op.try, 0x40], [Op.end]],
  catch_all: [[Op.try, 0x40], [Op.end]],
  rethrow: [[Op.try, 0x40, Op.catch_all], [Op.end]],
  delegate: [[Op.try, 0x40], []],
  try_table: [[], [Op.end]],
}
/** What wabt calls differently. */
const otherNames: Partial<Record<InstructionName, string>> = { select_t: "select (result i32)" }

function moduleOf(instructions: Uint8Array): Uint8Array {
  const body = new Writer().u32(0).bytes(instructions).u8(Op.end).finish()
  const vector = (id: number, entry: Uint8Array) => makeSection(id, writeVector([entry]))
  return writeModule([
    vector(SectionId.Type, writeFuncType({ params: [], results: [] })),
    vector(SectionId.Function, Uint8Array.of(0)),
    makeSection(SectionId.DataCount, Uint8Array.of(1)), // without it no instruction may refer to data
    vector(SectionId.Code, writeBody(body)),
    vector(SectionId.Data, writePassiveData(new Uint8Array())),
  ])
}

test("wabt disassembles every other row to the row's name, with its immediates and natural alignment", () => {
  for (const row of rows.filter(knownToWabt)) {
    const [before, after] = around[row.name] ?? [[], []]
    const w = new Writer().bytes(before).opcode(row.code)
    for (const immediate of row.immediates) writeOperand(w, immediate)
    const instructions = w.bytes(after).finish()
    const lines = disassemble(moduleOf(instructions), false)
      .split("\n")
      .slice(3, -2) // without the module, its type, the function's head, and the data
      .map((line) => line.trim().replace(/\)$/, ""))
    const name = otherNames[row.name] ?? row.name
    const own = lines.filter((line) => line === name || line.startsWith(`${name} `))
    expect(own.length, `${name}: ${lines}`).toBeGreaterThan(0)
    expect(own.join(), name).not.toContain("align")
    // Immediates of another size would be read as more instructions, or as fewer.
    const read = decode(new Writer().u32(0).bytes(instructions).finish())
    expect(
      read.map((i) => rowOf(i.op)?.name),
      name,
    ).toContain(row.name)
    expect(read.length, `${name}: ${lines}`).toBe(lines.length)
  }
})

test("no code has two rows", () => {
  expect(new Set(rows.map(({ code }) => code)).size).toBe(rows.length)
  expect(rows.filter((row) => rowOf(row.code) !== row)).toEqual([])
  expect(Object.keys(Op).length).toBe(rows.length)
})

test("what has no row is refused, whatever number follows a prefix", () => {
  for (const bytes of [
    [0x27],
    [0xff],
    [0xfb, 31],
    [0xfc, 18],
    [0xfb, 0x80, 0x20],
    [0xfe, 0xff, 0xff, 0xff, 0xff, 0x0f],
  ]) {
    const code = new Instructions(Uint8Array.of(0, ...bytes, Op.end))
    expect(() => code.next(), String(bytes)).toThrow(/is not known here/)
  }
})

test("what is written is read again", () => {
  const random = randomFrom(seed)
  const below = (n: number) => Math.floor(random() * n)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!
  for (let round = 0; round < 200; round++) {
    const c = new Code(below(4))
    const written: [op: number, a: number, b: number][] = []
    const types: WasmType[] = Array.from({ length: below(20) }, () => pick([I32, I64, F64] as const))
    for (const type of types) c.local(type)
    for (let n = below(100); n > 0; n--) {
      const number = Math.floor(2 ** (random() * 32))
      const kind = below(8)
      if (kind === 0) {
        const name = pick(Object.keys(op) as (keyof typeof op)[])
        if (name !== "end") written.push([op[name], 0, 0]) && c.op(op[name])
      } else if (kind === 1) {
        const name = pick(Object.keys(access) as (keyof typeof access)[])
        written.push([access[name][0], number, 0])
        c.mem(name, number)
      } else if (kind === 2) {
        written.push([Op.i32_const, number | 0, 0])
        c.i32(number)
      } else if (kind === 3) {
        written.push([Op.i64_const, 0, 0])
        c.i64((BigInt(number) << 32n) - BigInt(below(1000)))
      } else if (kind === 4) {
        written.push([Op.f64_const, 0, 0])
        c.f64(random())
      } else if (kind === 5) {
        written.push([Op.call_indirect, number, 0])
        c.callIndirect(number)
      } else if (kind === 6) {
        written.push([Op.local_tee, number, 0])
        c.tee(number)
      } else {
        const label = c.block()
        c.brIf(label).end()
        written.push([Op.block, 0x40, 0], [Op.br_if, 0, 0], [Op.end, 0, 0])
      }
    }
    const body = c.finish()
    const code = new Instructions(body)
    expect(code.locals).toBe(types.length)
    written.push([Op.end, 0, 0])
    expect(decode(body).map(({ op, a, b }) => [op, a, b])).toEqual(written)
  }
})

test("a constant that is known later takes its place in three bytes", () => {
  for (const value of [0, 1, 63, 64, 127, 128, 8191, 8192, (1 << 20) - 1]) {
    const c = new Code().i32(7).i32Later().i32Later()
    c.settle(value)
    expect(decode(c.finish()).map(({ a }) => a)).toEqual([7, value, value, 0])
  }
  expect(() => new Code().i32Later().settle(1 << 20)).toThrow(/does not fit/)
})

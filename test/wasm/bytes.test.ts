// Numbers of the binary format: what is written is read again, in the shortest form; what does not fit is refused.
import { expect, test } from "vitest"
import { Reader, Writer } from "../../wasm/bytes.ts"
import { putPadded, sleb32Size, sleb64Size, ulebSize } from "../../wasm/leb.ts"
import { randomFrom, seedOf } from "../random.ts"

const seed = seedOf("wasm/bytes")

/** As the specification defines them (5.2.2), digit by digit. */
function encoded(value: bigint, signed: boolean): number[] {
  const digit = Number(value & 0x7fn)
  const rest = value >> 7n
  const done = signed ? rest === (digit & 0x40 ? -1n : 0n) : rest === 0n
  return done ? [digit] : [digit | 0x80, ...encoded(rest, signed)]
}

/** Numbers of every length, and those around each power of two. */
function numbers(bits: number): bigint[] {
  const random = randomFrom(seed)
  const out: bigint[] = []
  for (let bit = 0; bit <= bits; bit++) {
    for (const near of [-2n, -1n, 0n, 1n]) out.push((1n << BigInt(bit)) + near)
    for (let i = 0; i < 20; i++)
      out.push(BigInt(Math.floor(random() * 2 ** Math.min(bit, 52))) << BigInt(Math.max(0, bit - 52)))
  }
  return out
}
const unsigned = (bits: number) => numbers(bits).filter((n) => n >= 0n && n < 1n << BigInt(bits))
const signed = (bits: number) =>
  numbers(bits)
    .flatMap((n) => [n, -n])
    .filter((n) => n === BigInt.asIntN(bits, n))

function expectSame(write: (w: Writer) => Writer, read: (r: Reader) => unknown, bytes: number[], value: unknown): void {
  expect([...write(new Writer(1)).finish()]).toEqual(bytes)
  const r = new Reader(Uint8Array.from([...bytes, 0xaa]))
  expect(read(r)).toBe(value)
  expect(r.pos).toBe(bytes.length)
}

test("unsigned numbers", () => {
  for (const n of unsigned(32)) {
    const bytes = encoded(n, false)
    expectSame(
      (w) => w.u32(Number(n)),
      (r) => r.u32(),
      bytes,
      Number(n),
    )
    expect(ulebSize(Number(n))).toBe(bytes.length)
  }
  for (const n of unsigned(53))
    expectSame(
      (w) => w.u32(Number(n)),
      (r) => r.u64(),
      encoded(n, false),
      Number(n),
    )
  for (const n of unsigned(64))
    expectSame(
      (w) => w.u64(n),
      (r) => r.u64(),
      encoded(n, false),
      Number(n),
    )
})

test("signed numbers", () => {
  for (const n of signed(32)) {
    const bytes = encoded(n, true)
    expectSame(
      (w) => w.s32(Number(n)),
      (r) => r.s32(),
      bytes,
      Number(n),
    )
    expect([...new Writer().s32(Number(n) >>> 0).finish()]).toEqual(bytes)
    expect(sleb32Size(Number(n))).toBe(bytes.length)
  }
  for (const n of signed(33))
    expectSame(
      (w) => w.s33(Number(n)),
      (r) => r.s33(),
      encoded(n, true),
      Number(n),
    )
  for (const n of signed(64))
    expectSame(
      (w) => w.s64(n),
      (r) => r.s64(),
      encoded(n, true),
      n,
    )
  for (const n of unsigned(53)) expect(sleb64Size(Number(n))).toBe(encoded(n, true).length)
})

test("numbers with room kept for them", () => {
  for (const n of unsigned(28)) {
    const bytes = new Uint8Array(5)
    expect(putPadded(bytes, 0, Number(n), 4)).toBe(4)
    expect(new Reader(bytes).u32()).toBe(Number(n))
  }
})

test("numbers that do not fit, do not end or are too long are refused where they begin", () => {
  const reads = {
    u32: [32, false],
    u64: [64, false],
    s32: [32, true],
    s33: [33, true],
    s64: [64, true],
  } as const
  for (const [name, [bits, isSigned]] of Object.entries(reads)) {
    const read = (bytes: number[]) => () =>
      new Reader(Uint8Array.from([0, ...bytes]).subarray(1), 100)[name as keyof typeof reads]()
    const limit = 1n << BigInt(isSigned ? bits - 1 : bits)
    for (const n of isSigned ? [limit, -limit - 1n] : [limit, limit * 2n - 1n]) {
      expect(read(encoded(n, isSigned)), `${name} ${n}`).toThrow(`a number does not fit ${bits} bits`)
    }
    const longest = Math.ceil(bits / 7)
    expect(read([...new Array<number>(longest).fill(0x80), 0]), name).toThrow(/a number (is too long|does not fit)/)
    expect(read([...new Array<number>(longest - 1).fill(0x80), 0]), name).not.toThrow()
    expect(read([0x80]), name).toThrow(
      expect.objectContaining({ code: "EB301", message: expect.stringMatching(/ends too early/) }),
    )
  }
})

test("names are UTF-8, and counts fit what is left", () => {
  for (const name of ["", "a", "ä€😀", "x".repeat(300)]) {
    expect(new Reader(new Writer().name(name).finish()).name()).toBe(name)
  }
  expect(() => new Reader(Uint8Array.of(1, 0xff)).name()).toThrow("a name is not UTF-8")
  expect(() => new Reader(Uint8Array.of(5, 0x61)).name()).toThrow("it ends too early")
  expect(() => new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f)).count()).toThrow(
    "a vector of 4294967295 entries",
  )
})

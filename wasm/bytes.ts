// The two ends of a byte string: a Reader that never leaves its bounds and takes LEB128 numbers only in the sizes that the
// binary format allows, and a Writer that produces the shortest form. Everything read from outside passes through here.
import { malformed } from "./errors.ts"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const toUtf8 = new TextEncoder()

/** A position in a byte string. Each method consumes what it returns, or throws EB301 with the place in the file. */
export class Reader {
  readonly bytes: Uint8Array
  /** Where `bytes` begins in the file: error messages count from there. */
  readonly base: number
  pos = 0

  constructor(bytes: Uint8Array, base = 0) {
    this.bytes = bytes
    this.base = base
  }

  get done(): boolean {
    return this.pos >= this.bytes.length
  }

  get left(): number {
    return this.bytes.length - this.pos
  }

  fail(what: string, pos = this.pos): never {
    throw malformed(what, this.base + pos)
  }

  u8(): number {
    const byte = this.bytes[this.pos]
    if (byte === undefined) this.fail("it ends too early")
    this.pos++
    return byte
  }

  peek(): number {
    return this.bytes[this.pos] ?? this.fail("it ends too early")
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    if (length < 0 || length > this.left) this.fail("it ends too early")
    this.pos += length
    return this.bytes.subarray(this.pos - length, this.pos)
  }

  u32(): number {
    const start = this.pos
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8()
      if (shift === 28 && byte > 0x0f) this.fail("a number does not fit 32 bits", start)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    this.fail("a number is too long", start)
  }

  s32(): number {
    return Number(this.signed(32))
  }

  /** Heap types: an index, or a negative number for the abstract ones. */
  s33(): number {
    return Number(this.signed(33))
  }

  s64(): bigint {
    return this.signed(64)
  }

  u64(): bigint {
    const start = this.pos
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.u8()
      if (shift === 63n && byte > 1) this.fail("a number does not fit 64 bits", start)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
    this.fail("a number is too long", start)
  }

  private signed(bits: number): bigint {
    const start = this.pos
    let value = 0n
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.u8()
      value |= BigInt(byte & 0x7f) << BigInt(shift)
      if (byte >= 0x80) continue
      const spare = bits - shift // of the last byte, this many bits count; the rest must repeat the sign
      if (spare < 7) {
        const rest = (byte & 0x7f) >> (spare - 1)
        if (rest !== 0 && rest !== 0x7f >> (spare - 1)) this.fail(`a number does not fit ${bits} bits`, start)
      }
      return BigInt.asIntN(bits, BigInt.asIntN(shift + 7, value))
    }
    this.fail("a number is too long", start)
  }

  /** A vector's count. Every entry takes a byte at least, so a count beyond the rest is refused before anything is allocated. */
  count(): number {
    const start = this.pos
    const count = this.u32()
    if (count > this.left) this.fail(`a vector of ${count} entries does not fit`, start)
    return count
  }

  name(): string {
    const length = this.u32()
    const start = this.pos
    try {
      return utf8.decode(this.take(length))
    } catch (error) {
      if (error instanceof TypeError) this.fail("a name is not UTF-8", start)
      throw error
    }
  }
}

/** A growing byte string. Methods return the writer, so that they chain. */
export class Writer {
  private buffer = new Uint8Array(64)
  length = 0

  private room(more: number): void {
    const needed = this.length + more
    if (needed <= this.buffer.length) return
    const bigger = new Uint8Array(Math.max(needed, this.buffer.length * 2))
    bigger.set(this.buffer.subarray(0, this.length))
    this.buffer = bigger
  }

  u8(byte: number): this {
    if (this.length === this.buffer.length) this.room(1)
    this.buffer[this.length++] = byte
    return this
  }

  bytes(bytes: ArrayLike<number>): this {
    this.room(bytes.length)
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
    return this
  }

  u32(value: number): this {
    let rest = value
    while (rest >= 0x80) {
      this.u8((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    return this.u8(rest)
  }

  u64(value: bigint): this {
    let rest = value
    while (rest >= 0x80n) {
      this.u8(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    return this.u8(Number(rest))
  }

  /** Takes both readings of 32 bits: 0xffffffff is written as -1. */
  s32(value: number): this {
    let rest = value | 0
    while (rest < -64 || rest > 63) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return this.u8(rest & 0x7f)
  }

  s64(value: bigint): this {
    let rest = BigInt.asIntN(64, value)
    while (rest < -64n || rest > 63n) {
      this.u8(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    return this.u8(Number(rest & 0x7fn))
  }

  name(text: string): this {
    const bytes = toUtf8.encode(text)
    return this.u32(bytes.length).bytes(bytes)
  }

  /** The bytes so far. The writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }
}

/** Bytes that `u32` writes for a value below 2^53. */
export function ulebSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Bytes that `s32` writes. */
export function sleb32Size(value: number): number {
  const magnitude = value | 0
  const bits = 33 - Math.clz32(magnitude < 0 ? ~magnitude : magnitude)
  return Math.ceil(bits / 7)
}

/** Bytes that `s64` writes for an unsigned address below 2^53. */
export function sleb64Size(address: number): number {
  let size = 1
  for (let rest = address; rest >= 0x40; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** One byte string out of many. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const all = new Uint8Array(length)
  let pos = 0
  for (const part of parts) {
    all.set(part, pos)
    pos += part.length
  }
  return all
}

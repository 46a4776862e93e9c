// The two ends of a byte string: a Reader that never leaves its bounds and takes LEB128 numbers only in the sizes that
// the binary format allows, and a Writer. Everything that is read from outside passes through here. WebAssembly core
// specification 2.0, sections 5.1 and 5.2.
import { malformed } from "./errors.ts"
import { LONGEST, putPadded, putSigned, putSigned64, putUnsigned, putUnsigned64 } from "./leb.ts"

// Made when a name is read or written: Node loads a module for them, and most of those who read sections need no names.
let utf8: TextDecoder | undefined
let toUtf8: TextEncoder | undefined

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
    return this.unsigned(32)
  }

  /** Exact below 2^53. */
  u64(): number {
    return this.unsigned(64)
  }

  s32(): number {
    return this.signed(32)
  }

  /** Heap types and block types: an index, or a negative number for the abstract ones. */
  s33(): number {
    return this.signed(33)
  }

  s64(): bigint {
    const start = this.pos
    const bits = this.skipSigned(64)
    let value = 0n
    for (let pos = this.pos - 1; pos >= start; pos--) value = (value << 7n) | BigInt(this.bytes[pos]! & 0x7f)
    return BigInt.asIntN(64, BigInt.asIntN(bits, value))
  }

  private unsigned(bits: number): number {
    const start = this.pos
    const first = this.u8()
    if (first < 0x80) return first
    let value = first & 0x7f
    let scale = 0x80
    for (let shift = 7; shift < bits; shift += 7) {
      const byte = this.u8()
      const spare = bits - shift
      if (spare < 7 && byte >= 1 << spare) this.fail(`a number does not fit ${bits} bits`, start)
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 0x80
    }
    this.fail("a number is too long", start)
  }

  private signed(bits: number): number {
    const start = this.pos
    this.skipSigned(bits)
    let value = (this.bytes[this.pos - 1]! << 25) >> 25 // the last byte's bit 6 is the sign
    for (let pos = this.pos - 2; pos >= start; pos--) value = value * 0x80 + (this.bytes[pos]! & 0x7f)
    return value
  }

  /** Consume a signed number and check it. Returns how many bits of it were written. */
  private skipSigned(bits: number): number {
    const start = this.pos
    for (let shift = 0; shift < bits; shift += 7) {
      const byte = this.u8()
      if (byte >= 0x80) continue
      const spare = bits - shift // of the last byte, this many bits count; the rest must repeat the sign
      if (spare < 7) {
        const rest = byte >> (spare - 1)
        if (rest !== 0 && rest !== 0x7f >> (spare - 1)) this.fail(`a number does not fit ${bits} bits`, start)
      }
      return shift + 7
    }
    this.fail("a number is too long", start)
  }

  /**
   * A vector's count. Every entry takes a byte at least, so a count beyond the rest is refused before anything is
   * allocated.
   */
  count(): number {
    const start = this.pos
    const count = this.u32()
    if (count > this.left) this.fail(`a vector of ${count} entries does not fit`, start)
    return count
  }

  name(): string {
    const length = this.u32()
    const start = this.pos
    utf8 ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
    try {
      return utf8.decode(this.take(length))
    } catch (error) {
      if (error instanceof TypeError) this.fail("a name is not UTF-8", start)
      throw error
    }
  }

  /** An opcode as instructions.ts numbers them: with a prefix byte it is `0xPP_NNN`. */
  opcode(): number {
    const byte = this.u8()
    if (byte < 0xfb || byte > 0xfe) return byte
    return (byte << 12) | Math.min(this.u32(), 0xfff) // no prefix has so many; all of those beyond are unknown
  }
}

/** A growing byte string. Methods return the writer, so that they chain. */
export class Writer {
  private buffer: Uint8Array
  length = 0

  constructor(capacity = 64) {
    this.buffer = new Uint8Array(capacity)
  }

  private room(more: number): Uint8Array {
    const needed = this.length + more
    if (needed <= this.buffer.length) return this.buffer
    const bigger = new Uint8Array(Math.max(needed, this.buffer.length * 2))
    bigger.set(this.buffer.subarray(0, this.length))
    return (this.buffer = bigger)
  }

  u8(byte: number): this {
    if (this.length === this.buffer.length) this.room(1)
    this.buffer[this.length++] = byte
    return this
  }

  bytes(bytes: ArrayLike<number>): this {
    this.room(bytes.length).set(bytes, this.length)
    this.length += bytes.length
    return this
  }

  /** Below 2^53. */
  u32(value: number): this {
    if (value < 0x80) return this.u8(value)
    this.length = putUnsigned(this.room(LONGEST), this.length, value)
    return this
  }

  u64(value: bigint): this {
    this.length = putUnsigned64(this.room(LONGEST), this.length, value)
    return this
  }

  /** Takes both readings of 32 bits: 0xffffffff is written as -1. */
  s32(value: number): this {
    return this.s33(value | 0)
  }

  /** What block types and heap types are written as: an index is positive. */
  s33(value: number): this {
    if (value >= -64 && value <= 63) return this.u8(value & 0x7f)
    this.length = putSigned(this.room(LONGEST), this.length, value)
    return this
  }

  s64(value: bigint): this {
    this.length = putSigned64(this.room(LONGEST), this.length, BigInt.asIntN(64, value))
    return this
  }

  name(text: string): this {
    toUtf8 ??= new TextEncoder()
    const bytes = toUtf8.encode(text)
    return this.u32(bytes.length).bytes(bytes)
  }

  /** An opcode as instructions.ts numbers them: with a prefix byte it is `0xPP_NNN`. */
  opcode(code: number): this {
    return code < 0x100 ? this.u8(code) : this.u8(code >> 12).u32(code & 0xfff)
  }

  /** Write a number over `length` bytes from `at` on. */
  patch(at: number, value: number, length: number): void {
    putPadded(this.buffer, at, value, length)
  }

  /** The bytes so far. The writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }
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

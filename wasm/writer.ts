// A growing byte string, with the numbers and names of the binary format.
// WebAssembly core specification 2.0, sections 5.1 and 5.2.
import { LONGEST, putPadded, putSigned, putSigned64, putUnsigned, putUnsigned64 } from "./leb.ts"

const toUtf8 = new TextEncoder()

/** Methods return the writer, so that they chain. */
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

  f64(value: number): this {
    scratch.setFloat64(0, value, true)
    for (let i = 0; i < 8; i++) this.u8(scratch.getUint8(i))
    return this
  }

  name(text: string): this {
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

const scratch = new DataView(new ArrayBuffer(8))

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

// The guest's linear memory as the host sees it: every access is checked against the size that memory has at that
// moment, because any import may be called with any number and memory may have grown since the last call.
import { Fault, need } from "./preview1.ts"
import { decode } from "./utf8.ts"

/** One `iovec`/`ciovec`: a range of guest memory, already checked. */
export type Buffers = Uint8Array[]

/** POSIX's IOV_MAX on the systems that matter; a guest may pass any count. */
const maxBuffers = 1024
/** PATH_MAX: no system takes more, so no more is decoded. */
export const maxPathBytes = 4096
/** A read or write tells its length in an i32 that POSIX programs treat as signed. */
const maxTransfer = 0x7fff_ffff

export class GuestMemory {
  private memory: WebAssembly.Memory | undefined
  private cached = new DataView(new ArrayBuffer(0))

  /** Until this is called every access is a fault: a start function may call imports before exports exist. */
  attach(memory: WebAssembly.Memory): void {
    this.memory = memory
  }

  private get view(): DataView {
    const buffer = this.memory?.buffer
    if (buffer === undefined) throw new Fault("fault")
    // Growing detaches the old buffer.
    if (this.cached.buffer !== buffer) this.cached = new DataView(buffer)
    return this.cached
  }

  /** The view, if `length` bytes at `pointer` lie in memory. */
  private at(pointer: number, length: number): DataView {
    const view = this.view
    need(pointer + length <= view.byteLength, "fault")
    return view
  }

  /** Fault now rather than after something has been done. */
  check(pointer: number, length: number): void {
    this.at(pointer, length)
  }

  bytes(pointer: number, length: number): Uint8Array {
    return new Uint8Array(this.at(pointer, length).buffer, pointer, length)
  }

  getU8(pointer: number): number {
    return this.at(pointer, 1).getUint8(pointer)
  }
  getU16(pointer: number): number {
    return this.at(pointer, 2).getUint16(pointer, true)
  }
  getU32(pointer: number): number {
    return this.at(pointer, 4).getUint32(pointer, true)
  }
  getU64(pointer: number): bigint {
    return this.at(pointer, 8).getBigUint64(pointer, true)
  }
  setU8(pointer: number, value: number): void {
    this.at(pointer, 1).setUint8(pointer, value)
  }
  setU16(pointer: number, value: number): void {
    this.at(pointer, 2).setUint16(pointer, value, true)
  }
  setU32(pointer: number, value: number): void {
    this.at(pointer, 4).setUint32(pointer, value, true)
  }
  setU64(pointer: number, value: bigint): void {
    this.at(pointer, 8).setBigUint64(pointer, value, true)
  }
  fill(pointer: number, value: number, length: number): void {
    this.bytes(pointer, length).fill(value)
  }

  /** A path or name; not UTF-8 is `ilseq`, a NUL is `inval` (the system would cut the name there). */
  text(pointer: number, length: number): string {
    this.check(pointer, length)
    need(length < maxPathBytes, "nametoolong")
    // A copy: what is checked is what is used, also when the memory is shared.
    const bytes = this.bytes(pointer, length).slice()
    need(!bytes.includes(0), "inval")
    const text = decode(bytes)
    if (text === undefined) throw new Fault("ilseq")
    return text
  }

  /** A range that is filled or taken in one go. */
  transfer(pointer: number, length: number): Uint8Array {
    const bytes = this.bytes(pointer, length)
    need(length <= maxTransfer, "inval")
    return bytes
  }

  /** The ranges that an iovec array names. */
  buffers(pointer: number, count: number): Buffers {
    need(count <= maxBuffers, "inval")
    this.check(pointer, count * 8)
    const buffers: Buffers = []
    let total = 0
    for (let i = 0; i < count; i++) {
      const buffer = this.bytes(this.getU32(pointer + i * 8), this.getU32(pointer + i * 8 + 4))
      total += buffer.length
      need(total <= maxTransfer, "inval")
      if (buffer.length > 0) buffers.push(buffer)
    }
    return buffers
  }
}

// Reading and writing the guest's memory for host functions. Every pointer comes from the guest: what lies outside of the memory
// ends the call with `fault`, never the host.

/** Error numbers of preview1. */
export const errno = {
  success: 0,
  acces: 2,
  badf: 8,
  exist: 20,
  fault: 21,
  inval: 28,
  io: 29,
  isdir: 31,
  loop: 32,
  mfile: 33,
  nametoolong: 37,
  noent: 44,
  nosys: 52,
  notdir: 54,
  notempty: 55,
  notsock: 57,
  notsup: 58,
  overflow: 61,
  perm: 63,
  pipe: 64,
  rofs: 69,
  spipe: 70,
  xdev: 75,
  notcapable: 76,
} as const

/** Ends a WASI call with an error number. */
export class Errno extends Error {
  readonly errno: number
  constructor(name: keyof typeof errno) {
    super(name)
    this.errno = errno[name]
  }
}

/** The memory of the instance that calls, bound once it exists. */
export class GuestMemory {
  private memory: WebAssembly.Memory | undefined

  bind(memory: WebAssembly.Memory | undefined): void {
    this.memory = memory
  }

  /** A view of some bytes; good until the guest runs again. */
  bytes(pointer: number, length: number): Uint8Array {
    const buffer = this.memory?.buffer
    const at = pointer >>> 0
    const size = length >>> 0
    if (!buffer || at + size > buffer.byteLength) throw new Errno("fault")
    return new Uint8Array(buffer, at, size)
  }

  private view(pointer: number, length: number): DataView {
    const bytes = this.bytes(pointer, length)
    return new DataView(bytes.buffer, bytes.byteOffset, length)
  }

  u8(pointer: number, value: number): void {
    this.view(pointer, 1).setUint8(0, value)
  }

  u16(pointer: number, value: number): void {
    this.view(pointer, 2).setUint16(0, value, true)
  }

  u32(pointer: number, value: number): void {
    this.view(pointer, 4).setUint32(0, value, true)
  }

  u64(pointer: number, value: bigint): void {
    this.view(pointer, 8).setBigUint64(0, BigInt.asUintN(64, value), true)
  }

  getU16(pointer: number): number {
    return this.view(pointer, 2).getUint16(0, true)
  }

  getU32(pointer: number): number {
    return this.view(pointer, 4).getUint32(0, true)
  }

  getU64(pointer: number): bigint {
    return this.view(pointer, 8).getBigUint64(0, true)
  }

  /** A path. Copied, so that shared memory can be decoded. */
  text(pointer: number, length: number): string {
    if (length >>> 0 > 4096) throw new Errno("nametoolong")
    return new TextDecoder("utf-8", { fatal: false }).decode(this.bytes(pointer, length).slice())
  }

  put(pointer: number, bytes: Uint8Array): void {
    this.bytes(pointer, bytes.length).set(bytes)
  }

  /** The buffers of an iovec array. */
  vectors(pointer: number, count: number): Uint8Array[] {
    if (count >>> 0 > 1024) throw new Errno("inval") // IOV_MAX
    return Array.from({ length: count >>> 0 }, (_, i) =>
      this.bytes(this.getU32(pointer + i * 8), this.getU32(pointer + i * 8 + 4)),
    )
  }
}

/** A long buffer in pieces, so that copies of it stay small. */
export function* pieces(buffer: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < buffer.length; at += 2 ** 20) yield buffer.subarray(at, at + 2 ** 20)
}

/** What Node's `fs` throws -> an error number. */
export function errnoOf(error: unknown): number {
  if (error instanceof Errno) return error.errno
  const code = (error as NodeJS.ErrnoException).code
  if (code === undefined) throw error
  const name = code.replace(/^E/, "").toLowerCase()
  return errno[name as keyof typeof errno] ?? errno.io
}

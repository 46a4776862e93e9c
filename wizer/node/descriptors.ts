// The fd_* calls of preview1.
import * as fs from "node:fs"
import { characterDevice, descriptorType, fileType, statOf, type Descriptor, type Stat } from "./files.ts"
import { Errno, pieces } from "./memory.ts"
import type { Call, Context } from "./wasi.ts"

const allRights = 0x1fffffffn
// Without seek and tell (bits 2 and 5) wasi-libc takes a descriptor for a terminal, which is what the standard streams are like.
const streamRights = allRights & ~0x24n

export function descriptorCalls({ memory, descriptors, reproducible }: Context): Record<string, Call> {
  const check = (fd: number) => void descriptors.get(fd)
  return {
    fd_advise: check,
    fd_allocate(fd: number, offset: bigint, length: bigint) {
      const { fd: file } = descriptors.file(fd)
      const end = Number(BigInt.asUintN(64, offset) + BigInt.asUintN(64, length))
      if (end > Number.MAX_SAFE_INTEGER) throw new Errno("inval")
      if (fs.fstatSync(file).size < end) fs.ftruncateSync(file, end)
    },
    fd_close: (fd: number) => descriptors.close(fd),
    fd_datasync: (fd: number) => fs.fdatasyncSync(descriptors.file(fd).fd),
    fd_sync: (fd: number) => fs.fsyncSync(descriptors.file(fd).fd),
    fd_fdstat_get(fd: number, out: number) {
      const descriptor = descriptors.get(fd)
      const isStream = descriptor.kind === "input" || descriptor.kind === "output"
      memory.put(out, new Uint8Array(24))
      memory.u8(out, descriptorType(descriptor))
      memory.u16(out + 2, descriptor.kind === "file" && descriptor.append ? 1 : 0)
      memory.u64(out + 8, isStream ? streamRights : allRights)
      memory.u64(out + 16, allRights)
    },
    fd_fdstat_set_flags(fd: number, flags: number) {
      const file = descriptors.file(fd)
      file.append = (flags & 1) !== 0
    },
    fd_fdstat_set_rights: check,
    fd_filestat_get(fd: number, out: number) {
      writeStat(memory, out, stat(descriptors.get(fd), reproducible))
    },
    fd_filestat_set_size(fd: number, size: bigint) {
      fs.ftruncateSync(descriptors.file(fd).fd, Number(BigInt.asUintN(64, size)))
    },
    fd_filestat_set_times(fd: number, accessed: bigint, modified: bigint, flags: number) {
      const { fd: file } = descriptors.file(fd)
      const { atime, mtime } = fs.fstatSync(file)
      fs.futimesSync(file, pickTime(atime, accessed, flags, 1), pickTime(mtime, modified, flags, 4))
    },
    fd_pread(fd: number, vectors: number, count: number, offset: bigint, out: number) {
      const { fd: file } = descriptors.file(fd)
      memory.u32(out, readAll(memory.vectors(vectors, count), file, toPosition(offset)))
    },
    fd_pwrite(fd: number, vectors: number, count: number, offset: bigint, out: number) {
      const { fd: file } = descriptors.file(fd)
      memory.u32(out, writeAll(memory.vectors(vectors, count), file, toPosition(offset)))
    },
    fd_prestat_get(fd: number, out: number) {
      const { preopened } = descriptors.directory(fd)
      if (preopened === undefined) throw new Errno("badf")
      memory.u32(out, 0) // a directory
      memory.u32(out + 4, Buffer.byteLength(preopened))
    },
    fd_prestat_dir_name(fd: number, out: number, length: number) {
      const { preopened } = descriptors.directory(fd)
      const name = new TextEncoder().encode(preopened ?? "")
      if (preopened === undefined) throw new Errno("badf")
      if (name.length > length >>> 0) throw new Errno("nametoolong")
      memory.put(out, name)
    },
    fd_read(fd: number, vectors: number, count: number, out: number) {
      const descriptor = descriptors.get(fd)
      const buffers = memory.vectors(vectors, count)
      if (descriptor.kind === "input") return void memory.u32(out, readStream(buffers, descriptor.read))
      if (descriptor.kind === "output") throw new Errno("badf")
      const file = descriptors.file(fd)
      const size = readAll(buffers, file.fd, file.position)
      file.position += size
      memory.u32(out, size)
    },
    fd_write(fd: number, vectors: number, count: number, out: number) {
      const descriptor = descriptors.get(fd)
      const buffers = memory.vectors(vectors, count)
      if (descriptor.kind === "input") throw new Errno("badf")
      if (descriptor.kind === "output") {
        for (const buffer of buffers) for (const piece of pieces(buffer)) descriptor.write(piece.slice())
        return void memory.u32(out, total(buffers))
      }
      const file = descriptors.file(fd)
      if (file.append) file.position = fs.fstatSync(file.fd).size
      const size = writeAll(buffers, file.fd, file.position)
      file.position += size
      memory.u32(out, size)
    },
    fd_readdir(fd: number, buffer: number, length: number, cookie: bigint, out: number) {
      const directory = descriptors.directory(fd)
      const entries = directoryBytes(directory.path, reproducible, Number(BigInt.asUintN(64, cookie)), length >>> 0)
      memory.put(buffer, entries)
      memory.u32(out, entries.length)
    },
    fd_renumber: (from: number, to: number) => descriptors.renumber(from, to),
    fd_seek(fd: number, offset: bigint, whence: number, out: number) {
      const file = descriptors.file(fd)
      const base = [0, file.position, whence === 2 ? fs.fstatSync(file.fd).size : 0][whence]
      if (base === undefined) throw new Errno("inval")
      const position = base + Number(offset)
      if (position < 0 || !Number.isSafeInteger(position)) throw new Errno("inval")
      file.position = position
      memory.u64(out, BigInt(position))
    },
    fd_tell: (fd: number, out: number) => memory.u64(out, BigInt(descriptors.file(fd).position)),
  }
}

function toPosition(offset: bigint): number {
  const position = Number(BigInt.asUintN(64, offset))
  if (!Number.isSafeInteger(position)) throw new Errno("inval")
  return position
}

function total(buffers: readonly Uint8Array[]): number {
  return buffers.reduce((sum, { length }) => sum + length, 0)
}

function readStream(buffers: readonly Uint8Array[], read: (into: Uint8Array) => number): number {
  const first = buffers.find(({ length }) => length > 0)
  if (!first) return 0
  const bytes = new Uint8Array(Math.min(first.length, 65536)) // of our own: the guest's may be shared
  const size = read(bytes)
  first.set(bytes.subarray(0, size))
  return size
}

function readAll(buffers: readonly Uint8Array[], file: number, position: number): number {
  let done = 0
  for (const buffer of buffers.flatMap((one) => [...pieces(one)])) {
    const bytes = new Uint8Array(buffer.length)
    const size = fs.readSync(file, bytes, 0, bytes.length, position + done)
    buffer.set(bytes.subarray(0, size))
    done += size
    if (size < buffer.length) break
  }
  return done
}

function writeAll(buffers: readonly Uint8Array[], file: number, position: number): number {
  let done = 0
  for (const buffer of buffers.flatMap((one) => [...pieces(one)])) {
    done += fs.writeSync(file, buffer.slice(), 0, buffer.length, position + done)
  }
  return done
}

function stat(descriptor: Descriptor, reproducible: boolean): Stat {
  if (descriptor.kind === "file") return statOf(fs.fstatSync(descriptor.fd, { bigint: true }), reproducible)
  if (descriptor.kind === "directory") return statOf(fs.statSync(descriptor.path, { bigint: true }), reproducible)
  return characterDevice
}

/** 64 bytes: device, inode, type u8, links, size, times. */
export function writeStat(memory: Context["memory"], out: number, stat: Stat): void {
  memory.put(out, new Uint8Array(64))
  memory.u64(out, stat.device)
  memory.u64(out + 8, stat.inode)
  memory.u8(out + 16, stat.type)
  memory.u64(out + 24, stat.links)
  memory.u64(out + 32, stat.size)
  memory.u64(out + 40, stat.accessed)
  memory.u64(out + 48, stat.modified)
  memory.u64(out + 56, stat.changed)
}

/** The time to set: given (flag), now (the flag above it), or what it was. */
export function pickTime(old: Date, nanoseconds: bigint, flags: number, flag: number): Date {
  if (flags & flag && flags & (flag << 1)) throw new Errno("inval")
  if (flags & (flag << 1)) return new Date()
  return flags & flag ? new Date(Number(nanoseconds / 1_000_000n)) : old
}

/**
 * Entries from `cookie` on, sorted by name, cut off at `length` as preview1 wants it: next cookie u64, inode u64, name length
 * u32, type u8 and padding, name.
 */
function directoryBytes(path: string, reproducible: boolean, cookie: number, length: number): Uint8Array {
  const entries = fs
    .readdirSync(path, { withFileTypes: true })
    .map((entry) => ({ name: entry.name, type: fileType(entry) }))
  const dots = [".", ".."].map((name) => ({ name, type: 3 }))
  const all = [...dots, ...entries.sort((a, b) => (a.name < b.name ? -1 : 1))]
  const parts: Buffer[] = []
  let size = 0
  for (let i = cookie; i < all.length && size < length; i++) {
    const { name, type } = all[i] ?? { name: "", type: 0 }
    const head = Buffer.alloc(24)
    const inode = reproducible
      ? 0n
      : (fs.lstatSync(`${path}/${name}`, { bigint: true, throwIfNoEntry: false })?.ino ?? 0n)
    head.writeBigUInt64LE(BigInt(i + 1), 0)
    head.writeBigUInt64LE(inode, 8)
    head.writeUInt32LE(Buffer.byteLength(name), 16)
    head.writeUInt8(type, 20)
    parts.push(head, Buffer.from(name))
    size += head.length + Buffer.byteLength(name)
  }
  return Buffer.concat(parts).subarray(0, length)
}

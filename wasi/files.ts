// fd_*: what a guest does with descriptors that it has.
import { Fdflags, Filetype, need, Whence } from "./preview1.ts"
import type { Descriptor, OpenFile } from "./fds.ts"
import { u32, u64 } from "./host.ts"
import type { Host } from "./host.ts"
import { readdir } from "./listing.ts"
import type { Buffers } from "./memory.ts"
import { fs } from "./node.ts"
import type { BigIntStats } from "./node.ts"
import { itself } from "./places.ts"
import { newTimes, writeFilestat } from "./stat.ts"
import { encode } from "./utf8.ts"

/** Offsets are numbers here; a file cannot be larger than this. */
const maxOffset = BigInt(Number.MAX_SAFE_INTEGER)
/** How much of a stream is gathered into one write, or taken in one read. */
const streamChunk = 65_536

export function fileFunctions(host: Host) {
  const { memory, fds } = host

  /** fd_read's and fd_pread's inside: from `position` on; returns how many bytes. */
  function readFile(file: OpenFile, buffers: Buffers, position: number): number {
    let total = 0
    for (const buffer of buffers) {
      const got = fs.readSync(file.host, buffer, 0, buffer.length, position + total)
      total += got
      if (got < buffer.length) break
    }
    return total
  }

  function writeFile(file: OpenFile, buffers: Buffers, position: number | null): number {
    let total = 0
    for (const buffer of buffers) {
      const put = fs.writeSync(file.host, buffer, 0, buffer.length, position === null ? null : position + total)
      total += put
      if (put < buffer.length) break
    }
    return total
  }

  function seek(fd: number, delta: bigint, whence: number): number {
    const file = fds.file(fd, whence === Whence.cur && delta === 0n ? "fd_tell" : "fd_seek")
    const base =
      whence === Whence.set
        ? 0n
        : whence === Whence.cur
          ? BigInt(file.offset)
          : whence === Whence.end
            ? fs.fstatSync(file.host, { bigint: true }).size
            : -1n
    need(base >= 0n, "inval")
    const target = base + delta
    need(target >= 0n && target <= maxOffset, "inval")
    return (file.offset = Number(target))
  }

  return {
    fd_advise: (fd: number, offset: bigint, length: bigint, advice: number) => {
      fds.file(u32(fd), "fd_advise")
      need(u32(advice) <= 5 && u64(offset) + u64(length) < 1n << 64n, "inval")
    },

    fd_allocate: (fd: number, offset: bigint, length: bigint) => {
      const file = writableFile(fds.file(u32(fd), "fd_allocate"))
      need(u64(length) > 0n, "inval")
      const end = sizeOf(u64(offset) + u64(length))
      // Node has no posix_fallocate: the file gets the size, the disk's blocks come when they are written.
      if (fs.fstatSync(file.host).size < end) fs.ftruncateSync(file.host, end)
    },

    fd_close: (fd: number) => fds.close(u32(fd)),

    fd_datasync: (fd: number) => {
      const found = fds.get(u32(fd))
      if (found.kind === "file") fs.fdatasyncSync(fds.file(u32(fd), "fd_datasync").host)
    },

    fd_sync: (fd: number) => {
      const found = fds.get(u32(fd))
      if (found.kind === "file") fs.fsyncSync(fds.file(u32(fd), "fd_sync").host)
    },

    fd_fdstat_get: (fd: number, out: number) => {
      const found = fds.get(u32(fd))
      memory.fill(u32(out), 0, 24)
      memory.setU8(u32(out), filetypeOf(found))
      memory.setU16(u32(out) + 2, found.fdflags)
      memory.setU64(u32(out) + 8, found.rights)
      memory.setU64(u32(out) + 16, found.kind === "directory" ? found.inheriting : 0n)
    },

    fd_fdstat_set_flags: (fd: number, flags: number) => {
      need((u32(flags) & ~31) === 0, "inval")
      const found = fds.get(u32(fd), "fd_fdstat_set_flags")
      if (found.kind === "file") reopen(found, u32(flags))
      found.fdflags = u32(flags)
    },

    fd_fdstat_set_rights: (fd: number, base: bigint, inheriting: bigint) => {
      const found = fds.get(u32(fd))
      const had = found.kind === "directory" ? found.inheriting : 0n
      need((u64(base) & ~found.rights) === 0n && (u64(inheriting) & ~had) === 0n, "notcapable")
      found.rights = u64(base)
      if (found.kind === "directory") found.inheriting = u64(inheriting)
    },

    fd_filestat_get: (fd: number, out: number) => {
      memory.check(u32(out), 64)
      writeFilestat(host, u32(out), statOf(fds.get(u32(fd), "fd_filestat_get")))
    },

    fd_filestat_set_size: (fd: number, size: bigint) => {
      const file = writableFile(fds.file(u32(fd), "fd_filestat_set_size"))
      fs.ftruncateSync(file.host, sizeOf(u64(size)))
    },

    fd_filestat_set_times: (fd: number, atim: bigint, mtim: bigint, flags: number) => {
      const found = fds.get(u32(fd), "fd_filestat_set_times")
      need(found.kind !== "stream", "inval")
      need(!found.readOnly, "rofs")
      const stat = () => statOf(found)
      const times = newTimes(u64(atim), u64(mtim), u32(flags), stat)
      if (found.kind === "file") fs.futimesSync(found.host, ...times)
      else fs.utimesSync(itself(found.place), ...times)
    },

    fd_read: (fd: number, iovs: number, count: number, out: number) => {
      const found = fds.get(u32(fd), "fd_read")
      const buffers = memory.buffers(u32(iovs), u32(count))
      memory.check(u32(out), 4)
      need(found.kind !== "directory", "isdir")
      if (found.kind === "stream") {
        memory.setU32(u32(out), scatter(found.read!(roomIn(buffers)), buffers))
        return
      }
      const got = readFile(found, buffers, found.offset)
      found.offset += got
      memory.setU32(u32(out), got)
    },

    fd_pread: (fd: number, iovs: number, count: number, offset: bigint, out: number) => {
      const file = fds.file(u32(fd), "fd_read", "fd_seek")
      memory.check(u32(out), 4)
      const buffers = memory.buffers(u32(iovs), u32(count))
      memory.setU32(u32(out), readFile(file, buffers, positionOf(u64(offset))))
    },

    fd_write: (fd: number, iovs: number, count: number, out: number) => {
      const found = fds.get(u32(fd), "fd_write")
      const buffers = memory.buffers(u32(iovs), u32(count))
      memory.check(u32(out), 4)
      need(found.kind !== "directory", "isdir")
      if (found.kind === "stream") {
        memory.setU32(
          u32(out),
          gather(buffers, (bytes) => found.write!(bytes)),
        )
        return
      }
      writableFile(found)
      // With O_APPEND the system chooses the place, so that two writers of one log do not overwrite each other.
      const appends = (found.fdflags & Fdflags.append) !== 0
      const put = writeFile(found, buffers, appends ? null : found.offset)
      found.offset = appends ? fs.fstatSync(found.host).size : found.offset + put
      memory.setU32(u32(out), put)
    },

    fd_pwrite: (fd: number, iovs: number, count: number, offset: bigint, out: number) => {
      const file = writableFile(fds.file(u32(fd), "fd_write", "fd_seek"))
      memory.check(u32(out), 4)
      const buffers = memory.buffers(u32(iovs), u32(count))
      memory.setU32(u32(out), writeFile(file, buffers, positionOf(u64(offset))))
    },

    fd_prestat_get: (fd: number, out: number) => {
      const found = fds.get(u32(fd))
      need(found.kind === "directory" && found.preopen !== undefined, "badf")
      memory.check(u32(out), 8)
      memory.setU32(u32(out), 0) // a directory, the only kind there is
      memory.setU32(u32(out) + 4, encode(found.preopen).length)
    },

    fd_prestat_dir_name: (fd: number, pointer: number, length: number) => {
      const found = fds.get(u32(fd))
      need(found.kind === "directory" && found.preopen !== undefined, "badf")
      const name = encode(found.preopen)
      need(u32(length) >= name.length, "nametoolong")
      memory.bytes(u32(pointer), name.length).set(name)
    },

    fd_readdir: (fd: number, pointer: number, length: number, cookie: bigint, out: number) => {
      const directory = fds.directory(u32(fd), "fd_readdir")
      memory.check(u32(out), 4)
      memory.setU32(u32(out), readdir(directory, memory.bytes(u32(pointer), u32(length)), u64(cookie)))
    },

    fd_renumber: (from: number, to: number) => fds.renumber(u32(from), u32(to)),

    fd_seek: (fd: number, delta: bigint, whence: number, out: number) => {
      memory.check(u32(out), 8)
      memory.setU64(u32(out), BigInt(seek(u32(fd), delta, u32(whence))))
    },

    fd_tell: (fd: number, out: number) => {
      memory.setU64(u32(out), BigInt(fds.file(u32(fd), "fd_tell").offset))
    },
  }
}

function writableFile(file: OpenFile): OpenFile {
  need(!file.readOnly, "rofs")
  return file
}

/** A length that a file can have. */
function sizeOf(size: bigint): number {
  need(size <= maxOffset, "fbig")
  return Number(size)
}

/** A place in a file: POSIX offsets are signed. */
function positionOf(offset: bigint): number {
  need(offset <= maxOffset, "inval")
  return Number(offset)
}

function roomIn(buffers: Buffers): number {
  return Math.min(
    streamChunk,
    buffers.reduce((sum, buffer) => sum + buffer.length, 0),
  )
}

/** Spread what was read over the buffers in order. One read, then no waiting for more: that is what readv promises. */
function scatter(bytes: Uint8Array, buffers: Buffers): number {
  let at = 0
  for (const buffer of buffers) {
    const part = bytes.subarray(at, at + buffer.length)
    buffer.set(part)
    at += part.length
  }
  return bytes.length
}

/** Write buffers in order, small ones joined so that a line leaves in one piece. */
function gather(buffers: Buffers, write: (bytes: Uint8Array) => void): number {
  const total = buffers.reduce((sum, buffer) => sum + buffer.length, 0)
  if (buffers.length > 1 && total <= streamChunk) write(Buffer.concat(buffers))
  else buffers.forEach(write)
  return total
}

function filetypeOf(descriptor: Descriptor): number {
  switch (descriptor.kind) {
    case "stream":
      return descriptor.filetype
    case "file":
      return Filetype.regular_file
    case "directory":
      return Filetype.directory
  }
}

function statOf(descriptor: Descriptor): BigIntStats | { filetype: number } {
  switch (descriptor.kind) {
    case "stream":
      return { filetype: descriptor.filetype }
    case "file":
      return fs.fstatSync(descriptor.host, { bigint: true })
    case "directory":
      return fs.statSync(itself(descriptor.place), { bigint: true })
  }
}

/** Change flags by opening the same file again: Node has no fcntl. */
function reopen(file: OpenFile, fdflags: number): void {
  if (fdflags === file.fdflags) return
  need(process.platform === "linux", "notsup")
  const kept = file.hostFlags & (fs.constants.O_RDONLY | fs.constants.O_WRONLY | fs.constants.O_RDWR)
  const hostFlags = kept | hostFlagsOf(fdflags)
  const host = fs.openSync(`/proc/self/fd/${file.host}`, hostFlags)
  fs.closeSync(file.host)
  file.host = host
  file.hostFlags = hostFlags
}

/** WASI's fdflags as flags of open(). `nonblock` means nothing for a regular file. */
export function hostFlagsOf(fdflags: number): number {
  let flags = 0
  if (fdflags & Fdflags.append) flags |= fs.constants.O_APPEND
  if (fdflags & Fdflags.dsync) flags |= fs.constants.O_DSYNC ?? fs.constants.O_SYNC ?? 0
  if (fdflags & (Fdflags.rsync | Fdflags.sync)) flags |= fs.constants.O_SYNC ?? 0
  return flags
}

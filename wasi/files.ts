// fd_*: what a guest does with descriptors that it has.
import { Fault, Fdflags, Filetype, need, Whence } from "./preview1.ts"
import type { Descriptor, OpenFile } from "./fds.ts"
import { readdir } from "./listing.ts"
import type { Buffers } from "./memory.ts"
import { fs } from "./node.ts"
import type { BigIntStats } from "./node.ts"
import { buffers, bytes, result, row, s64, u32, u64 } from "./parameters.ts"
import { itself } from "./places.ts"
import { newTimes, writeFilestat } from "./stat.ts"
import { encode } from "./utf8.ts"

/** Offsets are numbers here; a file cannot be larger than this. */
const maxOffset = BigInt(Number.MAX_SAFE_INTEGER)
/** How much of a stream is gathered into one write, or taken in one read. */
const streamChunk = 65_536

export const descriptorCalls = {
  fd_advise: row({ fd: u32, offset: u64, length: u64, advice: u32 }, ({ fds }, { fd, offset, length, advice }) => {
    fds.file(fd, "fd_advise")
    need(advice <= 5 && offset + length < 1n << 64n, "inval")
  }),

  fd_allocate: row({ fd: u32, offset: u64, length: u64 }, ({ fds }, { fd, offset, length }) => {
    const file = writableFile(fds.file(fd, "fd_allocate"))
    need(length > 0n, "inval")
    const end = sizeOf(offset + length)
    // Node has no posix_fallocate: the file gets the size, the disk's blocks come when they are written.
    if (fs.fstatSync(file.host).size < end) fs.ftruncateSync(file.host, end)
  }),

  fd_close: row({ fd: u32 }, ({ fds }, { fd }) => fds.close(fd)),

  fd_datasync: row({ fd: u32 }, ({ fds }, { fd }) => {
    const found = fds.get(fd)
    if (found.kind === "file") fs.fdatasyncSync(fds.file(fd, "fd_datasync").host)
  }),

  fd_sync: row({ fd: u32 }, ({ fds }, { fd }) => {
    const found = fds.get(fd)
    if (found.kind === "file") fs.fsyncSync(fds.file(fd, "fd_sync").host)
  }),

  fd_fdstat_get: row({ fd: u32, out: result(24) }, ({ memory, fds }, { fd, out }) => {
    const found = fds.get(fd)
    memory.fill(out, 0, 24)
    memory.setU8(out, filetypeOf(found))
    memory.setU16(out + 2, found.fdflags)
    memory.setU64(out + 8, found.rights)
    memory.setU64(out + 16, found.inheriting)
  }),

  fd_fdstat_set_flags: row({ fd: u32, flags: u32 }, ({ fds, everyRight }, { fd, flags }) => {
    need((flags & ~31) === 0, "inval")
    // With every right a guest could make a stream one that does not block, and would have to wait for it by polling.
    const found = everyRight === undefined ? fds.get(fd, "fd_fdstat_set_flags") : fds.file(fd)
    if (found.kind === "file") reopen(found, flags)
    found.fdflags = flags
  }),

  fd_fdstat_set_rights: row(
    { fd: u32, base: u64, inheriting: u64 },
    ({ fds, everyRight }, { fd, base, inheriting }) => {
      const found = fds.get(fd)
      need((base & ~found.rights) === 0n && (inheriting & ~found.inheriting) === 0n, "notcapable")
      if (everyRight !== undefined) return
      found.rights = base
      found.inheriting = inheriting
    },
  ),

  fd_filestat_get: row({ fd: u32, out: result(64) }, (host, { fd, out }) =>
    writeFilestat(host, out, statOf(host.fds.get(fd, "fd_filestat_get"))),
  ),

  fd_filestat_set_size: row({ fd: u32, size: u64 }, ({ fds }, { fd, size }) => {
    const file = writableFile(fds.file(fd, "fd_filestat_set_size"))
    fs.ftruncateSync(file.host, sizeOf(size))
  }),

  fd_filestat_set_times: row({ fd: u32, atim: u64, mtim: u64, fst_flags: u32 }, ({ fds }, { fd, ...wanted }) => {
    const found = fds.get(fd, "fd_filestat_set_times")
    need(found.kind !== "stream", "inval")
    need(!found.readOnly, "rofs")
    const times = newTimes(wanted, () => statOf(found))
    if (found.kind === "file") fs.futimesSync(found.host, ...times)
    else fs.utimesSync(itself(found.place), ...times)
  }),

  fd_read: row({ fd: u32, iovs: buffers, out: result(4) }, ({ memory, fds }, { fd, iovs, out }) => {
    const found = fds.get(fd, "fd_read")
    need(found.kind !== "directory", "isdir")
    if (found.kind === "stream") {
      need(found.read !== undefined, "badf")
      memory.setU32(out, scatter(found.read(roomIn(iovs)), iovs))
      return
    }
    const got = readFile(found, iovs, found.offset)
    found.offset += got
    memory.setU32(out, got)
  }),

  fd_pread: row({ fd: u32, iovs: buffers, offset: u64, out: result(4) }, ({ memory, fds }, given) => {
    const file = fds.file(given.fd, "fd_read", "fd_seek")
    memory.setU32(given.out, readFile(file, given.iovs, positionOf(given.offset)))
  }),

  fd_write: row({ fd: u32, iovs: buffers, out: result(4) }, ({ memory, fds }, { fd, iovs, out }) => {
    const found = fds.get(fd, "fd_write")
    need(found.kind !== "directory", "isdir")
    if (found.kind === "stream") {
      need(found.write !== undefined, "badf")
      memory.setU32(out, gather(iovs, found.write.bind(found)))
      return
    }
    writableFile(found)
    // With O_APPEND the system chooses the place, so that two writers of one log do not overwrite each other.
    const appends = (found.fdflags & Fdflags.append) !== 0
    const put = writeFile(found, iovs, appends ? null : found.offset)
    found.offset = appends ? fs.fstatSync(found.host).size : found.offset + put
    memory.setU32(out, put)
  }),

  fd_pwrite: row({ fd: u32, iovs: buffers, offset: u64, out: result(4) }, ({ memory, fds }, given) => {
    const file = writableFile(fds.file(given.fd, "fd_write", "fd_seek"))
    memory.setU32(given.out, writeFile(file, given.iovs, positionOf(given.offset)))
  }),

  fd_prestat_get: row({ fd: u32, out: result(8) }, ({ memory, fds }, { fd, out }) => {
    memory.setU32(out, 0) // a directory, the only kind there is
    memory.setU32(out + 4, preopenName(fds.get(fd)).length)
  }),

  fd_prestat_dir_name: row({ fd: u32, path: bytes }, ({ fds }, { fd, path }) => {
    const name = preopenName(fds.get(fd))
    need(path.length >= name.length, "nametoolong")
    path.set(name)
  }),

  fd_readdir: row({ fd: u32, buf: bytes, cookie: u64, out: result(4) }, (host, { fd, buf, cookie, out }) =>
    host.memory.setU32(out, readdir(host, host.fds.directory(fd, "fd_readdir"), buf, cookie)),
  ),

  fd_renumber: row({ from: u32, to: u32 }, ({ fds }, { from, to }) => fds.renumber(from, to)),

  fd_seek: row({ fd: u32, delta: s64, whence: u32, out: result(8) }, ({ memory, fds }, { fd, delta, whence, out }) => {
    const file = fds.file(fd, whence === Whence.cur && delta === 0n ? "fd_tell" : "fd_seek")
    const target = seekBase(file, whence) + delta
    need(target >= 0n && target <= maxOffset, "inval")
    file.offset = Number(target)
    memory.setU64(out, target)
  }),

  fd_tell: row({ fd: u32, out: result(8) }, ({ memory, fds }, { fd, out }) =>
    memory.setU64(out, BigInt(fds.file(fd, "fd_tell").offset)),
  ),
}

/** fd_read's and fd_pread's inside: from `position` on; returns how many bytes. */
function readFile(file: OpenFile, iovs: Buffers, position: number): number {
  let total = 0
  for (const buffer of iovs) {
    const got = fs.readSync(file.host, buffer, 0, buffer.length, position + total)
    total += got
    if (got < buffer.length) break
  }
  return total
}

function writeFile(file: OpenFile, iovs: Buffers, position: number | null): number {
  let total = 0
  for (const buffer of iovs) {
    const put = fs.writeSync(file.host, buffer, 0, buffer.length, position === null ? null : position + total)
    total += put
    if (put < buffer.length) break
  }
  return total
}

function seekBase(file: OpenFile, whence: number): bigint {
  switch (whence) {
    case Whence.set:
      return 0n
    case Whence.cur:
      return BigInt(file.offset)
    case Whence.end:
      return fs.fstatSync(file.host, { bigint: true }).size
    default:
      throw new Fault("inval")
  }
}

/** The name of a directory that was granted; nothing else has one. */
function preopenName(descriptor: Descriptor): Uint8Array {
  need(descriptor.kind === "directory" && descriptor.preopen !== undefined, "badf")
  return encode(descriptor.preopen)
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

function roomIn(iovs: Buffers): number {
  return Math.min(streamChunk, totalBytes(iovs))
}

/** Spread what was read over the buffers in order. One read, then no waiting for more: that is what readv promises. */
function scatter(taken: Uint8Array, iovs: Buffers): number {
  let at = 0
  for (const buffer of iovs) {
    const part = taken.subarray(at, at + buffer.length)
    buffer.set(part)
    at += part.length
  }
  return taken.length
}

/** Write buffers in order, small ones joined so that a line leaves in one piece. */
function gather(iovs: Buffers, write: (bytes: Uint8Array) => void): number {
  const total = totalBytes(iovs)
  if (iovs.length > 1 && total <= streamChunk) write(Buffer.concat(iovs))
  else for (const buffer of iovs) write(buffer)
  return total
}

function totalBytes(iovs: Buffers): number {
  return iovs.reduce((sum, buffer) => sum + buffer.length, 0)
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

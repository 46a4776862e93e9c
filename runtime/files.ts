// fd_*: what a guest does with descriptors that it has.
import { fs } from "./node.ts"
import type { AnyStats, BigIntStats, Dirent } from "./node.ts"
import { Fdflags, Filetype, Fstflags, need, Whence } from "./abi.ts"
import type { Descriptor, OpenDirectory, OpenFile } from "./fds.ts"
import type { Host } from "./host.ts"
import { u32, u64 } from "./host.ts"
import { encode } from "./memory.ts"
import type { Buffers } from "./memory.ts"
import { at, itself } from "./places.ts"
import type { Place } from "./places.ts"

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

/** WASI's filetype of what stat says. */
export function filetypeOfStat(stat: AnyStats | Dirent): number {
  if (stat.isFile()) return Filetype.regular_file
  if (stat.isDirectory()) return Filetype.directory
  if (stat.isSymbolicLink()) return Filetype.symbolic_link
  if (stat.isCharacterDevice()) return Filetype.character_device
  if (stat.isBlockDevice()) return Filetype.block_device
  if (stat.isSocket()) return Filetype.socket_stream
  return Filetype.unknown
}

/** Write a `filestat` (64 bytes). A standard stream has a type and nothing else that is the guest's business. */
export function writeFilestat(host: Host, out: number, stat: BigIntStats | { filetype: number }): void {
  const { memory } = host
  memory.fill(out, 0, 64)
  if ("filetype" in stat) {
    memory.setU8(out + 16, stat.filetype)
    memory.setU64(out + 24, 1n)
    return
  }
  memory.setU64(out, stat.dev)
  memory.setU64(out + 8, stat.ino)
  memory.setU8(out + 16, filetypeOfStat(stat))
  memory.setU64(out + 24, stat.nlink)
  memory.setU64(out + 32, stat.size)
  memory.setU64(out + 40, stat.atimeNs)
  memory.setU64(out + 48, stat.mtimeNs)
  memory.setU64(out + 56, stat.ctimeNs)
}

/**
 * Access and modification time in seconds, as node:fs takes them (so to about a microsecond).
 * A time that is not to be changed is read and written back: node:fs cannot leave one out.
 */
export function newTimes(
  atim: bigint,
  mtim: bigint,
  flags: number,
  stat: () => BigIntStats | { filetype: number },
): [number, number] {
  const { atim: setAtim, atim_now, mtim: setMtim, mtim_now } = Fstflags
  need((flags & ~15) === 0, "inval")
  need((flags & (setAtim | atim_now)) !== (setAtim | atim_now), "inval")
  need((flags & (setMtim | mtim_now)) !== (setMtim | mtim_now), "inval")
  const old = stat()
  const clock = Date.now() / 1000
  const oldTime = (name: "atimeNs" | "mtimeNs") => (name in old ? seconds((old as BigIntStats)[name]) : clock)
  const accessed = flags & setAtim ? seconds(atim) : flags & atim_now ? clock : oldTime("atimeNs")
  const modified = flags & setMtim ? seconds(mtim) : flags & mtim_now ? clock : oldTime("mtimeNs")
  return [accessed, modified]
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9
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

/**
 * Fill `out` with `dirent`s from entry number `cookie` on; the last one may be cut. Returns the bytes used: fewer than
 * there is room for means that there are no more. The listing is made when reading starts, so entries keep their
 * numbers while the guest adds and removes files.
 */
function readdir(directory: OpenDirectory, out: Uint8Array, cookie: bigint): number {
  if (cookie === 0n || directory.listing === undefined) {
    directory.listing = fs.readdirSync(itself(directory.place), { withFileTypes: true })
  }
  const listing = directory.listing
  const names = listing.length + 2 // "." and ".." first
  let used = 0
  for (let i = cookie > BigInt(names) ? names : Number(cookie); i < names && used < out.length; i++) {
    const entry = direntBytes(directory.place, i, listing[i - 2]).subarray(0, out.length - used)
    out.set(entry, used)
    used += entry.length
  }
  return used
}

/** A `dirent` (d_next u64, d_ino u64, d_namlen u32, d_type u8, three of padding) and its name. */
function direntBytes(place: Place, i: number, entry: Dirent | undefined): Uint8Array {
  const name = encode(entry?.name ?? (i === 0 ? "." : ".."))
  const bytes = new Uint8Array(24 + name.length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(i + 1), true)
  // As at a root, ".." has the directory's own number: what lies above is none of the guest's business.
  view.setBigUint64(8, inodeOf(place, entry?.name ?? "."), true)
  view.setUint32(16, name.length, true)
  view.setUint8(20, entry === undefined ? Filetype.directory : filetypeOfStat(entry))
  bytes.set(name, 24)
  return bytes
}

/** 0 when it has gone since it was listed. */
function inodeOf(place: Place, name: string): bigint {
  return fs.lstatSync(at(place, name), { bigint: true, throwIfNoEntry: false })?.ino ?? 0n
}

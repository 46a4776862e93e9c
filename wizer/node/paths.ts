// The path_* calls of preview1.
import * as fs from "node:fs"
import { pickTime, writeStat } from "./descriptors.ts"
import { resolvePath, statOf, type Descriptor } from "./files.ts"
import { Errno } from "./memory.ts"
import type { Call, Context } from "./wasi.ts"

const rightWrite = 1n << 6n

export function pathCalls({ memory, descriptors, reproducible }: Context): Record<string, Call> {
  const resolve = (fd: number, pointer: number, length: number, follow: boolean) =>
    resolvePath(descriptors.directory(fd), memory.text(pointer, length), follow)
  return {
    path_create_directory: (fd: number, path: number, length: number) => fs.mkdirSync(resolve(fd, path, length, false)),
    path_filestat_get(fd: number, flags: number, path: number, length: number, out: number) {
      const follow = (flags & 1) !== 0
      const stats = fs.lstatSync(resolve(fd, path, length, follow), { bigint: true })
      writeStat(memory, out, statOf(stats, reproducible))
    },
    path_filestat_set_times(
      fd: number,
      flags: number,
      path: number,
      length: number,
      accessed: bigint,
      modified: bigint,
      set: number,
    ) {
      const target = resolve(fd, path, length, (flags & 1) !== 0)
      const { atime, mtime } = fs.lstatSync(target)
      fs.lutimesSync(target, pickTime(atime, accessed, set, 1), pickTime(mtime, modified, set, 4))
    },
    path_link(fd: number, flags: number, path: number, length: number, to: number, toPath: number, toLength: number) {
      const source = resolve(fd, path, length, (flags & 1) !== 0)
      fs.linkSync(source, resolve(to, toPath, toLength, false))
    },
    path_open(
      fd: number,
      lookup: number,
      path: number,
      length: number,
      flags: number,
      rights: bigint,
      _inheriting: bigint,
      fdFlags: number,
      out: number,
    ) {
      const directory = descriptors.directory(fd)
      const target = resolvePath(directory, memory.text(path, length), (lookup & 1) !== 0)
      const opened = open(target, directory.root, flags, (rights & rightWrite) !== 0n, (fdFlags & 1) !== 0)
      memory.u32(out, descriptors.add(opened))
    },
    path_readlink(fd: number, path: number, length: number, buffer: number, size: number, out: number) {
      const target = Buffer.from(fs.readlinkSync(resolve(fd, path, length, false))).subarray(0, size >>> 0)
      memory.put(buffer, target)
      memory.u32(out, target.length)
    },
    path_remove_directory: (fd: number, path: number, length: number) => fs.rmdirSync(resolve(fd, path, length, false)),
    path_rename(fd: number, path: number, length: number, to: number, toPath: number, toLength: number) {
      fs.renameSync(resolve(fd, path, length, false), resolve(to, toPath, toLength, false))
    },
    path_symlink(target: number, targetLength: number, fd: number, path: number, length: number) {
      const text = memory.text(target, targetLength)
      if (text.startsWith("/")) throw new Errno("notcapable")
      fs.symlinkSync(text, resolve(fd, path, length, false))
    },
    path_unlink_file: (fd: number, path: number, length: number) => fs.unlinkSync(resolve(fd, path, length, false)),
  }
}

/** Flags: 1 create, 2 must be a directory, 4 must not exist, 8 truncate. */
function open(target: string, root: string, flags: number, writes: boolean, append: boolean): Descriptor {
  const stats = fs.lstatSync(target, { throwIfNoEntry: false })
  if (stats?.isSymbolicLink()) throw new Errno("loop")
  if (stats?.isDirectory()) {
    if (flags & 4) throw new Errno("exist")
    if (flags & 8) throw new Errno("isdir")
    return { kind: "directory", root, path: target }
  }
  if (flags & 2) throw new Errno(stats ? "notdir" : "noent")
  const { O_CREAT, O_EXCL, O_TRUNC, O_RDWR, O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants
  const create = (flags & 1 ? O_CREAT : 0) | (flags & 4 ? O_EXCL : 0) | (flags & 8 ? O_TRUNC : 0)
  const mode = writes || create ? O_RDWR : O_RDONLY
  return { kind: "file", fd: fs.openSync(target, mode | create | O_NOFOLLOW | O_NONBLOCK), position: 0, append }
}

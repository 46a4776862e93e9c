// path_*: what a guest does with names below the directories that it has. Every call resolves its path through
// places.ts and then names the last entry only, with node:fs calls that do not follow it.
import { allRights, directoryRights, fileRights, Fault, Lookupflags, need, Oflags, Rights } from "./preview1.ts"
import { readingRights, writingRights } from "./preview1.ts"
import type { OpenDirectory } from "./fds.ts"
import { hostFlagsOf } from "./files.ts"
import { u32, u64 } from "./host.ts"
import type { Host } from "./host.ts"
import { fs } from "./node.ts"
import type { BigIntStats, Stats } from "./node.ts"
import { at, itself, oNofollow, openEntry, pin, withTarget } from "./places.ts"
import type { Place, Target } from "./places.ts"
import { newTimes, writeFilestat } from "./stat.ts"
import { encode } from "./utf8.ts"

/** What path_open was asked for, decoded. */
interface OpenRequest {
  directory: OpenDirectory
  path: string
  follow: boolean
  oflags: number
  fdflags: number
  base: bigint
  inheriting: bigint
}

export function treeFunctions(host: Host) {
  const { memory, fds } = host

  function pathAt(pointer: number, length: number): string {
    return memory.text(u32(pointer), u32(length))
  }

  return {
    path_create_directory: (fd: number, path: number, length: number) => {
      const { place } = fds.changing(u32(fd), "path_create_directory")
      withTarget(place, pathAt(path, length), false, ({ parent, name }) => fs.mkdirSync(at(parent, name)))
    },

    path_filestat_get: (fd: number, flags: number, path: number, length: number, out: number) => {
      const { place } = fds.directory(u32(fd), "path_filestat_get")
      memory.check(u32(out), 64)
      const stat = withTarget(place, pathAt(path, length), follows(flags), statTarget)
      writeFilestat(host, u32(out), stat)
    },

    path_filestat_set_times: (
      fd: number,
      flags: number,
      path: number,
      length: number,
      atim: bigint,
      mtim: bigint,
      fstflags: number,
    ) => {
      const { place } = fds.changing(u32(fd), "path_filestat_set_times")
      withTarget(place, pathAt(path, length), follows(flags), (target) => {
        const times = newTimes(u64(atim), u64(mtim), u32(fstflags), () => statTarget(target))
        fs.lutimesSync(at(target.parent, target.name), ...times)
      })
    },

    path_link: (
      oldFd: number,
      flags: number,
      oldPath: number,
      oldLength: number,
      newFd: number,
      newPath: number,
      newLength: number,
    ) => {
      // A second name for a file gives whoever may change the one the power to change the other.
      const from = fds.changing(u32(oldFd), "path_link_source").place
      const to = fds.changing(u32(newFd), "path_link_target").place
      const target = pathAt(newPath, newLength)
      withTarget(from, pathAt(oldPath, oldLength), follows(flags), (source) => {
        need(source.name !== ".", "perm")
        withTarget(to, target, false, (link) => {
          need(!link.asDirectory, "noent")
          fs.linkSync(at(source.parent, source.name), at(link.parent, link.name))
        })
      })
    },

    path_open: (
      fd: number,
      dirflags: number,
      path: number,
      length: number,
      oflags: number,
      base: bigint,
      inheriting: bigint,
      fdflags: number,
      out: number,
    ) => {
      memory.check(u32(out), 4)
      need((u32(oflags) & ~15) === 0 && (u32(fdflags) & ~31) === 0, "inval")
      const request: OpenRequest = {
        directory: fds.directory(u32(fd), "path_open"),
        path: pathAt(path, length),
        follow: follows(dirflags),
        oflags: u32(oflags),
        fdflags: u32(fdflags),
        // Bits that no version of preview1 defines ask for nothing.
        base: u64(base) & allRights,
        inheriting: u64(inheriting) & allRights,
      }
      checkRights(request)
      fds.needRoom()
      memory.setU32(u32(out), fds.add(open(request)))
    },

    path_readlink: (fd: number, path: number, length: number, buffer: number, room: number, out: number) => {
      const { place } = fds.directory(u32(fd), "path_readlink")
      const into = memory.bytes(u32(buffer), u32(room))
      memory.check(u32(out), 4)
      const text = withTarget(place, pathAt(path, length), false, ({ parent, name }) => {
        need(name !== ".", "inval")
        return encode(fs.readlinkSync(at(parent, name)))
      })
      const part = text.subarray(0, into.length)
      into.set(part)
      memory.setU32(u32(out), part.length)
    },

    path_remove_directory: (fd: number, path: number, length: number) => {
      const { place } = fds.changing(u32(fd), "path_remove_directory")
      withTarget(place, pathAt(path, length), false, ({ parent, name }) => {
        need(name !== ".", "inval")
        fs.rmdirSync(at(parent, name))
      })
    },

    path_rename: (fd: number, old: number, oldLength: number, newFd: number, path: number, length: number) => {
      const from = fds.changing(u32(fd), "path_rename_source").place
      const to = fds.changing(u32(newFd), "path_rename_target").place
      const newPath = pathAt(path, length)
      withTarget(from, pathAt(old, oldLength), false, (source) =>
        withTarget(to, newPath, false, (target) => {
          need(source.name !== "." && target.name !== ".", "busy")
          const isDirectory = fs.lstatSync(at(source.parent, source.name)).isDirectory()
          need(isDirectory || !(source.asDirectory || target.asDirectory), "notdir")
          fs.renameSync(at(source.parent, source.name), at(target.parent, target.name))
        }),
      )
    },

    path_symlink: (text: number, textLength: number, fd: number, path: number, length: number) => {
      const { place } = fds.changing(u32(fd), "path_symlink")
      const target = pathAt(text, textLength)
      need(target !== "", "noent")
      // Such a link would be of no use in here, and a trap for whoever follows it out there.
      need(!target.startsWith("/"), "notcapable")
      withTarget(place, pathAt(path, length), false, ({ parent, name, asDirectory }) => {
        need(!asDirectory, name === "." ? "exist" : "noent")
        fs.symlinkSync(target, at(parent, name))
      })
    },

    path_unlink_file: (fd: number, path: number, length: number) => {
      const { place } = fds.changing(u32(fd), "path_unlink_file")
      withTarget(place, pathAt(path, length), false, ({ parent, name, asDirectory }) => {
        need(name !== ".", "isdir")
        const isDirectory = fs.lstatSync(at(parent, name)).isDirectory()
        need(!isDirectory, "isdir")
        need(!asDirectory, "notdir")
        fs.unlinkSync(at(parent, name))
      })
    },
  }
}

function follows(lookupflags: number): boolean {
  return (lookupflags & Lookupflags.symlink_follow) !== 0
}

function statTarget({ parent, name, asDirectory }: Target): BigIntStats {
  const path = name === "." ? itself(parent) : at(parent, name)
  const stat = fs.lstatSync(path, { bigint: true })
  need(!asDirectory || stat.isDirectory(), "notdir")
  return stat
}

/** May a descriptor with these rights be made from this directory? */
function checkRights({ directory, oflags, base, inheriting }: OpenRequest): void {
  const creates = (oflags & Oflags.creat) !== 0
  const truncates = (oflags & Oflags.trunc) !== 0
  need(!directory.readOnly || !(creates || truncates), "rofs")
  need(!creates || (directory.rights & Rights.path_create_file) !== 0n, "notcapable")
  need(!truncates || (directory.rights & Rights.path_filestat_set_size) !== 0n, "notcapable")
  need(((base | inheriting) & ~directory.inheriting) === 0n, "notcapable")
}

function open(request: OpenRequest) {
  const { oflags, path } = request
  const creates = (oflags & Oflags.creat) !== 0
  const exclusive = creates && (oflags & Oflags.excl) !== 0
  need(!(creates && oflags & Oflags.directory), "inval")
  return withTarget(request.directory.place, path, request.follow && !exclusive, (target) => {
    // Someone else may create or remove the file between our look and our step: look again, a few times.
    for (let attempt = 0; attempt < 8; attempt++) {
      const found = fs.lstatSync(at(target.parent, target.name), { throwIfNoEntry: false })
      if (found === undefined) {
        need(creates, "noent")
        need(!target.asDirectory, "isdir")
        const host = create(target, request)
        if (host !== undefined) return openedFile(host, request)
        continue
      }
      need(!exclusive, "exist")
      if (found.isDirectory()) return openDirectory(target, request)
      return openExisting(target, found, request)
    }
    throw new Fault("again")
  })
}

function openDirectory({ parent, name }: Target, request: OpenRequest): OpenDirectory {
  const { directory, oflags, base, inheriting, fdflags } = request
  // Programs that ask for every right there is mean a directory when they say so.
  const writes = (base & Rights.fd_write) !== 0n && !(oflags & Oflags.directory)
  need(!writes && (oflags & (Oflags.creat | Oflags.trunc)) === 0, "isdir")
  // A search-only handle would pass even where reading the directory is forbidden; fd_readdir opens it then, and fails.
  return {
    kind: "directory",
    place: openEntry(parent, name),
    readOnly: directory.readOnly,
    rights: base & directoryRights,
    inheriting,
    fdflags,
  }
}

function openExisting(target: Target, found: Stats, request: OpenRequest) {
  const { parent, name } = target
  need(!found.isSymbolicLink(), "loop")
  need(!target.asDirectory && !(request.oflags & Oflags.directory), "notdir")
  // A FIFO blocks until someone comes, a device may do anything: neither is a file in a folder.
  need(found.isFile(), "acces")
  need(!request.directory.readOnly || (request.base & writingRights) === 0n, "rofs")
  const truncate = request.oflags & Oflags.trunc ? fs.constants.O_TRUNC : 0
  const flags = accessOf(request.base) | hostFlagsOf(request.fdflags) | truncate
  const host = openFile(parent, name, found, flags)
  return openedFile(host, request)
}

/** Open the very file that was looked at, not what took its name since. */
function openFile(parent: Place, name: string, found: Stats, flags: number): number {
  const pinned = pin(parent, name)
  if (pinned !== undefined) {
    try {
      need(fs.fstatSync(pinned).isFile(), "acces")
      return fs.openSync(`/proc/self/fd/${pinned}`, flags)
    } finally {
      fs.closeSync(pinned)
    }
  }
  const careful = (fs.constants.O_NONBLOCK ?? 0) | oNofollow
  const host = fs.openSync(at(parent, name), (flags & ~fs.constants.O_TRUNC) | careful)
  const opened = fs.fstatSync(host)
  if (opened.isFile() && opened.ino === found.ino && opened.dev === found.dev) {
    if (flags & fs.constants.O_TRUNC) fs.ftruncateSync(host)
    return host
  }
  fs.closeSync(host)
  throw new Fault("acces")
}

/** Undefined if it exists by now. */
function create({ parent, name }: Target, request: OpenRequest): number | undefined {
  const flags = accessOf(request.base) | hostFlagsOf(request.fdflags)
  try {
    return fs.openSync(at(parent, name), flags | fs.constants.O_CREAT | fs.constants.O_EXCL | oNofollow, 0o666)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined
    throw error
  }
}

function openedFile(host: number, { directory, base, fdflags }: OpenRequest) {
  return {
    kind: "file" as const,
    host,
    offset: 0,
    readOnly: directory.readOnly,
    rights: base & fileRights,
    fdflags,
    hostFlags: accessOf(base),
  }
}

function accessOf(base: bigint): number {
  if ((base & writingRights) === 0n) return fs.constants.O_RDONLY
  return (base & readingRights) === 0n ? fs.constants.O_WRONLY : fs.constants.O_RDWR
}

// path_*: what a guest does with names below the directories that it has. Every call resolves its path through
// places.ts and then names the last entry only, with node:fs calls that do not follow it.
import { allRights, directoryRights, fileRights, Fault, Lookupflags, need, Oflags, Rights } from "./preview1.ts"
import { readingRights, writingRights } from "./preview1.ts"
import type { OpenDirectory } from "./fds.ts"
import { hostFlagsOf } from "./files.ts"
import { fs } from "./node.ts"
import type { BigIntStats, Stats } from "./node.ts"
import { bytes, result, row, text, u32, u64 } from "./parameters.ts"
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
  /** The rights that it gets whatever it asks for. */
  everyRight?: bigint
}

export const pathCalls = {
  path_create_directory: row({ fd: u32, path: text }, ({ fds }, { fd, path }) => {
    const { place } = fds.changing(fd, "path_create_directory")
    withTarget(place, path, false, ({ parent, name }) => fs.mkdirSync(at(parent, name)))
  }),

  path_filestat_get: row({ fd: u32, flags: u32, path: text, out: result(64) }, (host, { fd, flags, path, out }) => {
    const { place } = host.fds.directory(fd, "path_filestat_get")
    writeFilestat(host, out, withTarget(place, path, follows(flags), statTarget))
  }),

  path_filestat_set_times: row(
    { fd: u32, flags: u32, path: text, atim: u64, mtim: u64, fst_flags: u32 },
    ({ fds }, { fd, flags, path, ...wanted }) => {
      const { place } = fds.changing(fd, "path_filestat_set_times")
      withTarget(place, path, follows(flags), (target) => {
        const times = newTimes(wanted, () => statTarget(target))
        fs.lutimesSync(at(target.parent, target.name), ...times)
      })
    },
  ),

  path_link: row(
    { old_fd: u32, old_flags: u32, old_path: text, new_fd: u32, new_path: text },
    ({ fds }, { old_fd, old_flags, old_path, new_fd, new_path }) => {
      // A second name for a file gives whoever may change the one the power to change the other.
      const from = fds.changing(old_fd, "path_link_source").place
      const to = fds.changing(new_fd, "path_link_target").place
      withTarget(from, old_path, follows(old_flags), (source) => {
        need(source.name !== ".", "perm")
        withTarget(to, new_path, false, (link) => {
          need(!link.asDirectory, "noent")
          fs.linkSync(at(source.parent, source.name), at(link.parent, link.name))
        })
      })
    },
  ),

  path_open: row(
    {
      fd: u32,
      dirflags: u32,
      path: text,
      oflags: u32,
      base: u64,
      inheriting: u64,
      fdflags: u32,
      out: result(4),
    },
    ({ memory, fds, everyRight }, { fd, dirflags, out, ...asked }) => {
      need((asked.oflags & ~15) === 0 && (asked.fdflags & ~31) === 0, "inval")
      const request: OpenRequest = {
        ...asked,
        directory: fds.directory(fd, "path_open"),
        follow: follows(dirflags),
        base: rightsFor(asked, everyRight),
        // Bits that no version of preview1 defines ask for nothing.
        inheriting: asked.inheriting & (everyRight ?? allRights),
        everyRight,
      }
      checkRights(request)
      fds.needRoom()
      memory.setU32(out, fds.add(open(request)))
    },
  ),

  path_readlink: row({ fd: u32, path: text, buf: bytes, out: result(4) }, ({ memory, fds }, { fd, path, buf, out }) => {
    const { place } = fds.directory(fd, "path_readlink")
    const link = withTarget(place, path, false, ({ parent, name }) => {
      need(name !== ".", "inval")
      return encode(fs.readlinkSync(at(parent, name)))
    })
    const part = link.subarray(0, buf.length)
    buf.set(part)
    memory.setU32(out, part.length)
  }),

  path_remove_directory: row({ fd: u32, path: text }, ({ fds }, { fd, path }) => {
    const { place } = fds.changing(fd, "path_remove_directory")
    withTarget(place, path, false, ({ parent, name }) => {
      need(name !== ".", "inval")
      fs.rmdirSync(at(parent, name))
    })
  }),

  path_rename: row(
    { fd: u32, old_path: text, new_fd: u32, new_path: text },
    ({ fds }, { fd, old_path, new_fd, new_path }) => {
      const from = fds.changing(fd, "path_rename_source").place
      const to = fds.changing(new_fd, "path_rename_target").place
      withTarget(from, old_path, false, (source) =>
        withTarget(to, new_path, false, (target) => {
          need(source.name !== "." && target.name !== ".", "busy")
          const isDirectory = fs.lstatSync(at(source.parent, source.name)).isDirectory()
          need(isDirectory || !(source.asDirectory || target.asDirectory), "notdir")
          fs.renameSync(at(source.parent, source.name), at(target.parent, target.name))
        }),
      )
    },
  ),

  path_symlink: row({ old_path: text, fd: u32, new_path: text }, ({ fds }, { old_path, fd, new_path }) => {
    const { place } = fds.changing(fd, "path_symlink")
    need(old_path !== "", "noent")
    // Such a link would be of no use in here, and a trap for whoever follows it out there.
    need(!old_path.startsWith("/"), "notcapable")
    withTarget(place, new_path, false, ({ parent, name, asDirectory }) => {
      need(!asDirectory, name === "." ? "exist" : "noent")
      fs.symlinkSync(old_path, at(parent, name))
    })
  }),

  path_unlink_file: row({ fd: u32, path: text }, ({ fds }, { fd, path }) => {
    const { place } = fds.changing(fd, "path_unlink_file")
    withTarget(place, path, false, ({ parent, name, asDirectory }) => {
      need(name !== ".", "isdir")
      const isDirectory = fs.lstatSync(at(parent, name)).isDirectory()
      need(!isDirectory, "isdir")
      need(!asDirectory, "notdir")
      fs.unlinkSync(at(parent, name))
    })
  }),
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

/** The rights that say how a file is opened. */
function rightsFor({ base, oflags }: { base: bigint; oflags: number }, everyRight: bigint | undefined): bigint {
  if (everyRight === undefined) return base & allRights
  // Who creates a file and does not ask to write to it takes no care of rights.
  const careless = (oflags & (Oflags.creat | Oflags.trunc)) !== 0 && (base & writingRights) === 0n
  return (careless ? base | Rights.fd_read | Rights.fd_write : base) & everyRight
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
  const { directory, oflags, base, inheriting, fdflags, everyRight } = request
  // Programs that ask for every right there is mean a directory when they say so; who asks to read and write means a
  // file.
  const isSure = (oflags & Oflags.directory) !== 0 && (base & ~fileRights) !== 0n
  const writes = (base & Rights.fd_write) !== 0n && !isSure
  need(!writes && (oflags & (Oflags.creat | Oflags.trunc)) === 0, "isdir")
  // A search-only handle would pass even where reading the directory is forbidden; fd_readdir opens it then, and fails.
  return {
    kind: "directory",
    place: openEntry(parent, name),
    readOnly: directory.readOnly,
    rights: everyRight ?? base & directoryRights,
    inheriting: everyRight ?? inheriting,
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

function openedFile(host: number, { directory, base, fdflags, everyRight }: OpenRequest) {
  return {
    kind: "file" as const,
    host,
    offset: 0,
    readOnly: directory.readOnly,
    rights: everyRight ?? base & fileRights,
    inheriting: everyRight ?? 0n,
    fdflags,
    hostFlags: accessOf(base),
  }
}

function accessOf(base: bigint): number {
  if ((base & writingRights) === 0n) return fs.constants.O_RDONLY
  return (base & readingRights) === 0n ? fs.constants.O_WRONLY : fs.constants.O_RDWR
}

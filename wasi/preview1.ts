// WASI preview1's numbers, with the spellings of its specification (the `typenames` of wasi_snapshot_preview1).

/** Errno names in the specification's order: the index is the number that a guest gets. */
// prettier-ignore
const names = [
  "success", "2big", "acces", "addrinuse", "addrnotavail", "afnosupport", "again", "already", "badf", "badmsg",
  "busy", "canceled", "child", "connaborted", "connrefused", "connreset", "deadlk", "destaddrreq", "dom",
  "dquot", "exist", "fault", "fbig", "hostunreach", "idrm", "ilseq", "inprogress", "intr", "inval", "io",
  "isconn", "isdir", "loop", "mfile", "mlink", "msgsize", "multihop", "nametoolong", "netdown", "netreset",
  "netunreach", "nfile", "nobufs", "nodev", "noent", "noexec", "nolck", "nolink", "nomem", "nomsg", "noprotoopt",
  "nospc", "nosys", "notconn", "notdir", "notempty", "notrecoverable", "notsock", "notsup", "notty", "nxio",
  "overflow", "ownerdead", "perm", "pipe", "proto", "protonosupport", "prototype", "range", "rofs", "spipe",
  "srch", "stale", "timedout", "txtbsy", "xdev", "notcapable",
] as const
export type ErrnoName = (typeof names)[number]

/** errno name -> number. */
export const Errno = byName(names, (i) => i)

/** A loop: Object.fromEntries takes three times as long when it runs once, at every start. */
function byName<N extends string, T>(names: readonly N[], valueOf: (i: number) => T): Record<N, T> {
  const values = {} as Record<N, T>
  for (let i = 0; i < names.length; i++) values[names[i]!] = valueOf(i)
  return values
}

/** number -> errno name, for messages and tests. */
export function errnoName(errno: number): string {
  return names[errno] ?? `errno ${errno}`
}

/** A failure that the guest sees as an errno. Not an Error: it is thrown often and its stack would never be read. */
export class Fault {
  readonly errno: number
  constructor(name: ErrnoName) {
    this.errno = Errno[name]
  }
}

/** Throw unless `condition` holds. */
export function need(condition: boolean, otherwise: ErrnoName): asserts condition {
  if (!condition) throw new Fault(otherwise)
}

/** What node:fs throws -> errno; undefined for anything that is not an operating system's answer. */
export function errnoOfSystemError(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null)?.code
  if (typeof code !== "string") return undefined
  if (code === "EOPNOTSUPP") return Errno.notsup
  // Node refuses some arguments itself (a path with a NUL, a position out of range) before the system sees them.
  if (code.startsWith("ERR_")) return Errno.inval
  const name = code.slice(1).toLowerCase()
  if (code.startsWith("E") && Object.hasOwn(Errno, name)) return Errno[name as ErrnoName]
  return code.startsWith("E") || code === "UNKNOWN" ? Errno.io : undefined
}

export const Filetype = {
  unknown: 0,
  block_device: 1,
  character_device: 2,
  directory: 3,
  regular_file: 4,
  socket_dgram: 5,
  socket_stream: 6,
  symbolic_link: 7,
} as const

export const Fdflags = { append: 1, dsync: 2, nonblock: 4, rsync: 8, sync: 16 } as const
export const Oflags = { creat: 1, directory: 2, excl: 4, trunc: 8 } as const
export const Lookupflags = { symlink_follow: 1 } as const
export const Fstflags = { atim: 1, atim_now: 2, mtim: 4, mtim_now: 8 } as const
export const Clockid = { realtime: 0, monotonic: 1, process_cputime_id: 2, thread_cputime_id: 3 } as const
export const Eventtype = { clock: 0, fd_read: 1, fd_write: 2 } as const
export const Whence = { set: 0, cur: 1, end: 2 } as const

const rightNames = [
  "fd_datasync",
  "fd_read",
  "fd_seek",
  "fd_fdstat_set_flags",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "fd_advise",
  "fd_allocate",
  "path_create_directory",
  "path_create_file",
  "path_link_source",
  "path_link_target",
  "path_open",
  "fd_readdir",
  "path_readlink",
  "path_rename_source",
  "path_rename_target",
  "path_filestat_get",
  "path_filestat_set_size",
  "path_filestat_set_times",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "path_symlink",
  "path_remove_directory",
  "path_unlink_file",
  "poll_fd_readwrite",
  "sock_shutdown",
  "sock_accept",
] as const
export type RightName = (typeof rightNames)[number]

/** right name -> its bit. */
export const Rights = byName(rightNames, (i) => 1n << BigInt(i))

function rights(...wanted: RightName[]): bigint {
  return wanted.reduce((sum, name) => sum | Rights[name], 0n)
}

export const allRights = (1n << BigInt(rightNames.length)) - 1n
/** The rights of preview1 as it was, without sock_accept: what a host shows that does not ration them. */
export const everyRight = allRights & ~Rights.sock_accept
export const fileRights = rights(
  "fd_datasync",
  "fd_read",
  "fd_seek",
  "fd_fdstat_set_flags",
  "fd_sync",
  "fd_tell",
  "fd_write",
  "fd_advise",
  "fd_allocate",
  "fd_filestat_get",
  "fd_filestat_set_size",
  "fd_filestat_set_times",
  "poll_fd_readwrite",
)
export const directoryRights = rights(
  "fd_fdstat_set_flags",
  "fd_sync",
  "fd_advise",
  "path_create_directory",
  "path_create_file",
  "path_link_source",
  "path_link_target",
  "path_open",
  "fd_readdir",
  "path_readlink",
  "path_rename_source",
  "path_rename_target",
  "path_filestat_get",
  "path_filestat_set_size",
  "path_filestat_set_times",
  "fd_filestat_get",
  "fd_filestat_set_times",
  "path_symlink",
  "path_remove_directory",
  "path_unlink_file",
  "poll_fd_readwrite",
)
/** What an opened file may do that changes it; asking for any of these opens it for writing. */
export const writingRights = rights("fd_write", "fd_allocate", "fd_filestat_set_size")
export const readingRights = rights("fd_read", "fd_readdir")
/** A stream cannot seek. wasi-libc's isatty relies on the absence of fd_seek and fd_tell. */
export const stdinRights = rights("fd_read", "fd_fdstat_set_flags", "fd_filestat_get", "poll_fd_readwrite")
export const stdoutRights = rights("fd_write", "fd_fdstat_set_flags", "fd_filestat_get", "poll_fd_readwrite")

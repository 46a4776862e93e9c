// What opens a file: the flags that programs give, as text or as numbers, and what they are in WASI.

export const O = { CREAT: 1, DIRECTORY: 2, EXCL: 4, TRUNC: 8 }
const APPEND = 1
/** `fdflags` for O_DSYNC, O_NONBLOCK and O_SYNC. */
const DSYNC = 2
const NONBLOCK = 4
const SYNC = 16
const READ = (1 << 1) | (1 << 2) | (1 << 5) | (1 << 21) // fd_read, fd_seek, fd_tell, fd_filestat_get
const WRITE = (1 << 2) | (1 << 5) | (1 << 6) | (1 << 21) | (1 << 22) | (1 << 0) // fd_write and what goes with it
export const LIST = (1 << 14) | (1 << 13) | (1 << 9) | (1 << 10) | (1 << 18) | (1 << 21) // fd_readdir, path_*
export const FOLLOW = 1

/** `oflags`, `fdflags`, rights and lookup flags by the names that Node has for them. */
export const flags: Record<string, [oflags: number, fdflags: number, rights: number, lookup?: number]> = {
  r: [0, 0, READ],
  "r+": [0, 0, READ | WRITE],
  w: [O.CREAT | O.TRUNC, 0, WRITE],
  "w+": [O.CREAT | O.TRUNC, 0, READ | WRITE],
  wx: [O.CREAT | O.TRUNC | O.EXCL, 0, WRITE],
  "wx+": [O.CREAT | O.TRUNC | O.EXCL, 0, READ | WRITE],
  a: [O.CREAT, APPEND, WRITE],
  "a+": [O.CREAT, APPEND, READ | WRITE],
  ax: [O.CREAT | O.EXCL, APPEND, WRITE],
  "ax+": [O.CREAT | O.EXCL, APPEND, READ | WRITE],
}

/** Linux's, as Node has them there. */
export const constants = {
  UV_FS_SYMLINK_DIR: 1,
  UV_FS_SYMLINK_JUNCTION: 2,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  UV_DIRENT_UNKNOWN: 0,
  UV_DIRENT_FILE: 1,
  UV_DIRENT_DIR: 2,
  UV_DIRENT_LINK: 3,
  UV_DIRENT_FIFO: 4,
  UV_DIRENT_SOCKET: 5,
  UV_DIRENT_CHAR: 6,
  UV_DIRENT_BLOCK: 7,
  S_IFMT: 0o170000,
  S_IFREG: 0o100000,
  S_IFDIR: 0o040000,
  S_IFCHR: 0o020000,
  S_IFBLK: 0o060000,
  S_IFIFO: 0o010000,
  S_IFLNK: 0o120000,
  S_IFSOCK: 0o140000,
  O_CREAT: 0o100,
  O_EXCL: 0o200,
  UV_FS_O_FILEMAP: 0,
  O_NOCTTY: 0o400,
  O_TRUNC: 0o1000,
  O_APPEND: 0o2000,
  O_DIRECTORY: 0o200000,
  O_NOATIME: 0o1000000,
  O_NOFOLLOW: 0o400000,
  O_SYNC: 0o4010000,
  O_DSYNC: 0o10000,
  O_DIRECT: 0o40000,
  O_NONBLOCK: 0o4000,
  S_IRWXU: 0o700,
  S_IRUSR: 0o400,
  S_IWUSR: 0o200,
  S_IXUSR: 0o100,
  S_IRWXG: 0o070,
  S_IRGRP: 0o040,
  S_IWGRP: 0o020,
  S_IXGRP: 0o010,
  S_IRWXO: 0o007,
  S_IROTH: 0o004,
  S_IWOTH: 0o002,
  S_IXOTH: 0o001,
  F_OK: 0,
  R_OK: 4,
  W_OK: 2,
  X_OK: 1,
  UV_FS_COPYFILE_EXCL: 1,
  COPYFILE_EXCL: 1,
  UV_FS_COPYFILE_FICLONE: 2,
  COPYFILE_FICLONE: 2,
  UV_FS_COPYFILE_FICLONE_FORCE: 4,
  COPYFILE_FICLONE_FORCE: 4,
}

/**
 * Every bit that means something in numeric flags. What has no counterpart in WASI (O_DIRECT, O_NOATIME, O_NOCTTY) is
 * about speed and terminals.
 */
export function numericFlags(flag: number): [oflags: number, fdflags: number, rights: number, lookup: number] {
  const has = (bits: number) => (flag & bits) === bits
  const oflags =
    (has(constants.O_CREAT) ? O.CREAT : 0) |
    (has(constants.O_EXCL) ? O.EXCL : 0) |
    (has(constants.O_TRUNC) ? O.TRUNC : 0) |
    (has(constants.O_DIRECTORY) ? O.DIRECTORY : 0)
  const fdflags =
    (has(constants.O_APPEND) ? APPEND : 0) |
    (has(constants.O_SYNC) ? SYNC : has(constants.O_DSYNC) ? DSYNC : 0) |
    (has(constants.O_NONBLOCK) ? NONBLOCK : 0)
  const mode = flag & 3
  const rights = has(constants.O_DIRECTORY) ? LIST : mode === 1 ? WRITE : mode === 2 ? READ | WRITE : READ
  return [oflags, fdflags, rights, has(constants.O_NOFOLLOW) ? 0 : FOLLOW]
}

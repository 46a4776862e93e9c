// What is known of a file: Stats, and the calls that ask for it.
import { named } from "../guest/named.ts"
import { native } from "../guest/kit.ts"
import { checkFd, type Options } from "./fs-data.ts"
import { BLOCK, CHARACTER, DATAGRAM, FILE, FOLDER, LINK, STREAM } from "./fs-types.ts"
import { ENOENT, ENOTDIR, failure } from "./fs-errors.ts"
import { FOLLOW } from "./fs-flags.ts"
import { locate, pathOf } from "./fs-paths.ts"

// WASI has file types but no permissions.
const modes: Record<number, number> = {
  [BLOCK]: 0o060666,
  [CHARACTER]: 0o020666,
  [FOLDER]: 0o040777,
  [FILE]: 0o100666,
  [DATAGRAM]: 0o140666,
  [STREAM]: 0o140666,
  [LINK]: 0o120777,
}

export class Stats {
  declare mode: number
  declare size: number
  declare mtimeMs: number
  constructor(fields: number[]) {
    const [dev = 0, ino = 0, type = 0, nlink = 0, size = 0, atimeMs = 0, mtimeMs = 0, ctimeMs = 0] = fields
    const blocks = Math.ceil(size / 512)
    Object.assign(this, { dev, mode: modes[type] ?? 0, nlink, uid: 0, gid: 0, rdev: 0, blksize: 4096 })
    Object.assign(this, { ino, size, blocks, atimeMs, mtimeMs, ctimeMs, birthtimeMs: ctimeMs })
    Object.assign(this, {
      atime: new Date(atimeMs),
      mtime: new Date(mtimeMs),
      ctime: new Date(ctimeMs),
      birthtime: new Date(ctimeMs),
    })
  }
  isFile() {
    return (this.mode & 0o170000) === 0o100000
  }
  isDirectory() {
    return (this.mode & 0o170000) === 0o040000
  }
  isSymbolicLink() {
    return (this.mode & 0o170000) === 0o120000
  }
  isCharacterDevice() {
    return (this.mode & 0o170000) === 0o020000
  }
  isBlockDevice() {
    return (this.mode & 0o170000) === 0o060000
  }
  isFIFO() {
    return false
  }
  isSocket() {
    return (this.mode & 0o170000) === 0o140000
  }
}
named("Stats", Stats as never)

/** What lies at a path; undefined when nothing does and the options allow it. */
export function stat(given: unknown, lookup: number, syscall: string, options?: Options): Stats | undefined {
  const path = pathOf(given)
  const at = locate(path)
  const fields = at === undefined ? ENOENT : native.files.stat(at[0], at[1], lookup)
  if (typeof fields !== "number") return new Stats(fields)
  if (options?.throwIfNoEntry === false && (fields === ENOENT || fields === ENOTDIR)) return undefined
  throw failure(fields, syscall, path)
}

export const statSync = (path: unknown, options?: Options) => stat(path, FOLLOW, "stat", options)

export const lstatSync = (path: unknown, options?: Options) => stat(path, 0, "lstat", options)

export const fstatSync = (fd: number) => {
  const fields = native.files.stat(checkFd(fd))
  if (typeof fields === "number") throw failure(fields, "fstat")
  return new Stats(fields)
}

export const accessSync = (path: unknown) => void stat(path, FOLLOW, "access")

export const existsSync = (path: unknown): boolean => {
  try {
    return stat(path, FOLLOW, "access") !== undefined
  } catch {
    return false
  }
}

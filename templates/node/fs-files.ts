// Files: opening, reading, writing, copying.
import { joined } from "../guest/joined.ts"
import { native } from "../guest/kit.ts"
import { bytesOf, checkFd, optionsOf, textOf, viewOf, type Given } from "./fs-data.ts"
import { EISDIR, ENOENT, ENOSYS, errnoOf, failure, invalidValue } from "./fs-errors.ts"
import { constants, flags, FOLLOW, numericFlags } from "./fs-flags.ts"
import { locate, pathOf } from "./fs-paths.ts"
import { FOLDER } from "./fs-types.ts"

/** Nobody grants these, but programs read their input through them. */
const standardStreams = ["/dev/stdin", "/dev/stdout", "/dev/stderr"]

export function openSync(given: unknown, flag: string | number = "r"): number {
  const path = pathOf(given)
  const [oflags, fdflags, rights, lookup = FOLLOW] = openFlags(flag)
  const standard = standardStreams.indexOf(path)
  if (standard >= 0) return standard
  const at = locate(path)
  const fd = at === undefined ? ENOENT : native.files.open(at[0], at[1], lookup, oflags, fdflags, rights)
  if (fd < 0) throw failure(fd, "open", path)
  return fd
}

function openFlags(flag: string | number) {
  if (typeof flag === "number") return numericFlags(flag)
  const known = flags[flag.replace("s", "").replace(/^xw$/, "wx")]
  if (known === undefined) throw invalidValue("flags", "is invalid", flag)
  return known
}

export function closeSync(fd: number): void {
  const status = native.files.close(checkFd(fd))
  if (status < 0) throw failure(status, "close")
}

/** Use a file that is open already, or one that is opened for it. */
function withFile<T>(place: unknown, flag: string, use: (fd: number) => T): T {
  if (typeof place === "number") return use(place)
  const fd = openSync(place, flag)
  try {
    return use(fd)
  } finally {
    if (fd > 2) native.files.close(fd)
  }
}

function readAll(fd: number): Uint8Array {
  const pieces: Uint8Array[] = []
  for (let size = 65536; ; size = Math.min(size * 2, 1 << 22)) {
    const piece = new Uint8Array(size)
    const count = native.read(fd, piece)
    if (count < 0) throw failure(isFolder(fd) ? EISDIR : count, "read")
    if (count === 0) break
    pieces.push(piece.subarray(0, count))
  }
  return joined(pieces)
}

/** Hosts differ in what they say to reading a folder. */
function isFolder(fd: number): boolean {
  const fields = native.files.stat(fd)
  return typeof fields !== "number" && fields[2] === FOLDER
}

function writeAll(fd: number, data: Uint8Array): void {
  for (let at = 0; at < data.length;) {
    const count = native.files.writeSome(fd, data.subarray(at))
    if (count < 0) throw failure(count, "write")
    at += count
  }
}

export const readFileSync = (place: unknown, options?: Given) => {
  const chosen = optionsOf(options)
  const path = typeof place === "number" ? undefined : pathOf(place)
  return textOf(withFile(path ?? place, chosen.flag ?? "r", readAll), chosen)
}

export const writeFileSync = (place: unknown, data: unknown, options?: Given) => {
  const chosen = optionsOf(options)
  const content = bytesOf(data, chosen)
  withFile(place, chosen.flag ?? "w", (fd) => writeAll(fd, content))
}

export const appendFileSync = (place: unknown, data: unknown, options?: Given) =>
  writeFileSync(place, data, { flag: "a", ...optionsOf(options) })

export const copyFileSync = (from: unknown, to: unknown, mode = 0) => {
  const [a, b] = [pathOf(from, "src"), pathOf(to, "dest")]
  if (mode & constants.COPYFILE_FICLONE_FORCE) throw failure(ENOSYS, "copyfile", a, b)
  try {
    writeFileSync(b, readFileSync(a), mode & constants.COPYFILE_EXCL ? { flag: "wx" } : undefined)
  } catch (error) {
    const errno = errnoOf(error)
    throw errno === undefined ? error : failure(errno, "copyfile", a, b)
  }
}

export const readSync = (
  fd: number,
  buffer: Uint8Array,
  offset: number | { offset?: number; length?: number; position?: number | null } = 0,
  length?: number,
  position?: number | null,
): number => {
  if (typeof offset === "object") ({ offset = 0, length, position } = offset ?? {})
  const target = viewOf(buffer).subarray(offset, offset + (length ?? buffer.byteLength - offset))
  const count = atPosition(fd, position, () => native.read(checkFd(fd), target))
  if (count < 0) throw failure(count, "read")
  return count
}

export const writeSync = (
  fd: number,
  data: unknown,
  offset?: number | null,
  length?: number | string,
  position?: number | null,
): number => {
  let content = bytesOf(data, { encoding: typeof length === "string" ? length : "utf8" })
  if (typeof data === "string") position = offset
  else content = content.subarray(offset ?? 0, (offset ?? 0) + (typeof length === "number" ? length : content.length))
  atPosition(fd, position, () => (writeAll(checkFd(fd), content), 0))
  return content.length
}

/** Do something at a position, and be where one was afterwards. */
function atPosition(fd: number, position: number | null | undefined, act: () => number): number {
  const { seek } = native.files
  if (typeof position !== "number" || position < 0) return act()
  const before = seek(fd, 0, 1)
  const moved = seek(fd, position, 0)
  if (moved < 0) return moved
  const result = act()
  seek(fd, before, 0)
  return result
}

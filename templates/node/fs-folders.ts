// Folders and names: listing, making, removing, renaming, where a path leads.
import { kit, native } from "../guest/kit.ts"
import { named } from "../guest/named.ts"
import { optionsOf, type Given, type Options } from "./fs-data.ts"
import { EEXIST, ENOENT, ENOSYS, failure } from "./fs-errors.ts"
import { FOLLOW, LIST, O } from "./fs-flags.ts"
import { change, clean, locate, pathOf } from "./fs-paths.ts"
import { stat } from "./fs-stats.ts"
import { BLOCK, CHARACTER, DATAGRAM, FILE, FOLDER, LINK, STREAM } from "./fs-types.ts"

export class Dirent {
  #type: number
  readonly name: string
  readonly parentPath: string
  constructor(name: string, parentPath: string, type: number) {
    this.name = name
    this.parentPath = parentPath
    this.#type = type
  }
  get path() {
    return this.parentPath
  }
  isFile() {
    return this.#type === FILE
  }
  isDirectory() {
    return this.#type === FOLDER
  }
  isSymbolicLink() {
    return this.#type === LINK
  }
  isFIFO() {
    return false
  }
  isSocket() {
    return this.#type === DATAGRAM || this.#type === STREAM
  }
  isCharacterDevice() {
    return this.#type === CHARACTER
  }
  isBlockDevice() {
    return this.#type === BLOCK
  }
}
named("Dirent", Dirent as never)

export function readdirSync(given: unknown, options?: Given): (string | Dirent)[] {
  const { withFileTypes = false, recursive = false } = optionsOf(options)
  const path = pathOf(given)
  const out: (string | Dirent)[] = []
  const inner: (string | Dirent)[] = []
  for (const [name, type] of list(path)) {
    out.push(withFileTypes ? new Dirent(name, path, type) : name)
    if (recursive && type === FOLDER)
      for (const entry of readdirSync(`${path}/${name}`, { withFileTypes, recursive }))
        inner.push(typeof entry === "string" ? `${name}/${entry}` : entry)
  }
  return [...out, ...inner]
}

/** Names and types in a folder, sorted by name. */
function list(path: string): [name: string, type: number][] {
  const { files } = native
  const at = locate(path)
  const fd = at === undefined ? ENOENT : files.open(at[0], at[1], FOLLOW, O.DIRECTORY, 0, LIST)
  if (fd < 0) throw failure(fd, "scandir", path)
  const found = files.list(fd)
  files.close(fd)
  if (typeof found === "number") throw failure(found, "scandir", path)
  return found.sort(([a], [b]) => (a < b ? -1 : 1))
}

export function mkdirSync(given: unknown, options?: Options | number): string | undefined {
  const path = pathOf(given)
  if (typeof options === "object" && options?.recursive === true) return makeAll(path)
  change(native.files.mkdir, "mkdir", path)
  return undefined
}

/** Make a folder and those above it; the first that was not there, if any was not. */
function makeAll(path: string): string | undefined {
  let first: string | undefined
  const pieces = clean(path).split("/").slice(1)
  for (let count = 1; count <= pieces.length; count++) {
    const folder = `/${pieces.slice(0, count).join("/")}`
    const at = locate(folder)
    if (at === undefined || at[1] === ".") continue // above the preopen, or the preopen itself
    const status = native.files.mkdir(at[0], at[1])
    if (status === 0) first ??= folder
    else if (status !== EEXIST) throw failure(status, "mkdir", path)
    else if (count === pieces.length && !stat(folder, FOLLOW, "stat")!.isDirectory())
      throw failure(EEXIST, "mkdir", path)
  }
  if (locate(path) === undefined) throw failure(ENOENT, "mkdir", path)
  return first
}

export const rmdirSync = (path: unknown) => change(native.files.rmdir, "rmdir", path)

export const unlinkSync = (path: unknown) => change(native.files.unlink, "unlink", path)

export function rmSync(given: unknown, options: Options = {}): void {
  const path = pathOf(given)
  const found = stat(path, 0, "lstat", { throwIfNoEntry: !options.force })
  if (found === undefined) return
  if (!found.isDirectory()) return change(native.files.unlink, "rm", path)
  if (!options.recursive) throw removingFolder(path)
  for (const name of readdirSync(path) as string[]) rmSync(`${path}/${name}`, options)
  change(native.files.rmdir, "rm", path)
}

function removingFolder(path: string): Error {
  const words = `Path is a directory: rm returned EISDIR (is a directory) ${path}`
  return Object.assign(kit.world().nodeError(Error, "ERR_FS_EISDIR", words), { errno: 21, syscall: "rm", path })
}

export function renameSync(from: unknown, to: unknown): void {
  const [a, b] = [pathOf(from, "oldPath"), pathOf(to, "newPath")]
  const [source, target] = [locate(a), locate(b)]
  const status =
    source === undefined || target === undefined
      ? ENOENT
      : native.files.rename(source[0], source[1], target[0], target[1])
  if (status < 0) throw failure(status, "rename", a, b)
}

export const realpathSync = (given: unknown) => {
  const path = pathOf(given)
  stat(path, FOLLOW, "realpath")
  const full = clean(path)
  // Where a link leads is not known here, and another answer would be a wrong one.
  for (let end = full.length; end > 1; end = full.lastIndexOf("/", end - 1)) {
    const part = full.slice(0, end)
    if (locate(part)?.[1] === ".") break
    if (stat(part, 0, "realpath", { throwIfNoEntry: false })?.isSymbolicLink()) throw failure(ENOSYS, "realpath", path)
  }
  return full
}

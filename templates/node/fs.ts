// node:fs over WASI preopens: the synchronous calls, callbacks and promises for them.
//
// A path is absolute or relative to "/"; the preopen with the longest name that is a prefix of it serves it. What lies outside
// all of them does not exist.
import type { Kit } from "../guest/core.ts"
import { encodingOf } from "../guest/encodings.ts"
import { errnos } from "./errno.ts"
import { constants, flags, FOLLOW, LIST, numericFlags, O } from "./fs-flags.ts"

type Options = {
  encoding?: string | null
  flag?: string
  mode?: number
  recursive?: boolean
  withFileTypes?: boolean
  force?: boolean
  throwIfNoEntry?: boolean
  bigint?: boolean
}
type Given = Options | string | null | undefined

export function start(kit: Kit): void {
  const { native, modules } = kit
  const { files } = native
  const { bytes, loop, wrongType, nodeError, checkCallback, process } = kit.world()

  let roots: [fd: number, name: string][] | undefined
  const preopens = () =>
    (roots ??= files
      .preopens()
      .map(([fd, name]): [number, string] => [fd, clean(name)])
      .sort((a, b) => b[1].length - a[1].length))

  function clean(path: string): string {
    const out: string[] = []
    for (const piece of `${path.startsWith("/") ? "" : `${(process["cwd"] as () => string)()}/`}${path}`.split("/")) {
      if (piece === "..") out.pop()
      else if (piece !== "" && piece !== ".") out.push(piece)
    }
    return `/${out.join("/")}`
  }

  /** Which preopen, and which path in it. */
  function locate(path: string): [folder: number, relative: string] | undefined {
    if (path === "") return undefined
    const full = clean(path)
    for (const [fd, name] of preopens()) {
      if (full === name) return [fd, "."]
      const prefix = name === "/" ? "/" : `${name}/`
      // A slash at the end says that it has to be a folder; the host looks.
      if (full.startsWith(prefix)) return [fd, full.slice(prefix.length) + (/\/\.?$/.test(path) ? "/" : "")]
    }
    return undefined
  }

  function failure(errno: number, syscall: string, path?: string, dest?: string): Error {
    const [code, number, words] = errnos[-errno] ?? ["UNKNOWN", 4094, "unknown error"]
    const places = path === undefined ? "" : dest === undefined ? ` '${path}'` : ` '${path}' -> '${dest}'`
    const error = new Error(`${code}: ${words}, ${syscall}${places}`) as Error & Record<string, unknown>
    error["errno"] = -number
    error["code"] = code
    error["syscall"] = syscall
    if (path !== undefined) error["path"] = path
    if (dest !== undefined) error["dest"] = dest
    return error
  }
  const [ENOENT, ENOSYS] = [-44, -52]

  function pathOf(value: unknown, name = "path"): string {
    const text = value instanceof Uint8Array ? native.decode(value, false) : isURL(value) ? pathOfURL(value) : value
    if (typeof text !== "string") throw wrongType(name, "of type string or an instance of Buffer or URL", value)
    if (text.includes("\0"))
      throw nodeError(
        TypeError,
        "ERR_INVALID_ARG_VALUE",
        `The argument '${name}' must be a string, Uint8Array, or URL without null bytes. Received ${kit.show().inspect(text)}`,
      )
    return text
  }
  const isURL = (value: unknown): value is URL =>
    typeof value === "object" && value !== null && "href" in value && "pathname" in value
  function pathOfURL(url: URL): string {
    if (url.protocol !== "file:") throw nodeError(TypeError, "ERR_INVALID_URL_SCHEME", "The URL must be of scheme file")
    return decodeURIComponent(url.pathname)
  }

  const optionsOf = (given: Given): Options => (typeof given === "string" ? { encoding: given } : (given ?? {}))
  function textOf(data: Uint8Array, options: Options): string | Uint8Array {
    if (options.encoding == null || options.encoding === "buffer") return bytes.own(data)
    const encoding = encodingOf(options.encoding)
    if (encoding === undefined)
      throw nodeError(
        TypeError,
        "ERR_INVALID_ARG_VALUE",
        `The argument 'encoding' is invalid encoding. Received ${kit.show().inspect(options.encoding)}`,
      )
    return bytes.decode(data, encoding)
  }
  function bytesOf(data: unknown, options: Options): Uint8Array {
    if (typeof data === "string") return bytes.encode(data, encodingOf(options.encoding ?? "utf8") ?? "utf8")
    if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
    throw wrongType("data", "of type string or an instance of Buffer, TypedArray, or DataView", data)
  }

  function openSync(given: unknown, flag: string | number = "r"): number {
    const path = pathOf(given)
    const [oflags, fdflags, rights, lookup = FOLLOW] =
      typeof flag === "number"
        ? numericFlags(flag)
        : (flags[flag.replace("s", "").replace(/^xw$/, "wx")] ?? badFlag(flag))
    // Nobody grants these, but programs read their input through them.
    if (path === "/dev/stdin") return 0
    if (path === "/dev/stdout") return 1
    if (path === "/dev/stderr") return 2
    const at = locate(path)
    const fd = at === undefined ? ENOENT : files.open(at[0], at[1], lookup, oflags, fdflags, rights)
    if (fd < 0) throw failure(fd, "open", path)
    return fd
  }
  function badFlag(flag: unknown): never {
    throw nodeError(
      TypeError,
      "ERR_INVALID_ARG_VALUE",
      `The argument 'flags' is invalid. Received ${kit.show().inspect(flag)}`,
    )
  }
  function closeSync(fd: number): void {
    const status = files.close(checkFd(fd))
    if (status < 0) throw failure(status, "close")
  }
  function checkFd(fd: unknown): number {
    if (typeof fd !== "number") throw wrongType("fd", "of type number", fd)
    return fd
  }

  function readAll(fd: number, path?: string): Uint8Array {
    const pieces: Uint8Array[] = []
    let total = 0
    for (let size = 65536; ; size = Math.min(size * 2, 1 << 22)) {
      const piece = new Uint8Array(size)
      const count = native.read(fd, piece)
      if (count < 0) throw failure(isFolder(fd) ? -31 : count, "read", isFolder(fd) ? undefined : path)
      if (count === 0) break
      pieces.push(piece.subarray(0, count))
      total += count
    }
    const only = pieces[0]
    if (pieces.length === 1 && only !== undefined) return only.slice()
    const all = new Uint8Array(total)
    let at = 0
    for (const piece of pieces) {
      all.set(piece, at)
      at += piece.length
    }
    return all
  }
  // Hosts differ in what they say to reading a folder.
  function isFolder(fd: number): boolean {
    const fields = files.stat(fd)
    return typeof fields !== "number" && fields[2] === 3
  }
  function writeAll(fd: number, data: Uint8Array): void {
    for (let at = 0; at < data.length;) {
      const count = files.writeSome(fd, data.subarray(at))
      if (count < 0) throw failure(count, "write")
      at += count
    }
  }
  function withFile<T>(place: unknown, flag: string, use: (fd: number) => T): T {
    if (typeof place === "number") return use(place)
    const fd = openSync(place, flag)
    try {
      return use(fd)
    } finally {
      if (fd > 2) files.close(fd)
    }
  }

  class Stats {
    declare mode: number
    declare size: number
    declare mtimeMs: number
    constructor(fields: number[]) {
      const [dev = 0, ino = 0, type = 0, nlink = 0, size = 0, atimeMs = 0, mtimeMs = 0, ctimeMs = 0] = fields
      Object.assign(this, {
        dev,
        mode: modes[type] ?? 0,
        nlink,
        uid: 0,
        gid: 0,
        rdev: 0,
        blksize: 4096,
        ino,
        size,
        blocks: Math.ceil(size / 512),
      })
      Object.assign(this, { atimeMs, mtimeMs, ctimeMs, birthtimeMs: ctimeMs })
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
  Object.defineProperty(Stats, "name", { value: "Stats" })
  // WASI has file types but no permissions.
  const modes: Record<number, number> = {
    1: 0o060666,
    2: 0o020666,
    3: 0o040777,
    4: 0o100666,
    5: 0o140666,
    6: 0o140666,
    7: 0o120777,
  }

  class Dirent {
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
      return this.#type === 4
    }
    isDirectory() {
      return this.#type === 3
    }
    isSymbolicLink() {
      return this.#type === 7
    }
    isFIFO() {
      return false
    }
    isSocket() {
      return this.#type === 5 || this.#type === 6
    }
    isCharacterDevice() {
      return this.#type === 2
    }
    isBlockDevice() {
      return this.#type === 1
    }
  }
  Object.defineProperty(Dirent, "name", { value: "Dirent" })

  function stat(given: unknown, lookup: number, syscall: string, options?: Options): Stats | undefined {
    const path = pathOf(given)
    const at = locate(path)
    const fields = at === undefined ? ENOENT : files.stat(at[0], at[1], lookup)
    if (typeof fields !== "number") return new Stats(fields)
    if (options?.throwIfNoEntry === false && (fields === ENOENT || fields === -54)) return undefined
    throw failure(fields, syscall, path)
  }

  function change(call: (folder: number, path: string) => number, syscall: string, given: unknown): void {
    const path = pathOf(given)
    const at = locate(path)
    const status = at === undefined ? ENOENT : call(at[0], at[1])
    if (status < 0) throw failure(status, syscall, path)
  }

  function readdirSync(given: unknown, options?: Given): (string | Dirent)[] {
    const { withFileTypes = false, recursive = false } = optionsOf(options)
    const path = pathOf(given)
    const at = locate(path)
    const fd = at === undefined ? ENOENT : files.open(at[0], at[1], FOLLOW, O.DIRECTORY, 0, LIST)
    if (fd < 0) throw failure(fd, "scandir", path)
    const list = files.list(fd)
    files.close(fd)
    if (typeof list === "number") throw failure(list, "scandir", path)
    list.sort(([a], [b]) => (a < b ? -1 : 1))
    const out: (string | Dirent)[] = []
    const inner: (string | Dirent)[] = []
    for (const [name, type] of list) {
      out.push(withFileTypes ? new Dirent(name, path, type) : name)
      if (recursive && type === 3)
        for (const entry of readdirSync(`${path}/${name}`, { withFileTypes, recursive }))
          inner.push(typeof entry === "string" ? `${name}/${entry}` : entry)
    }
    return [...out, ...inner]
  }

  function mkdirSync(given: unknown, options?: Options | number): string | undefined {
    const recursive = typeof options === "object" && options?.recursive === true
    const path = pathOf(given)
    if (!recursive) return void change(files.mkdir, "mkdir", path)
    let first: string | undefined
    const pieces = clean(path).split("/").slice(1)
    for (let count = 1; count <= pieces.length; count++) {
      const folder = `/${pieces.slice(0, count).join("/")}`
      const at = locate(folder)
      if (at === undefined || at[1] === ".") continue // above the preopen, or the preopen itself
      const status = files.mkdir(at[0], at[1])
      if (status === 0) first ??= folder
      else if (status !== -20) throw failure(status, "mkdir", path)
      else if (count === pieces.length && !stat(folder, FOLLOW, "stat")!.isDirectory())
        throw failure(-20, "mkdir", path)
    }
    if (locate(path) === undefined) throw failure(ENOENT, "mkdir", path)
    return first
  }

  function rmSync(given: unknown, options: Options = {}): void {
    const path = pathOf(given)
    const found = stat(path, 0, "lstat", { throwIfNoEntry: !options.force })
    if (found === undefined) return
    if (!found.isDirectory()) return change(files.unlink, "rm", path)
    if (!options.recursive)
      throw Object.assign(
        nodeError(Error, "ERR_FS_EISDIR", `Path is a directory: rm returned EISDIR (is a directory) ${path}`),
        { errno: 21, syscall: "rm", path },
      )
    for (const name of readdirSync(path) as string[]) rmSync(`${path}/${name}`, options)
    change(files.rmdir, "rm", path)
  }

  function renameSync(from: unknown, to: unknown): void {
    const [a, b] = [pathOf(from, "oldPath"), pathOf(to, "newPath")]
    const [source, target] = [locate(a), locate(b)]
    const status =
      source === undefined || target === undefined ? ENOENT : files.rename(source[0], source[1], target[0], target[1])
    if (status < 0) throw failure(status, "rename", a, b)
  }

  const sync = {
    readFileSync(place: unknown, options?: Given) {
      const chosen = optionsOf(options)
      const path = typeof place === "number" ? undefined : pathOf(place)
      const data = withFile(path ?? place, chosen.flag ?? "r", (fd) => readAll(fd))
      return textOf(data, chosen)
    },
    writeFileSync(place: unknown, data: unknown, options?: Given) {
      const chosen = optionsOf(options)
      const content = bytesOf(data, chosen)
      withFile(place, chosen.flag ?? "w", (fd) => writeAll(fd, content))
    },
    appendFileSync(place: unknown, data: unknown, options?: Given) {
      sync.writeFileSync(place, data, { flag: "a", ...optionsOf(options) })
    },
    statSync: (path: unknown, options?: Options) => stat(path, FOLLOW, "stat", options),
    lstatSync: (path: unknown, options?: Options) => stat(path, 0, "lstat", options),
    fstatSync(fd: number) {
      const fields = files.stat(checkFd(fd))
      if (typeof fields === "number") throw failure(fields, "fstat")
      return new Stats(fields)
    },
    accessSync(path: unknown) {
      stat(path, FOLLOW, "access")
    },
    readdirSync,
    mkdirSync,
    rmdirSync: (path: unknown) => change(files.rmdir, "rmdir", path),
    unlinkSync: (path: unknown) => change(files.unlink, "unlink", path),
    rmSync,
    renameSync,
    copyFileSync(from: unknown, to: unknown, mode = 0) {
      const [a, b] = [pathOf(from, "src"), pathOf(to, "dest")]
      if (mode & constants.COPYFILE_FICLONE_FORCE) throw failure(ENOSYS, "copyfile", a, b)
      try {
        sync.writeFileSync(b, sync.readFileSync(a), mode & constants.COPYFILE_EXCL ? { flag: "wx" } : undefined)
      } catch (error) {
        const errno = Object.keys(errnos).find((key) => errnos[Number(key)]![0] === (error as { code?: string }).code)
        throw errno === undefined ? error : failure(-Number(errno), "copyfile", a, b)
      }
    },
    openSync,
    closeSync,
    readSync(
      fd: number,
      buffer: Uint8Array,
      offset: number | { offset?: number; length?: number; position?: number | null } = 0,
      length?: number,
      position?: number | null,
    ): number {
      if (typeof offset === "object") ({ offset = 0, length, position } = offset ?? {})
      const target = new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength).subarray(
        offset,
        offset + (length ?? buffer.byteLength - offset),
      )
      const count = at(fd, position, () => native.read(checkFd(fd), target))
      if (count < 0) throw failure(count, "read")
      return count
    },
    writeSync(
      fd: number,
      data: unknown,
      offset?: number | null,
      length?: number | string,
      position?: number | null,
    ): number {
      let content = bytesOf(data, { encoding: typeof length === "string" ? length : "utf8" })
      if (typeof data === "string") position = offset
      else
        content = content.subarray(offset ?? 0, (offset ?? 0) + (typeof length === "number" ? length : content.length))
      at(fd, position, () => (writeAll(checkFd(fd), content), 0))
      return content.length
    },
    realpathSync(given: unknown) {
      const path = pathOf(given)
      stat(path, FOLLOW, "realpath")
      const full = clean(path)
      // Where a link leads is not known here, and another answer would be a wrong one.
      for (let end = full.length; end > 1; end = full.lastIndexOf("/", end - 1)) {
        const part = full.slice(0, end)
        if (locate(part)?.[1] === ".") break
        if (stat(part, 0, "realpath", { throwIfNoEntry: false })?.isSymbolicLink())
          throw failure(ENOSYS, "realpath", path)
      }
      return full
    },
    fsyncSync() {},
  }

  /** Do something at a position, and be where one was afterwards. */
  function at(fd: number, position: number | null | undefined, act: () => number): number {
    if (typeof position !== "number" || position < 0) return act()
    const before = files.seek(fd, 0, 1)
    const moved = files.seek(fd, position, 0)
    if (moved < 0) return moved
    const result = act()
    files.seek(fd, before, 0)
    return result
  }

  const fs: Record<string, unknown> = {
    ...sync,
    existsSync(path: unknown): boolean {
      try {
        return stat(path, FOLLOW, "access") !== undefined
      } catch {
        return false
      }
    },
    Stats,
    Dirent,
    constants,
    F_OK: 0,
    R_OK: 4,
    W_OK: 2,
    X_OK: 1,
  }
  const promises: Record<string, unknown> = { constants: fs["constants"] }
  for (const [name, call] of Object.entries(sync)) {
    const bare = name.slice(0, -"Sync".length)
    const run = call as (...args: unknown[]) => unknown
    // WASI has no asynchronous files: the work is done at once, its result comes later.
    if (!["fsync", "open", "close", "read", "write", "fstat"].includes(bare))
      promises[bare] = named(
        bare,
        (...args: unknown[]) =>
          new Promise((resolve, reject) => {
            let result: unknown
            try {
              result = run(...args)
            } catch (error) {
              return later(() => reject(error as Error))
            }
            later(() => resolve(result))
          }),
      )
    fs[bare] = named(bare, (...args: unknown[]) => {
      const callback = typeof args.at(-1) === "function" ? args.pop() : undefined
      checkCallback(callback, "cb")
      let result: unknown
      let error: unknown = null
      try {
        result = run(...args)
      } catch (caught) {
        if ((caught as { syscall?: string }).syscall === undefined) throw caught // a mistake in the arguments
        error = caught
      }
      later(() =>
        error === null
          ? (callback as (e: null, r?: unknown) => void)(null, ...(result === undefined ? [] : [result]))
          : (callback as (e: unknown) => void)(error),
      )
    })
  }
  fs["exists"] = (path: unknown, callback: (exists: boolean) => void) =>
    later(() => callback((fs["existsSync"] as (path: unknown) => boolean)(path)))
  const later = (call: () => void) => loop.immediate({ callback: call, args: [], referenced: true })
  fs["promises"] = promises
  modules.set("fs", fs)
  modules.set("fs/promises", promises)
}

function named<T extends (...args: any[]) => unknown>(name: string, f: T): T {
  return Object.defineProperty(f, "name", { value: name, configurable: true })
}

// Files for the guest: a table of descriptors, and paths that cannot leave the directories that were given.
//
// A path is walked one component at a time. `..` above the directory, absolute paths and symbolic links that lead out end in
// `notcapable`; the host's own resolution only ever sees a path without links.
import * as fs from "node:fs"
import { join } from "node:path"
import { Errno } from "./memory.ts"

/** Numbers of preview1's filetype. */
const fileTypes = { unknown: 0, block: 1, character: 2, directory: 3, regular: 4, link: 7 } as const

export type Descriptor =
  | { kind: "input"; read: (into: Uint8Array) => number }
  | { kind: "output"; write: (bytes: Uint8Array) => void }
  | { kind: "file"; fd: number; position: number; append: boolean }
  /** `preopened` is the name that the guest sees. `root` is where paths end, `path` the directory itself. */
  | { kind: "directory"; root: string; path: string; preopened?: string }

export type FileDescriptor = Extract<Descriptor, { kind: "file" }>
export type Directory = Extract<Descriptor, { kind: "directory" }>

export class Descriptors {
  private readonly table = new Map<number, Descriptor>()

  constructor(initial: readonly Descriptor[]) {
    initial.forEach((descriptor, fd) => this.table.set(fd, descriptor))
  }

  get(fd: number): Descriptor {
    const found = this.table.get(fd)
    if (!found) throw new Errno("badf")
    return found
  }

  file(fd: number): FileDescriptor {
    const found = this.get(fd)
    if (found.kind === "directory") throw new Errno("isdir")
    if (found.kind !== "file") throw new Errno("spipe")
    return found
  }

  directory(fd: number): Directory {
    const found = this.get(fd)
    if (found.kind !== "directory") throw new Errno("notdir")
    return found
  }

  /** The lowest free number, as POSIX has it. */
  add(descriptor: Descriptor): number {
    let fd = 0
    while (this.table.has(fd)) fd++
    if (fd > 4096) throw new Errno("mfile")
    this.table.set(fd, descriptor)
    return fd
  }

  close(fd: number): void {
    const found = this.get(fd)
    if (found.kind === "file") fs.closeSync(found.fd)
    this.table.delete(fd)
  }

  renumber(from: number, to: number): void {
    const moved = this.get(from)
    this.get(to)
    if (from === to) return
    this.close(to)
    this.table.delete(from)
    this.table.set(to, moved)
  }

  closeAll(): void {
    for (const fd of [...this.table.keys()]) this.close(fd)
  }
}

/**
 * A guest's path -> a path of the host, inside the directory. The last component need not exist; it is followed when it is a link
 * and `follow` says so.
 */
export function resolvePath(directory: Directory, path: string, follow: boolean): string {
  if (path === "" || path.includes("\0")) throw new Errno(path === "" ? "noent" : "inval")
  if (path.startsWith("/")) throw new Errno("notcapable")
  const base = directory.path.slice(directory.root.length).split("/").filter(Boolean)
  const done: string[] = [...base]
  const todo = path.split("/")
  for (let links = 0; todo.length > 0;) {
    const part = todo.shift() ?? ""
    if (part === "" || part === ".") continue
    if (part === "..") {
      if (done.length === 0) throw new Errno("notcapable")
      done.pop()
      continue
    }
    const here = join(directory.root, ...done, part)
    const target = follow || todo.some((rest) => rest !== "") ? linkTarget(here) : undefined
    if (target === undefined) {
      done.push(part)
      continue
    }
    if (++links > 40) throw new Errno("loop")
    if (target.startsWith("/")) throw new Errno("notcapable")
    todo.unshift(...target.split("/"))
  }
  return join(directory.root, ...done)
}

function linkTarget(path: string): string | undefined {
  try {
    return fs.readlinkSync(path)
  } catch {
    return undefined // no link, or nothing there: whoever uses the path finds out
  }
}

export interface Stat {
  device: bigint
  inode: bigint
  type: number
  links: bigint
  size: bigint
  /** Nanoseconds. */
  accessed: bigint
  modified: bigint
  changed: bigint
}

/** What a reproducible snapshot may see of a file: what it contains, not where and when it was made. */
export function statOf(stats: fs.BigIntStats, reproducible: boolean): Stat {
  const stat = { type: fileType(stats), size: stats.isDirectory() && reproducible ? 0n : stats.size }
  if (reproducible) {
    return { ...stat, device: 0n, inode: 0n, links: 1n, accessed: 0n, modified: 0n, changed: 0n }
  }
  return {
    ...stat,
    device: stats.dev,
    inode: stats.ino,
    links: stats.nlink,
    accessed: stats.atimeNs,
    modified: stats.mtimeNs,
    changed: stats.ctimeNs,
  }
}

export const characterDevice: Stat = {
  device: 0n,
  inode: 0n,
  type: fileTypes.character,
  links: 1n,
  size: 0n,
  accessed: 0n,
  modified: 0n,
  changed: 0n,
}

type Kinds = Pick<fs.BigIntStats, "isDirectory" | "isFile" | "isSymbolicLink" | "isCharacterDevice" | "isBlockDevice">

export function fileType(entry: Kinds): number {
  if (entry.isDirectory()) return fileTypes.directory
  if (entry.isFile()) return fileTypes.regular
  if (entry.isSymbolicLink()) return fileTypes.link
  if (entry.isCharacterDevice()) return fileTypes.character
  return entry.isBlockDevice() ? fileTypes.block : fileTypes.unknown
}

/** A descriptor's file type. */
export function descriptorType(descriptor: Descriptor): number {
  if (descriptor.kind === "directory") return fileTypes.directory
  return descriptor.kind === "file" ? fileTypes.regular : fileTypes.character
}

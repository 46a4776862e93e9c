// The guest's file descriptors: what each number stands for, and what may be done with it.
import { allRights, directoryRights, need, Rights } from "./preview1.ts"
import type { RightName } from "./preview1.ts"
import { fs } from "./node.ts"
import type { Dirent } from "./node.ts"
import { closePlace } from "./places.ts"
import type { Place } from "./places.ts"

/** A standard stream: bytes in, or bytes out, in order. */
export interface Stream {
  kind: "stream"
  /** WASI's filetype. */
  filetype: number
  rights: bigint
  inheriting: bigint
  fdflags: number
  /** Take up to `max` bytes, waiting for at least one; none at the end. */
  read?(max: number): Uint8Array
  /** Is there something to read (or the end)? Waits up to `timeoutMs`. Undefined where the host cannot tell. */
  ready?(timeoutMs: number): { bytes: number; ended: boolean } | undefined
  /** Write all of it. */
  write?(bytes: Uint8Array): void
}

export interface OpenFile {
  kind: "file"
  host: number
  /** Where the next fd_read or fd_write goes. All host calls name their position. */
  offset: number
  readOnly: boolean
  rights: bigint
  inheriting: bigint
  fdflags: number
  /** node:fs's flags that it was opened with, for opening it again with others. */
  hostFlags: number
}

export interface OpenDirectory {
  kind: "directory"
  place: Place
  /** The name under which the guest finds it, for the ones it is given. */
  preopen?: string
  readOnly: boolean
  rights: bigint
  inheriting: bigint
  fdflags: number
  /** What fd_readdir read when it last started from the beginning, so that cookies mean the same until then. */
  listing?: Dirent[]
}

export type Descriptor = Stream | OpenFile | OpenDirectory

/** A guest that opens and never closes gets `mfile`, long before the process runs out for others. */
const maxDescriptors = 1024

export class FdTable {
  private readonly open = new Map<number, Descriptor>()

  get(fd: number, ...rights: RightName[]): Descriptor {
    const found = this.open.get(fd)
    need(found !== undefined, "badf")
    for (const right of rights) need((found.rights & Rights[right]) !== 0n, "notcapable")
    return found
  }

  file(fd: number, ...rights: RightName[]): OpenFile {
    const found = this.get(fd, ...rights)
    need(found.kind !== "directory", "isdir")
    need(found.kind === "file", "spipe")
    return found
  }

  directory(fd: number, ...rights: RightName[]): OpenDirectory {
    const found = this.get(fd)
    need(found.kind === "directory", "notdir")
    this.get(fd, ...rights)
    return found
  }

  /** A directory whose entries are about to change. */
  changing(fd: number, ...rights: RightName[]): OpenDirectory {
    const found = this.directory(fd)
    need(!found.readOnly, "rofs")
    return this.directory(fd, ...rights)
  }

  /** Fails before anything is opened that could not be kept. */
  needRoom(): void {
    need(this.open.size < maxDescriptors, "mfile")
  }

  /** Give it the lowest free number. */
  add(descriptor: Descriptor): number {
    let fd = 0
    while (this.open.has(fd)) fd++
    this.open.set(fd, descriptor)
    return fd
  }

  close(fd: number): void {
    const found = this.get(fd)
    this.open.delete(fd)
    closeHost(found)
  }

  /** `to` becomes what `from` was; what `to` was is closed. */
  renumber(from: number, to: number): void {
    const moving = this.get(from)
    // A number that never was open cannot be taken: the table would have holes of the guest's choosing.
    const replaced = this.get(to)
    if (from === to) return
    this.open.delete(from)
    this.open.set(to, moving)
    closeHost(replaced)
  }

  closeAll(): void {
    for (const descriptor of this.open.values()) closeHost(descriptor)
    this.open.clear()
  }
}

function closeHost(descriptor: Descriptor): void {
  if (descriptor.kind === "file") fs.closeSync(descriptor.host)
  if (descriptor.kind === "directory") closePlace(descriptor.place)
}

/** A directory that the user grants. */
export function preopened(
  place: Place,
  { guest, readOnly = false }: { guest: string; readOnly?: boolean },
  everyRight?: bigint,
): OpenDirectory {
  return {
    kind: "directory",
    place,
    preopen: guest,
    readOnly,
    rights: everyRight ?? directoryRights,
    inheriting: everyRight ?? allRights,
    fdflags: 0,
  }
}

// What stat says of a file, and the times that can be set, between node:fs and WASI.
import { Filetype, Fstflags, need } from "./preview1.ts"
import type { Host } from "./hosting.ts"
import type { AnyStats, BigIntStats, Dirent } from "./node.ts"

/** WASI's filetype of what stat says. */
export function filetypeOfStat(stat: AnyStats | Dirent): number {
  if (stat.isFile()) return Filetype.regular_file
  if (stat.isDirectory()) return Filetype.directory
  if (stat.isSymbolicLink()) return Filetype.symbolic_link
  if (stat.isCharacterDevice()) return Filetype.character_device
  if (stat.isBlockDevice()) return Filetype.block_device
  if (stat.isSocket()) return Filetype.socket_stream
  return Filetype.unknown
}

/** Write a `filestat` (64 bytes). A standard stream has a type and nothing else that is the guest's business. */
export function writeFilestat({ memory, world }: Host, out: number, stat: BigIntStats | { filetype: number }): void {
  memory.fill(out, 0, 64)
  if ("filetype" in stat || world.contentOnly) {
    memory.setU8(out + 16, "filetype" in stat ? stat.filetype : filetypeOfStat(stat))
    memory.setU64(out + 24, 1n)
    // A directory's size says how the file system keeps it.
    if (!("filetype" in stat || stat.isDirectory())) memory.setU64(out + 32, stat.size)
    return
  }
  memory.setU64(out, stat.dev)
  memory.setU64(out + 8, stat.ino)
  memory.setU8(out + 16, filetypeOfStat(stat))
  memory.setU64(out + 24, stat.nlink)
  memory.setU64(out + 32, stat.size)
  memory.setU64(out + 40, stat.atimeNs)
  memory.setU64(out + 48, stat.mtimeNs)
  memory.setU64(out + 56, stat.ctimeNs)
}

/** What a function that sets times was asked for. */
export interface NewTimes {
  /** Nanoseconds. */
  atim: bigint
  mtim: bigint
  fst_flags: number
}

/**
 * Access and modification time in seconds, as node:fs takes them (so to about a microsecond).
 * A time that is not to be changed is read and written back: node:fs cannot leave one out.
 */
export function newTimes(wanted: NewTimes, stat: () => BigIntStats | { filetype: number }): [number, number] {
  const { atim, mtim, fst_flags: flags } = wanted
  const { atim: setAtim, atim_now, mtim: setMtim, mtim_now } = Fstflags
  need((flags & ~15) === 0, "inval")
  need((flags & (setAtim | atim_now)) !== (setAtim | atim_now), "inval")
  need((flags & (setMtim | mtim_now)) !== (setMtim | mtim_now), "inval")
  const old = stat()
  const clock = Date.now() / 1000
  const oldTime = (name: "atimeNs" | "mtimeNs") => (name in old ? seconds((old as BigIntStats)[name]) : clock)
  const accessed = flags & setAtim ? seconds(atim) : flags & atim_now ? clock : oldTime("atimeNs")
  const modified = flags & setMtim ? seconds(mtim) : flags & mtim_now ? clock : oldTime("mtimeNs")
  return [accessed, modified]
}

function seconds(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e9
}

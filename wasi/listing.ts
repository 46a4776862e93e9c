// fd_readdir: a directory as a sequence of `dirent`s.
import { Filetype } from "./preview1.ts"
import type { OpenDirectory } from "./fds.ts"
import type { Host } from "./hosting.ts"
import { fs } from "./node.ts"
import type { Dirent } from "./node.ts"
import { at, itself } from "./places.ts"
import type { Place } from "./places.ts"
import { filetypeOfStat } from "./stat.ts"
import { encode } from "./utf8.ts"

/**
 * Fill `out` with `dirent`s from entry number `cookie` on; the last one may be cut. Returns the bytes used: fewer than
 * there is room for means that there are no more. The listing is made when reading starts, so entries keep their
 * numbers while the guest adds and removes files.
 */
export function readdir({ world }: Host, directory: OpenDirectory, out: Uint8Array, cookie: bigint): number {
  if (cookie === 0n || directory.listing === undefined) {
    directory.listing = fs.readdirSync(itself(directory.place), { withFileTypes: true })
    if (world.contentOnly) directory.listing.sort((a, b) => (a.name < b.name ? -1 : 1))
  }
  const listing = directory.listing
  // As at a root, ".." has the directory's own number: what lies above is none of the guest's business.
  const inode = (name: string) => (world.contentOnly ? 0n : inodeOf(directory.place, name === ".." ? "." : name))
  const names = listing.length + 2 // "." and ".." first
  let used = 0
  for (let i = cookie > BigInt(names) ? names : Number(cookie); i < names && used < out.length; i++) {
    const entry = direntBytes(i, listing[i - 2], inode).subarray(0, out.length - used)
    out.set(entry, used)
    used += entry.length
  }
  return used
}

/** A `dirent` (d_next u64, d_ino u64, d_namlen u32, d_type u8, three of padding) and its name. */
function direntBytes(i: number, entry: Dirent | undefined, inode: (name: string) => bigint): Uint8Array {
  const name = entry?.name ?? (i === 0 ? "." : "..")
  const encoded = encode(name)
  const bytes = new Uint8Array(24 + encoded.length)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, BigInt(i + 1), true)
  view.setBigUint64(8, inode(name), true)
  view.setUint32(16, encoded.length, true)
  view.setUint8(20, entry === undefined ? Filetype.directory : filetypeOfStat(entry))
  bytes.set(encoded, 24)
  return bytes
}

/** 0 when it has gone since it was listed. */
function inodeOf(place: Place, name: string): bigint {
  return fs.lstatSync(at(place, name), { bigint: true, throwIfNoEntry: false })?.ino ?? 0n
}

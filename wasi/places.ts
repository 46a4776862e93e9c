// Finding what a guest's path means without ever leaving the directory that it was granted.
//
// In: an open directory and a relative path. Out: the directory that holds the last name, and that name. Every
// component is looked at one by one: `..` goes back along the directories that were walked through, never above the
// first; a symbolic link's text is walked like the rest of the path, from where the link lies.
//
// On Linux a directory is an open descriptor and its entries are named `/proc/self/fd/N/name`. The kernel goes from N
// to that very directory, wherever it has been moved meanwhile, so another process that swaps directories for links
// while we walk wins nothing: this is openat() with the means that Node has. Elsewhere a directory is its real path,
// checked component by component; there the walk can be raced by another process with access to the same folder.
import { Fault, need } from "./preview1.ts"
import { maxPathBytes } from "./memory.ts"
import { fs } from "./node.ts"

/** A directory on the host. `fd` only where descriptors can be walked from. */
export interface Place {
  path: string
  fd?: number
}

/** What a path names: `name` in `parent`; "." for the directory itself. */
export interface Target {
  parent: Place
  name: string
  /** The path ended in a slash: only a directory will do. */
  asDirectory: boolean
}

/**
 * Linux's O_PATH (asm-generic/fcntl.h; the same on x86 and ARM), which Node does not name: a handle without opening.
 */
const oPath = 0o10000000

// O_DIRECTORY and O_NOFOLLOW are undefined on Windows.
const oDirectory = fs.constants.O_DIRECTORY ?? 0
export const oNofollow = fs.constants.O_NOFOLLOW ?? 0

/** A bound on how many directories one walk may hold open. */
const maxDepth = 256
/** Linux's own bound on links in one path. */
const maxLinks = 40

/** Can directories be walked from their descriptors? */
const byDescriptor = process.platform === "linux" && fs.existsSync("/proc/self/fd")

/** Open a host directory as a place that walks start from. Throws node:fs's errors. */
export function openPlace(path: string): Place {
  const real = fs.realpathSync(path)
  if (!byDescriptor) {
    fs.opendirSync(real).closeSync()
    return { path: real }
  }
  return { path: real, fd: fs.openSync(real, oPath | oDirectory) }
}

export function closePlace(place: Place): void {
  if (place.fd !== undefined) fs.closeSync(place.fd)
}

/** The host path of an entry, for node:fs calls that do not follow a link in the last place. */
export function at(place: Place, name: string): string {
  return place.fd === undefined ? `${place.path}/${name}` : `/proc/self/fd/${place.fd}/${name}`
}

/** The host path of the directory itself. */
export function itself(place: Place): string {
  return place.fd === undefined ? place.path : `/proc/self/fd/${place.fd}/.`
}

/** A handle on an entry that is not opened, and not followed if it is a link. Linux only. */
export function pin(place: Place, name: string): number | undefined {
  return byDescriptor ? fs.openSync(at(place, name), oPath | oNofollow) : undefined
}

/** A place for a directory entry. `notdir` for anything else, links included. */
export function openEntry(place: Place, name: string): Place {
  if (!byDescriptor) {
    need(fs.lstatSync(at(place, name)).isDirectory(), "notdir")
    return { path: name === "." ? place.path : at(place, name) }
  }
  return { path: `${place.path}/${name}`, fd: fs.openSync(at(place, name), oPath | oDirectory | oNofollow) }
}

/** The text of a link, or undefined if the entry is something else or not there. */
function linkText(place: Place, name: string): string | undefined {
  try {
    return fs.readlinkSync(at(place, name))
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === "EINVAL" || code === "ENOENT" || code === "UNKNOWN" || code === "ENOTDIR") return undefined
    throw error
  }
}

/**
 * Walk `path` from `root` and call `use` with where it ends. Places that the walk opened are closed afterwards,
 * so `use` keeps none. A link in the last place is followed if `follow` (or the path ends in a slash).
 */
export function withTarget<T>(root: Place, path: string, follow: boolean, use: (target: Target) => T): T {
  const walked: Place[] = []
  try {
    return use(walk(root, path, follow, walked))
  } finally {
    walked.forEach(closePlace)
  }
}

function walk(root: Place, path: string, follow: boolean, walked: Place[]): Target {
  need(path !== "", "noent")
  const pending = components(path)
  let asDirectory = endsAsDirectory(path)
  let links = 0
  for (;;) {
    const here = walked.at(-1) ?? root
    const name = pending.shift()
    if (name === undefined) return { parent: here, name: ".", asDirectory }
    if (name === "..") {
      // Above the granted directory there is nothing.
      need(walked.length > 0, "notcapable")
      closePlace(walked.pop()!)
      continue
    }
    const last = pending.length === 0
    if (!last) {
      const next = entryOrLink(here, name)
      if (typeof next !== "string") {
        walked.push(next)
        need(walked.length <= maxDepth, "nametoolong")
        continue
      }
      pending.unshift(...components(next))
    } else {
      const link = follow || asDirectory ? linkText(here, name) : undefined
      if (link === undefined) return { parent: here, name, asDirectory }
      pending.push(...components(link))
      asDirectory ||= endsAsDirectory(link)
    }
    need(++links <= maxLinks, "loop")
  }
}

/** A directory to walk into, or the text of a link to walk along. */
function entryOrLink(here: Place, name: string): Place | string {
  try {
    return openEntry(here, name)
  } catch (error) {
    const code = error instanceof Fault ? "ENOTDIR" : (error as NodeJS.ErrnoException).code
    if (code !== "ENOTDIR" && code !== "ELOOP") throw error
    const link = linkText(here, name)
    if (link === undefined) throw new Fault("notdir")
    return link
  }
}

function components(path: string): string[] {
  need(Buffer.byteLength(path) < maxPathBytes, "nametoolong")
  // An absolute path names something of the host's.
  need(!path.startsWith("/"), "notcapable")
  const names = path.split("/").filter((name) => name !== "" && name !== ".")
  // On Windows `\` separates too, and `:` names a drive or a stream.
  if (process.platform === "win32") need(!names.some((name) => /[\\:]/.test(name)), "notcapable")
  return names
}

/** `a/`, `a/.`: resolves only if `a` is a directory. (`a/..` does so by walking through it.) */
function endsAsDirectory(path: string): boolean {
  return path.endsWith("/") || path.endsWith("/.") || path === "."
}

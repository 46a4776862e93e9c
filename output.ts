// Writing files for commands, so that nobody ever sees half of one.
//
// A regular file is written under another name beside the target and renamed: the target is the old file or the new
// one. What else may stand there is never replaced: a link stays a link, and devices and pipes are written to. `-` is
// standard output.
import * as fs from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"

/** Write it whole or not at all. Throws what the system answers; `reasonOf` puts it into words. */
export async function writeOutput(path: string, bytes: Uint8Array | string): Promise<void> {
  if (path === "-") return writeStdout(bytes)
  const target = behindLinks(resolve(path))
  const there = fs.statSync(target, { throwIfNoEntry: false })
  // Not made anew should it vanish meanwhile.
  if (isStream(target, there)) return writeAndClose(await open(target, fs.constants.O_WRONLY), bytes)
  await writeBeside(target, bytes, there?.mode)
}

/** A device or pipe has no "next to", nor has what a process holds open. */
function isStream(path: string, there: fs.Stats | undefined): boolean {
  return there !== undefined && (!there.isFile() || path.startsWith("/proc/"))
}

/** What a link leads to, also where nothing is there yet. Links of /proc are no names: they stay. */
function behindLinks(path: string): string {
  let at = path
  for (let links = 0; fs.lstatSync(at, { throwIfNoEntry: false })?.isSymbolicLink() === true; links++) {
    const folder = fs.realpathSync(dirname(at))
    if (folder.startsWith("/proc/")) return join(folder, basename(at))
    if (links === 40) throw Object.assign(new Error("too many links"), { code: "ELOOP" })
    at = resolve(folder, fs.readlinkSync(at))
  }
  return at
}

async function writeBeside(path: string, bytes: Uint8Array | string, mode = 0o666): Promise<void> {
  // Not longer than what file systems allow, however long the name is.
  const name = `.${basename(path).slice(0, 40)}.${process.pid}-${Math.random().toString(36).slice(2)}.tmp`
  const temporary = join(dirname(path), name)
  const remove = () => fs.rmSync(temporary, { force: true })
  const release = beforeTheEnd(remove)
  try {
    // The name is there before anything can interrupt us, so that it is removed.
    fs.closeSync(fs.openSync(temporary, "wx", (mode & 0o777) | 0o200))
    await writeAndClose(await open(temporary, "w"), bytes)
    fs.renameSync(temporary, path)
  } catch (error) {
    remove()
    throw error
  } finally {
    release()
  }
}

async function writeAndClose(file: FileHandle, bytes: Uint8Array | string): Promise<void> {
  try {
    await file.writeFile(bytes)
  } finally {
    await file.close()
  }
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const

/**
 * Do something when the process ends, or is ended by a signal that nobody else takes care of; it then ends as that
 * signal ends it. Returns what calls this off.
 */
function beforeTheEnd(act: () => void): () => void {
  const ours = signals.filter((signal) => process.listenerCount(signal) === 0)
  const ended = (signal: NodeJS.Signals) => {
    act()
    release()
    process.kill(process.pid, signal)
  }
  const release = () => {
    process.off("exit", act)
    for (const signal of ours) process.off(signal, ended)
  }
  process.on("exit", act)
  for (const signal of ours) process.on(signal, ended)
  return release
}

function writeStdout(bytes: Uint8Array | string): Promise<void> {
  return new Promise((done, failed) => {
    process.stdout.once("error", failed)
    process.stdout.write(bytes, (error) => {
      if (error) return failed(error)
      process.stdout.off("error", failed)
      done()
    })
  })
}

const reasons: Record<string, string> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its links lead round in a circle",
  ENOSPC: "the disk is full",
  ENXIO: "nobody is at its other end",
  EPIPE: "nobody reads it",
  EROFS: "the file system is read-only",
}

/** Why a file operation failed, in words, without the paths and codes that Node puts around it. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return reasons[code ?? ""] ?? /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message
}

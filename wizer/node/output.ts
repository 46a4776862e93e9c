// Reading modules and writing them: `-` is standard input or output, and a file appears whole or not at all.
import * as fs from "node:fs"
import { basename, dirname, join } from "node:path"
import { cannotRead, cannotWrite } from "../errors.ts"

export function readInput(path: string): Uint8Array {
  try {
    return fs.readFileSync(path === "-" ? 0 : path)
  } catch (error) {
    throw cannotRead(path === "-" ? "standard input" : path, reason(error))
  }
}

/** Write next to the target, then rename: a failure leaves what was there. */
export async function writeOutput(path: string, bytes: Uint8Array): Promise<void> {
  if (path === "-") return writeStdout(bytes)
  try {
    // A device or pipe has no "next to".
    if (fs.statSync(path, { throwIfNoEntry: false })?.isFile() === false) fs.writeFileSync(path, bytes)
    else writeAtomically(resolveLink(path), bytes)
  } catch (error) {
    throw cannotWrite(path, reason(error))
  }
}

function writeAtomically(path: string, bytes: Uint8Array): void {
  // Not longer than what file systems allow, however long the name is.
  const temporary = join(dirname(path), `.${basename(path).slice(0, 40)}.${process.pid}.tmp`)
  try {
    fs.writeFileSync(temporary, bytes, { flag: "wx" })
    fs.renameSync(temporary, path)
  } catch (error) {
    fs.rmSync(temporary, { force: true })
    throw error
  }
}

/** A link stays a link; what it points to is replaced. */
function resolveLink(path: string): string {
  try {
    return fs.realpathSync(path)
  } catch {
    return path
  }
}

function writeStdout(bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: Error) => reject(cannotWrite("standard output", reason(error)))
    process.stdout.once("error", failed)
    process.stdout.write(bytes, (error) => (error ? failed(error) : resolve()))
  })
}

const reasons: Record<string, string> = {
  ENOENT: "there is no such file or folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of the path is not a folder",
  ENOSPC: "the disk is full",
  EPIPE: "nobody reads it",
  EROFS: "the file system is read-only",
}

/** What a system error means, in words. */
export function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return reasons[code ?? ""] ?? message
}

// Writing files so that nobody ever sees half of one.
import { randomBytes } from "node:crypto"
import { mkdir, open, rename, stat, unlink } from "node:fs/promises"
import { basename, dirname, join, relative } from "node:path"
import { noOutputFolder, outputNotWritable } from "./errors.ts"

/** Refuse early when the folder that a file is to be written to is not there. */
export async function checkOutputFolder(path: string): Promise<void> {
  const folder = dirname(path)
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined || !found.isDirectory()) throw noOutputFolder(fromHere(folder))
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw outputNotWritable(fromHere(path), "it is a folder")
}

/** Write a file under another name beside the target, then rename it: the target is the old file or the new one. */
export async function writeAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  await checkOutputFolder(path)
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`)
  try {
    const file = await open(temporary, "wx")
    try {
      await file.writeFile(bytes)
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw outputNotWritable(fromHere(path), reasonOf(error))
  }
}

/**
 * Make a folder and those that it lies in. One by one: Node's `recursive` tries again for ever where the system answers
 * that nothing is there, as /proc does. Throws EB121.
 */
export async function makeFolder(path: string): Promise<void> {
  const missing: string[] = []
  let at = path
  while ((await stat(at).catch(() => undefined)) === undefined && at !== dirname(at)) {
    missing.unshift(at)
    at = dirname(at)
  }
  try {
    for (const folder of missing) await mkdir(folder)
    if (!(await stat(path)).isDirectory()) throw new Error("it is not a folder")
  } catch (error) {
    throw outputNotWritable(fromHere(path), reasonOf(error))
  }
}

/** A path as the user would write it: relative to the working directory unless that leads far away. */
export function fromHere(path: string): string {
  const near = relative(process.cwd(), path).replaceAll("\\", "/")
  return near.startsWith("../../") ? path : near || "."
}

/** Why a file operation failed, without the paths and codes that Node puts around it: "permission denied". */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return /^[A-Z0-9]+: ([^,]+)/.exec(message)?.[1] ?? message
}

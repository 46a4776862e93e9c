// Where a build writes: folders and files, with the problems that there can be.
import { mkdir, stat } from "node:fs/promises"
import { dirname, relative } from "node:path"
import { reasonOf, writeOutput } from "../output.ts"
import { noOutputFolder, outputNotWritable } from "./errors.ts"

/** Refuse early when the folder that a file is to be written to is not there. */
export async function checkOutputFolder(path: string): Promise<void> {
  const folder = dirname(path)
  const found = await stat(folder).catch(() => undefined)
  if (found === undefined || !found.isDirectory()) throw noOutputFolder(fromHere(folder))
  const there = await stat(path).catch(() => undefined)
  if (there?.isDirectory()) throw outputNotWritable(fromHere(path), "it is a folder")
}

/** Write a file, or to what stands there; `-` is standard output. Throws EB120, EB121. */
export async function writeFileWhole(path: string, bytes: Uint8Array | string): Promise<void> {
  if (path !== "-") await checkOutputFolder(path)
  try {
    await writeOutput(path, bytes)
  } catch (error) {
    throw outputNotWritable(path === "-" ? "standard output" : fromHere(path), reasonOf(error))
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

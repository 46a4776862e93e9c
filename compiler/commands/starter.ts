// `edgeboxc init`: the starter app, copied.
import { cp, readdir, readFile, stat, writeFile } from "node:fs/promises"
import { basename, join, resolve } from "node:path"
import { folderNotEmpty, outputNotWritable } from "../errors.ts"
import { reasonOf } from "../../output.ts"
import { fromHere, makeFolder } from "../disk.ts"
import { starterFolder } from "../shipped.ts"

/**
 * Copy the starter app into a folder, which is made when it is not there. Returns the files, relative to it. Overwrites
 * nothing.
 */
export async function init(folder: string): Promise<string[]> {
  const target = resolve(folder)
  const files = (await readdir(starterFolder)).sort()
  for (const file of files) {
    if ((await stat(join(target, file)).catch(() => undefined)) !== undefined) throw folderNotEmpty(folder, file)
  }
  await makeFolder(target)
  try {
    for (const file of files)
      await cp(join(starterFolder, file), join(target, file), { errorOnExist: true, force: false })
    await nameApp(join(target, "package.json"), basename(target))
  } catch (error) {
    throw outputNotWritable(fromHere(target), reasonOf(error))
  }
  return files
}

/** The package is called like its folder, as far as npm allows. */
async function nameApp(path: string, name: string): Promise<void> {
  const manifest = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>
  manifest["name"] =
    name
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[._-]+|-+$/g, "") || "app"
  await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`)
}

// What the user named (a file or a folder) -> the app: its folder, its entry file, its name, its config.
import { readFile, realpath, stat } from "node:fs/promises"
import { basename, dirname, extname, join, resolve } from "node:path"
import { readConfig } from "./config.ts"
import { entryNotThere, noEntry, notAnAppFile, notThere, packageHasNoEntry, packageNotInstalled } from "./errors.ts"
import type { AppChoices, Config } from "./options.ts"

/** Endings of files that can be an entry, in the order in which they are looked for. */
export const endings = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"] as const
const stems = ["index", "main", "app"] as const

/**
 * An app, found. Paths are absolute and real (no symbolic links), so that the same app is the same app however it is
 * named.
 */
export interface App {
  /** The app's folder: the one named, or the one that the named file lies in. */
  root: string
  /** The entry file. */
  entry: string
  /** What the artifact is called when nothing else is said: the folder's name, or the file's without its ending. */
  name: string
  config: Config
}

/** Find the app that `input` names, relative to the working directory. */
export async function resolveApp(input: string): Promise<App> {
  const path = resolve(input)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined || input === "") throw notThere(input)
  const real = await realpath(path)
  if (found.isDirectory()) {
    const config = await readConfig(real, input)
    return { root: real, entry: await entryOfFolder(real, config, input), name: nameOf(path), config }
  }
  if (!isAppFile(real)) throw notAnAppFile(input, endings)
  const config = await readConfig(dirname(real), dirname(input))
  return { root: dirname(real), entry: real, name: basename(path, extname(path)), config }
}

/** The file to run in a folder: `.edgebox.json` first, then package.json, then the usual names. */
async function entryOfFolder(root: string, choices: AppChoices, shown: string): Promise<string> {
  const { entry, npm, ...others } = choices
  // An option about the entry that is not taken here is a type error.
  others satisfies Record<string, never>
  const configFile = join(shown, ".edgebox.json")
  if (entry !== undefined) {
    const file = await fileAt(resolve(root, entry))
    if (file === undefined) throw entryNotThere(entry, configFile)
    if (!isAppFile(file)) throw notAnAppFile(entry, endings)
    return file
  }
  if (npm !== undefined) return entryOfPackage(root, npm, configFile)
  const manifest = await readManifest(root)
  const named = manifest === undefined ? [] : entriesOfManifest(manifest)
  const usual = stems.flatMap((stem) => endings.map((ending) => `${stem}${ending}`))
  for (const name of [...named, ...usual]) {
    const file = await fileAt(resolve(root, name))
    if (file !== undefined && isAppFile(file)) return file
  }
  throw noEntry(shown, [
    '"entry" or "npm" in .edgebox.json',
    `"exports", "module" or "main" in package.json${named.length > 0 ? ` (${named.join(", ")}: not there)` : ""}`,
    ...stems.map((stem) => `${stem}${endings.join(` ${stem}`)}`),
  ])
}

/** The program of an installed package: its `bin`, then what `exports`, `module` or `main` name. */
async function entryOfPackage(root: string, name: string, configFile: string): Promise<string> {
  const folder = await packageFolder(root, name)
  if (folder === undefined) throw packageNotInstalled(name, configFile)
  const manifest = await readManifest(folder)
  const candidates =
    manifest === undefined ? ["index.js"] : [...binOf(manifest, name), ...entriesOfManifest(manifest), "index.js"]
  for (const candidate of candidates) {
    const file = await fileAt(resolve(folder, candidate))
    if (file !== undefined) return file
  }
  throw packageHasNoEntry(name, configFile)
}

/** Where Node would find a package: node_modules here, then in each folder above. */
async function packageFolder(root: string, name: string): Promise<string | undefined> {
  if (!/^(@[^/\\]+\/)?[^/\\.][^/\\]*$/.test(name)) return undefined
  for (let folder = root; ; folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name)
    if ((await stat(candidate).catch(() => undefined))?.isDirectory()) return realpath(candidate)
    if (folder === dirname(folder)) return undefined
  }
}

type Manifest = Record<string, unknown>

async function readManifest(folder: string): Promise<Manifest | undefined> {
  const source = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined)
  if (source === undefined) return undefined
  try {
    const value: unknown = JSON.parse(source.replace(/^\uFEFF/, ""))
    return typeof value === "object" && value !== null ? (value as Manifest) : undefined
  } catch {
    return undefined // esbuild says what is wrong with it when the app is bundled
  }
}

/** `bin` may be one path, or paths by name: the one called like the package first, then the first. */
function binOf(manifest: Manifest, name: string): string[] {
  const bin = manifest["bin"]
  if (typeof bin === "string") return [bin]
  if (typeof bin !== "object" || bin === null) return []
  const byName = bin as Record<string, unknown>
  return [byName[name.replace(/^@[^/]+\//, "")], ...Object.values(byName)].filter((path) => typeof path === "string")
}

function entriesOfManifest(manifest: Manifest): string[] {
  const found = [exportOf(manifest["exports"]), manifest["module"], manifest["main"]]
  return found.filter((path): path is string => typeof path === "string" && path !== "").flatMap(withIndex)
}

/** Node takes `"main": "lib"` for lib.js or lib/index.js as well. */
function withIndex(path: string): string[] {
  return extname(path) === "" ? [path, `${path}.js`, `${path}/index.js`] : [path]
}

const conditions = ["edgebox", "import", "require", "default"]

/** The file behind `exports` or `exports["."]`, under the conditions that we bundle with. */
function exportOf(exports: unknown): string | undefined {
  if (typeof exports === "string") return exports
  if (Array.isArray(exports)) return exports.map(exportOf).find((path) => path !== undefined)
  if (typeof exports !== "object" || exports === null) return undefined
  const table = exports as Record<string, unknown>
  if (Object.hasOwn(table, ".")) return exportOf(table["."])
  for (const [condition, target] of Object.entries(table)) {
    const path = conditions.includes(condition) ? exportOf(target) : undefined
    if (path !== undefined) return path
  }
  return undefined
}

/** The real path of a file; undefined for what is not there or is a folder. */
async function fileAt(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? realpath(path) : undefined
}

function isAppFile(path: string): boolean {
  return (endings as readonly string[]).includes(extname(path))
}

/** `/` has no name of its own. */
function nameOf(folder: string): string {
  return basename(folder) || "app"
}

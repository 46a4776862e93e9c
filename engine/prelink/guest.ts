// The guest as EdgeBox ships it: templates/guest/*.c -> dist/guest.so, templates/guest/core.ts -> dist/guest-core.js.
//
// Compiling C takes seconds and the sources change rarely: the library is kept with the hash of what it was made from.
import { build } from "esbuild"
import { createHash } from "node:crypto"
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { scripts } from "../../templates/guest/scripts.ts"
import { partNames } from "../../templates/parts.ts"
import { readEnginePackage } from "../package.ts"
import { partComplaints, readPartFiles } from "./partfiles.ts"

/** The guest, ready to be loaded into an engine. */
export interface Guest {
  /** The C glue, a library (ARCHITECTURE.md, "Libraries"). */
  library: Uint8Array
  /** The core: scripts for `guest_eval_core`, separated by NUL. */
  core: string
}

const flags = [
  "--target=wasm32-unknown-unknown",
  // Nothing newer than what every host has had for years: frozen code and the engine ask for more, the guest need not.
  ...["-mcpu=mvp", "-mmutable-globals", "-msign-ext"],
  ...["-fPIC", "-Oz", "-nostdlib", "-ffreestanding", "-fvisibility=hidden", "-Wall", "-Werror"],
  ...[
    "-shared",
    "-Wl,--no-entry",
    "-Wl,--experimental-pic",
    "-Wl,--unresolved-symbols=import-dynamic",
    "-Wl,--strip-all",
  ],
]

/**
 * Build the guest from `root`/templates into `root`/dist. Without a change since the last time, that is reading two
 * files.
 */
export async function buildGuest(root: string): Promise<Guest> {
  const dist = join(root, "dist")
  mkdirSync(dist, { recursive: true })
  const [library, core] = await Promise.all([buildLibrary(root, dist), buildCore(root, dist), buildParts(root, dist)])
  return { library, core }
}

async function buildLibrary(root: string, dist: string): Promise<Uint8Array> {
  const folder = join(root, "templates/guest")
  const files = Object.fromEntries(
    readdirSync(folder)
      .filter((name) => /\.[ch]$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "utf8")]),
  )
  const hash = createHash("sha256")
    .update(JSON.stringify([flags, files]))
    .digest("hex")
  const output = join(dist, "guest.so")
  const stamp = `${output}.hash`
  if (readIfThere(stamp) === hash) return new Uint8Array(readFileSync(output))
  const library = await compile(files)
  writeFileSync(output, library)
  writeFileSync(stamp, hash)
  return library
}

async function compile(files: Record<string, string>): Promise<Uint8Array> {
  const { commands } = await import("@yowasp/clang")
  const sources = Object.keys(files).filter((name) => name.endsWith(".c"))
  let said = ""
  const listen = (bytes: Uint8Array | null) => {
    if (bytes !== null) said += new TextDecoder().decode(bytes)
  }
  try {
    const made = await commands.clang([...flags, "-o", "guest.so", ...sources], files, {
      stdout: listen,
      stderr: listen,
      fetchProgress: () => {}, // it would talk on the terminal
    })
    const library = made?.["guest.so"]
    if (library instanceof Uint8Array) return library
  } catch (error) {
    if (said === "") throw error
  }
  throw new Error(`the guest's C does not compile:\n${said}`)
}

async function buildCore(root: string, dist: string): Promise<string> {
  const texts = scripts.map((name) => bundleScript(root, `templates/guest/${name}.ts`))
  const source = (await Promise.all(texts)).join("\0")
  const output = join(dist, "guest-core.js")
  if (readIfThere(output) !== source) writeFileSync(output, source)
  return source
}

/** dist/parts.json: the script of each part by name. */
async function buildParts(root: string, dist: string): Promise<void> {
  const complaints = partComplaints(partNames, readPartFiles(root))
  if (complaints.length > 0)
    throw new Error(`templates/parts.ts and the files beside it do not agree:\n  ${complaints.join("\n  ")}`)
  const texts = await Promise.all(partNames.map((name) => bundleScript(root, `templates/${name}.ts`)))
  const output = join(dist, "parts.json")
  const text = JSON.stringify(Object.fromEntries(partNames.map((name, i) => [name, texts[i]])))
  if (readIfThere(output) !== text) writeFileSync(output, text)
}

/**
 * One script from a file that exports `start` and nothing else. Its completion value is that function.
 * Identifiers are shortened: their names would be atoms in every artifact.
 */
async function bundleScript(root: string, entry: string): Promise<string> {
  const result = await build({
    entryPoints: [join(root, entry)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    target: "es2023",
    minify: true,
    charset: "utf8",
    legalComments: "none",
    logLevel: "warning",
    define: { EDGEBOX_VERSIONS: JSON.stringify(versions(root)) },
  })
  return `(function(){"use strict";${returnStart(result.outputFiles[0]?.text ?? "", entry)}})()`
}

/**
 * A module's text with `return` in place of its export. As a script esbuild would wrap the export in six functions of
 * its own.
 */
function returnStart(text: string, entry: string): string {
  const found = /export\{([\w$]+) as start\};\s*$/.exec(text)
  if (found === null) throw new Error(`${entry} has to export one function, start`)
  return `${text.slice(0, found.index)}return ${found[1]}`
}

function versions(root: string): { edgebox: string; quickjs: string } {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }
  return { edgebox: version, quickjs: readEnginePackage().version }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

// `edgeboxc inspect app.wasm`: what is inside a module. Read from its sections, nothing is run.
import { readFile } from "node:fs/promises"
import type { Command } from "commander"
import { parseCode } from "../../wasm/body.ts"
import { parseMemories } from "../../wasm/definitions.ts"
import { parseExports, parseImports } from "../../wasm/externs.ts"
import { findSection, readSections, SectionId, type Section } from "../../wasm/sections.ts"
import { reasonOf } from "../../output.ts"
import { isProblem, printable, unprintable } from "../../problem.ts"
import { notAnArtifact, notReadable } from "../errors.ts"
import { noteSection, type ArtifactNote } from "../link.ts"
import { bytesText } from "../report.ts"

/** What is inside a module. Sizes in bytes. */
export interface Inspection {
  bytes: number
  /** What EdgeBox wrote down when it made the artifact; absent in other modules. */
  artifact?: ArtifactNote
  imports: { module: string; name: string; kind: string }[]
  exports: { name: string; kind: string }[]
  sections: { name: string; bytes: number }[]
  functions: number
  /** Minimum and maximum size of the first memory in pages of 64 KiB. */
  pages?: { min: number; max?: number }
}

/** Look into a module. Throws EB800 when the bytes are no core module, or a damaged one. */
export function inspect(bytes: Uint8Array, path: string): Inspection {
  try {
    const sections = readSections(bytes)
    if (WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) return inspectSections(bytes, sections)
  } catch (error) {
    if (!isProblem(error)) throw error
    throw notAnArtifact(path, error.message)
  }
  throw notAnArtifact(path, "it is damaged, or needs features that this version of Node does not have")
}

function inspectSections(bytes: Uint8Array, sections: readonly Section[]): Inspection {
  const section = (id: number) => findSection(sections, id)
  const [memory] = parseMemories(section(SectionId.Memory))
  const artifact = readNote(sections)
  return {
    bytes: bytes.length,
    ...(artifact && { artifact }),
    imports: parseImports(section(SectionId.Import)).map(({ module, name, kind }) => ({ module, name, kind })),
    exports: parseExports(section(SectionId.Export)).map(({ name, kind }) => ({ name, kind })),
    sections: sections.map((s) => ({ name: nameOf(s), bytes: s.bytes.length })),
    functions: parseCode(section(SectionId.Code)).length,
    ...(memory && { pages: { min: memory.min, ...(memory.max !== undefined && { max: memory.max }) } }),
  }
}

function readNote(sections: readonly Section[]): ArtifactNote | undefined {
  const section = sections.find((s) => s.id === SectionId.Custom && s.name === noteSection)
  if (section === undefined) return undefined
  try {
    const note = JSON.parse(new TextDecoder().decode(section.bytes)) as ArtifactNote
    return isNote(note) ? note : undefined
  } catch {
    return undefined // somebody else's section of the same name
  }
}

/** A module may be anybody's: what is shown of a note has to be what our own compiler writes. */
function isNote(note: ArtifactNote | null): note is ArtifactNote {
  const { version, engine, edgebox, sizes } = note ?? ({} as Partial<ArtifactNote>)
  const counts = sizeNames.map((name) => (sizes as Record<string, unknown> | null | undefined)?.[name])
  return (
    version === 1 &&
    typeof engine === "string" &&
    typeof edgebox === "string" &&
    counts.every((count) => Number.isSafeInteger(count) && (count as number) >= 0)
  )
}

const sizeNames = ["engine", "guest", "libraries", "frozen", "snapshot", "app"]

function nameOf(section: Section): string {
  if (section.id === SectionId.Custom) return `custom "${section.name}"`
  const [name] = Object.entries(SectionId).find(([, id]) => id === section.id) ?? [`section ${section.id}`]
  return name
}

/** The same for people. Names come from the module, which may be anybody's. */
export function inspectionText(path: string, it: Inspection): string {
  const lines = [`${printable(path)}  ${bytesText(it.bytes)}`]
  const { artifact } = it
  if (artifact) {
    const ran = artifact.snapshot === "app" ? "the app's top level has run" : "the engine is initialised"
    lines.push(
      "",
      `  made by      EdgeBox ${printable(String(artifact.edgebox))} with ${printable(String(artifact.engine))}`,
      `  snapshot     ${ran}`,
    )
    lines.push("", "  by part")
    const { engine, guest, libraries, frozen, snapshot, app } = artifact.sizes
    const rows: [string, number][] = [
      ["engine code", engine],
      ["guest code", guest],
      ["web API libraries", libraries],
      ["frozen code", frozen],
      ["snapshot", snapshot],
      ["  app bytecode", app],
    ]
    for (const [name, bytes] of rows) lines.push(`    ${name.padEnd(20)} ${bytesText(bytes).padStart(12)}`)
  } else {
    lines.push("", "  not made by EdgeBox")
  }
  lines.push("", "  sections")
  for (const { name, bytes } of it.sections)
    lines.push(`    ${printable(name).padEnd(20)} ${bytesText(bytes).padStart(12)}`)
  if (it.pages) {
    const max = it.pages.max === undefined ? "no maximum" : `at most ${it.pages.max}`
    lines.push("", `  memory       ${it.pages.min} pages of 64 KiB, ${max}`)
  }
  lines.push(`  functions    ${it.functions}`)
  lines.push(`  imports      ${namesOf(it.imports.map(({ module, name }) => `${module}.${name}`))}`)
  lines.push(`  exports      ${namesOf(it.exports.map(({ name }) => name))}`)
  return lines.join("\n")
}

function namesOf(names: string[]): string {
  return names.length === 0 ? "none" : `${names.length}: ${names.map(printable).join(", ")}`
}

/**
 * JSON that says the same and can be looked at in a terminal. Between its values there are spaces and newlines, which
 * stay.
 */
function jsonText(value: unknown): string {
  const escape = (c: string) => Array.from({ length: c.length }, (_, i) => unicodeEscape(c.charCodeAt(i))).join("")
  return JSON.stringify(value, null, 2).replace(unprintable, (c) => (c === "\n" ? c : escape(c)))
}

function unicodeEscape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`
}

/** Register `inspect`. */
export function inspectCommand(program: Command): void {
  program
    .command("inspect <app.wasm>")
    .description("say what is inside a module: parts and their sizes, imports, exports, memory")
    .option("--json", "as JSON")
    .action(async (path: string, options: { json?: boolean }) => {
      const bytes = await readFile(path).catch((error: Error) => {
        throw notReadable(path, reasonOf(error))
      })
      const found = inspect(new Uint8Array(bytes), path)
      process.stdout.write(`${options.json === true ? jsonText(found) : inspectionText(path, found)}\n`)
    })
}

// Rows of templates/parts.ts and files of templates/node and templates/web: each has the other, or EdgeBox does not
// build.
import { readdirSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"

/** Folders below templates/ whose files are parts, or belong to parts. */
const folders = ["node", "web"]

/** The files of the parts' folders: name below templates/, without ".ts" -> text. */
export function readPartFiles(root: string): Map<string, string> {
  const templates = join(root, "templates")
  const found = folders.flatMap((folder) =>
    readdirSync(join(templates, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  )
  const sources = found.filter((file) => file.endsWith(".ts")).sort()
  return new Map(sources.map((file) => [file.slice(0, -".ts".length), readFileSync(join(templates, file), "utf8")]))
}

/** What is wrong between the table's rows and the files: a sentence each. */
export function partComplaints(rows: readonly string[], files: ReadonlyMap<string, string>): string[] {
  const complaints: string[] = []
  for (const row of rows) {
    const text = files.get(row)
    if (text === undefined) complaints.push(`the row "${row}" has no file templates/${row}.ts`)
    else if (!/^export function start\(/m.test(text))
      complaints.push(`templates/${row}.ts exports no function start(kit), which its row promises`)
  }
  const reached = reachedFrom(rows, files)
  for (const file of files.keys())
    if (!reached.has(file)) complaints.push(`templates/${file}.ts has no row, and no file of a row imports it`)
  return complaints
}

/** Files that the rows' files import, and those that these import, and so on. */
function reachedFrom(rows: readonly string[], files: ReadonlyMap<string, string>): Set<string> {
  const reached = new Set(rows)
  for (const file of reached)
    // a Set is walked to its end, also what is added meanwhile
    for (const [, target = ""] of (files.get(file) ?? "").matchAll(/\bfrom\s*"(\.[^"]+)\.ts"/g))
      reached.add(posix.join(posix.dirname(file), target))
  return reached
}

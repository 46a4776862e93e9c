// __filename, __dirname and import.meta: what a file knows about itself.
//
// esbuild can replace such an expression by a name, but by the same one in every file. So it is given a marker, and the
// source map says which file each marker stands in. The name that replaces it has the same width, so that no column
// moves:
//
//   import.meta.url  ->  __edgebox_meta_000000.url  ->  __edgebox_meta_000002.url
//
// The artifact has no folder of its own: files are called as if the app lay in /app.
import { posix } from "node:path"
import { MappedLines, type SourceMap } from "./mappings.ts"

/** For esbuild's `define`. */
export const placeMarkers = {
  __filename: "__edgebox_file_000000",
  __dirname: "__edgebox_dir_000000",
  "import.meta": "__edgebox_meta_000000",
  "require.main": "__edgebox_main",
  "require.resolve": "__edgebox_resolve_000000",
}

const marker = /\b__edgebox_(file|dir|meta|resolve)_000000\b/g

export interface Filled {
  code: string
  map: SourceMap
  /** Declarations that the code needs in front of it, on one line; empty when it needs none. */
  prelude: string
}

/** Give every marker the name of its own file's value. `entry` is the entry's path, as esbuild calls it. */
export function fillPlaces({ code, map }: { code: string; map: SourceMap }, entry: string): Filled {
  const declared = new Map<string, string>()
  const main = withMain(code, entry)
  if (main !== undefined) declared.set("__edgebox_main", "void 0")
  const text = main ?? code
  if (text.search(marker) < 0) return { code: text, map, prelude: declaration(declared) }
  const lines = new MappedLines(map.mappings)
  const place = placeCounter(text)
  const filled = text.replace(marker, (found, kind: string, offset: number) => {
    const { line, column } = place(offset)
    // A marker begins a segment; its source is the file that it stands in.
    const source = lines.segments(line).findLast((segment) => segment[0]! <= column)?.[1]
    if (source === undefined) return found
    const name = `__edgebox_${kind}_${String(source + 1).padStart(6, "0")}`
    declared.set(name, valueOf(kind, map.sources[source] ?? "", entry))
    return name
  })
  return { code: filled, map, prelude: declaration(declared) }
}

/** Offset -> line and column from 0, for offsets that grow. */
function placeCounter(text: string): (offset: number) => { line: number; column: number } {
  let line = 0
  let start = 0
  return (offset) => {
    for (let next = text.indexOf("\n", start); next >= 0 && next < offset; next = text.indexOf("\n", start)) {
      line++
      start = next + 1
    }
    return { line, column: offset - start }
  }
}

/** `require.main` is the entry's module when that is CommonJS: its function says so before it runs. */
function withMain(code: string, entry: string): string | undefined {
  if (!code.includes("__edgebox_main")) return undefined
  for (const quote of ['"', "'", "`"]) {
    const key = `${quote}${entry.replaceAll("\\", "\\\\").replaceAll(quote, `\\${quote}`)}${quote}`
    const header = `${key}(exports, module) {\n`
    if (code.includes(header)) return code.replace(header, () => `${header.slice(0, -1)} __edgebox_main = module;\n`)
  }
  return code
}

function valueOf(kind: string, source: string, entry: string): string {
  const file = placeOf(source)
  if (kind === "file") return JSON.stringify(file)
  if (kind === "dir") return JSON.stringify(posix.dirname(file))
  if (kind === "resolve") return `__edgebox_resolver(${JSON.stringify(posix.dirname(file))})` // requiring.ts
  const url = `file://${file.split("/").map(encodeURIComponent).join("/")}`
  const known = { url, filename: file, dirname: posix.dirname(file), main: source === entry }
  return `{ __proto__: null, ${JSON.stringify(known).slice(1, -1)} }`
}

/**
 * The path that a file goes by while the app runs. Files above the app's folder (node_modules) are called as if below
 * it.
 */
export function placeOf(source: string): string {
  return `/app/${source.replace(/^(?:\.\.\/)+/, "")}`
}

function declaration(declared: ReadonlyMap<string, string>): string {
  if (declared.size === 0) return ""
  return `var ${[...declared].map(([name, value]) => `${name} = ${value}`).join(", ")};`
}

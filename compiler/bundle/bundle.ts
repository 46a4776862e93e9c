// An app -> one script, with esbuild.
//
//   import { render } from "./render.ts"           (function (require) { "use strict";
//   import fs from "fs"                      ->      var require_fs = __commonJS({ … require("fs") … })
//   export default () => render(fs)                  …
//                                                    return __toCommonJS(index_exports);
//                                                  })
//
// The script's completion value is a function of one parameter, `require`, which answers for built-in modules. It
// returns the entry's exports, or a promise of them when the app awaits at its top level. It is a script and not a
// module because a module's outermost function is always an async one, which could never be frozen.
//
// What esbuild cannot do by itself is done on its text, line by line, so that the source map stays exact:
// strict.ts gives ES modules their strict mode and lets sloppy CommonJS be sloppy; meta.ts fills in __filename and
// import.meta.
//
// Only this file calls esbuild; builtins.ts and strict.ts know the shapes of what it takes and gives.
import {
  type BuildFailure,
  type BuildOptions,
  type BuildResult,
  type Message,
  type Metafile,
  type Plugin,
  build,
} from "esbuild"
import { formatMessages, transform } from "esbuild"
import { readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { builtinPlugin, missingOf, namesOf } from "./builtins.ts"
import type { App } from "../entry.ts"
import { isProblem, printable, unprintable } from "../../problem.ts"
import { bundleFailed, nestedTooDeeply } from "../errors.ts"
import { fromHere } from "../disk.ts"
import type { BuildChoices } from "../options.ts"
import { mapText, type SourceMap } from "./mappings.ts"
import { graph, withGraph } from "./awaiting.ts"
import { isAboutConstant, withThrows } from "./assigned.ts"
import { withHelpers } from "./requiring.ts"
import { fillPlaces, placeMarkers } from "./meta.ts"
import { kindsOf, shape } from "./strict.ts"

/** What a build can tell its bundling. */
export type BundleChoices = Pick<BuildChoices, "minify" | "define" | "external">

/** What bundling can be told. */
export interface BundleOptions extends BundleChoices {
  /** Built-in modules that exist, without `node:`. */
  builtins: readonly string[]
  /** Colour esbuild's diagnostics for a terminal. */
  color?: boolean
}

/** One script, and what the later stages need to know about it. */
export interface Bundle {
  /** A function expression in parentheses; see the top of this file. */
  code: string
  /** Positions in `code` -> positions in the app's files, relative to the app's folder, with forward slashes. */
  map: SourceMap
  /** `async`: the function returns a promise. */
  format: "sync" | "async"
  /** The entry is an ES module, whose jobs Node runs before its ticks. */
  entryIsModule: boolean
  /** Built-in modules that are in use, without `node:`, sorted. */
  builtins: string[]
  /** Absolute paths of the files that were read, sorted. */
  inputs: string[]
  /** esbuild's warnings, as esbuild shows them. */
  warnings: string[]
  /** Built-in modules that do not exist but are asked for by `require` or `import()`, and the files that do. Sorted. */
  missing: { name: string; files: string[] }[]
}

/** A name that nothing in an app's folder has, so that esbuild never thinks that we would overwrite it. */
const outfile = ".edgebox.bundle.js"
export const globalName = "__edgebox_app"

/** Bundle an app. Throws a problem when the app cannot be bundled. */
export async function bundle(app: App, options: BundleOptions): Promise<Bundle> {
  try {
    const { result, ...kind } = await runFor(app, options)
    const { format } = kind
    const whole = await complete(app, options, result, kind)
    const pieces = shape(whole, format)
    const { code, map } = options.minify === true ? await minified(pieces) : pieces
    return {
      code,
      map,
      format,
      entryIsModule: whole.entryIsModule,
      builtins: namesOf(result.metafile),
      inputs: inputsOf(result.metafile, app.root),
      warnings: await shown([...result.warnings, ...leftOut(result.metafile)], "warning", app, options),
      missing: missingOf(result.metafile),
    }
  } catch (error) {
    // acorn descends by recursion; it says RangeError or SyntaxError when the stack ends
    if (error instanceof RangeError || (error instanceof SyntaxError && /stack/.test(error.message)))
      throw nestedTooDeeply()
    if (!isBuildFailure(error)) throw error
    throw await problemOf(error, app, options)
  }
}

const awaitAndSloppy = [
  "The app awaits at its top level, and then all of its files must be free of what strict mode forbids.",
  "Move the await into an async function, or replace the file above.",
]

type Result = BuildResult<{ metafile: true; write: false }>

/** How esbuild is run: `linked`, with every module in a function of its own (awaiting.ts). */
interface RunKind {
  format: Bundle["format"]
  linked: boolean
}

/** A plain function unless the app awaits at its top level: esbuild says so only by refusing. */
async function runFor(app: App, options: BundleOptions): Promise<RunKind & { result: Result }> {
  const sync: RunKind = { format: "sync", linked: false }
  try {
    return { result: await run(app, options, sync), ...sync }
  } catch (error) {
    // With other errors besides, the second run shows those alone.
    if (!isBuildFailure(error) || !error.errors.some(isAboutAwait)) throw error
    const files = error.errors.filter(isAboutAwait).map(({ location }) => resolve(app.root, location?.file ?? ""))
    const kind: RunKind = { format: "async", linked: files.some((file) => file !== app.entry) }
    return { result: await run(app, options, kind), ...kind }
  }
}

const isAboutAwait = (message: Message) => /^Top-level await is currently not supported/.test(message.text)

/**
 * Text, map and kinds of what esbuild wrote; a second run makes modules of the scripts that need a function of their
 * own.
 */
async function complete(app: App, options: BundleOptions, first: Result, kind: RunKind) {
  const kinds = await kindsOf(first.metafile, app.root)
  const again = kinds.strict.length > 0 && kinds.scripts.length > 0
  const result = again ? await run(app, options, kind, kinds.scripts) : first
  const [map, code] = textsOf(result)
  const entry = Object.values(result.metafile.outputs).find((output) => output.entryPoint !== undefined)
  const entryPath = kind.linked ? relative(app.root, app.entry).replaceAll("\\", "/") : (entry?.entryPoint ?? "")
  const helped = withHelpers(kind.linked ? withGraph(code) : code, {
    entry: entryPath,
    files: Object.keys(entry?.inputs ?? {}),
    builtins: options.builtins,
  })
  const filled = fillPlaces({ code: helped.code, map }, entryPath)
  const isModule = (path: string) => kinds.strict.includes(path) && result.metafile.inputs[path]?.format !== "cjs"
  return {
    ...filled,
    prelude: (kind.linked ? graph : "") + helped.prelude + filled.prelude,
    linked: kind.linked,
    kinds: again ? await kindsOf(result.metafile, app.root) : kinds,
    original: originalLines(app.root, result.metafile),
    exports: entry?.exports ?? [],
    entryIsModule: isModule(entryPath),
  }
}

/**
 * Reads the files of a bundle once more, as lines: those that esbuild itself read, and not what the maps say that they
 * bring with them.
 */
function originalLines(root: string, { inputs }: Metafile): (source: string) => readonly string[] | undefined {
  const known = new Map<string, readonly string[] | undefined>()
  return (source) => {
    if (!known.has(source)) {
      known.set(source, Object.hasOwn(inputs, source) ? linesOf(resolve(root, source)) : undefined)
    }
    return known.get(source)
  }
}

/** Lines as esbuild counts them. */
function linesOf(path: string): string[] | undefined {
  try {
    const text = readFileSync(path, "utf8")
    return text.includes("sourceMappingURL=") ? undefined : text.split(/\r\n|[\n\r\u2028\u2029]/)
  } catch {
    return undefined // not a file, or gone since esbuild read it
  }
}

/** Runs esbuild; where it refuses what only throws when it runs, once more without that. */
async function run(app: App, options: BundleOptions, kind: RunKind, wrap: string[] = []): Promise<Result> {
  try {
    return await runOnce(app, options, kind, { wrap })
  } catch (error) {
    const constants = isBuildFailure(error) ? error.errors.filter(isAboutConstant) : []
    if (constants.length === 0) throw error
    return runOnce(app, options, kind, { wrap, texts: await withThrows(constants, app.root) })
  }
}

/** `wrap`: scripts that need a function of their own. `texts`: what stands in a file for us, by its path. */
interface Changes {
  wrap: string[]
  texts?: ReadonlyMap<string, string>
}

async function runOnce(app: App, options: BundleOptions, kind: RunKind, { wrap, texts }: Changes): Promise<Result> {
  const settings = {
    absWorkingDir: app.root,
    entryPoints: [kind.linked || app.entry.includes("*") ? entryName : app.entry],
    outfile: join(app.root, outfile),
    bundle: true,
    write: false,
    metafile: true,
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "silent",
    charset: "utf8",
    legalComments: "none",
    treeShaking: true,
    keepNames: true,
    platform: "neutral",
    // What Node takes, so that an app runs the same files here and there; but no "node" condition, which
    // usually leads to built-in modules that a sandbox does not have.
    mainFields: ["main", "module"],
    conditions: ["edgebox"],
    // The engine speaks all of ES2025 and `using`; decorators are the exception. import() of what is not known
    // while bundling goes through `require`, which says clearly what is missing.
    target: "esnext",
    supported: { decorators: false, "dynamic-import": false },
    loader: { "": "js", ".txt": "text", ".md": "text" },
    define: { ...placeMarkers, ...options.define },
    ...(kind.format === "sync" ? { format: "iife", globalName } : { format: "esm" }),
    plugins: [
      entryPlugin(app, kind),
      builtinPlugin(options, new Set(wrap.map((path) => resolve(app.root, path))), texts),
    ],
  } satisfies BuildOptions
  return build(settings)
}

/**
 * An entry by way of a name, because in a path esbuild takes `*` for a pattern. (Then no tsconfig.json counts for it.)
 */
const entryName = "edgebox-entry"

function entryPlugin(app: App, { linked }: RunKind): Plugin {
  const contents = `export default () => import(${JSON.stringify(`./${relative(app.root, app.entry)}`)})`
  return {
    name: "entry",
    setup(build) {
      build.onResolve({ filter: /^edgebox-entry$/ }, ({ kind }) =>
        kind !== "entry-point" ? undefined : linked ? { path: entryName, namespace: "edgebox" } : { path: app.entry },
      )
      build.onLoad({ filter: /^edgebox-entry$/, namespace: "edgebox" }, () => ({ contents, resolveDir: app.root }))
    },
  }
}

function textsOf(result: Result): [SourceMap, string] {
  const text = (ending: string) => result.outputFiles.find((file) => file.path.endsWith(ending))?.text
  const code = text(".js")
  const map = text(".js.map")
  if (code === undefined || map === undefined) throw new Error("esbuild wrote no script, or no map")
  return [withPaths(JSON.parse(map) as SourceMap), code]
}

/** A map's sources are URLs; ours are paths. */
function withPaths(map: SourceMap): SourceMap {
  return { ...map, sources: map.sources.map(decodeURIComponent) }
}

/** Shorter names and no spaces. The assignment keeps esbuild from dropping a function that nobody calls. */
async function minified(pieces: { code: string; map: SourceMap }): Promise<{ code: string; map: SourceMap }> {
  const prefix = `${globalName}=`
  const inlineMap = Buffer.from(mapText(pieces.map)).toString("base64")
  const input = `${prefix}${pieces.code}\n//# sourceMappingURL=data:application/json;base64,${inlineMap}`
  const { code, map } = await transform(input, {
    minifyWhitespace: true,
    minifySyntax: true,
    // Names that `with` may look up have to stay, and esbuild gives others the same ones.
    minifyIdentifiers: !/\bwith\s*\(/.test(pieces.code),
    charset: "utf8",
    legalComments: "none",
    target: "esnext",
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "silent",
  })
  if (!code.startsWith(prefix)) throw new Error("the minified bundle does not begin as it should")
  const body = code.slice(prefix.length).replace(/;?\s*$/, "")
  // As wide as before: no column moves. The first line of `pieces` has no mappings that the prefix could have moved.
  return { code: `${" ".repeat(prefix.length - 1)}(${body})`, map: withPaths(JSON.parse(map) as SourceMap) }
}

function inputsOf(metafile: Metafile, root: string): string[] {
  // esbuild names what does not come from a file by its namespace: "node:fs".
  const files = Object.keys(metafile.inputs).filter((path) => !/^[a-z-]{2,}:/.test(path))
  return files.map((path) => resolve(root, path)).sort()
}

/** Style sheets: esbuild writes them into a file of their own, which is no part of an artifact. */
function leftOut({ inputs }: Metafile): Message[] {
  const styles = Object.keys(inputs).filter((path) => path.endsWith(".css"))
  const text = (path: string) => `"${path}" is left out: an artifact holds scripts, and styles have nothing to act on`
  return styles.map((path) => ({
    id: "",
    pluginName: "",
    text: text(path),
    location: null,
    notes: [],
    detail: undefined,
  }))
}

function isBuildFailure(error: unknown): error is BuildFailure {
  return error instanceof Error && Array.isArray((error as Partial<BuildFailure>).errors)
}

/** Our own plugin's problems come back as esbuild messages; alone, they are shown as what they are. */
async function problemOf(failure: BuildFailure, app: App, options: BundleOptions): Promise<Error> {
  const [first] = failure.errors
  const ours = failure.errors.every((message) => typeof message.detail === "function")
  if (ours && first !== undefined) {
    const { location } = first
    const at =
      location === null
        ? undefined
        : `${fromHere(resolve(app.root, location.file))}:${location.line}:${location.column + 1}`
    const problem: unknown = (first.detail as (at: string | undefined) => unknown)(at)
    if (isProblem(problem)) return problem
  }
  const texts = await shown(failure.errors, "error", app, options)
  const detail = texts.join("\n").trimEnd().split("\n")
  // To await at its top level a script must be a module for esbuild, which then holds every file to strict mode.
  const tooStrict = failure.errors.some(({ text }) => text.includes("output format due to strict mode"))
  return bundleFailed(failure.errors.length, detail, tooStrict ? awaitAndSloppy : undefined)
}

/** As esbuild shows them, with paths as seen from the working directory. */
function shown(messages: Message[], kind: "error" | "warning", app: App, options: BundleOptions): Promise<string[]> {
  const shownNote = ({ text, location }: Note) => ({ text: textOf(text), location: placed(location, app) })
  const moved = messages.map((message) => ({ ...message, ...shownNote(message), notes: message.notes.map(shownNote) }))
  return formatMessages(moved, { kind, color: options.color === true, terminalWidth: 100 })
}

type Note = Pick<Message, "text" | "location">

function placed(location: Message["location"], app: App): Message["location"] {
  if (location === null) return null
  const { file, lineText } = location
  return { ...location, file: printable(fromHere(resolve(app.root, file))), lineText: sameWidth(lineText) }
}

/** esbuild's own lines stay lines; what a package's names put into them does not reach the terminal. */
function textOf(text: string): string {
  return text.split("\n").map(printable).join("\n")
}

/**
 * A line of source without what would act on a terminal. esbuild counts columns in bytes, so each byte becomes a
 * question mark.
 */
function sameWidth(line: string): string {
  return line.replace(unprintable, (c) => (c === "\t" ? c : "?".repeat(Buffer.byteLength(c))))
}

// Strict mode, kept as it was in every file.
//
// ES modules are strict and CommonJS files are sloppy unless they say otherwise, but a script has one outermost
// function. Three cases:
//
//   only strict files:     (function (require) { "use strict"; … })
//   only CommonJS:         (function (require) { … })              files with a directive of their own keep it
//   both:                  (function (require) {
//                            CommonJS wrappers; return (function () { "use strict"; ES modules })()
//                          })
//
// In the third case esbuild's top-level statements are dealt to the two functions. The wrappers are functions that run
// when they are called, so moving them to the front changes nothing; what they see of the ES modules (for `require` of
// one) is declared outside.
//
// A CommonJS file with import statements (TypeScript under `"type": "commonjs"` mostly) is strict, as for esbuild and
// tsc, and uses the names of ES modules: its wrapper stands among them, and is itself declared outside.
import { type Comment, type Expression, type Options, type Program, type Statement, parse } from "acorn"
import { readFile } from "node:fs/promises"
import { dirname, extname, join, resolve } from "node:path"
import type { Metafile } from "esbuild"
import { withModulesLinked } from "./awaiting.ts"
import { withLexicalDeclarations } from "./lexical.ts"
import { withoutNeedlessNames } from "./names.ts"
import { withTurnsClosed } from "./turns.ts"
import { MappedLines, type SourceMap } from "./mappings.ts"

/** The files of a bundle by the mode they run in. Paths as esbuild gives them. */
export interface Kinds {
  /** ES modules, and CommonJS modules with import statements. */
  strict: string[]
  /** Other CommonJS modules; esbuild gives each a function. */
  commonJs: string[]
  /** Sloppy files with nothing of a module about them; esbuild puts their code among the others'. */
  scripts: string[]
}

/** What esbuild wrote, with what `meta.ts` added. */
export interface Raw {
  code: string
  map: SourceMap
  prelude: string
  kinds: Kinds
  /** The lines of an original file, by its name in the map; undefined for what is no file. */
  original: (source: string) => readonly string[] | undefined
  /** Every ES module is in a function of its own, and the entry is what the default export gives: awaiting.ts. */
  linked: boolean
  /** Names that the entry exports, where esbuild ends its output with an export statement. */
  exports: string[]
}

/** Sort a bundle's files. What esbuild does not say, Node's rules do: the file's ending, then the package's `type`. */
export async function kindsOf(metafile: Metafile, root: string): Promise<Kinds> {
  const kinds: Kinds = { strict: [], commonJs: [], scripts: [] }
  const used = new Set(Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs)))
  for (const [path, input] of Object.entries(metafile.inputs)) {
    if (!used.has(path) || !/\.[cm]?[jt]sx?$/.test(path) || input.with !== undefined) continue
    if (input.format === "esm" || input.imports.some(isStatement)) kinds.strict.push(path)
    else if (input.format === "cjs") kinds.commonJs.push(path)
    else if (await isModuleByName(resolve(root, path))) kinds.strict.push(path)
    else kinds.scripts.push(path)
  }
  return kinds
}

/** Is it an import statement of the file's own? esbuild's helpers, and patterns of files, are imported, too. */
const isStatement = ({ kind, external }: { kind: string; external?: boolean }) =>
  kind === "import-statement" && external !== true

async function isModuleByName(path: string): Promise<boolean> {
  const ending = extname(path)
  if (ending.startsWith(".m")) return true
  if (ending.startsWith(".c")) return false
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const source = await readFile(join(folder, "package.json"), "utf8").catch(() => undefined)
    if (source !== undefined) return typeOf(source) === "module"
    if (folder === dirname(folder)) return false
  }
}

function typeOf(packageJson: string): unknown {
  try {
    return (JSON.parse(packageJson) as { type?: unknown } | null)?.type
  } catch {
    return undefined
  }
}

/** esbuild's output -> a function in parentheses. */
export function shape(raw: Raw, format: "sync" | "async"): { code: string; map: SourceMap } {
  const found = format === "sync" ? iifeBody(raw.code) : moduleBody(raw)
  const comments: Comment[] = []
  const source = found.lines.slice(found.first, found.last).join("\n")
  const program = parse(source, { ...syntax, onComment: comments })
  const mapped = new MappedLines(raw.map.mappings)
  const modules = raw.linked ? withModulesLinked(source, program) : { source, links: "" }
  const lexical = withLexicalDeclarations(modules.source, program, originals(raw, mapped, source, found.first))
  const named = withTurnsClosed(withoutNeedlessNames(lexical, program), program).split("\n")
  const body = { ...found, lines: found.lines.slice(0, found.first).concat(named, found.lines.slice(found.last)) }
  if (raw.linked) linkLast(body, modules.links)
  const lines = new Lines(body)
  const { kinds, prelude } = raw
  if (kinds.strict.length === 0 || kinds.commonJs.length === 0) {
    const mode = kinds.commonJs.length + kinds.scripts.length === 0 ? '"use strict"; ' : ""
    lines.keep(body.first, body.last)
    lines.surround(`(${format === "async" ? "async " : ""}function (require) { ${mode}${prelude}`, "})")
  } else {
    deal(lines, body, topLevel(source, program, comments, body.first, new Set(kinds.strict)), format, prelude)
  }
  // What returns the exports, if something does: esbuild gives it the place of what stands above.
  if (/^\s*return /.test(body.lines[body.last - 1] ?? "")) lines.unmap(-2)
  return { code: lines.text(), map: { ...raw.map, mappings: mapped.arranged(lines.order) } }
}

/** Offset in the body, ascending -> what stands at that place in the original file. */
function originals(
  { map, original }: Raw,
  mapped: MappedLines,
  source: string,
  firstLine: number,
): (offset: number) => string | undefined {
  const lineAt = lineCounter(source, firstLine)
  return (offset) => {
    const column = offset - (source.lastIndexOf("\n", offset - 1) + 1)
    const [, file, line, at] = mapped.segments(lineAt(offset)).findLast((s) => s[0]! <= column) ?? []
    return file === undefined ? undefined : original(map.sources[file]!)?.[line!]?.slice(at)
  }
}

/**
 * The lines of esbuild's output that hold the app's statements: [first, last), the last being what returns the exports.
 */
interface Body {
  lines: string[]
  first: number
  last: number
}

function iifeBody(code: string): Body {
  const lines = code.trimEnd().split("\n")
  // The entry's hashbang and directives come first.
  const header = lines.findIndex((line) => /^var \w+ = \(\(\) => \{$/.test(line))
  if (header < 0 || lines.at(-1) !== "})();") throw new Error("esbuild's output does not begin or end as expected")
  return { lines, first: header + 1, last: lines.length - 1 }
}

/** `export { a as default }` at the end of a module becomes the value that its function returns. */
function moduleBody(raw: Raw): Body {
  const lines = raw.code.trimEnd().split("\n")
  const first = lines[0]?.startsWith("#!") === true ? 1 : 0
  if (raw.exports.length === 0) return { lines: [...lines, "return {};"], first, last: lines.length + 1 }
  const at = lines.findLastIndex((line) => line.startsWith("export "))
  const statement = lines.slice(at).join("\n")
  return { lines: [...lines.slice(0, at), returned(statement)], first, last: at + 1 }
}

/** The last line, which calls for the entry, puts the modules into the graph before. */
function linkLast(body: Body, links: string): void {
  const last = body.lines[body.last - 1] ?? ""
  const entry = /get default\(\) \{ return (.*?); \}/.exec(last)?.[1]
  if (entry === undefined) throw new Error(`unexpected end of esbuild's output: ${last.slice(0, 80)}`)
  body.lines[body.last - 1] = `return ${links}, ${entry}();`
}

function returned(statement: string): string {
  const value = /^export default ([^]*?);?$/.exec(statement)?.[1]
  if (value !== undefined) return `return { __esModule: true, default: ${value} };`
  const list = /^export \{([^]*)\};?$/.exec(statement)?.[1]
  if (list === undefined) throw new Error(`unexpected end of esbuild's output: ${statement.slice(0, 80)}`)
  // A name is an identifier or, when it is not one, a string literal (which may hold a comma).
  const entries = [...list.matchAll(/([\w$\u0080-\uffff]+)(?: as ("(?:[^"\\]|\\.)*"|[\w$\u0080-\uffff]+))?/g)]
  const getters = entries.map(([, local, name]) => `get ${name ?? local}() { return ${local}; }`)
  return `return { __esModule: true, ${getters.join(", ")} };`
}

/** Lines on their way into a new order. */
class Lines {
  /** Which line of the original each line is; -1 for an added one. */
  readonly order: number[] = []
  private readonly kept: string[] = []
  private readonly body: Body

  constructor(body: Body) {
    this.body = body
  }

  /** Take over the lines [from, to). */
  keep(from: number, to: number): void {
    for (let line = from; line < to; line++) {
      this.kept.push(this.body.lines[line] ?? "")
      this.order.push(line)
    }
  }

  add(text: string): void {
    this.kept.push(text)
    this.order.push(-1)
  }

  surround(before: string, after: string): void {
    this.kept.unshift(before)
    this.order.unshift(-1)
    this.add(after)
  }

  /** Forget where a line came from; negative numbers count from the end. */
  unmap(at: number): void {
    this.order.splice(at, 1, -1)
  }

  text(): string {
    return this.kept.join("\n")
  }
}

/** The third case: CommonJS outside, ES modules in a strict function inside. */
function deal(
  lines: Lines,
  body: Body,
  statements: readonly TopLevel[],
  format: "sync" | "async",
  prelude: string,
): void {
  const outside = statements.filter((s) => s.kind !== "module")
  const shared = statements.flatMap((s) => (s.shared === undefined ? [] : [s]))
  for (const { first, shared: name } of shared) {
    // "var " gives way to as many spaces: the variable is declared outside.
    const text = body.lines[first] ?? ""
    body.lines[first] = text.replace(`var ${name}`, `    ${name}`)
  }
  for (const { first, last } of outside) lines.keep(first, last)
  const names = shared.map(({ shared: name }) => name)
  const declared = names.length === 0 ? "" : `var ${names.join(", ")}; `
  lines.add(`${declared}return (${format === "async" ? "async " : ""}function () { "use strict";`)
  let next = body.first
  for (const { first, last } of outside) {
    lines.keep(next, first)
    next = last
  }
  lines.keep(next, body.last)
  lines.surround(`(function (require) { ${prelude}`, "})(); })")
}

interface TopLevel {
  kind: "helper" | "commonJs" | "module"
  /** Lines [first, last). */
  first: number
  last: number
  /** A variable of an ES module that CommonJS code may use. */
  shared?: string
}

const syntax: Options = { ecmaVersion: "latest", allowAwaitOutsideFunction: true, allowReturnOutsideFunction: true }

/** esbuild's top-level statements. Each begins on a line of its own and ends one. */
function topLevel(
  source: string,
  program: Program,
  comments: readonly Comment[],
  firstLine: number,
  strict: ReadonlySet<string>,
): TopLevel[] {
  const inBody = program.body as Statement[]
  // esbuild writes a comment with the file's name before each file; what stands before the first are its own helpers.
  const outer = comments.filter((c) => !inBody.some((s) => s.start < c.start && c.end <= s.end))
  const helpersEnd = outer[0]?.start ?? Infinity
  const lineAt = lineCounter(source, firstLine)
  return inBody.map((statement) => {
    const { name, value } = only(statement) ?? {}
    const wrapper = wrapperOf(value)
    const outside = wrapper?.helper === "__commonJS" ? !strict.has(wrapper.file) : isTable(name, value, wrapper)
    const isShared = !outside && (wrapper !== undefined || isExportsObject(name, value))
    return {
      kind: statement.end <= helpersEnd ? "helper" : outside ? "commonJs" : "module",
      first: lineAt(statement.start),
      last: lineAt(statement.end) + 1,
      shared: isShared ? name : undefined,
    }
  })
}

/** Offset -> line, for offsets that grow. Only a line feed ends a line, as in source maps. */
function lineCounter(source: string, first: number): (offset: number) => number {
  let line = first
  let at = 0
  return (offset) => {
    for (; at < offset; at++) if (source.charCodeAt(at) === 10) line++
    return line
  }
}

/** The variable of a declaration that has just one, and its value. */
function only(statement: Statement): { name: string; value?: Expression | null } | undefined {
  if (statement.type !== "VariableDeclaration" || statement.declarations.length !== 1) return undefined
  const { id, init } = statement.declarations[0]!
  return id.type === "Identifier" ? { name: id.name, value: init } : undefined
}

/** A file's function. */
interface Wrapper {
  helper: "__esm" | "__commonJS"
  file: string
  body: readonly Statement[]
}

/** The helper that an expression calls. */
function called(value: Expression | null | undefined): string | undefined {
  if (value?.type !== "CallExpression" || value.callee.type !== "Identifier") return undefined
  return value.callee.name.replace(/\d+$/, "")
}

/** Of `__esm({ "file"() { … } })` or `__commonJS(…)`: the helper, the file, the function. */
function wrapperOf(value: Expression | null | undefined): Wrapper | undefined {
  const helper = called(value)
  if ((helper !== "__esm" && helper !== "__commonJS") || value?.type !== "CallExpression") return undefined
  const [files] = value.arguments
  const file = files?.type === "ObjectExpression" ? files.properties[0] : undefined
  if (file?.type !== "Property" || file.key.type !== "Literal") return undefined
  const body = file.value.type === "FunctionExpression" ? file.value.body.body : []
  return { helper, file: String(file.key.value), body }
}

/**
 * Is it part of a table of files, which `require` and `import()` of a pattern look into? Code of both modes does.
 * `var globImport_x = __glob({ … })`, or its declaration and
 * `var init_2 = __esm({ "import(…)"() { globImport_x = __glob({ … }) } })`.
 */
function isTable(
  name: string | undefined,
  value: Expression | null | undefined,
  wrapper: Wrapper | undefined,
): boolean {
  if (value == null) return /^glob(Require|Import)_/.test(name ?? "")
  const [first] = wrapper?.body ?? []
  const assigned =
    first?.type === "ExpressionStatement" && first.expression.type === "AssignmentExpression" && first.expression.right
  return called(assigned || value) === "__glob"
}

/** Is it `var x_exports = {}`, where `require` of an ES module finds its names? */
function isExportsObject(name: string | undefined, value: Expression | null | undefined): boolean {
  return value?.type === "ObjectExpression" && value.properties.length === 0 && /_exports\d*$/.test(name ?? "")
}

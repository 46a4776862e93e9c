// Every errors.ts -> docs/errors.md: each problem's code, its sentence, and what to do about it, read from the source.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { exitCodes } from "../problem.ts"

/** The folders that have problems, and the hundreds that are theirs, in the order of the codes. */
export const folders = [
  { folder: "compiler", hundreds: [1, 2, 8], what: "command line, `.edgebox.json`, bundling and compiling an app" },
  { folder: "wasm", hundreds: [3], what: "modules that cannot be read" },
  { folder: "wizer", hundreds: [3], what: "snapshots of any module" },
  { folder: "engine", hundreds: [4], what: "the engine package" },
  { folder: "opcodes", hundreds: [5], what: "`gen-opcodes`" },
  { folder: "freeze", hundreds: [6], what: "freezing" },
  { folder: "runtime", hundreds: [7], what: "`edgebox`" },
]

/** A problem, with `‹name›` for what is different each time. */
export interface ProblemRow {
  folder: string
  code: string
  message: string
  hint: string[]
}

/** A code that is not used any more, and what it was. */
export interface RetiredCode {
  folder: string
  code: string
  was: string
}

export interface Problems {
  rows: ProblemRow[]
  retired: RetiredCode[]
}

/** What the errors.ts files say, in the order in which they say it. */
export function readProblems(root: string): Problems {
  const all = folders.map(({ folder }) => problemsOf(folder, readFileSync(join(root, folder, "errors.ts"), "utf8")))
  return { rows: all.flatMap(({ rows }) => rows), retired: all.flatMap(({ retired }) => retired) }
}

function problemsOf(folder: string, source: string): Problems {
  const file = ts.createSourceFile("errors.ts", source, ts.ScriptTarget.Latest, true)
  const rows: ProblemRow[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === "Problem") rows.push(rowOf(folder, node))
    node.forEachChild(visit)
  }
  visit(file)
  const retired = [...source.matchAll(/^\/\/ (EB\d{3}) was: (.*)$/gm)]
  return { rows, retired: retired.map(([, code = "", was = ""]) => ({ folder, code, was })) }
}

/** `new Problem(code, message, { hint })` */
function rowOf(folder: string, { arguments: given = [] as never }: ts.NewExpression): ProblemRow {
  const [code, message, details] = given
  if (code === undefined || !ts.isStringLiteral(code) || message === undefined)
    throw new Error(`${folder}/errors.ts: a problem has its code and its message where it is made`)
  const hint =
    details !== undefined && ts.isObjectLiteralExpression(details)
      ? details.properties.find((property) => property.name?.getText() === "hint")
      : undefined
  return { folder, code: code.text, message: sentences(message).join(" "), hint: hintOf(hint) }
}

function hintOf(property: ts.ObjectLiteralElementLike | undefined): string[] {
  if (property === undefined) return []
  const value = ts.isPropertyAssignment(property) ? property.initializer : property.name
  return value !== undefined && ts.isExpression(value) ? sentences(value) : []
}

/** What an expression may give: one text, several lines, or one of several. */
function sentences(expression: ts.Expression): string[] {
  if (ts.isStringLiteralLike(expression)) return [expression.text]
  if (ts.isTemplateExpression(expression)) return [templateText(expression)]
  if (ts.isArrayLiteralExpression(expression)) return expression.elements.flatMap(sentences)
  if (ts.isSpreadElement(expression) || ts.isParenthesizedExpression(expression))
    return sentences(expression.expression)
  if (ts.isConditionalExpression(expression)) return [expression.whenTrue, expression.whenFalse].flatMap(sentences)
  if (ts.isBinaryExpression(expression)) return sentences(expression.right) // `hint ?? "…"`
  if (!ts.isIdentifier(expression)) return [placeholder(expression)]
  if (expression.text === "undefined") return []
  const value = valueOf(expression.text, expression)
  return value === undefined ? [`‹${expression.text}›`] : sentences(value)
}

/** What a constant holds, or a parameter when nothing is given: in the function around a place, or in the file. */
function valueOf(name: string, from: ts.Node): ts.Expression | undefined {
  let scope: ts.Node = from
  while (!ts.isFunctionLike(scope) && !ts.isSourceFile(scope)) scope = scope.parent
  let found: ts.Expression | undefined
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && node !== scope) return
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && node.name.getText() === name)
      found = node.initializer
    node.forEachChild(visit)
  }
  visit(scope)
  return found ?? (ts.isSourceFile(scope) ? undefined : valueOf(name, scope.parent))
}

function templateText({ head, templateSpans }: ts.TemplateExpression): string {
  return head.text + templateSpans.map((span) => placeholder(span.expression) + span.literal.text).join("")
}

/** `‹name›`, by the first name in an expression that is a value: `withoutStop(reason)`, `names.map(…).join(", ")`. */
function placeholder(expression: ts.Expression): string {
  let name: string | undefined
  const visit = (node: ts.Node): void => {
    const called = ts.isCallExpression(node.parent) && node.parent.expression === node
    if (ts.isIdentifier(node) && !called) name ??= node.text
    if (name === undefined) node.forEachChild(visit)
  }
  visit(expression)
  return `‹${name ?? "…"}›`
}

/** docs/errors.md. `before` is what it says now: a code that it has is never forgotten. */
export function problemsPage({ rows, retired }: Problems, before: string): string {
  const known = new Set([...rows, ...retired].map(({ code }) => code))
  const gone = [...new Set(before.match(/\bEB\d{3}\b/g))].filter((code) => !known.has(code))
  if (gone.length > 0) throw new Error(`Say in errors.ts what was ${gone.join(", ")}: // ${gone[0]} was: …`)
  const sections = folders.map(({ folder, hundreds, what }) => {
    const own = rows.filter((row) => row.folder === folder)
    const codes = hundreds.map((hundred) => `EB${hundred}xx`).join(", ")
    return [
      `## ${codes}: ${what} (\`${folder}/\`)`,
      ["| code | what is said | what to do |", "| - | - | - |", ...own.map(tableRow)].join("\n"),
    ].join("\n\n")
  })
  const old = retired.map(({ code, was }) => `- ${code} was: ${was}`)
  return [intro, ...sections, `## Codes that are not used any more\n\n${old.join("\n")}`].join("\n\n")
}

function tableRow({ code, message, hint }: ProblemRow): string {
  const cell = (text: string) => text.trim().replaceAll("|", "\\|").replaceAll("<", "&lt;")
  return `| ${code} | ${cell(message)} | ${hint.map(cell).join("<br>")} |`
}

const intro = `# Problems

<!-- Written by npm run docs, from every folder's errors.ts. -->

What a user can mend is told as a problem: a code, what happened, where, and what to do about it.

    EB302: "wizer-initialize" trapped while the snapshot was being taken: unreachable.
      at inner (function 0, byte 0x2f)
      It runs without the outside world here: no files, clock or network but what it is given.

Codes are never reused. Names come from modules and packages that may be anybody's: characters that would act on a terminal are printed as
\`\\u{…}\`, and what is very long is cut. In JavaScript a problem is an \`Error\` with \`code\`, and \`at\`, \`detail\` and \`hint\` as lists of lines.

All commands end with one of these exit codes (\`edgebox\` besides with the program's own, and 141 when the reader of the output has gone):

| exit code | |
| - | - |
| 0 | it went well |
| ${exitCodes.problem} | a problem |
| ${exitCodes.usage} | wrong usage: the command line itself (EB100, EB500, EB700) |
| ${exitCodes.fault} | a fault of ours; the message asks to report it, with the version and the stack |

‹Words like these› stand for what is different each time.`

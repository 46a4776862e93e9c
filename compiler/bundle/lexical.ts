// esbuild makes `var` of top-level `let`, `const` and `class` when it bundles, and with that they lose their temporal
// dead zone: what is used too early is undefined instead of an error, which a circular import shows. So each gets its
// `let` back, by what stands in the original file:
//
//     var config = { port: 80 };        ->   let config = { port: 80 };
//     var Base = class { … };           ->   let Base = class { … };
//
// `let` is as long as `var`: no position moves. (`const` is not: only a direct eval could assign to it, and esbuild
// refuses everything else.) A module that is wrapped in a function because `require` or `import()` asks for it has its
// variables outside of that function; they stay as they are.
import type { Expression, Pattern, Program, Statement, VariableDeclaration, VariableDeclarator } from "acorn"

/** What a declaration begins with in an original file, and the name that follows, or the bracket of a pattern. */
const lexical =
  /^(?:export\s+)?(?:default\s+)?(?:let|const|(?:abstract\s+)?class)(?:\s+|(?=[{[]))([\p{ID_Start}$_][\p{ID_Continue}$]*|[{[])/u

/** Is the text that of the declaration? esbuild has variables of its own, which it places where their file begins. */
function isLexical(text: string, { id, init }: VariableDeclarator): boolean {
  if (init == null || isHelper(id, init)) return false
  if (text.startsWith("@")) return init.type === "ClassExpression"
  if (id.type !== "Identifier") return /^[{[]/.test(lexical.exec(text)?.[1] ?? "")
  const name = lexical.exec(text)?.[1]
  const own = id.name.replace(/\d+$/, "") // renamed where two files have the same name
  if (name !== undefined && (name === id.name || name === own)) return true
  return /^(?:export\s+)?default\b/.test(text) && /_default$/.test(own)
}

/** `__esm({ … })`, `__commonJS({ … })`, and the empty object to which `__export` adds a module's names. */
function isHelper(id: Pattern, init: Expression): boolean {
  if (id.type === "Identifier" && /_exports\d*$/.test(id.name))
    return init.type === "ObjectExpression" && init.properties.length === 0
  return init.type === "CallExpression" && init.callee.type === "Identifier" && init.callee.name.startsWith("__")
}

/**
 * Make the declarations lexical again. `originalAt` gives the original text from a place of `source` on, a line or so,
 * or undefined where there is none.
 */
export function withLexicalDeclarations(
  source: string,
  program: Program,
  originalAt: (offset: number) => string | undefined,
): string {
  const out: string[] = []
  let copied = 0
  for (const {
    start,
    declarations: [first],
  } of declarations(program.body as Statement[])) {
    if (first === undefined || !isLexical(originalAt(start) ?? "", first)) continue
    out.push(source.slice(copied, start), "let")
    copied = start + "var".length
  }
  return out.join("") + source.slice(copied)
}

/** The `var`s with a value at the top level, and at the top level of CommonJS files. In the order of the text. */
function declarations(statements: readonly Statement[]): VariableDeclaration[] {
  return statements.flatMap((statement) => {
    if (statement.type !== "VariableDeclaration" || statement.kind !== "var") return []
    const file = commonJsBody(statement)
    if (file !== undefined) return declarations(file)
    return statement.declarations.every(({ init }) => init != null) ? [statement] : []
  })
}

/** The statements of `var require_x = __commonJS({ "x.js"(exports, module) { … } })`. */
function commonJsBody({ declarations: [only] }: VariableDeclaration): Statement[] | undefined {
  const call = only?.init
  if (call?.type !== "CallExpression" || call.callee.type !== "Identifier") return undefined
  if (!/^__commonJS\d*$/.test(call.callee.name)) return undefined
  const [files] = call.arguments
  const file = files?.type === "ObjectExpression" ? files.properties[0] : undefined
  if (file?.type !== "Property") return undefined
  const { value } = file
  const isFunction = value.type === "FunctionExpression" || value.type === "ArrowFunctionExpression"
  return isFunction && value.body.type === "BlockStatement" ? value.body.body : undefined
}

// Functions and classes keep the names they have in the app's files.
//
// Putting files into one scope renames what collides (`parse` -> `parse2`) and what refers to itself (`class Foo` ->
// `Foo = class _Foo`), and a program can see that: in `fn.name`, in what console.log prints of an instance, in stack
// traces. esbuild can keep names, by a call for every function. Nearly all of those say what is true anyway, so they
// are taken out again here:
//
//   var arrow = /* @__PURE__ */ __name(() => 1, "arrow")   ->   var arrow =                       (() => 1         )
//   __name(parse2, "parse")                                ->   __name(parse2, "parse")
//
// Everything keeps its width, so that no position moves.
import type { AnyNode, CallExpression, Class, Function as FunctionNode, Program, StaticBlock } from "acorn"

type Named = CallExpression & { arguments: [AnyNode, { type: "Literal"; value: string } & AnyNode] }

/** `source` without the calls that give a function the name it has anyway. */
export function withoutNeedlessNames(source: string, program: Program): string {
  const blanks: [from: number, to: number][] = []
  walk(program, undefined, (node, natural) => {
    if (node.type === "ExpressionStatement" && isNaming(node.expression)) {
      const [target, { value }] = node.expression.arguments
      if (target.type === "Identifier" && target.name === value) blanks.push([node.start, node.end])
    } else if (isNaming(node)) {
      const [target, { value }] = node.arguments
      if (isFunctionLike(target) && (target.id?.name ?? natural) === value) blanks.push(...aroundTarget(source, node))
    } else if (node.type === "ClassDeclaration" || node.type === "ClassExpression") {
      const block = namingBlock(node)
      if (block !== undefined && (node.id?.name ?? natural) === block.name) blanks.push([block.start, block.end])
    }
  })
  return blanked(
    source,
    blanks.sort((a, b) => a[0] - b[0]),
  )
}

/** The call around a function, without its parentheses: `/* @__PURE__ *\/ __name` and `, "name"`. */
function aroundTarget(source: string, call: Named): [number, number][] {
  const pure = "/* @__PURE__ */ "
  const from = source.startsWith(pure, call.start - pure.length) ? call.start - pure.length : call.start
  return [
    [from, call.callee.end],
    // The function may stand in parentheses of its own, which end after it.
    [source.indexOf(",", call.arguments[0].end), call.end - 1],
  ]
}

function blanked(source: string, blanks: readonly [number, number][]): string {
  const pieces: string[] = []
  let at = 0
  for (const [from, to] of blanks) {
    pieces.push(source.slice(at, from), source.slice(from, to).replace(/[^\n]/g, " "))
    at = to
  }
  pieces.push(source.slice(at))
  return pieces.join("")
}

function isNaming(node: AnyNode): node is Named {
  if (node.type !== "CallExpression" || node.callee.type !== "Identifier" || node.arguments.length !== 2) return false
  const name = node.arguments[1]
  return /^__name\d*$/.test(node.callee.name) && name?.type === "Literal" && typeof name.value === "string"
}

function isFunctionLike(node: AnyNode): node is (FunctionNode | Class) & AnyNode {
  return ["FunctionExpression", "ArrowFunctionExpression", "ClassExpression"].includes(node.type)
}

/** `static { __name(this, "Foo") }`, which esbuild puts first in a class. */
function namingBlock(node: Class): { start: number; end: number; name: string } | undefined {
  const block = node.body.body[0] as StaticBlock | AnyNode | undefined
  if (block?.type !== "StaticBlock" || block.body.length !== 1) return undefined
  const only = block.body[0]!
  if (only.type !== "ExpressionStatement" || !isNaming(only.expression)) return undefined
  const [target, { value }] = only.expression.arguments
  return target.type === "ThisExpression" ? { start: block.start, end: block.end, name: value } : undefined
}

/**
 * Visit every node with the name that it would give an anonymous function, by where it stands (ECMA-262,
 * NamedEvaluation).
 */
function walk(
  node: AnyNode,
  natural: string | undefined,
  visit: (node: AnyNode, natural: string | undefined) => void,
): void {
  visit(node, natural)
  const named = nameFor(node)
  for (const key in node) {
    const value = node[key as keyof typeof node] as unknown
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) walk(item, undefined, visit)
    } else if (isNode(value)) {
      walk(value, named?.[0] === key ? named[1] : passesOn(node, key) ? natural : undefined, visit)
    }
  }
}

/** Which child of a node is named by it, and how. */
function nameFor(node: AnyNode): [child: string, name: string] | undefined {
  switch (node.type) {
    case "VariableDeclarator":
      return node.id.type === "Identifier" ? ["init", node.id.name] : undefined
    case "AssignmentExpression":
      return node.left.type === "Identifier" && /^(\|\||&&|\?\?)?=$/.test(node.operator)
        ? ["right", node.left.name]
        : undefined
    case "AssignmentPattern":
      return node.left.type === "Identifier" ? ["right", node.left.name] : undefined
    case "Property":
    case "PropertyDefinition": {
      const { key } = node
      if (node.computed) return undefined
      const name =
        key.type === "Identifier"
          ? key.name
          : key.type === "PrivateIdentifier"
            ? `#${key.name}`
            : key.type === "Literal"
              ? String(key.value)
              : undefined
      return name === undefined || name === "__proto__" ? undefined : ["value", name]
    }
    default:
      return undefined
  }
}

/** Parentheses do not stand in the tree; nothing else hands a name on. */
function passesOn(node: AnyNode, key: string): boolean {
  return node.type === "ParenthesizedExpression" && key === "expression"
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string"
}

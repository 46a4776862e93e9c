// A mistake of the engine's, written around.
//
// Each turn of `for (let i …; …; …)` has an `i` of its own. QuickJS-NG makes the next one at the end of the body, and
// `continue` jumps past that: closures of that turn then see the next turn's value. Leaving the body by a label does
// not, and is as wide:
//
//   for (let i = 0; i < 3; i++) {              for (let i = 0; i < 3; i++) _a:{
//     list.push(() => i)                 ->      list.push(() => i)
//     if (i === 1) continue                      if (i === 1) break _a
//   }                                          }
//
// Only loops that hold a function and are continued are changed. What a program compiles at run time stays as it is.
import type { AnyNode, ContinueStatement, ForStatement, Program } from "acorn"

interface Loop {
  node: AnyNode
  /** The program's own labels of it. */
  labels: string[]
  /** Set when each turn has variables of its own. */
  perTurn?: ForStatement
  holdsFunction: boolean
  continued: ContinueStatement[]
}

interface Edit {
  from: number
  to: number
  text: string
}

const loopTypes = new Set(["ForStatement", "ForInStatement", "ForOfStatement", "WhileStatement", "DoWhileStatement"])
const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/**
 * `source` with those loops changed. Lines stay lines; after a label that is put in, the rest of its line moves by
 * three columns.
 */
export function withTurnsClosed(source: string, program: Program): string {
  const edits: Edit[] = []
  const taken = new Set<string>()
  const wrong: { loop: Loop; body: AnyNode; depth: number }[] = []
  visit(
    program,
    [],
    (node) => void (node.type === "LabeledStatement" && taken.add(node.label.name)),
    (loop, depth) => {
      if (loop.perTurn && loop.holdsFunction && loop.continued.length > 0)
        wrong.push({ loop, body: loop.perTurn.body, depth })
    },
  )
  const free = [...letters].map((letter) => `_${letter}`).filter((label) => !taken.has(label))
  for (const { loop, body, depth } of wrong) {
    const label = free[depth]
    if (label === undefined) continue
    edits.push({ from: body.start, to: body.start, text: `${label}:` })
    for (const { start: from, label: target } of loop.continued) {
      const to = target ? target.end : from + "continue".length
      edits.push({ from, to, text: `break ${label}`.padEnd(to - from) })
    }
  }
  return edited(source, edits)
}

/**
 * Walk the program with the loops that surround each node in its function; `left` is called at the end of each loop,
 * with its depth.
 */
function visit(
  node: AnyNode,
  loops: Loop[],
  enter: (node: AnyNode) => void,
  left: (loop: Loop, depth: number) => void,
  labels: string[] = [],
): void {
  enter(node)
  if (isFunction(node)) for (const loop of loops) loop.holdsFunction = true
  if (node.type === "ContinueStatement") {
    const name = node.label?.name
    loops.findLast((loop) => name === undefined || loop.labels.includes(name))?.continued.push(node)
  }
  if (node.type === "LabeledStatement") return visit(node.body, loops, enter, left, [...labels, node.label.name])
  const inside = isFunction(node) || node.type === "StaticBlock" ? [] : loops
  if (!loopTypes.has(node.type)) {
    for (const child of children(node)) visit(child, inside, enter, left)
    return
  }
  const loop: Loop = { node, labels, holdsFunction: false, continued: [] }
  if (node.type === "ForStatement" && node.init?.type === "VariableDeclaration" && node.init.kind === "let") {
    loop.perTurn = node
  }
  const within = [...loops, loop]
  for (const child of children(node)) visit(child, within, enter, left)
  left(loop, loops.length)
}

function isFunction(node: AnyNode): boolean {
  return /^(Function(Declaration|Expression)|ArrowFunctionExpression)$/.test(node.type)
}

function children(node: AnyNode): AnyNode[] {
  const found: AnyNode[] = []
  const add = (value: unknown) => {
    if (typeof value === "object" && value !== null && "type" in value && "start" in value) found.push(value as AnyNode)
  }
  // Not by Object.values: a large app has millions of nodes.
  for (const key in node) {
    const value = node[key as keyof AnyNode] as unknown
    if (Array.isArray(value)) value.forEach(add)
    else add(value)
  }
  return found
}

function edited(source: string, edits: Edit[]): string {
  const pieces: string[] = []
  let at = 0
  for (const { from, to, text } of edits.sort((a, b) => a.from - b.from)) {
    pieces.push(source.slice(at, from), text)
    at = to
  }
  return pieces.concat(source.slice(at)).join("")
}

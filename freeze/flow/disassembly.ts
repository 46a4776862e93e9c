// A function as readable text: what `edgeboxc disasm` prints.
//
//   function sum  src/sum.js:1:1
//     sloppy, 1 argument, 2 variables, 3 operands at most
//     …
//       0  0  push_0
//       1  1  put_loc0            total
//    >  9  0  get_loc0            total           the columns are: offset, depth of the operand stack, opcode, operands
//
// `>` marks the start of a block, `-` what nothing reaches.
import type { AtomName, ClosureVarInfo, Constant, FunctionInfo, Instruction, VarInfo } from "../function.ts"
import { decodeLines, type LineEntry } from "../read/lines.ts"
import { anonymous } from "../read/naming.ts"
import { flowGraph, type FlowGraph } from "./blocks.ts"

const STRING_LIMIT = 60

/** The text of one function; `names` says what functions are called, by pointer. Ends without a newline. */
export function listing(info: FunctionInfo, names: ReadonlyMap<number, string> = new Map()): string {
  const graph = flowGraph(info)
  const name = names.get(info.pointer) || info.name || anonymous
  const lines = [`function ${plainText(name)}  ${placeText(info.filename, info.line, info.column)}`, `  ${facts(info)}`]
  if (info.args.length > 0) lines.push(`  arguments: ${info.args.map(variableText).join(", ")}`)
  if (info.vars.length > 0) lines.push(`  variables: ${info.vars.map(variableText).join(", ")}`)
  if (info.closureVars.length > 0) lines.push(`  captured: ${info.closureVars.map(closureText).join(", ")}`)
  for (const handler of graph.handlers) {
    const { offset } = info.instructions[handler.instruction]!
    const what = handler.kind === "catch" ? `goes on at ${handler.target}` : "closes the iterator"
    lines.push(`  an exception after ${offset} ${what}`)
  }
  return [...lines, ...instructionLines(info, graph, names)].join("\n")
}

function placeText(filename: string, line: number, column: number): string {
  return line === 0 ? plainText(filename) : `${plainText(filename)}:${line}:${column}`
}

function facts(info: FunctionInfo): string {
  const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`
  const flags = [
    info.isStrict ? "strict" : "sloppy",
    info.kind !== "normal" && info.kind.replace("_", " "),
    info.isDerivedClassConstructor && "derived class constructor",
    info.needHomeObject && "needs its home object",
    count(info.argCount, "argument"),
    count(info.varCount, "variable"),
    `${count(info.stackSize, "operand")} at most`,
    info.varRefCount > 0 && `${info.varRefCount} captured by inner functions`,
    info.frozenId !== 0 && `frozen as ${info.frozenId}`,
  ]
  return flags.filter(Boolean).join(", ")
}

function variableText({ name, kind, isConst, isLexical, isCaptured }: VarInfo): string {
  const word = isConst ? "const " : isLexical ? "let " : ""
  const notes = [kind !== "normal" && kind.replaceAll("_", " "), isCaptured && "captured"].filter(Boolean)
  return `${word}${nameText(name)}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}`
}

function closureText({ name, type, varIndex, isConst }: ClosureVarInfo): string {
  return `${isConst ? "const " : ""}${nameText(name)} (${type.replace("_", " ")} ${varIndex})`
}

function nameText({ text, kind }: AtomName): string {
  return kind === "null" ? "(no name)" : plainText(text)
}

/** Names come from the app: what a terminal would not show as it is goes into quotes. */
function plainText(text: string): string {
  return /^[\w$#<>.*()/:@ -]+$/.test(text) && text.trim() === text ? text : quoted(text)
}

/** JSON.stringify leaves the control characters above ASCII alone. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
}

function instructionLines(info: FunctionInfo, graph: FlowGraph, names: ReadonlyMap<number, string>): string[] {
  const starts = new Set(graph.blocks.map((block) => block.start))
  const places = placesByOffset(info)
  const width = String(info.code.length).length
  return info.instructions.flatMap((instruction, i) => {
    const { offset, opcode } = instruction
    const depth = graph.depths[i]!
    const mark = depth < 0 ? "-" : starts.has(i) && i > 0 ? ">" : " "
    const place = places.get(offset)
    const head = ` ${mark} ${String(offset).padStart(width)} ${(depth < 0 ? "" : String(depth)).padStart(2)}`
    const text = `${head}  ${opcode.padEnd(22)} ${operandText(instruction, info, names)}`.trimEnd()
    return place === undefined ? [text] : [`   ${placeText(info.filename, place.line, place.column)}`, text]
  })
}

/** Line entries take effect at the first instruction at or after their offset. */
function placesByOffset(info: FunctionInfo): Map<number, LineEntry> {
  const places = new Map<number, LineEntry>()
  if (info.lineTable === undefined) return places
  let i = 0
  for (const entry of decodeLines(info.lineTable, info)) {
    while (i < info.instructions.length && info.instructions[i]!.offset < entry.offset) i++
    const instruction = info.instructions[i]
    if (instruction !== undefined) places.set(instruction.offset, entry)
  }
  return places
}

function operandText(
  { opcode, operands: o }: Instruction,
  info: FunctionInfo,
  names: ReadonlyMap<number, string>,
): string {
  const variable = (list: readonly { name: AtomName }[], index: number): string => {
    const found = list[index]
    return found === undefined ? String(index) : nameText(found.name)
  }
  switch (o.kind) {
    case "none":
      return ""
    case "int":
    case "unsigned":
      return String(o.value)
    case "loc":
      return opcode === "get_loc0_loc1"
        ? `${variable(info.vars, 0)}, ${variable(info.vars, 1)}`
        : variable(info.vars, o.index)
    case "arg":
      return variable(info.args, o.index)
    case "var_ref":
      return variable(info.closureVars, o.index)
    case "const":
      return constantText(info.constants[o.index]!, names)
    case "label":
      return `-> ${o.target}`
    case "label_u16":
      return `-> ${o.target}, ${o.value}`
    case "u32x2":
      return `${o.first}, ${o.second}`
    case "call":
      return String(o.argCount)
    case "call_scope":
      return `${o.argCount}, scope ${o.scope}`
    case "atom":
      return nameText(o.name)
    case "atom_value":
      return `${nameText(o.name)}, ${o.value}`
    case "atom_label":
      return `${nameText(o.name)}, -> ${o.target}, ${o.value}`
    default:
      return o satisfies never
  }
}

function constantText(constant: Constant, names: ReadonlyMap<number, string>): string {
  switch (constant.kind) {
    case "int":
    case "float":
      return Object.is(constant.number, -0) ? "-0" : String(constant.number)
    case "bool":
      return String(constant.bool)
    case "string": {
      const { text } = constant
      return text.length > STRING_LIMIT ? `${quoted(text.slice(0, STRING_LIMIT))}… (${text.length})` : quoted(text)
    }
    case "bigint":
      return `${constant.bigint}n`
    case "function":
      return `function ${plainText(names.get(constant.pointer) || anonymous)}`
    case "other":
      return `value with tag ${constant.tag}`
    default:
      return constant.kind
  }
}

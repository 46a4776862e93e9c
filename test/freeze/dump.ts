// The engine's own disassembly, as an oracle: what it prints while it compiles (JS_SetDumpFlags), and our reading of
// the same functions written in the engine's words. Where the two texts are the same, reader and engine agree on
// everything in them.
import { dumpFlags } from "../../engine/abi.ts"
import { startEngine, type LiveEngine } from "../../engine/live.ts"
import { readEnginePackage } from "../../engine/package.ts"
import type { FlowGraph } from "../../freeze/flow/blocks.ts"
import { decodeLines } from "../../freeze/read/lines.ts"
import {
  bytecodeOf,
  functionReader,
  type AtomName,
  type Constant,
  type FunctionInfo,
} from "../../freeze/read/reader.ts"

/** An engine whose output is kept. */
export interface DumpingEngine {
  engine: LiveEngine
  context: number
  /** What the engine printed since the last call. */
  printed(): string
}

let module: WebAssembly.Module | undefined

export function startDumpingEngine(): DumpingEngine {
  module ??= new WebAssembly.Module(readEnginePackage().wasm as Uint8Array<ArrayBuffer>)
  let chunks: Uint8Array[] = []
  const engine = startEngine(module, { write: (_fd, bytes) => chunks.push(bytes) })
  engine.call("qjs_init")
  return {
    engine,
    context: engine.call("qjs_get_context_ptr"),
    printed() {
      const text = Buffer.concat(chunks).toString("latin1")
      chunks = []
      return text
    },
  }
}

export interface Compiled extends DumpingEngine {
  /** All functions of the program, as we read them. */
  functions: FunctionInfo[]
}

/** Compile a program with the given dump flags; undefined when it does not compile. Nothing is run. */
export function compileDumping(
  source: string,
  flags: number,
  evalFlags = 32,
): (Compiled & { dump: string }) | undefined {
  const dumping = startDumpingEngine()
  const { engine, context } = dumping
  const runtime = engine.call("qjs_get_runtime_ptr")
  const compile = (text: string): bigint =>
    engine.withString(text, (at, length) =>
      engine.withString("corpus.js", (name) => engine.callValue("JS_Eval", context, at, length, name, evalFlags)),
    )
  engine.call("JS_SetModuleLoaderFunc", runtime, 0, 0, 0) // a module of the corpus imports from itself alone
  engine.call("JS_SetDumpFlags", runtime, BigInt(flags))
  const value = compile(source)
  // The engine's output is buffered: print enough behind the program to push it out, and something to cut it off at.
  compile(`function endOfProgram() { ${"a + b + c;".repeat(300)} }`)
  engine.call("JS_SetDumpFlags", runtime, 0n)
  const dump = dumping.printed()
  const root = bytecodeOf(engine, value)
  if (root === undefined) return undefined
  return { ...dumping, functions: functionReader(engine).readAll(root), dump }
}

/** The functions that the engine printed, each as lines without the source text that is printed among them. Sorted. */
export function engineFunctions(dump: string): string[] {
  const functions: string[][] = []
  for (const line of dump.split("\n")) {
    if (line.startsWith(";; ") || line === "" || line === ";;") continue
    if (/^corpus\.js:\d+:\d+: function: /.test(line)) functions.push([])
    functions.at(-1)?.push(line.trimEnd().replace(/ ; \d+(L?")/, " ; $1"))
  }
  const end = functions.findIndex((lines) => lines[0]!.endsWith("function: endOfProgram"))
  return functions
    .slice(0, end)
    .map((lines) => lines.join("\n"))
    .sort()
}

/** The same of functions that we read. */
export function ourFunctions(functions: readonly FunctionInfo[], engine: LiveEngine): string[] {
  const names = new Map(functions.map((f) => [f.pointer, f.name]))
  const constantText = (constant: Constant): string => textOfConstant(constant, names, engine)
  return functions.map((f) => textOfFunction(f, constantText)).sort()
}

function textOfFunction(f: FunctionInfo, constantText: (constant: Constant) => string): string {
  const star = f.kind === "generator" ? "*" : ""
  const lines = [`corpus.js:${f.line}:${f.column}: function: ${star}${bareAtom(f.nameAtom)}`]
  lines.push(`  mode: ${f.isStrict ? "strict" : "sloppy"}`)
  if (f.args.length > 0) lines.push(`  args: ${f.args.map((a) => bareAtom(a.name)).join(" ")}`)
  if (f.vars.length > 0) lines.push("  locals:")
  f.vars.forEach((v, i) => {
    const kind =
      v.kind === "catch"
        ? "catch"
        : /^(new_)?function_decl$/.test(v.kind)
          ? "function"
          : declaredAs(v.isConst, v.isLexical)
    const scope = v.scopeLevel === 0 ? "" : ` [level:${v.scopeLevel} next:${v.scopeNext}]`
    lines.push(`${pad(i)}: ${kind} ${bareAtom(v.name)}${scope}`)
  })
  if (f.closureVars.length > 0) lines.push("  closure vars:")
  f.closureVars.forEach((v, i) => {
    const from =
      { local: `loc${v.varIndex}`, arg: `arg${v.varIndex}`, ref: `ref${v.varIndex}` }[v.type as string] ?? v.type
    lines.push(`${pad(i)}: ${declaredAs(v.isConst, v.isLexical)} ${bareAtom(v.name)} [${from}]`)
  })
  lines.push(`  stack_size: ${f.stackSize}`, `  byte_code_len: ${f.code.length}`, `  opcodes: ${f.instructions.length}`)
  lines.push(...instructionLines(f, constantText))
  return lines.map((line) => line.trimEnd()).join("\n")
}

function declaredAs(isConst: boolean, isLexical: boolean): string {
  return isConst ? "const" : isLexical ? "let" : "var"
}

function pad(number: number): string {
  return String(number).padStart(5)
}

function instructionLines(f: FunctionInfo, constantText: (constant: Constant) => string): string[] {
  const targets = new Set(f.instructions.flatMap(({ operands }) => ("target" in operands ? [operands.target] : [])))
  const variable = (index: number, list: readonly { name: AtomName }[]): string =>
    `${String(index).padEnd(4)} ; ${list[index] === undefined ? "" : quotedAtom(list[index].name)}`
  return f.instructions.map(({ offset, opcode, operands: o, format }) => {
    const label = targets.has(offset) ? `${pad(offset)}:  ` : " ".repeat(8)
    const text = (): string => {
      switch (o.kind) {
        case "none":
          return ""
        case "int":
        case "unsigned":
          return ` ${o.value}`
        case "u32x2":
          return ` ${o.first}:${o.second}`
        case "loc":
          if (opcode === "get_loc0_loc1") {
            return ` 0, 1 ; ${f.vars
              .slice(0, 2)
              .map((v) => quotedAtom(v.name))
              .join("")}`
          }
          return ` ${variable(o.index, f.vars)}`
        case "arg":
          return ` ${variable(o.index, f.args)}`
        case "var_ref":
          return ` ${variable(o.index, f.closureVars)}`
        case "const":
          return ` ${String(o.index).padEnd(4)} ; ${constantText(f.constants[o.index]!)}`
        case "label":
          return ` ${o.target}`
        case "label_u16":
          return ` ${o.target},${o.value}`
        case "call":
          return ` ${o.argCount}`
        case "call_scope":
          return ` ${o.argCount},${o.scope}`
        case "atom":
          return ` ${quotedAtom(o.name)}`
        case "atom_value":
          return ` ${quotedAtom(o.name)},${o.value}`
        case "atom_label":
          return ` ${quotedAtom(o.name)},${o.target},${o.value}`
        default:
          return o satisfies never
      }
    }
    if (format === "none_int") return `${label}${opcode.padEnd(15)} ${(o as { value: number }).value}`
    return `${label}${opcode.padEnd(15)}${text()}`
  })
}

/** As the engine keeps an atom in a buffer of 64 bytes: UTF-8, cut off, up to the first NUL. */
function bareAtom(name: AtomName): string {
  if (name.kind === "null") return "<null>"
  let bytes: Buffer = Buffer.alloc(0)
  for (const c of name.text) {
    const more = Buffer.concat([bytes, encodeCharacter(c)])
    if (c === "\0" || more.length > 63) break
    bytes = more
  }
  return bytes.toString("latin1")
}

/** UTF-8, lone surrogates included. */
function encodeCharacter(c: string): Buffer {
  const code = c.codePointAt(0)!
  if (code < 0xd800 || code > 0xdfff) return Buffer.from(c, "utf8")
  return Buffer.from([0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)])
}

/** As print_atom does: bare when it is an identifier, else quoted. */
function quotedAtom(name: AtomName): string {
  const text = bareAtom(name)
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(text) ? text : quote(text)
}

/** Each character is one unit: a byte of an atom, or a UTF-16 unit of a string. */
function quote(text: string): string {
  const units = Array.from({ length: text.length }, (_, i) => text.charCodeAt(i))
  const escaped = units.map((c) => {
    if (c === 0x22 || c === 0x5c) return `\\${String.fromCharCode(c)}`
    if (c === 0x0a) return "\\n"
    return c >= 0x20 && c <= 0x7e ? String.fromCharCode(c) : `\\u${c.toString(16).padStart(4, "0")}`
  })
  return `"${escaped.join("")}"`
}

function textOfConstant(constant: Constant, names: ReadonlyMap<number, string>, engine: LiveEngine): string {
  switch (constant.kind) {
    case "int":
      return String(constant.number)
    case "float":
      return formatDouble(constant.number)
    case "bool":
      return String(constant.bool)
    case "null":
    case "undefined":
    case "uninitialized":
      return constant.kind
    case "string": {
      const wide = engine.view().getUint32(constant.pointer, true) >>> 31 === 1
      return `${wide ? "L" : ""}${quote(constant.text)}`
    }
    case "bigint":
      return formatBigInt(constant.bigint, constant.value, engine)
    case "function": {
      const name = names.get(constant.pointer)
      return name === undefined || name === ""
        ? "[bytecode (anonymous)]"
        : `[bytecode ${bareAtom({ atom: 1, text: name, kind: "string" })}]`
    }
    case "object":
      return `[Array 0x${constant.pointer.toString(16)}]`
    default:
      return `[${constant.kind}]`
  }
}

/** %.14g */
export function formatDouble(number: number): string {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "-inf"
  if (number === 0) return Object.is(number, -0) ? "-0" : "0"
  const [digits, exponentText] = number.toExponential(13).split("e") as [string, string]
  const exponent = Number(exponentText)
  const trim = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text)
  if (exponent >= -4 && exponent < 14) return trim(number.toFixed(13 - exponent))
  return `${trim(digits)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`
}

function formatBigInt(bigint: bigint, value: bigint, engine: LiveEngine): string {
  const isShort = Number(BigInt.asIntN(32, value >> 32n)) === 7
  if (isShort) return `${bigint}n`
  const limbs = engine.view().getUint32(Number(value & 0xffff_ffffn), true)
  const hex = BigInt.asUintN(32 * limbs, bigint)
    .toString(16)
    .padStart(8 * limbs, "0")
  const text = `0x${hex.match(/.{8}/g)!.join("_")}n`
  return bigint < 0n ? `BigInt.asIntN(${32 * limbs},${text})` : text
}

/**
 * Depths and handlers as the engine computes them: one block of lines per function, sorted; from
 * JS_DUMP_BYTECODE_STACK.
 */
export function engineStacks(dump: string): string[] {
  const functions: string[][] = []
  for (const line of dump.split("\n")) {
    const [, offset, rest] = /^ *(\d+): +(\w+ +\d+ +-?\d+)$/.exec(line) ?? []
    if (offset === undefined) continue
    if (offset === "0") functions.push([])
    functions.at(-1)!.push(`${offset.padStart(6)} ${rest!.replace(/ +/g, " ")}`)
  }
  // The last two are the end of the program: its function and the script around it.
  const texts = functions.map((lines) => withoutClosing(lines.sort().join("\n")))
  const end = texts.findLastIndex((text) => text.split("\n").length > 1500)
  return texts.slice(0, end).sort()
}

/** The same of our flow graphs. */
export function ourStacks(graphs: readonly FlowGraph[]): string[] {
  return graphs.map((graph) => textOfStack(graph)).sort()
}

function textOfStack({ instructions, depths, handlers, handlerOf }: FlowGraph): string {
  const lines = instructions.flatMap(({ offset, opcode }, i) => {
    if (depths[i]! < 0) return []
    const handler = handlers[handlerOf[i]!]
    const opened = handler === undefined ? -1 : instructions[handler.instruction]!.offset
    return [`${String(offset).padStart(6)} ${opcode} ${depths[i]} ${opened}`]
  })
  return withoutClosing(lines.sort().join("\n"))
}

/**
 * What iterator_close throws is not caught by the iterator that it closes, though the engine still counts that one:
 * leave its handler out of the comparison.
 */
function withoutClosing(text: string): string {
  return text.replace(/(iterator_close \d+) -?\d+$/gm, "$1")
}

/** The line table as the engine prints it (JS_DUMP_BYTECODE_PC2LINE): one line per entry. */
export function lineTableText(f: FunctionInfo): string[] {
  if (f.lineTable === undefined || f.lineTable.length === 0) return []
  const entries = decodeLines(f.lineTable, f)
  return entries.map(({ offset, line, column }) => `${pad(offset)} ${pad(line)} ${pad(column)}`)
}

export const FINAL = dumpFlags.JS_DUMP_BYTECODE_FINAL
export const STACK = dumpFlags.JS_DUMP_BYTECODE_STACK

// Read the opcode table out of a quickjs-opcode.h, of QuickJS or QuickJS-NG.
//
// The header is a list of macro calls: FMT(name) for the operand formats, DEF(name, size, pops, pushes, format) for
// opcodes, def(…) for temporaries. Some releases put a few of them behind #if: what is defined there is the caller's to
// say.
import { notOpcodeHeader } from "./errors.ts"
import { isOpcodeFormat, tableOf, type OpcodeTable, type TableRow } from "./table.ts"

const MACRO = /\b(DEF|def|FMT)[ \t]*\(([^()]*)(\)?)/g

/** Real ones have 20 KB. */
const MAX_HEADER_LENGTH = 1 << 20

/** These select parts of the list, and all of the list is wanted; short forms are how every release is built. */
const alwaysDefined = ["FMT", "DEF", "SHORT_OPCODES"]

/** Read a header's text; `path` names it in problems, `defined` are the macros of its build. Throws EB505 and EB506. */
export function readHeaderTable(text: string, path: string, defined: readonly string[] = []): OpcodeTable {
  if (text.length > MAX_HEADER_LENGTH) throw notOpcodeHeader(path, "it is far too long")
  const code = withoutComments(text.replace(/\r\n?/g, "\n"))
  const rows: TableRow[] = []
  for (const [call, macro, inside, end] of included(code, path, [...alwaysDefined, ...defined]).matchAll(MACRO)) {
    // A row that is passed over would renumber all that follow it.
    if (end === "") throw notOpcodeHeader(path, `\`${call.slice(0, 40).trim()}\` is not a row`)
    const words = inside!.split(",").map((word) => word.trim())
    if (macro !== "FMT") rows.push(rowOf(words, path))
  }
  if (rows[0]?.name !== "invalid" || rows[1]?.name !== "push_i32") {
    throw notOpcodeHeader(path, "it does not begin with DEF(invalid, …) and DEF(push_i32, …)")
  }
  return tableOf(rows)
}

/** A comment becomes a space; one that is not closed goes on to the end. */
function withoutComments(text: string): string {
  const kept: string[] = []
  for (let at = 0; at < text.length;) {
    const start = text.indexOf("/*", at)
    if (start < 0) {
      kept.push(text.slice(at))
      break
    }
    kept.push(text.slice(at, start), " ")
    const end = text.indexOf("*/", start + 2)
    at = end < 0 ? text.length : end + 2
  }
  return kept.join("").replace(/\/\/.*/g, "")
}

/** The text without the lines that conditions leave out. */
function included(code: string, path: string, defined: readonly string[]): string {
  const open: boolean[] = []
  const kept: string[] = []
  for (const line of code.replaceAll("\\\n", " ").split("\n")) {
    const [, directive, rest = ""] = /^[ \t]*#[ \t]*(\w+)[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
    if (directive === undefined) {
      if (!open.includes(false)) kept.push(line)
    } else if (/^(if|ifdef|ifndef)$/.test(directive)) {
      open.push(conditionHolds(directive, rest, path, defined))
    } else if (directive === "else" && open.length > 0) {
      open.push(!open.pop())
    } else if (directive === "endif" && open.length > 0) {
      open.pop()
    } else if (/^(else|elif|endif|include)$/.test(directive)) {
      throw notOpcodeHeader(path, `it has \`${line.trim()}\``)
    }
  }
  if (open.length > 0) throw notOpcodeHeader(path, "an #if is not closed")
  return kept.join("\n")
}

function conditionHolds(directive: string, condition: string, path: string, defined: readonly string[]): boolean {
  const [, not, name] = /^(!?)\s*(?:defined\s*\(?\s*)?(\w+)\s*\)?$/.exec(condition) ?? []
  if (name === undefined) throw notOpcodeHeader(path, `the table depends on \`#${directive} ${condition}\``)
  const holds = /^\d+$/.test(name) ? Number(name) !== 0 : defined.includes(name)
  return holds !== (directive === "ifndef" || not === "!")
}

function rowOf(words: readonly string[], path: string): TableRow {
  const [name, size, pops, pushes, format] = words
  const numbers = [size, pops, pushes].map((word) => (/^\d{1,2}$/.test(word ?? "") ? Number(word) : -1))
  if (words.length !== 5 || !/^[a-z_][a-z0-9_]*$/.test(name!) || numbers.includes(-1)) {
    throw notOpcodeHeader(path, `DEF(${words.join(", ")}) is not name, size, pops, pushes, format`)
  }
  if (!isOpcodeFormat(format!)) throw notOpcodeHeader(path, `\`${name}\` has the unknown operand format ${format}`)
  return { name: name!, size: numbers[0]!, pops: numbers[1]!, pushes: numbers[2]!, format }
}

// Read the opcode table out of a quickjs-opcode.h, of QuickJS or QuickJS-NG.
//
// The header is a list of macro calls: FMT(name) for the operand formats, DEF(name, size, pops, pushes, format) for opcodes,
// def(…) for temporaries. Comments are taken out; nothing is preprocessed, so a table behind #if is refused.
import { notOpcodeHeader } from "./errors.ts"
import { isOpcodeFormat, tableOf, type OpcodeTable, type TableRow } from "./table.ts"

const MACRO = /^[ \t]*(DEF|def|FMT)\(\s*([^)]*?)\s*\)/gm

/** Read a header's text; `path` names it in problems. Throws EB505 and EB506. */
export function readHeaderTable(text: string, path: string): OpcodeTable {
  const code = text.replace(/\/\*[^]*?\*\//g, " ").replace(/\/\/.*/g, "")
  const condition = /^[ \t]*#[ \t]*(if|elif)\b(?!n?def\b).*/m.exec(code)
  if (condition !== null) throw notOpcodeHeader(path, `the table depends on \`${condition[0].trim()}\``)
  const rows: TableRow[] = []
  for (const [, macro, inside] of code.matchAll(MACRO)) {
    const words = inside!.split(",").map((word) => word.trim())
    if (macro === "FMT") continue
    if (words[0] === "id") continue // the definition of def itself: DEF(id, size, …)
    rows.push(rowOf(words, path))
  }
  if (rows[0]?.name !== "invalid" || rows[1]?.name !== "push_i32") {
    throw notOpcodeHeader(path, "it does not begin with DEF(invalid, …) and DEF(push_i32, …)")
  }
  return tableOf(rows)
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

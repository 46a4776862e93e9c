// Experiments on what a function's bytecode, its place in the source and its line table are kept in.
import { opcodeByName } from "../../opcodes/quickjs.generated.ts"
import { bytecodeOf } from "./functionobjects.ts"
import { offset32, only, pointerOf, Unfound, isAddress, type Lab, type Sample } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

/** After the rest of a function was found: the line table lies in what is left. */
export function probeCodeAndLines(lab: Lab, book: Notebook): void {
  book.attempt(() => probeCode(lab, book))
  book.attempt(() => probeDebugInfo(lab, book))
  book.attempt(() => probeLineTable(lab, book))
}

function probeCode(lab: Lab, book: Notebook): void {
  const code = (name: "push_i32" | "return" | "get_arg0" | "get_arg1" | "add"): number => opcodeByName[name].code
  const number = 12345678
  const push = [code("push_i32"), number & 0xff, (number >> 8) & 0xff, (number >> 16) & 0xff, number >> 24]
  const samples = (
    [
      [`function () { return ${number} }`, [...push, code("return")]],
      [`function (a) { return a + ${number} }`, [code("get_arg0"), ...push, code("add"), code("return")]],
      [
        `function (a, b) { return a + b + ${number} }`,
        [code("get_arg0"), code("get_arg1"), code("add"), ...push, code("add"), code("return")],
      ],
    ] as const
  ).map(([source, bytes]) => ({ at: bytecodeOf(lab, book, lab.object(source)), bytes }))
  const isCode = (at: number, bytes: readonly number[]): boolean =>
    at > 1024 && at + 16 < lab.engine.memory.buffer.byteLength && bytes.every((byte, i) => lab.u8(at + i) === byte)
  book.note("JSFunctionBytecode", "byte_code_buf", () =>
    only((o) => samples.every(({ at, bytes }) => isCode(lab.u32(at + o), bytes)), 8, 96, 4),
  )
  book.note("JSFunctionBytecode", "byte_code_len", () =>
    offset32(
      lab,
      samples.map(({ at, bytes }) => [at, bytes.length] as const),
      8,
      96,
    ),
  )
}

function probeDebugInfo(lab: Lab, book: Notebook): void {
  const places = [
    [3, 5, "probe-one.js"],
    [7, 11, "probe-two.js"],
    [2, 3, "probe-three.js"],
  ] as const
  const functions = places.map(([line, column, filename]) => {
    const text = `function place() { return ${line} }`
    const source = `${"\n".repeat(line - 1)}${" ".repeat(column - 2)}(${text})`
    return { at: bytecodeOf(lab, book, pointerOf(lab.evaluate(source, 0, filename))), line, column, filename, text }
  })
  type Placed = (typeof functions)[0]
  const words = (value: (f: Placed) => number): Sample<number>[] => functions.map((f) => [f.at, value(f)])
  book.note("JSFunctionBytecode", "filename", () =>
    offset32(
      lab,
      words((f) => lab.atom(f.filename)),
      8,
      96,
    ),
  )
  book.note("JSFunctionBytecode", "line_num", () =>
    offset32(
      lab,
      words((f) => f.line),
      8,
      96,
    ),
  )
  book.note("JSFunctionBytecode", "col_num", () =>
    offset32(
      lab,
      words((f) => f.column),
      8,
      96,
    ),
  )
  book.note("JSFunctionBytecode", "source", () =>
    only(
      (o) =>
        functions.every(
          (f) => isAddressOfBytes(lab, lab.u32(f.at + o)) && lab.engine.readCString(lab.u32(f.at + o)) === f.text,
        ),
      8,
      96,
      4,
    ),
  )
  book.note("JSFunctionBytecode", "source_len", () => {
    const more = bytecodeOf(lab, book, lab.object("function longer() { /* more text */ }"))
    return offset32(lab, [...words((f) => f.text.length), [more, 37]], 8, 96)
  })
}

/** A string may lie at any address. */
function isAddressOfBytes(lab: Lab, at: number): boolean {
  return isAddress(lab, at & ~3)
}

/**
 * Give a function another line table and see whether its trace changes: the table that says "1000 lines further down
 * from offset 0 on" is 0, offset 0, line 1000 (zigzag LEB128: 2000), column 0.
 */
function probeLineTable(lab: Lab, book: Notebook): void {
  const f = lab.evaluate("(function probeLines() { return new Error().stack })")
  const at = bytecodeOf(lab, book, pointerOf(f))
  const table = [0, 0, (2000 & 0x7f) | 0x80, 2000 >> 7, 0]
  const other = lab.engine.malloc(8)
  lab.engine.bytes().set(table, other)
  const says = lab.evaluate("(f => /probe.js:1001:/.test(f()))")
  const yes = lab.evaluate("true")
  const find = (): [number, number] => {
    const free = unclaimedWords(book)
    const found: [number, number][] = []
    for (const length of free) {
      for (const buffer of free) {
        const [oldLength, oldBuffer] = [lab.u32(at + length), lab.u32(at + buffer)]
        if (length === buffer || oldLength === 0 || oldLength > 64 || !isAddressOfBytes(lab, oldBuffer)) continue
        lab.write32(at + length, table.length)
        lab.write32(at + buffer, other)
        const changed = lab.apply(says, [f]) === yes
        lab.write32(at + length, oldLength)
        lab.write32(at + buffer, oldBuffer)
        if (changed) found.push([length, buffer])
      }
    }
    if (found.length !== 1) throw new Unfound(`in ${found.length} places`)
    return found[0]!
  }
  book.noteAll("JSFunctionBytecode", ["pc2line_len", "pc2line_buf"], find)
}

/** Words of JSFunctionBytecode, between its first field and its last, in which no experiment has found anything. */
function unclaimedWords(book: Notebook): number[] {
  const fields = [...book.findings].flatMap(([name, finding]) =>
    name.startsWith("JSFunctionBytecode.") && "value" in finding ? [finding.value & ~3] : [],
  )
  const free: number[] = []
  for (let word = Math.min(...fields); word < Math.max(...fields); word += 4)
    if (!fields.includes(word)) free.push(word)
  return free
}

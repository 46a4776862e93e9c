// Assignments to what cannot be assigned: a `const`, an import, a name of a namespace. The language lets them stand and
// throws a TypeError when they run; esbuild refuses them. They are written as assignments that throw:
//
//   x += 1      ->   new class { get x() { return x } set x(_) { throw new TypeError(…) } }().x += 1
//
// What stands behind one on its line is then said to be further to the right.
import type { Message } from "esbuild"
import { readFile } from "node:fs/promises"
import { resolve } from "node:path"

/** Is it about such an assignment? */
export const isAboutConstant = ({ text, location }: Message) =>
  location !== null && /^Cannot assign to (?:"[^]*" because it is a constant|import "[^]*")$/.test(text)

/** The files in which such assignments stand, with them exchanged. By absolute path. */
export async function withThrows(errors: readonly Message[], root: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  // From the end on, so that places stay what they are.
  const places = errors.flatMap(({ location }) => location ?? [])
  for (const { file, line, column, length } of places.sort((a, b) => b.line - a.line || b.column - a.column)) {
    const path = resolve(root, file)
    const lines = (texts.get(path) ?? (await readFile(path, "utf8"))).split(/(?<=\r\n|[\n\u2028\u2029]|\r(?!\n))/)
    const bytes = Buffer.from(lines[line - 1] ?? "")
    const [before, name, after] = [bytes.subarray(0, column), bytes.subarray(column, column + length)]
      .map(String)
      .concat(String(bytes.subarray(column + length))) as [string, string, string]
    lines[line - 1] = exchanged(before, name, after)
    texts.set(path, lines.join(""))
  }
  return texts
}

function exchanged(before: string, name: string, after: string): string {
  const property = /([\p{ID_Start}$_][\p{ID_Continue}$]*)(\s*(?:\.|\[)\s*)$/u.exec(before)
  if (property === null) {
    // What is both the name and the place in `({ x } = y)`.
    const short = /^\s*[,}]/.test(after) && /\{(?:[^{}[\]()]*,)?\s*$/.test(before) ? `${name}: ` : ""
    return `${before}${short}${throwing(name, name)}.${name}${after}`
  }
  const [whole, namespace, dot] = property as unknown as [string, string, string]
  const start = before.slice(0, -whole.length)
  const end = dot.includes("[") ? `[${name}` : `.${name}`
  const value = `${namespace}${end}${dot.includes("[") ? "]" : ""}`
  const instead = /\bdelete\s+$/.test(start) ? `Object.freeze({ ${name}: 0 })` : throwing(name, value)
  return `${start}${instead}${end}${after}`
}

/** An object that throws when `name` is assigned to. It begins with a word, so that no line before it goes on in it. */
function throwing(name: string, value: string): string {
  const text = JSON.stringify(`'${name.replace(/^["']|["']$/g, "")}' is read-only`)
  return `new class { get ${name}() { return ${value} } set ${name}(_) { throw new TypeError(${text}) } }()`
}

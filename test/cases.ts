// Finds fixtures: a case is a folder with an input and the expected text beside it. `UPDATE=1` rewrites what is
// expected.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect } from "vitest"
import { problemText } from "./failures.ts"

const root = resolve(import.meta.dirname, "..", "fixtures")

export interface Case {
  name: string
  folder: string
  /** The name begins with `bad-`: a problem is expected, its text in error.txt. */
  bad: boolean
  path(file: string): string
  has(file: string): boolean
  text(file: string): string
  bytes(file: string): Uint8Array
  /** options.json, or nothing. */
  options: Record<string, unknown>
  /** Compare with a file of the case; UPDATE=1 writes it instead. */
  expectText(file: string, actual: string): void
  /** Run something that must fail with a problem whose text is in the file. */
  expectProblem(file: string, run: () => unknown): Promise<void>
}

/** What lies in the folders of a kind's cases, beside options.json, as fixtures/README.md says it. */
interface Kind {
  input: RegExp
  /** What must come of a good case, and what may; of a bad one comes error.txt. */
  must: string[]
  may: string[]
}

export const kinds: Record<string, Kind> = {
  build: { input: /./, must: ["stdout.txt"], may: ["stderr.txt"] },
  disasm: { input: /^app\.js$/, must: ["out.txt"], may: [] },
  freeze: { input: /\.js$/, must: ["expected.txt"], may: [] },
  language: { input: /./, must: ["expected.txt"], may: [] },
  opcodes: { input: /^quickjs-opcode\.h$/, must: ["differences.txt"], may: [] },
  run: { input: /^main\.(c|wat)$|^stdin\.txt$/, must: ["output.txt"], may: [] },
  snapshot: { input: /\.wat$/, must: [], may: ["out.wat"] },
}

/** The files that a case of a kind lacks, and those that do not belong into its folder. */
export function misplaced(kind: string, { name, folder, bad }: Case): string[] {
  const { input, must, may } = kinds[kind]!
  const files = readdirSync(folder)
  const needed = bad ? ["error.txt"] : must
  const known = bad ? needed : [...must, ...may]
  const isInput = (file: string) => ![...must, ...may, "error.txt"].includes(file) && input.test(file)
  const odd = files.filter((file) => !known.includes(file) && file !== "options.json" && !isInput(file))
  return [
    ...needed.filter((file) => !files.includes(file)).map((file) => `${kind}/${name} lacks ${file}`),
    ...odd.map((file) => `${kind}/${name} has ${file}`),
  ]
}

/** The cases under fixtures/<kind>/, by name. */
export function cases(kind: string): Case[] {
  const folder = join(root, kind)
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => openCase(kind, entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** One case by its name. */
export function openCase(kind: string, name: string): Case {
  const folder = join(root, kind, name)
  const path = (file: string) => join(folder, file)
  const text = (file: string) => readFileSync(path(file), "utf8")
  const expectText = (file: string, actual: string) => {
    const ended = actual.endsWith("\n") ? actual : `${actual}\n`
    if (process.env["UPDATE"] === "1") writeFileSync(path(file), ended)
    expect(ended, `${kind}/${name}/${file}`).toBe(existsSync(path(file)) ? text(file) : "")
  }
  return {
    name,
    folder,
    bad: name.startsWith("bad-"),
    path,
    has: (file) => existsSync(path(file)),
    text,
    bytes: (file) => readFileSync(path(file)),
    options: existsSync(path("options.json")) ? (JSON.parse(text("options.json")) as Record<string, unknown>) : {},
    expectText,
    expectProblem: async (file, run) => expectText(file, await problemText(run)),
  }
}

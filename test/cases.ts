// Finds fixtures: a case is a folder with an input and the expected text beside it. `UPDATE=1` rewrites what is expected.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect } from "vitest"
import { isProblem, problemText as printed } from "../problem.ts"

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

/** The cases under fixtures/<kind>/, by name. */
export function cases(kind: string): Case[] {
  const folder = join(root, kind)
  if (!existsSync(folder)) return []
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

/** What is printed of the problem that a function ends with; anything but a problem is an error of the test. */
export async function problemText(run: () => unknown): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (!isProblem(error)) throw error
    return printed(error)
  }
  throw new Error("a problem was expected, but it went well")
}

/** A small seeded generator, [0, 1). Tests print the seed. (mulberry32) */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

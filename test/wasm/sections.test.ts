// Sections: what is read and written again is the same bytes, section by section and entry by entry.
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { readEnginePackage } from "../../engine/package.ts"
import { decode, parseCode, writeBody } from "../../wasm/body.ts"
import { Writer } from "../../wasm/bytes.ts"
import { parseData } from "../../wasm/data.ts"
import {
  parseFunctions,
  parseGlobals,
  parseMemories,
  parseTables,
  writeGlobal,
  writeTable,
} from "../../wasm/definitions.ts"
import { parseTypes, writeFuncType, type FuncType } from "../../wasm/deftypes.ts"
import { parseElements } from "../../wasm/elem.ts"
import { parseExports, parseImports, writeExport, writeImport } from "../../wasm/externs.ts"
import { writeGlobalType, writeLimits } from "../../wasm/limits.ts"
import {
  appendEntries,
  dropSection,
  findSection,
  makeCustom,
  makeSection,
  moduleParts,
  readSections,
  replaceSection,
  SectionId,
  writeModule,
  type Section,
} from "../../wasm/sections.ts"
import { writeVector } from "../../wasm/vectors.ts"
import { assemble } from "../wasm.ts"

/** One of everything that the format has and wabt writes. */
const everything = assemble(`(module
  (type $t (func (param i32 i64 f32 f64 v128) (result funcref)))
  (import "m" "f" (func (type $t)))
  (import "m" "g" (global (mut i64)))
  (import "m" "t" (table 1 2 externref))
  (import "m" "m" (memory i64 1))
  (memory 1 2 shared)
  (memory 3)
  (table 2 funcref)
  (tag $e (param i32))
  (global (mut i32) (i32.const -1))
  (global f64 (f64.const 1.5))
  (global v128 (v128.const i32x4 1 2 3 4))
  (global funcref (ref.func $f))
  (func $f (export "f"))
  (start $f)
  (export "m" (memory 1))
  (elem (table 1) (i32.const 0) func $f)
  (elem func $f)
  (elem declare func $f)
  (elem funcref (ref.null func) (ref.func $f))
  (data (i64.const 5) "active")
  (data "passive"))`)

const modules: [name: string, bytes: Uint8Array][] = [
  ["everything", everything],
  ["the engine", readEnginePackage().wasm],
  ["the base", readFileSync("dist/base.wasm")],
  ["a library", readFileSync("dist/guest.so")],
  ["nothing", assemble("(module)")],
]

for (const [name, bytes] of modules) {
  test(`${name}: sections`, () => {
    const sections = readSections(bytes)
    expect(Buffer.compare(writeModule(sections), bytes)).toBe(0)
    expect(Buffer.compare(Buffer.concat(moduleParts(sections)), bytes)).toBe(0)
    for (const section of sections) {
      expect(Buffer.compare(section.bytes, bytes.subarray(section.offset).subarray(0, section.bytes.length))).toBe(0)
    }
  })
}

/** Entries of the section as this writes them: `undefined` for what cannot be compared. */
const rewrites: [id: number, entries: (section: Section) => Uint8Array[]][] = [
  [SectionId.Type, (s) => parseTypes(s).map((type) => writeFuncType(type as FuncType))],
  [SectionId.Import, (s) => parseImports(s).map(writeImport)],
  [SectionId.Function, (s) => parseFunctions(s).map((type) => new Writer().u32(type).finish())],
  [SectionId.Table, (s) => parseTables(s).map(writeTable)],
  [SectionId.Memory, (s) => parseMemories(s).map(writeLimits)],
  [SectionId.Global, (s) => parseGlobals(s).map(({ type, init }) => writeGlobal(writeGlobalType(type), init.bytes))],
  [SectionId.Export, (s) => parseExports(s).map(writeExport)],
  [SectionId.Element, (s) => parseElements(s).map(({ bytes }) => bytes)],
  [SectionId.Code, (s) => parseCode(s).map(writeBody)],
  [SectionId.Data, (s) => parseData(s).map(({ bytes }) => bytes)],
]

for (const [name, bytes] of modules) {
  test(`${name}: entries`, () => {
    const sections = readSections(bytes)
    for (const [id, entries] of rewrites) {
      const section = findSection(sections, id)
      if (section) expect(Buffer.compare(writeVector(entries(section)), section.bytes), `section ${id}`).toBe(0)
    }
  })

  test(`${name}: instructions lie side by side up to the end of each body`, () => {
    for (const body of parseCode(findSection(readSections(bytes), SectionId.Code))) {
      const code = decode(body)
      expect(code.filter(({ end }, i) => end !== (code[i + 1]?.at ?? body.length))).toEqual([])
    }
  })
}

test("a section takes the place of the one that it replaces, or the one that the format's order gives it", () => {
  const sections = readSections(everything)
  const ids = (list: readonly { id: number }[]) => list.map(({ id }) => id)
  for (const { id } of sections) {
    const without = dropSection(sections, id)
    expect(ids(without)).not.toContain(id)
    const back = replaceSection(without, makeSection(id, findSection(sections, id)!.bytes))
    expect(ids(back)).toEqual(ids(sections))
    expect(Buffer.compare(writeModule(back), everything)).toBe(0)
  }
})

test("appended entries come last, and what was there stays", () => {
  const entry = writeExport({ name: "again", kind: "func", index: 1 })
  const more = appendEntries(readSections(everything), SectionId.Export, [entry])
  const names = parseExports(findSection(readSections(writeModule(more)), SectionId.Export)).map(({ name }) => name)
  expect(names).toEqual(["f", "m", "again"])
  const first = appendEntries(readSections(assemble("(module (func))")), SectionId.Export, [
    writeExport({ name: "a", kind: "func", index: 0 }),
  ])
  expect(WebAssembly.Module.exports(new WebAssembly.Module(writeModule(first) as BufferSource))).toEqual([
    { name: "a", kind: "function" },
  ])
})

test("a custom section keeps its name and its place", () => {
  const made = writeModule([makeCustom("ä", Uint8Array.of(1, 2)), ...readSections(everything)])
  const [custom] = readSections(made)
  expect([custom?.name, ...custom!.bytes]).toEqual(["ä", 1, 2])
  expect(Buffer.compare(writeModule(readSections(made)), made)).toBe(0)
})

test("a module that is cut off anywhere is refused with a problem, or ends between two sections", () => {
  const ends = new Set([8])
  for (const section of readSections(everything)) ends.add(section.offset + section.bytes.length)
  for (let length = 0; length < everything.length; length++) {
    const read = () => readSections(everything.subarray(0, length))
    if (ends.has(length)) expect(read).not.toThrow()
    else expect(read).toThrow(expect.objectContaining({ code: length < 8 ? "EB300" : "EB301" }))
  }
})

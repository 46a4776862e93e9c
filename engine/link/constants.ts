// Constant expressions of libraries. Toolchains write `global.get __memory_base  i32.const n  i32.add`, which is the
// extended-const proposal; V8 takes that by default only from version 11.4 on (Node 21). Once the bases are known the
// expressions are plain constants, so they are folded before a library is instantiated or linked.
import { parseData } from "../../wasm/data.ts"
import { parseGlobals, writeGlobal } from "../../wasm/definitions.ts"
import { parseElements } from "../../wasm/elem.ts"
import { i32Const, type ConstExpr } from "../../wasm/expressions.ts"
import { parseImports, writeExport } from "../../wasm/externs.ts"
import { rowOf } from "../../wasm/instructions.ts"
import { Reader, Writer } from "../../wasm/bytes.ts"
import {
  appendEntries,
  findSection,
  makeSection,
  readSections,
  replaceSection,
  SectionId,
  writeModule,
  type Section,
} from "../../wasm/sections.ts"
import { writeVector } from "../../wasm/vectors.ts"

/** Value of an imported or defined global, by index; undefined when it is not known. */
export type GlobalValues = (index: number) => number | undefined

/** The i32 that a constant expression means, or undefined when it is no i32 or depends on an unknown global. */
export function evaluate(expr: ConstExpr, globals: GlobalValues): number | undefined {
  const r = new Reader(expr.bytes)
  const stack: number[] = []
  const operate = (compute: (a: number, b: number) => number) => {
    const b = stack.pop() ?? 0
    stack.push(compute(stack.pop() ?? 0, b))
  }
  while (!r.done) {
    switch (rowOf(r.opcode())?.name) {
      case "i32.const":
        stack.push(r.s32())
        break
      case "global.get": {
        const value = globals(r.u32())
        if (value === undefined) return undefined
        stack.push(value)
        break
      }
      case "i32.add":
        operate((a, b) => (a + b) | 0)
        break
      case "i32.sub":
        operate((a, b) => (a - b) | 0)
        break
      case "i32.mul":
        operate(Math.imul)
        break
      case "end":
        return stack.length === 1 ? stack[0] : undefined
      default:
        return undefined
    }
  }
  return undefined
}

/** Values of a library's globals once its bases are known. Imported ones come first, in order. */
export function libraryGlobals(bytes: Uint8Array, imported: (name: string) => number | undefined): GlobalValues {
  const sections = readSections(bytes)
  const values: (number | undefined)[] = parseImports(findSection(sections, SectionId.Import))
    .filter((i) => i.kind === "global")
    .map((i) => (i.module === "env" ? imported(i.name) : undefined))
  const known = (index: number) => values[index]
  for (const global of parseGlobals(findSection(sections, SectionId.Global))) {
    values.push(global.type.mutable ? undefined : evaluate(global.init, known))
  }
  return known
}

/** The same library with every constant expression that can be computed replaced by its value. */
export function foldConstants(bytes: Uint8Array, bases: { memoryBase: number; tableBase: number }): Uint8Array {
  const globals = libraryGlobals(bytes, (name) =>
    name === "__memory_base" ? bases.memoryBase : name === "__table_base" ? bases.tableBase : undefined,
  )
  let sections = readSections(bytes)
  const fold = (expr: ConstExpr): Uint8Array => {
    const value = evaluate(expr, globals)
    return value === undefined ? expr.bytes : i32Const(value)
  }
  const globalSection = findSection(sections, SectionId.Global)
  if (globalSection) {
    const entries = parseGlobals(globalSection).map((g) => writeGlobal(g.typeBytes, fold(g.init)))
    sections = replaceSection(sections, makeSection(SectionId.Global, writeVector(entries)))
  }
  const elementSection = findSection(sections, SectionId.Element)
  if (elementSection) {
    const entries = parseElements(elementSection).map((e) => replaceOffset(e.bytes, e.offset, fold))
    sections = replaceSection(sections, makeSection(SectionId.Element, writeVector(entries)))
  }
  const dataSection = findSection(sections, SectionId.Data)
  if (dataSection) {
    const entries = parseData(dataSection).map((d) => replaceOffset(d.bytes, d.offset, fold))
    sections = replaceSection(sections, makeSection(SectionId.Data, writeVector(entries)))
  }
  return writeModule(withGlobalsExported(sections))
}

/** Name under which a library's own mutable global is readable while it is live. */
export const hiddenGlobal = (index: number): string => `__library_global_${index}`

function withGlobalsExported(sections: Section[]): Section[] {
  const imported = parseImports(findSection(sections, SectionId.Import)).filter((i) => i.kind === "global").length
  const entries = parseGlobals(findSection(sections, SectionId.Global)).flatMap((global, i) => {
    const index = imported + i
    return global.type.mutable ? [writeExport({ name: hiddenGlobal(index), kind: "global", index })] : []
  })
  return appendEntries(sections, SectionId.Export, entries)
}

/** A segment's bytes with its offset expression exchanged. The expression is where its own bytes lie in the segment. */
function replaceOffset(
  bytes: Uint8Array,
  offset: ConstExpr | undefined,
  fold: (expr: ConstExpr) => Uint8Array,
): Uint8Array {
  if (offset === undefined) return bytes
  const start = offset.bytes.byteOffset - bytes.byteOffset
  if (start <= 0 || start + offset.bytes.length > bytes.length) throw new Error("an offset lies outside its segment")
  return new Writer()
    .bytes(bytes.subarray(0, start))
    .bytes(fold(offset))
    .bytes(bytes.subarray(start + offset.bytes.length))
    .finish()
}

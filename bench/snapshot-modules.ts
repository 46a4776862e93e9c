// Modules to snapshot: sparse memories, and QuickJS with a runtime, a context and a script that has run. Used by bench/snapshot.ts
// and by tests.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { writeBody } from "../wasm/body.ts"
import { parseFunctions } from "../wasm/definitions.ts"
import { parseTypes, writeFuncType } from "../wasm/deftypes.ts"
import { parseExports, parseImports, writeExport } from "../wasm/externs.ts"
import { writeLimits } from "../wasm/limits.ts"
import { appendEntries, findSection, makeSection, readSections, SectionId, writeModule } from "../wasm/sections.ts"
import { writeVector } from "../wasm/vectors.ts"
import { Writer } from "../wasm/bytes.ts"

const get = (w: Writer, local: number) => w.u8(0x20).u32(local)
const i32 = (w: Writer, value: number) => w.u8(0x41).s32(value)

/** A module whose `wizer-initialize` has two i32 locals and this body, and whose memory has so many pages. */
function moduleOf(pages: number, body: (w: Writer) => void): Uint8Array {
  const code = new Writer().u8(1).u8(2).u8(0x7f)
  body(code)
  const memory = writeLimits({ min: pages, shared: false, is64: false, pageSizeLog2: 16 })
  return writeModule([
    makeSection(SectionId.Type, writeVector([writeFuncType({ params: [], results: [] })])),
    makeSection(SectionId.Function, writeVector([Uint8Array.of(0)])),
    makeSection(SectionId.Memory, writeVector([memory])),
    makeSection(
      SectionId.Export,
      writeVector([
        writeExport({ name: "memory", kind: "memory", index: 0 }),
        writeExport({ name: "wizer-initialize", kind: "func", index: 0 }),
      ]),
    ),
    makeSection(SectionId.Code, writeVector([writeBody(code.u8(0x0b).finish())])),
  ])
}

/** for (i = 0; i < count; i++) body */
function loop(w: Writer, count: number, body: () => void): void {
  w.u8(0x03).u8(0x40)
  body()
  i32(get(w, 0), 1).u8(0x6a).u8(0x22).u32(0)
  i32(w, count).u8(0x49).u8(0x0d).u32(0).u8(0x0b)
}

/** A byte every `step` bytes of a memory. */
export function everyBytes(pages: number, step: number): Uint8Array {
  return moduleOf(pages, (w) =>
    loop(w, (pages * 65536) / step, () => {
      i32(get(w, 0), step).u8(0x6c)
      i32(w, 1).u8(0x3a).u8(0).u8(0)
    }),
  )
}

/** An i32 at so many spots of a memory, at random places (the finalizer of MurmurHash3 over a counter). */
export function scattered(pages: number, count: number): Uint8Array {
  const words = (pages * 65536) / 4
  const xorShift = (w: Writer, bits: number) =>
    i32(get(get(w.u8(0x21).u32(1), 1), 1), bits)
      .u8(0x76)
      .u8(0x73)
  return moduleOf(pages, (w) =>
    loop(w, count, () => {
      get(w, 0)
      i32(xorShift(i32(w, 0x9e3779b1).u8(0x6c), 16), 0x85ebca6b).u8(0x6c)
      i32(xorShift(w, 13), 0xc2b2ae35).u8(0x6c)
      i32(xorShift(w, 16), 32 - Math.log2(words)).u8(0x76) // the upper bits
      i32(w, 2).u8(0x74)
      i32(get(w, 0), 0x01010101).u8(0x72)
      w.u8(0x36).u8(0).u8(0)
    }),
  )
}

/** One word in a memory of 1 GiB. */
export function oneWord(): Uint8Array {
  return moduleOf(
    16384,
    (w) =>
      void i32(i32(w, 1 << 29), 42)
        .u8(0x36)
        .u8(0)
        .u8(0),
  )
}

/** Bytes that are nowhere zero: `pages` pages of heap. */
export function fullHeap(pages: number): Uint8Array {
  return moduleOf(pages, (w) =>
    loop(w, (pages * 65536) / 4, () => {
      i32(get(w, 0), 2).u8(0x74)
      i32(get(w, 0), 0x9e3779b1 | 0).u8(0x6c)
      i32(w, 0x01010101).u8(0x72).u8(0x36).u8(0).u8(0)
    }),
  )
}

/** The engine's module as its package has it. */
export function engineBytes(): Uint8Array {
  const manifest = createRequire(import.meta.url).resolve("quickjs-wasi/package.json")
  return readFileSync(manifest.replace("package.json", "quickjs.wasm"))
}

/**
 * QuickJS with an initialiser that makes a runtime and a context, and evaluates a script in it when one is given. The exported
 * function `run` evaluates another one and returns its value as QuickJS has it (for a small integer: the integer).
 */
export function engineWith(script?: string, runs = "40 + 2"): Uint8Array {
  const sections = readSections(engineBytes())
  const exported = parseExports(findSection(sections, SectionId.Export))
  const call = (w: Writer, name: string) => {
    const found = exported.find((entry) => entry.name === name && entry.kind === "func")
    if (!found) throw new Error(`the engine does not export ${name}`)
    return w.u8(0x10).u32(found.index)
  }
  const imported = parseImports(findSection(sections, SectionId.Import)).filter(({ kind }) => kind === "func").length
  const first = imported + parseFunctions(findSection(sections, SectionId.Function)).length
  const types = parseTypes(findSection(sections, SectionId.Type)).length

  // The context's address is kept in a global behind the engine's own.
  const init = new Writer().u8(1).u8(1).u8(0x7f)
  call(call(init, "JS_NewRuntime"), "JS_NewContext").u8(0x24).u32(1)
  if (script !== undefined) evaluate(init, call, script).u8(0x1a)
  const run = evaluate(new Writer().u8(1).u8(1).u8(0x7f), call, runs)

  let out = appendEntries(sections, SectionId.Type, [
    writeFuncType({ params: [], results: [] }),
    writeFuncType({ params: [], results: ["i64"] }),
  ])
  out = appendEntries(out, SectionId.Function, [new Writer().u32(types).finish(), new Writer().u32(types + 1).finish()])
  out = appendEntries(out, SectionId.Global, [Uint8Array.of(0x7f, 1, 0x41, 0, 0x0b)])
  out = appendEntries(out, SectionId.Export, [
    writeExport({ name: "wizer-initialize", kind: "func", index: first }),
    writeExport({ name: "run", kind: "func", index: first + 1 }),
  ])
  out = appendEntries(out, SectionId.Code, [writeBody(init.u8(0x0b).finish()), writeBody(run.u8(0x0b).finish())])
  return writeModule(out)
}

/** Local 0 = malloc(n); store the script and a file name; JS_Eval(context, script, length, name, global). */
function evaluate(w: Writer, call: (w: Writer, name: string) => Writer, script: string): Writer {
  const text = new TextEncoder().encode(script)
  const bytes = Uint8Array.of(...text, 0, 0x61, 0) // the file is called "a"
  call(i32(w, bytes.length), "malloc").u8(0x21).u32(0)
  bytes.forEach((byte, i) => i32(get(w, 0), byte).u8(0x3a).u8(0).u32(i))
  w.u8(0x23).u32(1)
  i32(get(w, 0), text.length)
  i32(get(w, 0), text.length + 1).u8(0x6a)
  return call(i32(w, 0), "JS_Eval")
}

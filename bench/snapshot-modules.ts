// Modules to snapshot: sparse memories, and QuickJS with a runtime, a context and a script that has run. Used by
// bench/snapshot.ts and by tests.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { writeBody } from "../wasm/body.ts"
import { Code, I32, op } from "../wasm/code.ts"
import { parseFunctions, writeGlobal } from "../wasm/definitions.ts"
import { parseTypes, writeFuncType } from "../wasm/deftypes.ts"
import { i32Const } from "../wasm/expressions.ts"
import { parseExports, parseImports, writeExport } from "../wasm/externs.ts"
import { writeGlobalType, writeLimits } from "../wasm/limits.ts"
import { appendEntries, findSection, makeSection, readSections, SectionId, writeModule } from "../wasm/sections.ts"
import { writeVector } from "../wasm/vectors.ts"
import { Writer } from "../wasm/bytes.ts"

/** A module whose `wizer-initialize` has two i32 locals and this body, and whose memory has so many pages. */
function moduleOf(pages: number, body: (c: Code) => void): Uint8Array {
  const code = new Code()
  code.local(I32)
  code.local(I32)
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
    makeSection(SectionId.Code, writeVector([writeBody(code.finish())])),
  ])
}

/** for (i = 0; i < count; i++) body, where i is local 0 */
function loop(c: Code, count: number, body: () => void): void {
  const again = c.loop()
  body()
  c.get(0).i32(1).op(op.i32_add).tee(0)
  c.i32(count).op(op.i32_lt_u).brIf(again).end()
}

/** A byte every `step` bytes of a memory. */
export function everyBytes(pages: number, step: number): Uint8Array {
  return moduleOf(pages, (c) =>
    loop(c, (pages * 65536) / step, () => {
      c.get(0).i32(step).op(op.i32_mul).i32(1).mem("i32_store8", 0)
    }),
  )
}

/** An i32 at so many spots of a memory, at random places (the finalizer of MurmurHash3 over a counter). */
export function scattered(pages: number, count: number): Uint8Array {
  const words = (pages * 65536) / 4
  return moduleOf(pages, (c) => {
    const xorShift = (bits: number) => c.set(1).get(1).get(1).i32(bits).op(op.i32_shr_u, op.i32_xor)
    loop(c, count, () => {
      c.get(0).i32(0x9e3779b1).op(op.i32_mul)
      xorShift(16).i32(0x85ebca6b).op(op.i32_mul)
      xorShift(13).i32(0xc2b2ae35).op(op.i32_mul)
      xorShift(16)
        .i32(32 - Math.log2(words))
        .op(op.i32_shr_u) // the upper bits
      c.i32(2).op(op.i32_shl)
      c.get(0).i32(0x01010101).op(op.i32_or).mem("i32_store", 0)
    })
  })
}

/** One word in a memory of 1 GiB. */
export function oneWord(): Uint8Array {
  return moduleOf(16384, (c) =>
    c
      .i32(1 << 29)
      .i32(42)
      .mem("i32_store", 0),
  )
}

/** Bytes that are nowhere zero: `pages` pages of heap. */
export function fullHeap(pages: number): Uint8Array {
  return moduleOf(pages, (c) =>
    loop(c, (pages * 65536) / 4, () => {
      c.get(0).i32(2).op(op.i32_shl)
      c.get(0).i32(0x9e3779b1).op(op.i32_mul).i32(0x01010101).op(op.i32_or).mem("i32_store", 0)
    }),
  )
}

/** The engine's module as its package has it. */
export function engineBytes(): Uint8Array {
  const manifest = createRequire(import.meta.url).resolve("quickjs-wasi/package.json")
  return readFileSync(manifest.replace("package.json", "quickjs.wasm"))
}

/**
 * QuickJS with an initialiser that makes a runtime and a context, and evaluates a script in it when one is given. The
 * exported function `run` evaluates another one and returns its value as QuickJS has it (for a small integer: the
 * integer).
 */
export function engineWith(script?: string, runs = "40 + 2"): Uint8Array {
  const sections = readSections(engineBytes())
  const exported = parseExports(findSection(sections, SectionId.Export))
  const call = (c: Code, name: string) => {
    const found = exported.find((entry) => entry.name === name && entry.kind === "func")
    if (!found) throw new Error(`the engine does not export ${name}`)
    return c.call(found.index)
  }
  const imported = parseImports(findSection(sections, SectionId.Import)).filter(({ kind }) => kind === "func").length
  const first = imported + parseFunctions(findSection(sections, SectionId.Function)).length
  const types = parseTypes(findSection(sections, SectionId.Type)).length

  // The context's address is kept in a global behind the engine's own.
  const init = new Code()
  call(call(init, "JS_NewRuntime"), "JS_NewContext").setGlobal(1)
  if (script !== undefined) evaluate(init, call, script).op(op.drop)
  const run = evaluate(new Code(), call, runs)

  let out = appendEntries(sections, SectionId.Type, [
    writeFuncType({ params: [], results: [] }),
    writeFuncType({ params: [], results: ["i64"] }),
  ])
  out = appendEntries(out, SectionId.Function, [new Writer().u32(types).finish(), new Writer().u32(types + 1).finish()])
  out = appendEntries(out, SectionId.Global, [
    writeGlobal(writeGlobalType({ type: "i32", mutable: true }), i32Const(0)),
  ])
  out = appendEntries(out, SectionId.Export, [
    writeExport({ name: "wizer-initialize", kind: "func", index: first }),
    writeExport({ name: "run", kind: "func", index: first + 1 }),
  ])
  out = appendEntries(out, SectionId.Code, [writeBody(init.finish()), writeBody(run.finish())])
  return writeModule(out)
}

/** In a local: malloc(n); store the script and a file name; JS_Eval(context, script, length, name, global). */
function evaluate(c: Code, call: (c: Code, name: string) => Code, script: string): Code {
  const text = new TextEncoder().encode(script)
  const bytes = Uint8Array.of(...text, 0, 0x61, 0) // the file is called "a"
  const at = c.local(I32)
  call(c.i32(bytes.length), "malloc").set(at)
  bytes.forEach((byte, i) => c.get(at).i32(byte).mem("i32_store8", i))
  c.getGlobal(1).get(at).i32(text.length)
  c.get(at)
    .i32(text.length + 1)
    .op(op.i32_add)
    .i32(0)
  return call(c, "JS_Eval")
}

// Snapshots, case by case: fixtures/snapshot/<case>/ has the module (in.wat), options.json, and either the snapshot as
// text (out.wat) or the problem (error.txt). What every snapshot owes is checked beside the text: it runs as if its
// initialiser had just returned, its code is the input's byte for byte, and others read it too.
//
// options.json, beside the options of the tool: `calls` are made on the snapshot and on a fresh instance whose
// initialiser was run, and have to end alike; `needs` names a feature that not every Node has; `golden: false` leaves
// out.wat out, `wabt: false` leaves wabt's validation out, `frames: false` compares the beginning of the problem only,
// where the rest is the engine's words.
import { expect, test } from "vitest"
import { parseData } from "../../wasm/data.ts"
import { parseExports } from "../../wasm/externs.ts"
import { findSection, readSections, SectionId, writeModule, type Section } from "../../wasm/sections.ts"
import { isProblem, snapshot, type SnapshotResult } from "../../wizer/snapshot.ts"
import { runJob } from "../../wizer/node/job.ts"
import { cases, type Case } from "../cases.ts"
import { problemText } from "../failures.ts"
import {
  assemble,
  disassemble,
  exposed,
  fieldsOfParser,
  start,
  stateOf,
  validWithBinaryen,
  validateWithWabt,
} from "../wasm.ts"

interface Options {
  initFunc?: string
  keepInitFunc?: boolean
  renames?: [string, string][]
  maxMemory?: number
  optimize?: "raw" | "transfer" | "segments"
  preloads?: [string, string][]
  wasi?: object
  host?: "thing"
  tag?: boolean
  names?: boolean
  calls?: [string, ...number[]][]
  fresh?: boolean
  state?: boolean
  frames?: boolean
  golden?: boolean
  mvp?: boolean
  wabt?: boolean
  needs?: string
  segments?: number
  expect?: Record<string, number>
}

const things = { env: { thing: () => ({ a: "host object" }), function: () => foreign } }
// (module (func (export "f"))): a function of another module
const foreign = start(assemble(`(module (func (export "f")))`)).instance.exports["f"]

function take(c: Case, bytes: Uint8Array, o: Options): Promise<SnapshotResult> {
  if (o.host) return snapshot(bytes, { ...o, imports: things as unknown as WebAssembly.Imports })
  const preloads = (o.preloads ?? []).map(([name, file]) => ({ name, bytes: assemble(c.text(file)) }))
  const wasi = o.wasi && { env: {}, dirs: {}, reproducible: true, stdin: false, ...o.wasi }
  return runJob({ input: bytes, options: o, wasi, preloads })
}

function importsOf(c: Case, o: Options): WebAssembly.Imports {
  const imports: Record<string, Record<string, unknown>> = { env: { now: () => 0, ...(o.host ? things.env : {}) } }
  const { Tag } = WebAssembly as unknown as { Tag: new (type: object) => unknown }
  if (o.tag) imports["env"] = { error: new Tag({ parameters: ["i32"] }) }
  imports["wasi_snapshot_preview1"] = { proc_exit: () => 0 }
  for (const [name, file] of o.preloads ?? []) {
    imports[name] = start(assemble(c.text(file)), imports as WebAssembly.Imports).instance.exports
  }
  return imports as WebAssembly.Imports
}

/** A fresh instance whose initialisers have run. */
function initialised(bytes: Uint8Array, o: Options, imports: WebAssembly.Imports) {
  const fresh = start(bytes, imports)
  const names = ["wizer-initialize", "wizer.initialize", "wizer_init"]
  const init = o.initFunc ?? names.find((name) => fresh.instance.exports[name]) ?? ""
  const calls = typeof fresh.instance.exports["_initialize"] === "function" ? ["_initialize", init] : [init]
  for (const name of new Set(calls)) expect(fresh.call(name)).toEqual({ results: undefined })
  return fresh
}

function checkSecondOpinions(before: Uint8Array, wasm: Uint8Array, o: Options): void {
  const code = (bytes: Uint8Array) => findSection(readSections(bytes), SectionId.Code)?.raw ?? new Uint8Array(0)
  expect(Buffer.compare(code(wasm), code(before))).toBe(0)
  expect(Buffer.compare(writeModule(readSections(wasm)), wasm)).toBe(0)
  if (o.wabt !== false) validateWithWabt(wasm)
  // binaryen takes seconds for 100,000 segments
  if (o.needs === undefined && (o.segments ?? 0) < 10_000) expect(validWithBinaryen(wasm)).toBe(true)
}

for (const c of cases("snapshot")) {
  test(c.name, async () => {
    const o = c.options as Options
    const before = assemble(c.text("in.wat"), o.names)
    expect(Buffer.compare(writeModule(readSections(before)), before)).toBe(0)
    if (c.bad) {
      const run = () => take(c, before, o)
      if (o.frames !== false) await c.expectProblem("error.txt", run)
      else expect((await problemText(run)).slice(0, c.text("error.txt").trim().length)).toBe(c.text("error.txt").trim())
      return
    }
    let result: SnapshotResult
    try {
      result = await take(c, before, o)
    } catch (error) {
      // Only where the running engine does not have the feature.
      if (!o.needs || !isProblem(error) || error.code !== "EB309") throw error
      expect(error.message).toContain(o.needs)
      return
    }
    const { wasm, report } = result
    if (o.golden !== false) c.expectText("out.wat", disassemble(wasm))
    if (o.segments !== undefined) expect(report.segments.snapshot).toBe(o.segments)
    checkSecondOpinions(before, wasm, o)
    if (o.mvp) {
      expect(findSection(readSections(wasm), SectionId.DataCount)).toBeUndefined()
      expect(parseData(findSection(readSections(wasm), SectionId.Data)).every((s) => s.bytes[0] === 0)).toBe(true)
    }

    const run = start(wasm, importsOf(c, o))
    for (const [name, results] of Object.entries(o.expect ?? {})) expect(run.call(name)).toEqual({ results })
    if (o.fresh === false) return
    const fresh = initialised(before, o, importsOf(c, o))
    for (const [name, ...args] of o.calls ?? []) {
      expect({ call: [name, ...args], ...run.call(name, ...args) }).toEqual({
        call: [name, ...args],
        ...fresh.call(name, ...args),
      })
    }
    if (o.state === false) return
    const states = [exposed(wasm), exposed(before)].map((bytes) => start(bytes, importsOf(c, o)))
    const again = initialised(exposed(before), o, importsOf(c, o))
    expect(stateOf(states[0]!.instance)).toEqual(stateOf(again.instance))
  })
}

test("what is no module is refused in words", async () => {
  const text = (bytes: ArrayLike<number>) => problemText(() => snapshot(Uint8Array.from(bytes)))
  const utf8 = new TextEncoder()
  expect(await text([])).toContain("EB300: The input is empty")
  expect(await text(utf8.encode("  ;; a comment\n(module)"))).toContain("is WebAssembly text")
  expect(await text(utf8.encode("#!/bin/sh"))).toContain("is something else")
  expect(await text([0, 0x61, 0x73, 0x6d])).toContain("cut off in its header")
  expect(await text([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0])).toContain("is a component")
  expect(await text([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0])).toContain("version 2.0.0.0")
  expect(await text([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0x7f])).toContain("EB301")
})

/** A module with something put in front of a section. */
function inFrontOf(bytes: Uint8Array, id: number, extra: Section): Uint8Array {
  const sections = readSections(bytes)
  const at = sections.findIndex((s) => s.id === id)
  return writeModule([...sections.slice(0, at), extra, ...sections.slice(at)])
}

const custom = (name: string, bytes: number[]): Section => ({ id: 0, name, bytes: Uint8Array.from(bytes), offset: 0 })
const writes = `(module (memory 1) (func $f (export "wizer-initialize") (i32.store (i32.const 8) (i32.const 1))))`

test("custom sections stay where they are, wherever that is", async () => {
  for (const id of [SectionId.Type, SectionId.Memory, SectionId.Export, SectionId.Code]) {
    const { wasm } = await snapshot(inFrontOf(assemble(writes, true), id, custom("mine", [1, 2, 3])))
    const ids = readSections(wasm).map((s) => s.name ?? s.id)
    expect(ids.indexOf("mine")).toBe(ids.indexOf(id) - 1)
    expect(ids.slice(-3)).toEqual([SectionId.Code, SectionId.Data, "name"])
    expect(WebAssembly.validate(wasm as BufferSource)).toBe(true)
  }
})

test("a name section, debug info and padded sizes are copied byte for byte", async () => {
  const debug = custom(".debug_info", [9, 9, 9, 0, 0xff])
  const named = writeModule([...readSections(assemble(writes, true)), debug])
  // The same with a size of five bytes in front of the type section, as linkers write it.
  const padded = Uint8Array.from([
    ...named.subarray(0, 9),
    named[9]! | 0x80,
    0x80,
    0x80,
    0x80,
    0,
    ...named.subarray(10),
  ])
  const { wasm } = await snapshot(padded)
  const pick = (bytes: Uint8Array, name: string | number) =>
    Buffer.from(readSections(bytes).find((s) => (s.name ?? s.id) === name)?.raw ?? []).toString("hex")
  for (const part of ["name", ".debug_info", SectionId.Type, SectionId.Code]) {
    expect(pick(wasm, part)).toBe(pick(padded, part))
    expect(pick(wasm, part)).not.toBe("")
  }
})

test("segments that code refers to count against the limit, others do not", async () => {
  const spots = (count: number) => Array.from({ length: count }, (_, i) => `(data (i32.const ${i * 16}) "x")`).join("")
  const module = (count: number, referred: number) =>
    assemble(`(module (memory 40) (func (export "wizer-initialize") (local $i i32)
      (loop $next (i32.store8 (i32.mul (local.get $i) (i32.const 40)) (i32.const 1))
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if $next (i32.lt_u (local.get $i) (i32.const 20000)))))
      (func (export "again") (memory.init ${referred} (i32.const 0) (i32.const 0) (i32.const 1))) ${spots(count)})`)
  for (const [referred, kept, snapshotted] of [
    [89_999, 90_000, 10_000],
    [7, 8, undefined],
  ] as const) {
    const { wasm, report } = await snapshot(module(Math.max(30_000, kept), referred))
    expect(report.segments.kept).toBe(kept)
    if (snapshotted !== undefined) expect(report.segments.snapshot).toBe(snapshotted)
    expect(WebAssembly.validate(wasm as BufferSource)).toBe(true)
  }
  expect(await problemText(() => snapshot(module(100_000, 99_999)))).toContain("EB317")
})

test("a snapshot of a snapshot is the same snapshot", async () => {
  for (const c of cases("snapshot").filter(({ bad, options }) => !bad && !options["needs"])) {
    const o = { ...c.options, keepInitFunc: true, renames: [] } as Options
    if (c.has("_initialize") || o.initFunc || o.host || o.preloads || o.wasi || o.golden === false || o.state === false)
      continue
    const idle = c.text("in.wat").replace(/\)\s*$/, `(func (export "idle")))`)
    const first = await take(c, assemble(idle), o)
    const second = await take(c, first.wasm, { ...o, initFunc: "idle" })
    const third = await take(c, second.wasm, { ...o, initFunc: "idle" })
    expect(Buffer.compare(third.wasm, second.wasm), c.name).toBe(0)
    expect(stateOf(start(exposed(second.wasm), importsOf(c, o)).instance)).toEqual(
      stateOf(start(exposed(first.wasm), importsOf(c, o)).instance),
    )
  }
})

test("host functions given through the API differ between initialising and running", async () => {
  const bytes = assemble(`(module (import "env" "now" (func $now (result i32))) (global $g (mut i32) (i32.const 0))
    (func (export "wizer-initialize") (global.set $g (call $now)))
    (func (export "run") (result i32) (i32.sub (call $now) (global.get $g))))`)
  const { wasm } = await snapshot(bytes, { imports: { env: { now: () => 100 } } })
  expect(start(wasm, { env: { now: () => 142 } }).call("run")).toEqual({ results: 42 })
  expect(
    await problemText(() =>
      snapshot(bytes, {
        imports: {
          env: {
            now: () => {
              throw new Error("no clock")
            },
          },
        },
      }),
    ),
  ).toContain('EB319: "wizer-initialize" ended with an exception: a host function threw Error: no clock.')
  expect(await problemText(() => snapshot(bytes, { imports: { env: { now: 5 as never } } }))).toContain("EB308")
})

test("what every object inherits was not given to the module", async () => {
  const calls = (module: string, name: string) =>
    assemble(`(module (import "${module}" "${name}" (func $f)) (func (export "wizer-initialize") (call $f)))`)
  const names = ["toString", "constructor", "__proto__", "hasOwnProperty", "valueOf", "env"]
  for (const module of names) {
    for (const name of names.filter((n) => n !== "env")) {
      const text = await problemText(() => snapshot(calls(module, name), { imports: { env: {} } }))
      expect(text, `${module} ${name}`).toContain(`EB307: The initialiser called "${name}" of "${module}"`)
    }
  }
  expect(Object.keys(Object.prototype)).toEqual([])
  class Host {
    now() {}
    toString() {
      return ""
    }
  }
  const imports = { env: new Host() as unknown as WebAssembly.ModuleImports }
  await snapshot(calls("env", "now"), { imports })
})

test("dropped data that can only become arrays stays dropped", async () => {
  // (type $a (array i8)) (data $d "abc") (func (export "wizer-initialize") (data.drop $d))
  // (func (export "use") (drop (array.new_data $a $d (i32.const 0) (i32.const 3))))
  const utf8 = (text: string) => [text.length, ...new TextEncoder().encode(text)]
  const section = (id: number, ...bytes: number[]) => [id, bytes.length, ...bytes]
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, 2, 0x5e, 0x78, 0, 0x60, 0, 0),
    ...section(3, 2, 1, 1),
    ...section(7, 2, ...utf8("wizer-initialize"), 0, 0, ...utf8("use"), 0, 1),
    ...section(12, 1),
    ...section(10, 2, 5, 0, 0xfc, 9, 0, 0x0b, 11, 0, 0x41, 0, 0x41, 3, 0xfb, 9, 0, 0, 0x1a, 0x0b),
    ...section(11, 1, 1, ...utf8("abc")),
  ])
  if (!WebAssembly.validate(bytes as BufferSource)) {
    expect(await problemText(() => snapshot(bytes))).toContain("EB309: The module uses garbage-collected types (GC)")
    return
  }
  const { wasm } = await snapshot(bytes)
  expect(start(wasm).call("use")).toHaveProperty("trap")
})

test("a table that JavaScript cannot look into is a problem", async () => {
  // (table 1 exnref) (func (export "wizer-initialize"))
  const name = new TextEncoder().encode("wizer-initialize")
  const bytes = Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 4, 4, 1, 0x69, 0, 1],
    ...[7, 20, 1, 16, ...name, 0, 0, 10, 4, 1, 2, 0, 0x0b],
  ])
  expect(await problemText(() => snapshot(bytes))).toMatch(/^EB(311: .*that JavaScript cannot hold in table 0|309: )/)
})

test("what others read of a snapshot is what we read", async () => {
  const c = cases("snapshot").find(({ name }) => name === "mvp-stays-mvp")!
  const { wasm } = await snapshot(assemble(c.text("in.wat")))
  const exports = parseExports(findSection(readSections(wasm), SectionId.Export))
  expect(fieldsOfParser(wasm)["ModuleExport"]).toBe(exports.length)
})

test("a feature that the engine lacks is named, with the Node that has it, and nothing else is said", async () => {
  const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
  const front = [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0]
  const init = [7, 20, 1, 16, ...new TextEncoder().encode("wizer-initialize"), 0, 0]
  // try_table, without a catch
  const exnref = Uint8Array.from([...header, ...front, ...init, 10, 8, 1, 6, 0, 0x1f, 0x40, 0, 0x0b, 0x0b])
  if (WebAssembly.validate(exnref)) return // this engine has it
  const ends = (await problemText(() => runJob({ input: exnref, options: {}, preloads: [] }))).split("\n")
  expect(ends[0]).toBe(
    `EB309: The module uses exceptions with exnref, which Node ${process.versions.node} does not have.`,
  )
  expect(ends[1]).toBe("  Node 22 has it.")
})

test("what is only invalid is not taken for a missing feature", async () => {
  const invalid = Uint8Array.from(
    assemble(`(module (memory 1) (func (export "wizer-initialize") (drop (i32.const 1))))`),
  )
  invalid[invalid.lastIndexOf(0x41)] = 0x01 // nop, nop, drop
  expect(await problemText(() => snapshot(invalid))).toMatch(/^EB310: The module is not valid: /)
})

test("an index that leads to something of ours is as invalid as any", async () => {
  const text = `(module (table 1 funcref) (func $f) (elem declare func $f)
    (func (export "wizer-initialize") (table.set 0 (i32.const 0) (ref.func $f))))`
  const bytes = Uint8Array.from(assemble(text))
  bytes[bytes.lastIndexOf(0x26) + 1] = 1 // table.set 1: there is no such table
  expect(await problemText(() => snapshot(bytes))).toMatch(/^EB310: /)
})

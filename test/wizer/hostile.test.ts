// Modules that want to do harm: cut off anywhere, and with bytes changed. Each ends in a clear problem or a valid
// snapshot; nothing hangs, crashes or comes out invalid. `npm run test:all` cuts at every byte and tries 10,000
// mutations, each under a time limit.
import { expect, test } from "vitest"
import { engineBytes } from "../../bench/snapshot-modules.ts"
import { runJobWithin } from "../../wizer/node/timeout.ts"
import { runJob, type Job } from "../../wizer/node/job.ts"
import { parseData } from "../../wasm/data.ts"
import { parseElements } from "../../wasm/elem.ts"
import { findSection, readSections, SectionId, writeModule } from "../../wasm/sections.ts"
import { isProblem } from "../../wizer/snapshot.ts"
import { cases, openCase } from "../cases.ts"
import { randomFrom, seedOf } from "../random.ts"
import { assemble } from "../wasm.ts"

const all = process.env["EDGEBOX_ALL"] === "1"
const seed = seedOf("wizer/hostile")

const wasi = { env: {}, dirs: {}, reproducible: true, stdin: false }
const job = (input: Uint8Array, initFunc?: string): Job => ({
  input,
  options: { initFunc, maxMemory: 2 ** 28 },
  wasi,
  preloads: [],
})

/** "ok", or the problem's code; anything else is a failure of the test. */
async function outcome(run: () => Promise<{ wasm: Uint8Array }>, where: string): Promise<string> {
  try {
    const { wasm } = await run()
    expect(WebAssembly.validate(wasm as BufferSource), where).toBe(true)
    return "ok"
  } catch (error) {
    // EB318 says that a snapshot came out invalid.
    if (isProblem(error) && error.code !== "EB318") {
      expect(error.message, where).not.toMatch(/undefined|NaN|\[object/)
      return error.code
    }
    throw new Error(where, { cause: error })
  }
}

const small = (name: string) => assemble(openCase("snapshot", name).text("in.wat"), true)
const real: [string, Uint8Array, string][] = [
  ["quickjs.wasm", engineBytes(), "_initialize"],
  ["memory-init-before-and-after", small("memory-init-before-and-after"), "wizer-initialize"],
  ["reference-globals", small("reference-globals"), "wizer-initialize"],
]

for (const [name, bytes, init] of real) {
  test(`${name}, cut off anywhere`, async () => {
    const random = randomFrom(seed)
    const everywhere = all || bytes.length < 2000
    const places = everywhere
      ? Array.from({ length: bytes.length }, (_, i) => i)
      : [...Array.from({ length: 200 }, () => Math.floor(random() * bytes.length)), ...sectionEdges(bytes)]
    const seen = new Map<string, number>()
    for (const length of places) {
      // At the end of a section what is left can be a whole module; its initialiser then runs.
      const result = await outcome(() => runJob(job(bytes.subarray(0, length), init)), `${name} cut at ${length}`)
      seen.set(result, (seen.get(result) ?? 0) + 1)
    }
    expect([...seen.keys()].filter((code) => !/^EB3\d\d$|^ok$/.test(code))).toEqual([])
    expect(seen.get("EB301")).toBeGreaterThan(0)
  })
}

function sectionEdges(bytes: Uint8Array): number[] {
  return readSections(bytes).flatMap(({ offset, bytes: payload }) => [offset, offset + 1, offset + payload.length])
}

test("with bytes changed at random, under a time limit", async () => {
  const random = randomFrom(seed + 1)
  const pool = cases("snapshot").filter(
    ({ bad, options }) => !bad && options["golden"] !== false && options["state"] !== false,
  )
  const seen = new Map<string, number>()
  const count = all ? 10_000 : 120
  for (let i = 0; i < count; i++) {
    const c = pool[Math.floor(random() * pool.length)]!
    const bytes = Uint8Array.from(assemble(c.text("in.wat")))
    // Half of the time inside of code, where a change more often leaves a module that runs.
    const code = findSection(readSections(bytes), SectionId.Code)
    const inCode = random() < 0.5 && code
    const [from, length] = inCode ? [code.offset, code.bytes.length] : [8, bytes.length - 8]
    for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes--) {
      const at = from + Math.floor(random() * length)
      bytes[at] = random() < 0.5 ? bytes[at]! ^ (1 << Math.floor(random() * 8)) : Math.floor(random() * 256)
    }
    // Without a time limit only what is refused before anything runs.
    const where = `${c.name}, mutation ${i} of seed ${seed}: ${Buffer.from(bytes).toString("hex")}`
    const run = WebAssembly.validate(bytes as BufferSource)
      ? () => runJobWithin(job(bytes, c.options["initFunc"] as string | undefined), 2000)
      : () => runJob(job(bytes, c.options["initFunc"] as string | undefined))
    const result = await outcome(run, where)
    seen.set(result, (seen.get(result) ?? 0) + 1)
  }
  console.log(
    `wizer-hostile: ${[...seen]
      .sort()
      .map(([code, n]) => `${code} ${n}`)
      .join(", ")}`,
  )
})

test("counts that promise more than there is are refused at once", async () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0x0f]
  for (let id = 1; id <= 13; id++) {
    const bytes = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, id, huge.length, ...huge])
    expect(await outcome(() => runJob(job(bytes)), `section ${id}`)).toMatch(/^EB3(01|10|03)$/)
  }
  const overlong = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00])
  expect(await outcome(() => runJob(job(overlong)), "size of six bytes")).toBe("EB301")
  const twice = writeModule([
    ...readSections(small("basic-global")),
    ...readSections(small("basic-global")).slice(0, 1),
  ])
  expect(await outcome(() => runJob(job(twice)), "a section twice")).toBe("EB310")
})

test("read, then written, the engine comes out byte for byte, and so does every segment", () => {
  const bytes = engineBytes()
  const sections = readSections(bytes)
  expect(Buffer.compare(writeModule(sections), bytes)).toBe(0)
  for (const [id, parse] of [
    [SectionId.Data, parseData],
    [SectionId.Element, parseElements],
  ] as const) {
    const section = findSection(sections, id)
    const total = parse(section).reduce((sum, segment) => sum + segment.bytes.length, 0)
    expect(total).toBeGreaterThan((section?.bytes.length ?? 0) - 6)
  }
})

test("WASI calls with pointers outside of the memory fail, and the host lives", async () => {
  const calls = [
    ["fd_write", 4],
    ["fd_read", 4],
    ["fd_pread", 5],
    ["random_get", 2],
    ["clock_time_get", 3],
    ["environ_get", 2],
    ["environ_sizes_get", 2],
    ["args_sizes_get", 2],
    ["fd_fdstat_get", 2],
    ["fd_filestat_get", 2],
    ["fd_prestat_get", 2],
    ["fd_prestat_dir_name", 3],
    ["fd_readdir", 5],
    ["path_open", 9],
    ["path_filestat_get", 5],
    ["path_readlink", 6],
    ["poll_oneoff", 4],
    ["fd_seek", 4],
    ["fd_renumber", 2],
  ] as const
  const wide: Record<string, number[]> = {
    fd_pread: [3],
    clock_time_get: [1],
    fd_readdir: [3],
    path_open: [5, 6],
    fd_seek: [1],
  }
  for (const [name, arity] of calls) {
    const types = Array.from({ length: arity }, (_, i) => (wide[name]?.includes(i) ? "i64" : "i32"))
    for (const value of ["-1", "0x7fffffff", "65535", "0"]) {
      const args = types
        .map((type, i) => `(${type}.const ${i === 0 && !/get$|oneoff/.test(name) ? 1 : value})`)
        .join(" ")
      const text = `(module (import "wasi_snapshot_preview1" "${name}" (func $f (param ${types.join(" ")}) (result i32)))
        (memory (export "memory") 1) (global $e (export "e") (mut i32) (i32.const -1))
        (func (export "wizer-initialize") (global.set $e (call $f ${args}))))`
      expect(await outcome(() => runJob(job(assemble(text))), `${name} ${value}`)).toBe("ok")
    }
  }
})

test("lengths and counts as large as the memory do not take the host's memory", async () => {
  const pages = 16384
  for (const [name, params, args] of [
    ["fd_write", "i32 i32 i32 i32", "1 0 134217000 8"],
    ["fd_read", "i32 i32 i32 i32", "0 0 134217000 8"],
    ["poll_oneoff", "i32 i32 i32 i32", "0 0 20000000 8"],
    ["path_open", "i32 i32 i32 i32 i32 i64 i64 i32 i32", "3 0 0 1000000000 0 0 0 0 8"],
  ] as const) {
    const types = params.split(" ")
    const values = args.split(" ").map((value, i) => `(${types[i]}.const ${value})`)
    const text = `(module (import "wasi_snapshot_preview1" "${name}" (func $f (param ${params}) (result i32)))
      (memory (export "memory") ${pages}) (global $e (export "e") (mut i32) (i32.const -1))
      (func (export "wizer-initialize") (global.set $e (call $f ${values.join(" ")}))))`
    const { wasm } = await runJob({ ...job(assemble(text)), options: {} })
    const errno = new WebAssembly.Instance(new WebAssembly.Module(wasm as BufferSource), {
      wasi_snapshot_preview1: { [name]: () => 0 },
    }).exports["e"] as WebAssembly.Global
    expect([8, 28, 37, 54], name).toContain(errno.value)
  }
})

test("a module that uses up what the engine allows", async () => {
  const exports = Array.from({ length: 99_999 }, (_, i) => `(export "e${i}" (func 0))`).join("")
  const full = `(module (memory 1) (global (mut i32) (i32.const 0)) (func (export "wizer-initialize")) ${exports})`
  // Newer engines allow more exports.
  expect(await outcome(() => runJob(job(assemble(full))), "100,000 exports")).toMatch(/^EB325$|^ok$/)
  const globals = `(module (func (export "wizer-initialize")) ${"(global (mut i64) (i64.const 1))".repeat(20_000)})`
  expect(await outcome(() => runJob(job(assemble(globals))), "20,000 globals")).toBe("ok")
  const table = `(module (table 1000000 funcref) (func $f) (elem declare func $f)
    (func (export "wizer-initialize") (table.set (i32.const 999999) (ref.func $f))))`
  expect(await outcome(() => runJob(job(assemble(table))), "a table of a million")).toBe("ok")
})

// Snapshots of real modules: the engine with a runtime, a context and a script that has run; a C program of a real toolchain that builds
// something at first use; LLVM.
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, test } from "vitest"
import { engineWith } from "../bench/snapshot-modules.ts"
import { runJob } from "../wizer/node/job.ts"
import { makeWasi } from "../wizer/node/wasi.ts"
import { SectionId, findSection, readSections } from "../wizer/sections.ts"
import { isProblem, snapshot } from "../wizer/snapshot.ts"

const all = process.env["EDGEBOX_ALL"] === "1"

/** Instantiate with WASI and stubs. */
function running(bytes: Uint8Array): WebAssembly.Exports {
  const module = new WebAssembly.Module(bytes as BufferSource)
  const wasi = makeWasi({ reproducible: true })
  const imports: Record<string, Record<string, WebAssembly.ImportValue>> = { ...wasi.imports }
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const own = (imports[from] ??= {})
    own[name] ??= () => 0
  }
  const instance = new WebAssembly.Instance(module, imports)
  wasi.bind?.(instance, instance.exports["memory"] as WebAssembly.Memory)
  return instance.exports
}

const call = (exports: WebAssembly.Exports, name: string) => (exports[name] as () => unknown)()
const script = `
  globalThis.words = new Map()
  for (const word of "the quick brown fox jumps over the lazy dog".split(" ")) words.set(word, (words.get(word) ?? 0) + 1)
  globalThis.pattern = /(\\w+)\\s(\\w+)/g`

async function snapshotEngine(bytes: Uint8Array) {
  const wasi = makeWasi({ reproducible: true })
  return snapshot(bytes, { imports: wasi.imports, bind: wasi.bind })
}

test("QuickJS with a runtime and a context goes on where the initialiser left it", async () => {
  const bytes = engineWith(undefined, "[1, 2, 3].map((n) => n * n).reduce((a, b) => a + b)")
  const { wasm } = await snapshotEngine(bytes)
  expect(call(running(wasm), "run")).toBe(14n)
})

test("QuickJS with a script that has run: its objects are there, twice the same", async () => {
  const bytes = engineWith(script, `words.get("the") * 10 + "one two three four".replace(pattern, "$2").length`)
  const { wasm, report } = await snapshotEngine(bytes)
  const again = await snapshotEngine(bytes)
  expect(Buffer.compare(wasm, again.wasm)).toBe(0)
  const fresh = running(bytes)
  call(fresh, "_initialize")
  call(fresh, "wizer-initialize")
  expect(call(running(wasm), "run")).toBe(call(fresh, "run"))
  expect(call(running(wasm), "run")).toBe(28n)
  const code = (module: Uint8Array) => findSection(readSections(module), SectionId.Code)?.raw ?? new Uint8Array(0)
  expect(Buffer.compare(code(wasm), code(bytes))).toBe(0)
  expect(report.segments.kept).toBe(0)
})

test("a snapshot of the engine can itself be initialised further", async () => {
  const bytes = engineWith("globalThis.n = 40", "n + 2")
  const once = (
    await runJob({
      input: bytes,
      options: { initFunc: "wizer-initialize", keepInitFunc: true },
      wasi: deterministic,
      preloads: [],
    })
  ).wasm
  expect(call(running(once), "run")).toBe(42n)
  const twice = (await runJob({ input: once, options: {}, wasi: deterministic, preloads: [] })).wasm
  expect(call(running(twice), "run")).toBe(42n)
})

const deterministic = { env: {}, dirs: {}, reproducible: true, stdin: false }

const llvm = resolve(import.meta.dirname, "../node_modules/@yowasp/clang/gen/llvm.core.wasm")
test.runIf(all && existsSync(llvm))(
  "LLVM, a command of 75 MB, runs under our WASI until it asks for arguments",
  async () => {
    const run = runJob({
      input: readFileSync(llvm),
      options: { initFunc: "_start" },
      wasi: deterministic,
      preloads: [],
    })
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(isProblem(error) && error.code).toBe("EB314")
  },
)

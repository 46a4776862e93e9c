// Snapshots of real modules: the engine with a runtime, a context and a script that has run; a C program of a real
// toolchain that builds something at first use; LLVM.
import { existsSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, test } from "vitest"
import { engineWith } from "../../bench/snapshot-modules.ts"
import { runJob } from "../../wizer/node/job.ts"
import { makeWasi } from "../../wizer/node/wasi.ts"
import { findSection, readSections, SectionId } from "../../wasm/sections.ts"
import { snapshot } from "../../wizer/snapshot.ts"

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

const commands = {
  "esbuild, a Go command of 20 MB": ["@esbuild/wasi-preview1/esbuild.wasm", "esbuild"],
  "LLVM, a C++ command of 75 MB": ["@yowasp/clang/gen/llvm.core.wasm", "clang"],
} as const

/** WASI with arguments, which an initialiser has not when the tool runs it. */
function wasiWithArguments(args: string[]) {
  const wasi = makeWasi({ reproducible: true })
  const text = new TextEncoder().encode(args.map((arg) => `${arg}\0`).join(""))
  let memory: WebAssembly.Memory | undefined
  const view = () => new DataView(memory!.buffer)
  const exits: number[] = []
  const theirs = wasi.imports?.["wasi_snapshot_preview1"] as Record<string, (...args: number[]) => number>
  const own = {
    proc_exit(status: number) {
      exits.push(status)
      return theirs["proc_exit"]?.(status)
    },
    args_sizes_get(count: number, size: number) {
      view().setUint32(count, args.length, true)
      view().setUint32(size, text.length, true)
      return 0
    },
    args_get(pointers: number, at: number) {
      new Uint8Array(memory!.buffer).set(text, at)
      let offset = at
      args.forEach((arg, i) => {
        view().setUint32(pointers + 4 * i, offset, true)
        offset += arg.length + 1
      })
      return 0
    },
  }
  return {
    exits,
    imports: { ...wasi.imports, wasi_snapshot_preview1: { ...theirs, ...own } },
    bind(instance: WebAssembly.Instance, bound: WebAssembly.Memory) {
      memory = bound
      wasi.bind?.(instance, bound)
    },
  }
}

for (const [name, [file, program]] of Object.entries(commands)) {
  const path = resolve(import.meta.dirname, "../../node_modules", file)
  test.runIf(existsSync(path))(`${name}: a snapshot of --version holds what running it leaves`, async () => {
    const bytes = new Uint8Array(readFileSync(path))
    const args = [program, "--version"]
    const { wasm } = await snapshot(bytes, { ...wasiWithArguments(args), initFunc: "_start" })
    const memoryOf = async (module: Uint8Array, run: boolean) => {
      const wasi = wasiWithArguments(args)
      const instance = new WebAssembly.Instance(new WebAssembly.Module(module as BufferSource), wasi.imports)
      const memory = instance.exports["memory"] as WebAssembly.Memory
      wasi.bind(instance, memory)
      if (run) {
        let unwound = false // by proc_exit
        try {
          call(instance.exports, "_start")
        } catch {
          unwound = true
        }
        expect(wasi.exits).toEqual(unwound ? [0] : [])
      }
      return new Uint8Array(memory.buffer)
    }
    const [left, kept] = [await memoryOf(bytes, true), await memoryOf(wasm, false)]
    expect(kept.length).toBe(left.length)
    expect(Buffer.compare(kept, left)).toBe(0)
  })
}

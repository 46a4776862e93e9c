// Linking: libraries from elsewhere become part of a module and do there what they did when they were loaded.
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { expect, test } from "vitest"
import { compileBundle, startBase } from "../../compiler/load.ts"
import { linkArtifact } from "../../compiler/link.ts"
import { idleFunctions, callGraph, recursiveFunctions } from "../../engine/callgraph.ts"
import { relocate } from "../../engine/link/relocate.ts"
import { decode } from "../../wasm/body.ts"
import { editEngine } from "../../engine/edit/edits.ts"
import { hookInterpreter } from "../../engine/edit/hook.ts"
import { loadLibrary } from "../../engine/link/loader.ts"
import { exportedFunction, parseModule } from "../../engine/module.ts"
import { readEnginePackage } from "../../engine/package.ts"
import { runInProcess } from "../../runtime/run.ts"
import { assemble } from "../wasm.ts"
import { root } from "../apps.ts"

const require = createRequire(import.meta.url)
const base = new Uint8Array(readFileSync(join(root, "dist/base.wasm")))
const extension = (name: string) => new Uint8Array(readFileSync(require.resolve(`quickjs-wasi/${name}.so`)))

/** A script without source map, as the bundler would give it. */
const script = (code: string) => ({
  code: `(function (require) { ${code} })`,
  map: { version: 3 as const, sources: ["app.js"], names: [], mappings: "AAAA" },
  format: "sync" as const,
  entryIsModule: false,
  builtins: [],
  inputs: [],
  warnings: [],
  missing: [],
})

/** Libraries of the engine package -> a program that uses it and what it prints. */
const programs: Record<string, [code: string, printed: string]> = {
  encoding: ["console.log(new TextEncoder().encode('ä€😀').join())", "195,164,226,130,172,240,159,152,128\n"],
  headers: ["const h = new Headers({ A: '1' }); h.append('a', '2'); console.log(h.get('A'))", "1, 2\n"],
  "structured-clone": [
    "const o = { d: new Date(5) }; const c = structuredClone(o); console.log(c.d !== o.d, +c.d)",
    "true 5\n",
  ],
}

for (const [name, [code, printed]] of Object.entries(programs)) {
  test(`the library ${name}.so is linked`, async () => {
    const live = startBase(base)
    const library = loadLibrary(live, extension(name), name)
    const init = library.instance.exports[`qjs_ext_${name.replace("-", "_")}_init`] as (
      context: number,
      runtime: number,
    ) => number
    expect(init(live.call("guest_context"), live.call("guest_runtime"))).toBe(0)
    const { bytecodeBytes } = compileBundle(live, script(code), "", { keepSource: false })
    const { wasm, note } = linkArtifact(live, { base, edgebox: "test", snapshot: "engine", app: bytecodeBytes })
    expect(note.sizes.libraries).toBeGreaterThan(1000)
    const ran = runInProcess(wasm)
    expect(new TextDecoder().decode(ran.stderr)).toBe("")
    expect(new TextDecoder().decode(ran.stdout)).toBe(printed)
  })
}

test("the base imports WASI only, and an artifact exports memory and _start", () => {
  const live = startBase(base)
  compileBundle(live, script("console.log(1)"), "", { keepSource: false })
  const { wasm } = linkArtifact(live, { base, edgebox: "test", snapshot: "engine", app: 0 })
  const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>)
  expect(new Set(WebAssembly.Module.imports(module).map((i) => i.module))).toEqual(new Set(["wasi_snapshot_preview1"]))
  expect(WebAssembly.Module.exports(module).map((e) => e.name)).toEqual(["memory", "_start"])
})

test("the engine's code in an artifact is the base's, byte for byte, but for functions that nothing reaches", () => {
  const live = startBase(base)
  compileBundle(live, script("console.log(1)"), "", { keepSource: false })
  const { wasm } = linkArtifact(live, { base, edgebox: "test", snapshot: "engine", app: 0 })
  const [before, after] = [parseModule(base), parseModule(wasm)]
  const idle = new Set(idleFunctions(before, exportedFunction(before, "_start")))
  expect(idle.size).toBeGreaterThan(100)
  const changed = before.bodies.flatMap((body, i) => (Buffer.from(body).equals(after.bodies[i] ?? body) ? [] : [i]))
  expect(changed.filter((i) => !idle.has(i + before.importedFunctions))).toEqual([])
})

test("relocating to the same indices changes no instruction", () => {
  const same = { func: (i: number) => i, type: (i: number) => i, global: (index: number) => ({ index }) }
  for (const wasm of [readEnginePackage().wasm, extension("url"), extension("crypto")]) {
    for (const body of parseModule(wasm).bodies) {
      const strip = ({ op, a, b }: { op: number; a: number; b: number }) => [op, a, b]
      expect(decode(relocate(body, same)).map(strip)).toEqual(decode(body).map(strip))
    }
  }
})

test("an engine in which a pattern occurs less often is refused, with the count", () => {
  const layout = { stackLimit: 644, dumpFlags: 752 }
  for (const [wrong, edit] of [
    [{ ...layout, dumpFlags: 756 }, "dumpTests"],
    [{ ...layout, stackLimit: 640 }, "stackChecks"],
  ] as const) {
    const module = parseModule(readEnginePackage().wasm)
    const { interpreter } = hookInterpreter(module)
    expect(() => editEngine({ module, interpreter, layout: wrong })).toThrow(
      expect.objectContaining({ code: "EB403", message: expect.stringContaining(`"${edit}"`) as string }),
    )
  }
})

test("functions that recurse are found: directly, through others, through the table where a program may run", () => {
  const module = parseModule(
    assemble(`(module
      (type $t (func (param i64) (result i64)))
      (type $allocator (func (param i32) (result i32)))
      (table 3 funcref)
      (elem (i32.const 0) $indirect $leaf $allocate)
      (func $leaf)
      (func $direct (call $direct))
      (func $a (call $b)) (func $b (call $c)) (func $c (call $a) (call $leaf))
      (func $indirect (type $t) (call_indirect (type $t) (local.get 0) (i32.const 0)))
      (func $allocate (type $allocator) (call_indirect (type $allocator) (local.get 0) (i32.const 2)))
      (func $caller (call $a)))`),
  )
  expect([...recursiveFunctions(callGraph(module))].sort()).toEqual([1, 2, 3, 4, 5])
})

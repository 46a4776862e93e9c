import { readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { describe, expect, test } from "vitest"
import { abi, type Abi } from "../../engine/abi.ts"
import { startEngine, type LiveEngine } from "../../engine/live.ts"
import { readEnginePackage } from "../../engine/package.ts"
import { compareLayout, findLayout, probeEngine } from "../../engine/probe/probe.ts"
import { problemText } from "../failures.ts"

const module = new WebAssembly.Module(readEnginePackage().wasm as Uint8Array<ArrayBuffer>)
const fresh = (): LiveEngine => startEngine(module)

type Loose = Record<string, Record<string, number>>
/** A layout with one number changed. */
function changed(group: string, field: string, by: number): Abi {
  const copy = structuredClone(abi) as unknown as Loose
  copy[group]![field]! += by
  return copy as unknown as Abi
}

const leaves = Object.entries(abi as unknown as Loose).flatMap(([group, fields]) =>
  Object.keys(fields).map((field) => [group, field] as const),
)
const findings = findLayout(fresh())

test("the installed engine is laid out as abi.ts says", () => {
  expect(compareLayout(findings, abi)).toEqual([])
  expect(leaves.length).toBeGreaterThan(250)
})

test("each wrong number is caught, and it alone", () => {
  for (const [group, field] of leaves) {
    for (const by of [1, -1, 4, 64]) {
      const differences = compareLayout(findings, changed(group, field, by))
      expect(differences.map((d) => d.name)).toEqual([`${group}.${field}`])
      expect(Number(differences[0]!.found)).toBe(differences[0]!.expected - by)
    }
  }
})

test("a difference stops the build with a table of what was expected and what was found", async () => {
  const text = await problemText(() => probeEngine(fresh(), changed("JSObject", "shape", 4)))
  expect(text).toMatch(/^EB401: .*not laid out/)
  expect(text).toMatch(/JSObject\.shape +expected 16, found 12/)
  expect(text).not.toMatch(/JSObject\.prop /)
})

test("a number that nothing looks for is a difference", () => {
  const more = { ...abi, JSObject: { ...abi.JSObject, somethingNew: 8 } } as unknown as Abi
  expect(compareLayout(findings, more)).toEqual([
    { name: "JSObject.somethingNew", expected: 8, found: "not looked for" },
  ])
})

test("an engine that has done other work passes, and passes again", () => {
  const engine = fresh()
  engine.call("qjs_init")
  const context = engine.call("qjs_get_context_ptr")
  const work = `var junk = []
    for (let i = 0; i < 4000; i++) junk.push({ ["k" + i]: i, f() { return i }, s: "x".repeat(i % 50) })
    junk.length = 100
    for (let i = 0; i < 1000; i++) Symbol("s" + i)
    let probeX = 1`
  engine.withString(work, (at, length) =>
    engine.withString("work.js", (name) => engine.callValue("JS_Eval", context, at, length, name, 0)),
  )
  for (let times = 0; times < 3; times++) expect(compareLayout(findLayout(engine), abi), `time ${times}`).toEqual([])
})

test("the same engine gives the same findings every time", () => {
  expect([...findLayout(fresh())]).toEqual([...findings])
})

describe("an engine in which something moved", () => {
  /** What an engine looks like whose memory access goes through `move`: it lies to the probe about where things are. */
  const shifted = (moves: (at: number, memory: DataView) => number): LiveEngine => {
    const engine = fresh()
    const view = (): DataView => {
      const real = new DataView(engine.memory.buffer)
      return new Proxy(real, {
        get(target, name) {
          const method = Reflect.get(target, name, target) as unknown
          if (typeof method !== "function") return method
          return (at: number, ...rest: unknown[]) =>
            (method as (...a: unknown[]) => unknown).call(target, moves(at, target), ...rest)
        },
      })
    }
    return { ...engine, view }
  }

  test("an engine that does not move passes through the same lens", () => {
    expect(compareLayout(findLayout(shifted((at) => at)), abi)).toEqual([])
  })

  test("fields that changed places are found where they are now", () => {
    const engine = fresh()
    engine.call("qjs_init")
    const runtime = engine.call("qjs_get_runtime_ptr")
    const from = runtime + abi.JSRuntime.stack_limit
    const to = runtime + abi.JSRuntime.malloc_gc_threshold
    const swap = (at: number): number => (at === from ? to : at === to ? from : at)
    const differences = compareLayout(findLayout(shifted(swap)), abi)
    const found = Object.fromEntries(differences.map((d) => [d.name, d.found]))
    expect(found["JSRuntime.stack_limit"]).toBe(String(abi.JSRuntime.malloc_gc_threshold))
    expect(found["JSRuntime.malloc_gc_threshold"]).toBe(String(abi.JSRuntime.stack_limit))
  })
})

test("no experiment knows what is expected", () => {
  const folder = resolve(import.meta.dirname, "../../engine/probe")
  // probe.ts alone compares: it is what the experiments' answers are held against abi.ts by.
  for (const file of readdirSync(folder).filter((name) => name !== "probe.ts")) {
    const imports = readFileSync(join(folder, file), "utf8").match(/^import .*abi\.ts"$/gm) ?? []
    for (const line of imports) expect(line, file).toMatch(/^import type /)
  }
})

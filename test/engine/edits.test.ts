// What the edits of the engine (engine/edit/edits.ts) change that no program shows in reasonable time.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { JSRuntime } from "../../engine/abi.ts"
import { programs, runNode } from "../apps.ts"
import { World } from "../world.ts"

/** The field in front of the limit, in the engine's JSMallocState: bytes that are allocated. */
const malloc_size = JSRuntime.malloc_limit - 4

/** The heap size at which the engine collects next, after it has collected with `size` bytes in use. */
function thresholdAfter(size: number): number {
  const world = new World({ freeze: { which: "none" } })
  const view = world.engine.view()
  view.setUint32(world.runtime + malloc_size, size, true)
  view.setUint32(world.runtime + JSRuntime.malloc_gc_threshold, 0, true)
  world.run("({})")
  return view.getUint32(world.runtime + JSRuntime.malloc_gc_threshold, true)
}

test("garbage is collected when the heap is half as large again, or halfway to what 32 bits can tell", () => {
  for (const size of [1e6, 1e9, 2e9]) expect(thresholdAfter(size) / size).toBeCloseTo(1.5, 2)
  for (const size of [2.5e9, 2.9e9, 3.5e9, 4.2e9]) {
    expect((thresholdAfter(size) - size) / (2 ** 32 - size)).toBeCloseTo(0.5, 2)
  }
})

test("memory grows by an eighth, not by each page that is needed", () => {
  const world = new World({ freeze: { which: "none" } })
  const sizes = new Set<number>()
  world.run("globalThis.kept = []")
  for (let i = 0; i < 2000; i++) {
    world.run("kept.push(new Uint8Array(50000).fill(1))")
    sizes.add(world.engine.view().byteLength)
  }
  expect(world.run("kept.every((bytes) => bytes.every((byte) => byte === 1))")).toBe("true")
  expect(Math.max(...sizes)).toBeLessThan(2000 * 50_000 * 1.25)
  expect(sizes.size).toBeLessThan(50)
})

test("near a host's limit memory grows by less, and all of it is used before an allocation fails", async () => {
  const folder = mkdtempSync(join(tmpdir(), "edgebox-memory-"))
  const [source, app] = ["fill.js", "fill.wasm"].map((name) => join(folder, name)) as [string, string]
  writeFileSync(
    source,
    `const kept = []; let n = 0
    try { for (;;) { kept.push(new Uint8Array(20000)); n++ } } catch (error) { kept.length = 0; console.log(n, error.message) }`,
  )
  try {
    expect((await runNode([programs.edgeboxc, "build", source, "-o", app])).code).toBe(0)
    const pages = 1000
    const { stdout } = await runNode([`--wasm-max-mem-pages=${pages}`, "--stack-size=5000", programs.edgebox, app])
    const [count, ...message] = stdout.trim().split(" ")
    expect(message.join(" ")).toBe("out of memory")
    expect((Number(count) * 20_000) / (pages * 65_536)).toBeGreaterThan(0.85)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

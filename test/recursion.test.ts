// Deep recursion of every kind ends in an exception that the app can catch, under every host, and the engine works afterwards.
import { mkdtempSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { build } from "../compiler/build.ts"
import { root, runNode, type Outcome } from "./apps.ts"

let folder: string
let app: string
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "edgebox-recursion-")))
  app = join(folder, "kinds.wasm")
  await build({ input: join(root, "fixtures/recursion/kinds.js"), output: app })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Plain frames that have to fit. Elsewhere the stack is whatever the host has: 984 KB in Node's main thread. */
const hosts = {
  edgebox: { start: (args: string[]) => [join(root, "dist/edgebox.cjs"), app, ...args], plainFrames: 5000 },
  "node:wasi": { start: (args: string[]) => [join(root, "test/run-wasi.mjs"), app, ...args], plainFrames: 500 },
}

function expectCaught({ stdout, stderr, code }: Outcome, kinds: number): void {
  const lines = stdout.trim().split("\n")
  expect(lines.filter((line) => !/^\w+: (RangeError|SyntaxError)$/.test(line))).toEqual([])
  expect(lines.length).toBeGreaterThanOrEqual(kinds)
  expect(code, stderr).toBe(0)
}

for (const [host, { start, plainFrames }] of Object.entries(hosts)) {
  test(`under ${host}, one after the other in one process`, async () => {
    const outcome = await runNode(start([]))
    expectCaught(outcome, 60)
    const frames = Number(/plain calls: (\d+)/.exec(outcome.stderr)?.[1])
    expect(frames).toBeGreaterThanOrEqual(plainFrames)
  })

  // What has not run before is compiled by the baseline compiler while the stack is full.
  for (const kind of [
    "plain",
    "callback",
    "sourceParentheses",
    "regexpGroups",
    "proxyHas",
    "stringifyArrays",
    "toPrimitive",
  ]) {
    test(`${kind} under ${host}, in a fresh process`, async () => {
      expectCaught(await runNode(start([kind])), 1)
    })
  }
}

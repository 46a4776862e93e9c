// Deep recursion of every kind ends in an exception that the app can catch, under every host, and the engine works
// afterwards.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { build } from "../../compiler/build.ts"
import { root, runNode, type Outcome } from "../apps.ts"

let folder: string
let app: string
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "edgebox-recursion-")))
  app = join(folder, "kinds.wasm")
  await build({ input: join(root, "fixtures/recursion/kinds.js"), output: app })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const edgebox = join(root, "dist/edgebox.cjs")

/** What the first lines of the program have a shell give to Node: a larger stack, so that no worker is needed. */
function launchOptions(): string[] {
  const options = /exec node (.*) "\$0"/.exec(readFileSync(edgebox, "latin1"))?.[1]
  if (options === undefined) throw new Error("dist/edgebox.cjs does not begin with its launcher")
  return options.split(" ")
}

/** Plain frames that have to fit. Elsewhere the stack is whatever the host has: 984 KB in Node's main thread. */
const hosts = {
  edgebox: { start: (args: string[]) => [edgebox, app, ...args], plainFrames: 5000 },
  "edgebox as a shell starts it": {
    start: (args: string[]) => [...launchOptions(), edgebox, app, ...args],
    plainFrames: 5000,
  },
  "node:wasi": { start: (args: string[]) => [join(root, "test/run-wasi.mjs"), app, ...args], plainFrames: 800 },
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

/**
 * Statements of which a long function has many; each needs room in its native frame in one of V8's compilers, or in
 * both.
 */
const statements: Record<string, (i: number) => string> = {
  conditions: (i) => `r += n > ${i} ? ${i} : n & 7`,
  elements: (i) => `r += a[${i % 3}] * ${i}; r -= a[i] | 0`,
  products: (i) => `r += x * ${i}.5`,
  "typed elements": (i) => `r += t[${i & 7}] * t[${(i + 1) & 7}]`,
}

for (const [name, statement] of Object.entries(statements)) {
  for (const count of [40, 300]) {
    test(`a frozen function of ${count} ${name} that calls itself without end`, async () => {
      const body = Array.from({ length: count }, (_, i) => statement(i)).join("\n")
      const [source, wasm] = ["js", "wasm"].map((ending) => join(folder, `long.${ending}`)) as [string, string]
      writeFileSync(
        source,
        `const t = new Float64Array(8)
        function f(n, x) { let r = 0; const a = [1, 2, 3]; for (let i = 0; i < 1; i++) { ${body}\n r += f(n + 1, x) } return r }
        try { f(0, 0.5) } catch (error) { console.log(error instanceof RangeError) }`,
      )
      await build({ input: source, output: wasm, freeze: "all" })
      for (const compiler of ["--no-liftoff", "--no-wasm-tier-up"]) {
        const { stdout, stderr } = await runNode([...launchOptions(), compiler, edgebox, wasm])
        expect(stdout, compiler + stderr).toBe("true\n")
      }
    })
  }
}

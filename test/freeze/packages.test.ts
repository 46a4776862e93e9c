// Apps that use npm packages, with everything frozen: they print what Node prints, and nearly all of their functions
// are frozen.
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { build } from "../../compiler/build.ts"
import { programs, root, runNode } from "../apps.ts"
import { openCase } from "../cases.ts"

const all = process.env["EDGEBOX_ALL"] === "1"
let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "edgebox-packages-")))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Kept by their kind; everything else should be frozen. */
const suspends = /^it is an? (async )?(generator|function)$|^it is an async function$/

test.each([
  ["marked", "markdown"],
  ["zod", "validate"],
  ["handlebars", "template"],
  ["date-fns", "dates"],
  ...(all ? [["typescript", "transpile"]] : []),
] as [string, string][])("%s", async (name, app) => {
  const c = openCase("build", app)
  const output = join(folder, `${app}.wasm`)
  const { bundle, report } = await build({ input: c.folder, output, freeze: "all" })
  const script = join(folder, `${app}.js`)
  writeFileSync(script, bundle.code)
  const stdin = c.has("stdin.txt") ? c.text("stdin.txt") : ""
  const inNode = await runNode([join(root, "test/run-bundle.mjs"), script, "module"], { stdin })
  const frozen = await runNode([programs.edgebox, output], { stdin })
  expect({ stdout: frozen.stdout, code: frozen.code }, frozen.stderr).toEqual({
    stdout: inNode.stdout,
    code: inNode.code,
  })
  const others = report.frozen.functions.filter((f) => !suspends.test(f.why ?? ""))
  const done = others.filter((f) => f.frozen).length
  const [bytecode, wasm] = [report.frozen.bytecode, report.frozen.wasm]
  console.log(
    `${name}: ${done} of ${others.length} functions frozen (${((100 * done) / others.length).toFixed(1)} %), ` +
      `${report.frozen.functions.length - others.length} generators and async functions kept, ${(wasm / bytecode).toFixed(1)} bytes of wasm a byte`,
  )
  expect(done / others.length).toBeGreaterThanOrEqual(0.95)
})

// fixtures/build/: every app, built, runs the same under edgebox, Node's WASI and wabt's interpreter as its bundle runs
// under Node. bad-* apps end in the problem of error.txt, and write nothing.
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { build, type BuildOptions } from "../../compiler/build.ts"
import { showFrozen } from "../../compiler/commands/freeze-command.ts"
import { isProblem, problemText } from "../../problem.ts"
import { type Outcome, programs, root, run, runNode, whyNoWasmInterp } from "../apps.ts"
import { type Case, cases } from "../cases.ts"

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "edgebox-build-")))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const noInterp = whyNoWasmInterp()
const wall = /^ {4}at .*\n?/gm

function optionsOf(c: Case): BuildOptions {
  const { exitCode, ...options } = c.options
  return { input: relative(process.cwd(), c.folder), ...(options as Partial<BuildOptions>) }
}

/** stdin.txt, and the artifact that a case is built into. */
async function built(
  c: Case,
  more: Partial<BuildOptions> = {},
): Promise<{ file: string; stdin: string; bundle: string[] }> {
  const file = join(folder, `${c.name}.wasm`)
  const { bundle } = await build({ ...optionsOf(c), output: file, ...more })
  const script = join(folder, `${c.name}.js`)
  writeFileSync(script, bundle.code)
  return {
    file,
    bundle: [script, bundle.entryIsModule ? "module" : "commonjs"],
    stdin: c.has("stdin.txt") ? c.text("stdin.txt") : "",
  }
}

/** Outputs of 10 MB make no readable difference. */
const brief = ({ stdout, code }: Outcome) => ({
  stdout: stdout.length > 1e5 ? `${stdout.length} characters, ending in ${stdout.slice(-200)}` : stdout,
  code,
})

describe.sequential("apps", () => {
  for (const c of cases("build")) {
    if (c.bad) continue
    test(c.name, async (context) => {
      const { file, bundle, stdin } = await built(c)
      const expected = await runNode([join(root, "test/run-bundle.mjs"), ...bundle], { stdin })
      const edgebox = await runNode([programs.edgebox, file], { stdin })
      expect(brief(edgebox), edgebox.stderr).toEqual(brief(expected))
      expect(edgebox.stdout === expected.stdout).toBe(true)
      if (c.has("stderr.txt") || edgebox.stderr !== "") c.expectText("stderr.txt", edgebox.stderr)
      const wasi = await runNode([join(root, "test/run-wasi.mjs"), file], { stdin })
      expect(brief(wasi), wasi.stderr).toEqual(brief(expected))
      expect(wasi.stdout === expected.stdout).toBe(true)
      if (noInterp !== undefined) return context.annotate(`not run under wasm-interp: ${noInterp}`) as unknown as void
      const interp = await run("wasm-interp", ["--wasi", "--enable-all", file], { stdin })
      expect(interp.stdout === expected.stdout).toBe(true)
    })
  }
})

test.skipIf(noInterp !== undefined)(`wasm-interp${noInterp === undefined ? "" : ` (skipped: ${noInterp})`}`, () => {
  expect(noInterp).toBeUndefined()
})

describe("problems", () => {
  for (const c of cases("build")) {
    if (!c.bad) continue
    test(c.name, async () => {
      const output = join(folder, `${c.name}.wasm`)
      let printed = ""
      try {
        await build({ output, ...optionsOf(c) })
      } catch (error) {
        if (!isProblem(error)) throw error
        printed = problemText(error)
      }
      c.expectText("error.txt", printed.replaceAll(folder, "<folder>").replace(wall, ""))
      expect(existsSync(output)).toBe(false)
      expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([])
    })
  }
})

test("the same input gives the same bytes", async () => {
  const [c] = cases("build").filter(({ name }) => name === "circular")
  const first = readFileSync((await built(c!)).file)
  const second = readFileSync((await built(c!)).file)
  expect(first.equals(second)).toBe(true)
})

test("an artifact of an app that needs nothing else imports WASI alone and exports memory and _start", async () => {
  const [c] = cases("build").filter(({ name }) => name === "hello")
  const module = new WebAssembly.Module(readFileSync((await built(c!)).file))
  expect([...new Set(WebAssembly.Module.imports(module).map((i) => i.module))]).toEqual(["wasi_snapshot_preview1"])
  expect(
    WebAssembly.Module.exports(module)
      .map((e) => e.name)
      .sort(),
  ).toEqual(["_start", "memory"])
})

test("a problem leaves the old artifact alone", async () => {
  const output = join(folder, "old.wasm")
  writeFileSync(output, "the old one")
  await expect(build({ input: join(root, "fixtures/build/bad-syntax"), output })).rejects.toMatchObject({
    code: "EB200",
  })
  expect(readFileSync(output, "utf8")).toBe("the old one")
})

test("an output that is one of the app's files is refused", async () => {
  const input = join(folder, "itself.js")
  writeFileSync(input, "console.log(1)")
  await expect(build({ input, output: input })).rejects.toMatchObject({ code: "EB122" })
  expect(readFileSync(input, "utf8")).toBe("console.log(1)")
})

test("a report or a map that would replace a file of the app's, or the module, is refused", async () => {
  const input = join(folder, "kept.js")
  const output = join(folder, "kept.wasm")
  writeFileSync(input, "console.log(1)")
  await expect(build({ input, output, report: input })).rejects.toMatchObject({ code: "EB122" })
  await expect(build({ input, output, report: output })).rejects.toMatchObject({ code: "EB124" })
  await expect(build({ input, output, sourcemap: true, report: `${output}.map` })).rejects.toMatchObject({
    code: "EB124",
  })
  expect(readFileSync(input, "utf8")).toBe("console.log(1)")
  expect(existsSync(output)).toBe(false)
})

test("what build() is given is checked as the command line is", async () => {
  const input = join(root, "fixtures/build/hello")
  const refused = (options: object) => build(options as Parameters<typeof build>[0])
  await expect(refused({ input, freeze: "wrong" })).rejects.toMatchObject({ code: "EB116" })
  await expect(refused({ input, external: "fs" })).rejects.toMatchObject({ code: "EB116" })
  await expect(refused({ input, minfy: true })).rejects.toMatchObject({
    code: "EB115",
    hint: ['Did you mean "minify"?'],
  })
  await expect(refused({ input, entry: "x.js" })).rejects.toMatchObject({ code: "EB115" })
  await expect(refused({})).rejects.toMatchObject({ code: "EB116" })
})

test("the report says what was built", async () => {
  const report = join(folder, "report.json")
  const { wasm } = await build({
    input: join(root, "fixtures/build/markdown"),
    output: join(folder, "reported.wasm"),
    sourcemap: true,
    report,
  })
  const read = JSON.parse(readFileSync(report, "utf8")) as {
    entry: string
    inputs: string[]
    sizes: { artifact: number }
  }
  expect(read.entry).toBe("index.ts")
  expect(read.inputs).toContain("document.md")
  expect(read.sizes.artifact).toBe(wasm.length)
  const map = JSON.parse(readFileSync(join(folder, "reported.wasm.map"), "utf8")) as { sources: string[] }
  expect(map.sources).toContain("page.ts")
})

test("--stages writes every value on the pipeline, and changes nothing", async () => {
  const input = join(folder, "staged.js")
  writeFileSync(
    input,
    "function sum(n) { let s = 0; for (let i = 0; i < n; i++) s += i; return s }\nconsole.log(sum(9), new URL('a:b'))",
  )
  const stages = join(folder, "stages")
  const made = { input, output: join(folder, "staged.wasm") }
  const plain = await build(made)
  const { wasm, report } = await build({ ...made, stages, optimize: true })
  expect(readdirSync(stages)).toEqual([
    "1-app.json",
    "2-bundle.js",
    "2-bundle.js.map",
    "2-bundle.json",
    "3-parts.js",
    "4-functions.txt",
    "5-plan.txt",
    "6-frozen.wat",
    "7-linked.wasm",
    "8-optimized.wasm",
    "9-report.json",
  ])
  const read = (name: string) => readFileSync(join(stages, name))
  expect(read("7-linked.wasm").equals(plain.wasm)).toBe(true)
  expect(read("8-optimized.wasm").equals(wasm)).toBe(true)
  expect(JSON.parse(String(read("1-app.json")))).toMatchObject({
    entry: input,
    options: { freeze: "auto", optimize: true },
  })
  expect(String(read("3-parts.js"))).toMatch(/^\(function\(kit\)/)
  expect(String(read("4-functions.txt"))).toMatch(/^function sum {2}staged\.js:1:1$/m)
  expect(String(read("5-plan.txt"))).toMatch(/^staged\.js:1 +sum +frozen /m)
  expect(String(read("6-frozen.wat"))).toMatch(/^\(module\n/)
  expect(JSON.parse(String(read("9-report.json")))).toEqual(report)

  // What is not made has no file.
  await build({ ...made, stages: join(folder, "less"), freeze: "none" })
  expect(readdirSync(join(folder, "less")).filter((name) => /^[68]/.test(name))).toEqual([])
})

test("`freeze` shows what `build` does, with the same default", async () => {
  const input = join(root, "fixtures/build/markdown")
  const { report } = await build({ input, output: join(folder, "frozen.wasm") })
  const frozen = (text: string) => text.split("\n").filter((line) => / frozen {2}/.test(line)).length
  expect(report.frozen.frozen).toBeGreaterThan(0)
  expect(frozen(await showFrozen(input))).toBe(report.frozen.frozen)
  expect(frozen(await showFrozen(input, { freeze: "all" }))).toBeGreaterThan(report.frozen.frozen)
  expect(await showFrozen(input, { freeze: "none" })).toBe("No function is frozen.")
})

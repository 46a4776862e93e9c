// edgeboxc as a process: what it prints where, and how it ends.
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { spawn } from "node:child_process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import { editDistance, nearest } from "../../nearest.ts"
import { findJsonMistake } from "../../compiler/json.ts"
import { MappedLines } from "../../compiler/bundle/mappings.ts"
import { parseConfig } from "../../compiler/config.ts"
import { resolveApp } from "../../compiler/entry.ts"
import { buildAndWatch } from "../../compiler/commands/watch.ts"
import { problemText } from "../failures.ts"
import { programs, runNode } from "../apps.ts"

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "edgebox-cli-")))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const program = programs.edgeboxc
const edgeboxc = (...args: string[]) => runNode([program, ...args], { cwd: folder })

/** Files by path; folders are made as needed. */
function write(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

test("help and version go to stdout and are no failure", async () => {
  const help = await edgeboxc("--help")
  expect(help).toMatchObject({ code: 0, stderr: "" })
  expect(help.stdout).toContain("build [options] <app>")
  const build = await edgeboxc("build", "--help")
  expect(build).toMatchObject({ code: 0, stderr: "" })
  expect(build.stdout).toContain("Examples:")
  expect((await edgeboxc("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
})

test("wrong usage ends with 2 and a suggestion", async () => {
  for (const [args, message, hint] of [
    [["biuld", "x"], "EB100: Unknown command 'biuld'", "Did you mean build?"],
    [["build", "x", "--minfy"], "EB100: Unknown option '--minfy'", "Did you mean --minify?"],
    [["build"], "EB100: Missing required argument 'app'", "See edgeboxc --help"],
    [["build", "x", "y"], "EB100: Too many arguments", "See edgeboxc --help"],
    [
      ["build", "x", "--snapshot", "all"],
      "EB100: Option '--snapshot <what>' argument 'all' is invalid",
      "See edgeboxc",
    ],
    [["build", "x", "--define", "=1"], "EB100: Option '--define <K=V>' argument '=1' is invalid", "See edgeboxc"],
  ] as const) {
    const { code, stdout, stderr } = await edgeboxc(...args)
    expect([code, stdout], stderr).toEqual([2, ""])
    expect(stderr).toContain(message)
    expect(stderr).toContain(hint)
    expect(stderr).not.toMatch(/\n\s+at \w+ \(/)
  }
  expect(await edgeboxc()).toMatchObject({ code: 2, stdout: "" })
})

test("a problem ends with 1, on stderr, without a stack", async () => {
  const { code, stdout, stderr } = await edgeboxc("build", "nothing-here")
  expect([code, stdout]).toEqual([1, ""])
  expect(stderr).toBe(
    'EB101: There is no file or folder "nothing-here".\n  Name the app\'s folder, or its entry file.\n',
  )
})

test("a build says what it made; --quiet says nothing; --verbose names the stages", async () => {
  write({ "say/index.js": "console.log('said')" })
  const plain = await edgeboxc("build", "say")
  expect(plain).toMatchObject({ code: 0, stderr: "" })
  expect(plain.stdout).toMatch(/^say\.wasm {2}\d+ KB in \d+\.\d\d s, from 1 file \(\d+ bytes of JavaScript\)/)
  expect(await edgeboxc("build", "say", "--quiet")).toEqual({ code: 0, stdout: "", stderr: "" })
  expect((await edgeboxc("build", "say", "--verbose")).stderr).toMatch(/\d+ ms {2}bundling\n/)
  expect((await runNode([programs.edgebox, join(folder, "say.wasm")])).stdout).toBe("said\n")
})

test("the command line wins over .edgebox.json", async () => {
  write({
    "over/.edgebox.json": '{ "output": "out/from-config.wasm", "define": { "WHO": "\'config\'" } }',
    "over/index.js": "console.log(WHO)",
    "over/out/.keep": "",
  })
  const run = async (file: string) => (await runNode([programs.edgebox, join(folder, file)])).stdout
  expect((await edgeboxc("build", "over")).code).toBe(0)
  expect(await run("over/out/from-config.wasm")).toBe("config\n")
  expect((await edgeboxc("build", "over", "-o", "line.wasm", "--define", 'WHO="line"')).code).toBe(0)
  expect(await run("line.wasm")).toBe("line\n")
})

test.skipIf(process.platform !== "linux")("init says when it cannot make the folder", async () => {
  const { code, stderr } = await edgeboxc("init", "/proc/app")
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^EB121: .*\/proc\/app/) as string })
})

test("init makes an app that builds and runs, and overwrites nothing", async () => {
  expect((await edgeboxc("init", "My App")).code).toBe(0)
  expect(readdirSync(join(folder, "My App"))).toEqual([".edgebox.json", "count.ts", "index.ts", "package.json"])
  expect(JSON.parse(readFileSync(join(folder, "My App/package.json"), "utf8"))).toMatchObject({ name: "my-app" })
  expect((await edgeboxc("build", "My App")).code).toBe(0)
  const ran = await runNode([programs.edgebox, join(folder, "My App/app.wasm")], { stdin: "b a b" })
  expect(ran).toEqual({ code: 0, stdout: "     2  b\n     1  a\n", stderr: "" })
  const again = await edgeboxc("init", "My App")
  expect(again).toMatchObject({ code: 1, stdout: "" })
  expect(again.stderr).toContain("EB123")
})

test("--watch builds again after a change, also after an error", async () => {
  write({ "live/index.js": 'import { a } from "./lib/a.js"\nconsole.log(a)', "live/lib/a.js": "export const a = 1" })
  const child = spawn(process.execPath, [program, "build", "live", "--watch"], { cwd: folder })
  let printed = ""
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (printed += chunk.toString()))
  const ended = new Promise((done) => child.on("close", done))
  const until = async (pattern: RegExp) => {
    for (const end = Date.now() + 300_000; !pattern.test(printed);) {
      if (Date.now() > end) throw new Error(`waited in vain for ${String(pattern)}; printed: ${printed}`)
      await new Promise((done) => setTimeout(done, 10))
    }
    printed = ""
  }
  try {
    const output = async () => (await runNode([programs.edgebox, join(folder, "live.wasm")])).stdout
    await until(/live\.wasm {2}.*\n/)
    expect(await output()).toBe("1\n")
    write({ "live/lib/a.js": "export const a = " })
    await until(/EB200/)
    expect(await output()).toBe("1\n")
    write({ "live/lib/a.js": "export const a = 3" })
    await until(/live\.wasm {2}.*\n/)
    expect(await output()).toBe("3\n")
    write({ "live/index.js": 'import { a } from "./lib/b.js"\nconsole.log(a)' })
    await until(/EB200/)
    write({ "live/lib/b.js": "export const a = 4" })
    await until(/live\.wasm {2}.*\n/)
    expect(await output()).toBe("4\n")
  } finally {
    child.kill("SIGTERM")
    await ended
  }
})

test("a file that comes while a build fails leads to one more build", async () => {
  const stop = new AbortController()
  const live = mkdtempSync(join(folder, "coming-"))
  let builds = 0
  await buildAndWatch(async () => {
    builds++
    // Later than the clock that the file system writes into a folder may lag behind.
    await new Promise((done) => setTimeout(done, 50))
    if (builds === 1) writeFileSync(join(live, "new.js"), "")
    else stop.abort()
    return { files: [], folders: [live] }
  }, stop.signal)
  expect(builds).toBe(2)
})

test("entries are found in the stated order", async () => {
  const names = async (app: string) => (await resolveApp(join(folder, app))).entry.slice(folder.length + 1)
  write({ "order/app.tsx": "", "order/main.ts": "" })
  expect(await names("order")).toBe("order/main.ts")
  write({ "order/index.tsx": "" })
  expect(await names("order")).toBe("order/index.tsx")
  write({ "order/index.cjs": "" })
  expect(await names("order")).toBe("order/index.cjs")
  write({ "order/package.json": '{ "main": "lib" }', "order/lib/index.js": "" })
  expect(await names("order")).toBe("order/lib/index.js")
  write({ "order/package.json": '{ "main": "lib", "module": "m.mjs" }', "order/m.mjs": "" })
  expect(await names("order")).toBe("order/m.mjs")
  write({
    "order/package.json": '{ "main": "lib", "exports": { ".": { "node": "./n.js", "import": "./e.mjs" } } }',
    "order/e.mjs": "",
  })
  expect(await names("order")).toBe("order/e.mjs")
  write({
    "order/.edgebox.json": '{ "npm": "@scope/tool" }',
    "order/node_modules/@scope/tool/package.json": '{ "bin": { "other": "o.js", "tool": "./cli" }, "main": "m.js" }',
    "order/node_modules/@scope/tool/cli": "#!/usr/bin/env node\nconsole.log('tool')",
    "order/node_modules/@scope/tool/o.js": "",
  })
  expect(await names("order")).toBe("order/node_modules/@scope/tool/cli")
  write({ "order/.edgebox.json": '{ "entry": "app.tsx", "npm": "@scope/tool" }' })
  expect(await names("order")).toBe("order/app.tsx")
  expect((await resolveApp(join(folder, "order/main.ts"))).name).toBe("main")
})

test("a package's program without an ending builds", async () => {
  write({
    "tool/.edgebox.json": '{ "npm": "plain-tool" }',
    "tool/node_modules/plain-tool/package.json": '{ "bin": "cli" }',
    "tool/node_modules/plain-tool/cli": "#!/usr/bin/env node\nconsole.log('tool')\nreturn",
  })
  expect((await edgeboxc("build", "tool")).stderr).toBe("")
  expect((await runNode([programs.edgebox, join(folder, "tool.wasm")])).stdout).toBe("tool\n")
})

test("mistakes in JSON are found where they are", () => {
  for (const [text, offset, reason] of [
    ["", 0, "it ends where a value should be"],
    ["{", 1, "it ends where a key in double quotes should be"],
    ["{'a': 1}", 1, `"'" where a key in double quotes should be`],
    ['{"a" 1}', 5, '"1" where ":" should be'],
    ['{"a": 1 "b": 2}', 8, '"\\"" where "," or "}" should be'],
    ['{"a": [1, 2,]}', 12, 'a comma stands before "]", after the last item'],
    ["// why\n{}", 0, "it has a comment"],
    ['{"a": 01}', 7, '"1" where "," or "}" should be'],
    ['{"a": "\n"}', 6, '"\\"" where a value should be'],
    ['{"a": NaN}', 6, '"N" where a value should be'],
    ["{} {}", 3, '"{" where its end should be'],
  ] as const) {
    expect(findJsonMistake(text), text).toEqual({ offset, reason })
    expect(() => JSON.parse(text)).toThrow()
  }
  for (const text of ["{}", ' [1, -2.5e+3, "\\u00e9\\n", true, null, {"a": []}] ']) {
    expect(findJsonMistake(text)).toBeUndefined()
  }
  expect(findJsonMistake("[".repeat(100_000))?.reason).toBe("it is nested too deeply")
})

test("keys that objects have by birth are unknown keys", async () => {
  for (const key of ["constructor", "__proto__", "toString"]) {
    expect(await problemText(() => parseConfig(`{ "${key}": true }`, "c.json"))).toContain("EB111")
  }
  expect(await problemText(() => parseConfig("[]", "c.json"))).toContain("must hold an object, not a list")
  expect(parseConfig('{ "entry": "a", "npm": "b" }', "c.json")).toEqual({ entry: "a", npm: "b" })
  expect(parseConfig('\uFEFF{ "minify": true }', "c.json")).toEqual({ minify: true })
})

test("the nearest name", () => {
  expect(nearest("optimise", ["optimize", "output"])).toBe("optimize")
  expect(nearest("mniify", ["minify"])).toBe("minify")
  expect(nearest("xyz", ["minify"])).toBeUndefined()
  expect(editDistance("kitten", "sitting")).toBe(3)
  expect(editDistance("", "abc")).toBe(3)
})

test("lines of a source map keep their meaning in any order", () => {
  const map = "AAAA,IAAIA;;ACAJ,KAAKC,EAAED;EAEA;AAGAD"
  const lines = new MappedLines(map)
  expect(lines.arranged([0, 1, 2, 3, 4])).toBe(map)
  const order = [3, -1, 0, 4, 2, 7]
  const moved = new MappedLines(lines.arranged(order))
  expect(order.map((_, i) => moved.segments(i))).toEqual(order.map((line) => lines.segments(line)))
})

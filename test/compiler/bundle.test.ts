// fixtures/build/: every app, bundled, runs under Node as its source does. bad-* apps end in the problem of error.txt.
import { decodedMappings, TraceMap } from "@jridgewell/trace-mapping"
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createHash } from "node:crypto"
import { tmpdir } from "node:os"
import { extname, join, relative, resolve } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Bundle, bundle, type BundleOptions } from "../../compiler/bundle/bundle.ts"
import { resolveApp } from "../../compiler/entry.ts"
import { builtinNames } from "../../compiler/usedparts.ts"
import { type Outcome, root, runNode } from "../apps.ts"
import { type Case, cases } from "../cases.ts"

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "edgebox-bundle-")))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const options: BundleOptions = { builtins: builtinNames }
const apps = cases("build").filter((c) => !c.bad)

/** Minifying renames functions; these apps print the names of theirs. */
const printsNames = ["names", "requires"]

const keywords = /^(throw|if|for|switch|try|while|do|debugger|break|continue)\b/

const input = (c: Case) => relative(process.cwd(), c.folder)
const stdin = (c: Case) => (c.has("stdin.txt") ? c.text("stdin.txt") : "")

async function runBundle(c: Case, { code, entryIsModule }: Bundle): Promise<Outcome> {
  const file = join(folder, `${c.name}.js`)
  writeFileSync(file, code)
  return runNode([join(root, "test/run-bundle.mjs"), file, entryIsModule ? "module" : "commonjs"], {
    stdin: stdin(c),
  })
}

/** What is kept of an output that is too large for a file. */
function summary(text: string): string {
  return `${text.length} characters, SHA-256 ${createHash("sha256").update(text).digest("hex")}`
}

for (const c of apps) {
  test(`${c.name}: the bundle runs under Node`, async () => {
    const app = await resolveApp(input(c))
    const made = await bundle(app, options)
    const { stdout, code } = await runBundle(c, made)
    c.expectText("stdout.txt", stdout.length < 1e6 ? stdout : summary(stdout))
    expect(stdout.length).toBeGreaterThan(0)
    expect(code).toBe(c.options["exitCode"] ?? 0)

    // What Node can run as it is must come to the same.
    if (/^\.[cm]?js$/.test(extname(app.entry))) {
      const source = await runNode([app.entry], { stdin: stdin(c) })
      expect({ stdout, code }).toEqual({ stdout: source.stdout, code: source.code })
    }
  })

  if (!printsNames.includes(c.name)) {
    test(`${c.name}: the minified bundle does the same`, async () => {
      const app = await resolveApp(input(c))
      const [plain, small] = [await bundle(app, options), await bundle(app, { ...options, minify: true })]
      expect(small.code.length).toBeLessThan(plain.code.length)
      const [a, b] = [await runBundle(c, plain), await runBundle(c, small)]
      expect(b.stdout === a.stdout && b.code === a.code).toBe(true)
    })
  }

  test(`${c.name}: keywords are mapped to themselves`, async () => {
    const app = await resolveApp(input(c))
    const { code, map } = await bundle(app, options)
    const mapped = decodedMappings(new TraceMap({ ...map, sourceRoot: undefined, file: undefined }))
    const sources = new Map<string, string[]>()
    const linesOf = (source: string) => {
      let lines = sources.get(source)
      if (lines === undefined)
        sources.set(source, (lines = readFileSync(resolve(app.root, source), "utf8").split("\n")))
      return lines
    }
    let checked = 0
    const wrong: string[] = []
    for (const [index, line] of code.split("\n").entries()) {
      const column = line.search(/\S/)
      const keyword = keywords.exec(line.slice(Math.max(0, column)))?.[1]
      const [, source, at = 0, from = 0] = mapped[index]?.findLast((segment) => segment[0] <= column) ?? []
      if (keyword === undefined || source === undefined) continue
      const path = resolve(app.root, map.sources[source] ?? "")
      if (!existsSync(path)) continue
      const found = linesOf(path)[at]?.slice(from, from + keyword.length)
      // The text of a template that is itself a program: it is mapped to where the template or a piece of it begins.
      if (/^[`}]/.test(found ?? "")) continue
      if (keyword === "break" && found === "conti") continue // compiler/bundle/turns.ts leaves a turn in another way
      if (/^\s*throw new TypeError\("'.*' is read-only"\)/.test(line)) continue // compiler/bundle/assigned.ts
      if (found !== keyword) wrong.push(`${path}:${at + 1}:${from + 1}: ${found}, not ${keyword}`)
      if (++checked > 3000) break
    }
    expect(wrong).toEqual([])
    if (c.name === "validate") expect(checked).toBeGreaterThan(500)
  })
}

describe("the same app gives the same bundle", () => {
  for (const name of ["circular", "places", "modes", "tla-timers"]) {
    test(`${name}, in another folder, through a link, from another working directory`, async () => {
      const here = await bundle(await resolveApp(join(root, "fixtures/build", name)), options)
      cpSync(join(root, "fixtures/build/tsconfig.json"), join(folder, "tsconfig.json"))
      cpSync(join(root, "fixtures/build", name), join(folder, name), { recursive: true })
      symlinkSync(join(folder, name), join(folder, `${name}-link`))
      const before = process.cwd()
      process.chdir(folder)
      try {
        const there = await bundle(await resolveApp(`${name}-link`), options)
        expect(there.code).toBe(here.code)
        expect(there.map).toEqual(here.map)
        expect(there.code + JSON.stringify(there.map)).not.toContain(folder)
      } finally {
        process.chdir(before)
      }
    })
  }
})

test("built-in modules: used ones are named, missing ones fail when they are required", async () => {
  const file = join(folder, "builtins.cjs")
  writeFileSync(
    file,
    `let computed = "os-2"
     const fs = require("node:fs"), again = require("fs"), { join } = require("path")
     console.log(fs === again, join("a", "b"))
     for (const attempt of [() => require("os"), () => require("os"), () => require("node:cluster"), () => require(computed)])
       try { attempt(); console.log("there") } catch (e) { console.log(e.code, e.message.split("\\n")[0]) }
     import("node:vm").catch((e) => console.log(e.code))`,
  )
  const made = await bundle(await resolveApp(file), { builtins: ["fs", "path", "url"] })
  expect(made.builtins).toEqual(["fs", "path"])
  expect(made.inputs).toEqual([file])
  const out = join(folder, "builtins.js")
  writeFileSync(out, made.code)
  expect((await runNode([join(root, "test/run-bundle.mjs"), out, "module"])).stdout.split("\n")).toEqual([
    "true a/b",
    "MODULE_NOT_FOUND Cannot find module 'os': EdgeBox has no such built-in module",
    "MODULE_NOT_FOUND Cannot find module 'os': EdgeBox has no such built-in module",
    "MODULE_NOT_FOUND Cannot find module 'node:cluster': EdgeBox has no such built-in module",
    "MODULE_NOT_FOUND Cannot find module 'os-2'",
    "MODULE_NOT_FOUND",
    "",
  ])
})

test("a package called like a built-in module that is missing stands in for it", async () => {
  const app = join(folder, "standin")
  cpSync(join(root, "fixtures/build/hello"), app, { recursive: true })
  writeFileSync(join(app, "index.js"), `import vm from "vm"\nconsole.log(vm)`)
  await expect(bundle(await resolveApp(app), options)).rejects.toMatchObject({ code: "EB201" })
  cpSync(join(root, "fixtures/build/bad-native-addon/node_modules"), join(app, "node_modules"), { recursive: true })
  cpSync(join(app, "node_modules/fast-hash"), join(app, "node_modules/vm"), { recursive: true })
  writeFileSync(join(app, "node_modules/vm/index.js"), `module.exports = "the package"`)
  const made = await bundle(await resolveApp(app), options)
  expect(made.builtins).toEqual([])
  expect(made.code).toContain("the package")
})

test("define replaces, external is looked up when the app runs", async () => {
  const file = join(folder, "defined.mjs")
  writeFileSync(file, `import late from "late-package"\nexport default [MODE, process.env.NODE_ENV, late]`)
  const made = await bundle(await resolveApp(file), {
    ...options,
    define: { MODE: '"fast"', "process.env.NODE_ENV": '"production"' },
    external: ["late-*"],
  })
  // eslint-disable-next-line no-eval
  const app = (0, eval)(made.code) as (require: (name: string) => unknown) => { default: unknown }
  expect(app((name) => `<${name}>`).default).toEqual(["fast", "production", "<late-package>"])
})

test("exports of an app that awaits keep their names", async () => {
  const file = join(folder, "exports.mjs")
  writeFileSync(
    file,
    `export const a = await 1\nconst b = 2\nexport { b as "odd, name", b as default }\nexport let live = 1\nexport const grow = () => live++\nexport class K {}`,
  )
  const made = await bundle(await resolveApp(file), options)
  expect(made.format).toBe("async")
  // eslint-disable-next-line no-eval
  const app = (0, eval)(made.code) as (require: unknown) => Promise<Record<string, unknown>>
  const exports = await app(undefined)
  expect(Object.keys(exports).sort()).toEqual(["K", "__esModule", "a", "default", "grow", "live", "odd, name"])
  ;(exports["grow"] as () => void)()
  expect([exports["a"], exports["odd, name"], exports["default"], exports["live"]]).toEqual([1, 2, 2, 2])
})

test("any file name works: quotes, patterns, spaces, other scripts", async () => {
  const app = join(folder, `a "b" 'c' *ü %41`)
  mkdirSync(join(app, "lib"), { recursive: true })
  writeFileSync(
    join(app, `in"de*x.cjs`),
    `const { url } = require("./lib/é %42.mjs")\nconsole.log(require.main === module, __filename, decodeURI(url))\nmodule.exports = () => { throw new Error("at line 3") }`,
  )
  writeFileSync(join(app, "lib/é %42.mjs"), "export const url = import.meta.url")
  for (const minify of [false, true]) {
    const made = await bundle(await resolveApp(join(app, `in"de*x.cjs`)), { ...options, minify })
    const out = join(folder, "odd.js")
    writeFileSync(out, made.code)
    const { stdout } = await runNode([join(root, "test/run-bundle.mjs"), out, "module"])
    expect(stdout).toBe(`true /app/in"de*x.cjs file:///app/lib/é %42.mjs\n`)
    expect([...made.map.sources].sort()).toEqual([`in"de*x.cjs`, "lib/é %42.mjs"])
  }
})

test("line ends that are none, and text that looks like ours, are left alone", async () => {
  const file = join(folder, "lookalike.mjs")
  const text = `\n  // lookalike.cjs\nvar require_x = __commonJS({\n});\n__name(f, "f");\nexport { x };\nmodule.exports = __toCommonJS(a_exports);\n})();\n`
  writeFileSync(
    join(folder, "lookalike.cjs"),
    `exports.text = \`${text}\u2028\u2029\`\nexports.sloppy = (function () { return this !== undefined })()`,
  )
  writeFileSync(
    file,
    `import { text, sloppy } from "./lookalike.cjs"\nexport default [text, sloppy, \`${text}\u2028\`, (function () { return this === undefined })()]`,
  )
  const made = await bundle(await resolveApp(file), options)
  // eslint-disable-next-line no-eval
  const app = (0, eval)(made.code) as (require: unknown) => { default: unknown }
  expect(app(undefined).default).toEqual([`${text}\u2028\u2029`, true, `${text}\u2028`, true])
  writeFileSync(file, `export default \`${text}\`; await 0`)
  const awaiting = await bundle(await resolveApp(file), options)
  // eslint-disable-next-line no-eval
  const later = (0, eval)(awaiting.code) as (require: unknown) => Promise<{ default: unknown }>
  expect((await later(undefined)).default).toBe(text)
})

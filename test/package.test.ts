// The package as others get it: packed, unpacked somewhere else, run and imported there. Of this repository it sees its
// dependencies only.
import { execFileSync, spawnSync } from "node:child_process"
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { transform } from "esbuild"
import { afterAll, beforeAll, expect, test } from "vitest"
import { assemble } from "./wasm.ts"

const root = resolve(import.meta.dirname, "..")
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string
  bin: Record<string, string>
  dependencies: Record<string, string>
}

/** Every file of the package, and who reads it. */
const readers: Record<string, string> = {
  "README.md": "people",
  "package.json": "npm, Node, and edgebox --version",
  "dist/package.json": "Node, for the kind of module",
  "dist/THIRD-PARTY.txt": "people: the licences of what is inside the commands",
  "dist/edgeboxc.js": "the command",
  "dist/edgeboxc-app.js": "edgeboxc.js and index.mjs",
  "dist/edgeboxc-commander.js": "the commands",
  "dist/edgeboxc-inspect.js": "edgeboxc.js",
  "dist/edgeboxc-snapshot.js": "edgeboxc.js",
  "dist/wizer-worker.js": "edgeboxc-snapshot.js, with --timeout",
  "dist/base.wasm": "edgeboxc-app.js",
  "dist/parts.json": "edgeboxc-app.js",
  "dist/edgebox.cjs": "the command",
  "dist/edgebox-worker.cjs": "edgebox.cjs, where the main thread's stack is small",
  "dist/gen-opcodes.js": "the command",
  "opcodes/quickjs.generated.ts": "gen-opcodes.js",
  "dist/index.mjs": "import … from edgebox",
  "dist/wizer.mjs": "import … from edgebox/wizer",
  "dist/runtime.mjs": "import … from edgebox/runtime",
  "dist/types/package.json": "TypeScript, for the kind of module",
}
/** Folders of which every file counts: what edgeboxc init copies, what the declarations of the entry points mention. */
const folders = ["templates/app/", "dist/types/"]

let folder: string
let installed: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "edgebox-package-"))
  const pack = ["pack", "--pack-destination", folder, "--ignore-scripts", "--offline", "--loglevel", "error"]
  execFileSync("npm", pack, { cwd: root })
  installed = join(folder, "node_modules/edgebox")
  mkdirSync(installed, { recursive: true })
  execFileSync("tar", [
    "-xzf",
    join(folder, `edgebox-${manifest.version}.tgz`),
    "-C",
    installed,
    "--strip-components=1",
  ])
  for (const name of [...Object.keys(manifest.dependencies), "@types"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name), "dir")
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A command of the installed package, by its name. */
function command(name: string, ...args: string[]): { code: number | null; stdout: string; stderr: string } {
  const file = join(installed, manifest.bin[name] ?? "")
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { cwd: folder, encoding: "utf8" })
  return { code: status, stdout, stderr }
}

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true })
  writeFileSync(join(folder, name), content)
}

test("nothing is shipped that nothing reads", () => {
  const all = readdirSync(installed, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/"))
  const files = all.filter((file) => statSync(join(installed, file)).isFile())
  const listed = files.filter((file) => readers[file] !== undefined || !folders.some((at) => file.startsWith(at)))
  expect(listed.sort()).toEqual(Object.keys(readers).sort())
})

test("the commands make an app, build it, look at it and run it", () => {
  expect(command("edgeboxc", "init", "app")).toMatchObject({ code: 0 })
  expect(command("edgeboxc", "build", "app", "-o", "app.wasm")).toMatchObject({ code: 0, stderr: "" })
  expect(command("edgeboxc", "inspect", "app.wasm").stdout).toContain(`made by      EdgeBox ${manifest.version}`)
  expect(command("edgeboxc", "disasm", "app").stdout).toMatch(/^function /)
  write("sum.js", "console.log(sum(9)); function sum(n) { let s = 0; for (let i = 0; i < n; i++) s += i; return s }")
  expect(command("edgeboxc", "freeze", "sum.js", "--wat", "sum").stdout).toMatch(/^ \(func /m)
  expect(command("edgeboxc", "build", "sum.js", "-o", "sum.wasm")).toMatchObject({ code: 0, stderr: "" })
  expect(command("edgebox", "sum.wasm")).toEqual({ code: 0, stdout: "36\n", stderr: "" })
  expect(command("edgeboxc", "build", "nowhere").stderr).toMatch(/^EB101: /)
})

test("a snapshot is taken, also in a thread", () => {
  const wat = `(module (memory (export "memory") 1) (func (export "wizer-initialize") (i32.store (i32.const 8) (i32.const 7))))`
  write("in.wasm", assemble(wat))
  for (const more of [[], ["--timeout", "600000"]])
    expect(command("edgeboxc", "snapshot", "in.wasm", "out.wasm", ...more)).toMatchObject({ code: 0, stderr: "" })
})

test("gen-opcodes tells of the table that is built into the compiler, and leaves it alone", () => {
  const belongs = "The compiler's opcode table belongs to quickjs-wasi 3.6.2, which is installed\n"
  expect(command("gen-opcodes", "--check")).toEqual({ code: 0, stdout: belongs, stderr: "" })
  expect(command("gen-opcodes")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^EB510: /) as string })
})

const consumer = `
import { build, isProblem, type BuildOptions, type BuildResult } from "edgebox"
import { runInProcess, type InProcessResult } from "edgebox/runtime"
import { snapshot, type SnapshotResult } from "edgebox/wizer"

const options: BuildOptions = { input: "two.js", output: "two.wasm", freeze: "all" }
const built: BuildResult = await build(options)
const run: InProcessResult = runInProcess(built.wasm, { args: ["a"], env: { NAME: "b" } })
console.log(run.exitCode, new TextDecoder().decode(run.stdout).trim(), built.report.frozen.frozen)
const { wasm, report }: SnapshotResult = await snapshot(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]), {}).catch(
  (error: unknown): never => {
    console.log(isProblem(error) ? error.code : error)
    process.exit(0)
  },
)
console.log(wasm, report)
`

test("the entry points can be imported", async () => {
  write(
    "two.js",
    "let s = 0; for (let i = 0; i < 4; i++) s += i; console.log(process.argv[2], process.env.NAME, (() => s)())",
  )
  write("consumer.mjs", (await transform(consumer, { loader: "ts" })).code)
  const { status, stdout, stderr } = spawnSync(process.execPath, ["consumer.mjs"], { cwd: folder, encoding: "utf8" })
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "0 a b 6 2\nEB303\n", stderr: "" })
})

test("the entry points have types, which know what is wrong", () => {
  write("consumer.ts", consumer)
  write("wrong.ts", `import { build } from "edgebox"\nawait build({ input: "x", freeze: "some" })\n`)
  const settings = "--ignoreConfig --noEmit --strict --target es2022 --lib es2023,dom --module nodenext --types node"
  const program = join(root, "node_modules/typescript/bin/tsc")
  const args = [program, ...settings.split(" "), "consumer.ts", "wrong.ts"]
  const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" })
  expect(stdout.trim().split("\n")).toEqual([
    expect.stringMatching(/^wrong\.ts\(2,27\): error TS2322: Type '"some"' is not assignable to type '.*"auto"/),
  ])
})

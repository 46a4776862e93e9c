// How commands write files: what stands at the place stays what it is, and nobody sees half of a file.
import { build } from "esbuild"
import { spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest"
import { reasonOf, writeOutput } from "../output.ts"
import { programs, runNode } from "./apps.ts"

const root = resolve(import.meta.dirname, "..")
const all = fs.mkdtempSync(join(tmpdir(), "edgebox-output-"))
const writer = join(all, "writer.mjs")
let folder: string

/** A program that begins to write a file, says so, and never comes to its end. */
beforeAll(async () => {
  const contents = `
    import { writeOutput } from "./output.ts"
    async function* endless() {
      yield "new"
      process.stdout.write("begun")
      await new Promise((done) => setTimeout(done, 1e9))
    }
    await writeOutput(process.argv[2], endless() as any)`
  await build({
    stdin: { contents, resolveDir: root, loader: "ts" },
    outfile: writer,
    bundle: true,
    platform: "node",
    format: "esm",
  })
})
beforeEach(() => {
  folder = fs.mkdtempSync(join(all, "case-"))
})
afterAll(() => fs.rmSync(all, { recursive: true, force: true }))

const at = (name: string) => join(folder, name)
const read = (name: string) => fs.readFileSync(at(name), "utf8")
const isUnix = process.platform !== "win32"
/** Of our own: the machine's are never written to in a test. */
const madeNode = (name: string) => spawnSync("mknod", [at(name), "c", "1", "3"]).status === 0

test("a file is replaced whole, with the rights that it had", async () => {
  await writeOutput(at("new"), "first")
  expect(read("new")).toBe("first")
  fs.chmodSync(at("new"), 0o600)
  const before = fs.statSync(at("new")).ino
  await writeOutput(at("new"), new Uint8Array([65]))
  const after = fs.statSync(at("new"))
  expect([read("new"), after.mode & 0o777, after.ino !== before]).toEqual(["A", isUnix ? 0o600 : 0o666, true])
  expect(fs.readdirSync(folder)).toEqual(["new"])
})

test.skipIf(!isUnix)("a link stays a link: what it leads to is written, there or not", async () => {
  fs.mkdirSync(at("sub"))
  fs.writeFileSync(at("sub/real"), "keep")
  fs.symlinkSync("sub/real", at("link"))
  fs.symlinkSync("link", at("chain"))
  fs.symlinkSync("sub/none", at("dangling"))
  fs.symlinkSync("sub", at("folder"))
  fs.symlinkSync("../up", at("sub/up"))
  fs.symlinkSync("round", at("round"))
  await writeOutput(at("chain"), "through")
  await writeOutput(at("dangling"), "made")
  await writeOutput(at("folder/up"), "from the link's own folder")
  expect([read("sub/real"), read("sub/none"), read("up")]).toEqual(["through", "made", "from the link's own folder"])
  for (const name of ["link", "chain", "dangling", "sub/up"]) {
    expect(fs.lstatSync(at(name)).isSymbolicLink(), name).toBe(true)
  }
  await expect(writeOutput(at("round"), "x").catch((e: unknown) => reasonOf(e))).resolves.toMatch(/circle/)
})

test.skipIf(!isUnix)("a FIFO is written to and stays, also behind a link", async () => {
  spawnSync("mkfifo", [at("pipe")])
  fs.symlinkSync("pipe", at("link"))
  for (const name of ["pipe", "link"]) {
    const reader = spawn("cat", [at("pipe")])
    let got = ""
    reader.stdout.on("data", (part: Buffer) => (got += part.toString()))
    const ended = new Promise((done) => reader.on("close", done))
    await writeOutput(at(name), `to ${name}`)
    await ended
    expect(got).toBe(`to ${name}`)
  }
  expect(fs.statSync(at("pipe")).isFIFO()).toBe(true)
  expect(fs.readdirSync(folder).sort()).toEqual(["link", "pipe"])
})

test.skipIf(!isUnix)("a device is written to and stays: build, its report and stages", async (context) => {
  if (!madeNode("null")) return context.skip()
  fs.writeFileSync(at("a.js"), "console.log(1)")
  fs.mkdirSync(at("stages"))
  madeNode("stages/7-linked.wasm")
  const args = ["build", "a.js", "-o", "null", "--report", "null", "--stages", "stages", "--quiet"]
  expect(await runNode([programs.edgeboxc, ...args], { cwd: folder })).toEqual({ code: 0, stdout: "", stderr: "" })
  await writeOutput(at("null"), "x")
  for (const name of ["null", "stages/7-linked.wasm"]) {
    expect(fs.statSync(at(name)).isCharacterDevice(), name).toBe(true)
  }
})

test("a folder is not replaced, and it is said why", async () => {
  await expect(writeOutput(folder, "x").catch((e: unknown) => reasonOf(e))).resolves.toBe("it is a folder")
  await expect(writeOutput(at("no/file"), "x").catch((e: unknown) => reasonOf(e))).resolves.toBe(
    "there is no such file or folder",
  )
})

test("a name may be as long as the file system allows", async () => {
  for (const name of ["n".repeat(255), "é".repeat(125), "😀".repeat(62)]) {
    await writeOutput(at(name), "x")
    expect(read(name)).toBe("x")
  }
  expect(fs.readdirSync(folder)).toHaveLength(3)
})

test.skipIf(!isUnix)(
  "a signal while a file is written leaves nothing behind, and ends the process as it does",
  async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      fs.writeFileSync(at("big"), "old")
      const child = spawn(process.execPath, [writer, at("big")])
      const ended = new Promise((done) => child.on("exit", (_code, by) => done(by)))
      await new Promise((begun) => child.stdout.once("data", begun))
      expect(fs.readdirSync(folder)).toHaveLength(2)
      child.kill(signal)
      expect(await ended).toBe(signal)
      expect([fs.readdirSync(folder), read("big")]).toEqual([["big"], "old"])
    }
  },
)

test("what cannot be read or written is said in words, with what to do", async () => {
  fs.writeFileSync(at("a.js"), "")
  const inspect = await runNode([programs.edgeboxc, "inspect", "none.wasm"], { cwd: folder })
  expect(inspect.stderr).toMatch(/^EB801: "none.wasm" cannot be read: there is no such file or folder\.\n {2}Name a /)
  const build = await runNode([programs.edgeboxc, "build", "a.js", "-o", "."], { cwd: folder })
  expect(build.stderr).toMatch(/^EB121: ".*" cannot be written: it is a folder\.\n {2}Check the folder/)
})

test("build -o - writes the module to standard output, and what it says to standard error", async () => {
  fs.writeFileSync(at("a.js"), "console.log('piped')")
  const { status, stdout, stderr } = spawnSync(process.execPath, [programs.edgeboxc, "build", "a.js", "-o", "-"], {
    cwd: folder,
  })
  expect([status, String(stderr)]).toEqual([0, expect.stringMatching(/^standard output {2}\d+ KB in /)])
  fs.writeFileSync(at("got.wasm"), stdout)
  expect((await runNode([programs.edgebox, at("got.wasm")])).stdout).toBe("piped\n")
  const report = await runNode([programs.edgeboxc, "build", "a.js", "--report", "-"], { cwd: folder })
  expect((JSON.parse(report.stdout) as { output: string }).output).toBe("a.wasm")
  for (const more of ["--sourcemap", "--watch", "--report=-"]) {
    const wrong = await runNode([programs.edgeboxc, "build", "a.js", "-o", "-", more], { cwd: folder })
    expect(wrong, more).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^EB100: /) as string })
  }
})

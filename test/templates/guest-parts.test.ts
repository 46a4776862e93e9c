// Web globals and built-in modules: each script prints the same in the guest and in Node.
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { builtinNames, usedParts } from "../../compiler/usedparts.ts"
import { partNames, parts } from "../../templates/parts.ts"
import { programs, root, runNode } from "../apps.ts"
import { partScripts } from "./guest-part-scripts.ts"
import { run } from "./live-guest.ts"
import { asNode20 } from "./newer-nodes.ts"

const folder = mkdtempSync(join(tmpdir(), "edgebox-parts-"))
afterAll(() => rmSync(folder, { recursive: true }))

for (const [name, script] of Object.entries(partScripts)) {
  test(name, async () => {
    const file = join(folder, "script.cjs")
    writeFileSync(file, script)
    const node = spawnSync(process.execPath, ["--no-warnings", file], {
      input: "input",
      encoding: "utf8",
      env: { NO_COLOR: "1" },
    })
    expect(node.stderr).toBe("")
    const modules = [...script.matchAll(/require\("([^"]+)"\)/g)].map((m) => m[1]!)
    const guest = await run(`(function (require) {${script}\n})`, {
      stdin: "input",
      parts: usedParts(script, modules),
      keepSource: true,
    })
    expect(guest.stderr).toBe("")
    const lines = (text: string) => asNode20(name, text).split("\n")
    expect(lines(guest.stdout)).toEqual(lines(node.stdout))
  })
}

test("node:fs works on preopens as Node does on the folder", async () => {
  const script = (root: string) => `
    const fs = require("fs"); const root = ${JSON.stringify(root)}
    const attempt = (f) => { try { const r = f(); console.log(r === undefined ? "-" : r) } catch (e) { console.log(e.code, e.errno, e.syscall, String(e.message).replaceAll(root, "ROOT"), String(e.path).replace(root, "ROOT")) } }
    attempt(() => fs.writeFileSync(root + "/a.txt", "hello ä"))
    attempt(() => fs.readFileSync(root + "/a.txt", "utf8"))
    attempt(() => fs.readFileSync(root + "/a.txt", { encoding: "hex" }))
    attempt(() => fs.readFileSync(root + "/a.txt").length)
    attempt(() => fs.appendFileSync(root + "/a.txt", " more"))
    attempt(() => String(fs.readFileSync(root + "/.//a.txt")))
    attempt(() => fs.existsSync(root + "/a.txt")); attempt(() => fs.existsSync(root + "/no")); attempt(() => fs.existsSync(5))
    attempt(() => fs.readFileSync(root + "/no.txt"))
    attempt(() => fs.readFileSync(root))
    attempt(() => fs.mkdirSync(root + "/d")); attempt(() => fs.mkdirSync(root + "/d")); attempt(() => fs.mkdirSync(root + "/p/q"))
    attempt(() => String(fs.mkdirSync(root + "/p/q/r", { recursive: true })).replace(root, "ROOT")); attempt(() => fs.mkdirSync(root + "/p/q/r", { recursive: true }))
    attempt(() => fs.writeFileSync(root + "/d/f", new Uint8Array([1, 2, 3])))
    attempt(() => fs.readdirSync(root)); attempt(() => fs.readdirSync(root + "/d", { withFileTypes: true }).map((d) => [d.name, d.isFile(), d.isDirectory()]))
    attempt(() => fs.readdirSync(root, { recursive: true }).sort()); attempt(() => fs.readdirSync(root + "/no")); attempt(() => fs.readdirSync(root + "/a.txt"))
    attempt(() => { const s = fs.statSync(root + "/a.txt"); return [s.size, s.isFile(), s.isDirectory(), s.mtime instanceof Date, s.mtimeMs > 1e12] })
    attempt(() => fs.statSync(root + "/d").isDirectory()); attempt(() => fs.statSync(root + "/no")); attempt(() => fs.statSync(root + "/no", { throwIfNoEntry: false })); attempt(() => fs.lstatSync(root + "/no"))
    attempt(() => fs.rmdirSync(root + "/d")); attempt(() => fs.unlinkSync(root + "/no")); attempt(() => fs.unlinkSync(root + "/d/f")); attempt(() => fs.rmdirSync(root + "/d"))
    attempt(() => fs.renameSync(root + "/a.txt", root + "/b.txt")); attempt(() => fs.renameSync(root + "/zz", root + "/y"))
    attempt(() => fs.copyFileSync(root + "/b.txt", root + "/c.txt")); attempt(() => fs.readFileSync(root + "/c.txt", "latin1"))
    attempt(() => fs.rmSync(root + "/p", { recursive: true })); attempt(() => fs.rmSync(root + "/nothing")); attempt(() => fs.rmSync(root + "/nothing", { force: true }))
    attempt(() => fs.accessSync(root + "/b.txt")); attempt(() => fs.accessSync(root + "/none"))
    attempt(() => { const fd = fs.openSync(root + "/b.txt", "r+"); const b = new Uint8Array(4); const n = fs.readSync(fd, b, 0, 4, 1); fs.writeSync(fd, "XY", 0); fs.closeSync(fd); return [n, ...b, fs.readFileSync(root + "/b.txt", "utf8")] })
    attempt(() => fs.openSync(root + "/b.txt", "wx")); attempt(() => fs.writeFileSync(root + "/b.txt", "w", { flag: "a" })); attempt(() => fs.readFileSync(root + "/b.txt", "utf8"))
    attempt(() => fs.readFileSync()); attempt(() => fs.writeFileSync(root + "/z", 5)); attempt(() => fs.closeSync(77)); attempt(() => fs.readFileSync(root + "/b.txt", "no-such-encoding"))
    attempt(() => fs.readFileSync(new URL("file://" + root + "/c.txt"), "utf8")); attempt(() => fs.readFileSync(0, "utf8"))
    fs.readFile(root + "/c.txt", "utf8", (e, d) => console.log("callback", e, d))
    fs.readFile(root + "/none", (e, d) => console.log("callback", e.code, d))
    fs.promises.readFile(root + "/c.txt", "utf8").then((d) => console.log("promise", d))
    fs.promises.stat(root + "/none").catch((e) => console.log("promise", e.code, e.syscall))
    attempt(() => fs.readFile(root + "/c.txt"))`
  const roots = ["guest", "node"].map((name) => join(folder, name))
  for (const root of roots) mkdirSync(root)
  const file = join(folder, "script.cjs")
  writeFileSync(file, script(roots[1]!))
  const node = spawnSync(process.execPath, [file], { input: "stdin", encoding: "utf8" })
  const guest = await run(`(function (require) {${script("/data")}\n})`, {
    stdin: "stdin",
    preopens: { "/data": roots[0]! },
    parts: usedParts("URL", ["fs"]),
  })
  expect(guest.stderr).toBe("")
  // Asynchronous calls finish in any order in Node.
  const lines = (text: string) => {
    const all = text.split("\n")
    const isLate = (line: string) => /^(?:callback|promise) /.test(line)
    return [...all.filter((line) => !isLate(line)), ...all.filter(isLate).sort()]
  }
  expect(lines(guest.stdout.replaceAll("/data", "ROOT"))).toEqual(lines(node.stdout.replaceAll(roots[1]!, "ROOT")))
})

test("flags, copies and slashes: a program over --dir finds what Node finds in the folder", async () => {
  const source = join(root, "fixtures/fs/flags.cjs")
  const app = join(folder, "flags.wasm")
  expect((await runNode([programs.edgeboxc, "build", source, "-o", app])).code).toBe(0)
  const [ours, theirs] = ["edgebox-flags", "node-flags"].map((name) => {
    const cwd = join(folder, name)
    mkdirSync(join(cwd, "d"), { recursive: true })
    writeFileSync(join(cwd, "d/a.txt"), "hi")
    symlinkSync("a.txt", join(cwd, "d/link"))
    return cwd
  }) as [string, string]
  const expected = await runNode([source], { cwd: theirs })
  expect(await runNode([programs.edgebox, "--dir", ".", app], { cwd: ours })).toEqual(expected)
})

test("a path through a link has no realpath here, rather than a wrong one", async () => {
  symlinkSync("edgebox-flags", join(folder, "shortcut"))
  const script = `try { require("fs").realpathSync("/data/shortcut") } catch (e) { console.log(e.message) }`
  const { stdout } = await run(`(function (require) {${script}})`, {
    parts: ["node/fs"],
    preopens: { "/data": folder },
  })
  expect(stdout).toBe("ENOSYS: function not implemented, realpath '/data/shortcut'\n")
})

test("what lies outside the preopens is not there", async () => {
  const script = `for (const p of ["/etc/passwd", "../../etc/passwd", "/data/../etc/passwd", "/data/../../x"]) { console.log(require("fs").existsSync(p)); try { require("fs").readFileSync(p) } catch (e) { console.log(e.code) } }`
  const { stdout } = await run(`(function (require) {${script}})`, {
    parts: ["node/fs"],
    preopens: { "/data": folder },
  })
  expect(stdout).toBe("false\nENOENT\n".repeat(4))
})

test("parts are found by the names of globals and by imports", () => {
  expect(usedParts("console.log(1)", [])).toEqual([])
  expect(usedParts("setTimeout(f)", [])).toEqual(["node/process"])
  expect(usedParts("new URL(x)", [])).toEqual(["web/url"])
  expect(usedParts("var CURL = 1", [])).toEqual([])
  expect(usedParts("", ["util"])).toEqual(["web/encoding", "node/util", "node/timers"])
  expect(usedParts("globalThis['structuredClone'](1)", ["path"])).toEqual(["web/clone", "node/path"])
  expect(builtinNames).toContain("fs/promises")
})

test("a part defines the modules and globals of its row, and no module of another", async () => {
  const names = partNames.flatMap((name) => parts[name].modules ?? [])
  const globals = partNames.flatMap((name) => parts[name].globals ?? [])
  expect(new Set(names).size).toBe(names.length)
  expect(new Set(globals).size).toBe(globals.length)
  for (const name of partNames) {
    const row = parts[name]
    const loaded = partNames.filter((other) => other === name || row.needs?.includes(other))
    const there = loaded.flatMap((other) => parts[other].modules ?? [])
    const { stdout } = await run(
      `(function (require) {
        const has = (name) => { try { return require(name) !== undefined } catch { return false } }
        console.log(${JSON.stringify(names)}.filter(has).join(" "))
        console.log(${JSON.stringify(row.globals ?? [])}.filter((name) => !(name in globalThis)).join(" "))
      })`,
      { parts: loaded },
    )
    expect(stdout, name).toBe(`${there.join(" ")}\n\n`)
  }
})

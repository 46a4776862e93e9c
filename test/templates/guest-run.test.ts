// Whole programs, in the guest and in Node: the event loop, process, console, errors and exit codes.
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { sameStderr, scripts } from "./guest-scripts.ts"
import { run, startGuest } from "./live-guest.ts"
import { onlyNewerNodesWarn } from "./newer-nodes.ts"

const folder = mkdtempSync(join(tmpdir(), "edgebox-scripts-"))
afterAll(() => rmSync(folder, { recursive: true }))
const input = "line one\nzwei ä €\n😀 end"

for (const [name, script] of Object.entries(scripts)) {
  test(name, async () => {
    const file = join(folder, "script.cjs")
    writeFileSync(file, script)
    const node = spawnSync(process.execPath, [file], { input, encoding: "utf8", env: { NO_COLOR: "1" } })
    const guest = await run(`(function (require) {${script}\n})`, { stdin: input })
    expect({ stdout: guest.stdout, code: guest.code }).toEqual({ stdout: node.stdout, code: node.status })
    if (sameStderr.includes(name)) {
      const line = /^\w*Error.*$/m
      expect(line.exec(guest.stderr)?.[0]).toBe(line.exec(node.stderr)?.[0])
      expect(guest.stderr).toMatch(/\n {4}at .*app\.js:\d+:\d+/)
    }
    if (guest.code === 0 && !onlyNewerNodesWarn(name)) expect(guest.stderr === "").toBe(node.stderr === "")
  })
}

test("refresh starts a timer anew", async () => {
  const script = `(function () {
    const start = performance.now()
    const t = setTimeout(() => console.log("anew"), 20)
    while (performance.now() < start + 15);
    setTimeout(() => console.log("between"), 10)
    t.refresh()
  })`
  expect((await run(script, { parts: ["web/performance"] })).stdout).toBe("between\nanew\n")
})

test("output before an error is all there", async () => {
  const { stdout, code } = await run(
    '(function () { for (let i = 0; i < 200000; i++) console.log("line " + i); throw new Error("end") })',
  )
  expect(code).toBe(1)
  expect(stdout).toBe(Array.from({ length: 200000 }, (_, i) => `line ${i}\n`).join(""))
})

test("a top level that awaits for ever ends with exit code 13", async () => {
  const { code, stderr } = await run("(async function (require) { await new Promise(() => {}) })")
  expect(code).toBe(13)
  expect(stderr).toMatch(/^Warning: /)
})

test("an async top level that throws is an uncaught error", async () => {
  const { code, stderr, stdout } = await run(
    '(async function (require) { await 1; console.log("a"); process.on("exit", (c) => console.log("exit", c)); throw new Error("top") })',
  )
  expect({ code, stdout }).toEqual({ code: 1, stdout: "a\nexit 1\n" })
  expect(stderr).toMatch(/^Error: top\n {4}at app\.js:1:/)
})

test("arguments and environment", async () => {
  const script =
    "(function () { console.log(process.argv, process.env, process.platform, process.arch, process.version) })"
  const { stdout } = await run(script, { args: ["a", "ä b"], env: { X: "1", Y: "a=b" } })
  expect(stdout).toBe("[ 'edgebox', 'app.wasm', 'a', 'ä b' ] { X: '1', Y: 'a=b' } wasi wasm32 v20.0.0\n")
})

test("frames of the guest itself are not shown", async () => {
  const { stderr } = await run("(function () { setTimeout(function later() { throw new Error('x') }, 1) })")
  expect(stderr).toMatch(/^Error: x\n {4}at later \(app\.js:1:\d+\)\n$/)
})

test("a bundle with a syntax error is described, with its place", async () => {
  const guest = await startGuest(new Proxy({}, { get: () => () => 0 }) as WebAssembly.ModuleImports)
  expect(guest.compile("(function () {\n  let x = ;\n})")).toMatchObject({
    name: "SyntaxError",
    lineNumber: 2,
    columnNumber: 11,
  })
  // The guest is usable afterwards.
  expect(guest.compile("(function () {})")).toBeUndefined()
})

test("no source text stays in memory unless it is asked for", async () => {
  const wasi = new Proxy({}, { get: () => () => 0 }) as WebAssembly.ModuleImports
  const secret = "/* a comment that nobody needs */"
  const has = (memory: WebAssembly.Memory) => Buffer.from(memory.buffer).includes(secret)
  const without = await startGuest(wasi)
  without.compile(`(function () { function f() { ${secret} return 1 } return f })`)
  without.engine.call("guest_seal") // as before a snapshot
  expect(has(without.engine.memory)).toBe(false)
  const kept = await startGuest(wasi)
  kept.compile(`(function () { function f() { ${secret} return 1 } return f })`, 2)
  kept.engine.call("guest_seal")
  expect(has(kept.engine.memory)).toBe(true)
})

test("a top level that ran at build time is followed by its default export", async () => {
  const bundle = `(function () {
    let count = 0
    const table = Array.from({ length: 5 }, (_, i) => i * i)
    Promise.resolve().then(() => count++)
    return { default() { console.log("started", table, count, process.argv.length); return Promise.resolve().then(() => console.log("later")) } }
  })`
  const { stdout, code } = await run(bundle, { runAtBuild: true, args: ["x"] })
  expect({ stdout, code }).toEqual({ stdout: "started [ 0, 1, 4, 9, 16 ] 1 3\nlater\n", code: 0 })
})

for (const [what, statement] of Object.entries({
  "Math.random()": "Math.random()",
  "writing output": "console.log('x')",
  "reading the arguments": "process.argv",
  "reading the environment": "process.env.HOME",
  "process.exit()": "process.exit(0)",
  "leaving a timer behind": "setInterval(() => {}, 1000)",
  "reading the clock": "performance.now()",
  "using randomness": "crypto.randomUUID()",
  "reading standard input": "process.stdin.on('data', () => {})",
  "using files": "require('fs').readFileSync('/x')",
  "awaiting something that never happens": "return new Promise(() => {})",
})) {
  test(`at build time, ${what} is refused and its place named, even when the program catches errors`, async () => {
    const bundle = `(function (require) {\n  try {\n    ${statement}\n  } catch {}\n})`
    const error = await run(bundle, { runAtBuild: true, parts: ["web/performance", "web/crypto", "node/fs"] }).then(
      () => undefined,
      (e: Error) => JSON.parse(e.message) as Record<string, unknown>,
    )
    expect(error).toMatchObject({ forbidden: what })
    if (!what.startsWith("awaiting")) expect(error).toMatchObject({ fileName: "app.js", lineNumber: 3 })
  })
}

test("two starts differ in time origin and randomness", async () => {
  const script = `(function () { console.log(performance.timeOrigin, performance.now(), crypto.randomUUID()) })`
  const start = async () => {
    const [before, { stdout }, after] = [
      Date.now(),
      await run(script, { parts: ["web/performance", "web/crypto"] }),
      Date.now(),
    ]
    const [origin, now, id] = stdout.trim().split(" ")
    // The clocks of a system may drift apart by a little, but not by the time since the base was built.
    expect(Number(origin)).toBeGreaterThan(before - 1000)
    expect(Number(origin)).toBeLessThan(after + 1000)
    expect(Number(now)).toBeLessThan(after - before + 1000)
    return [origin, id]
  }
  const [[origin, id], [laterOrigin, laterId]] = [await start(), await start()]
  expect(laterOrigin).not.toBe(origin)
  expect(laterId).not.toBe(id)
})

for (const [statement, message] of [
  ["Promise.reject(new Error('late'))", "late"],
  ["throw new TypeError('boom')", "boom"],
  ["queueMicrotask(() => { throw new Error('microtask') })", "microtask"],
  ["setImmediate(() => { throw new Error('immediate') })", "immediate"],
]) {
  test(`at build time, an error in ${statement} is the build's`, async () => {
    const failed = run(`(function () {\n ${statement} })`, { runAtBuild: true })
    const error = JSON.parse(await failed.then(String, (e: Error) => e.message)) as Record<string, unknown>
    expect(error).toMatchObject({ message, fileName: "app.js", lineNumber: 2 })
    expect(error["forbidden"]).toBeUndefined()
  })
}

for (const [statement, expected] of [
  ["const t = setTimeout(() => {}, 5); clearTimeout(t); return () => console.log(typeof t)", "object\n"],
  ["const r = Math.random; return { default() { console.log(typeof r(), r.name) } }", "number random\n"],
  ["return { default: 5 }", ""],
  ["return { default: { default() { console.log('cjs') } } }", "cjs\n"],
  [
    "process.on('exit', (c) => console.log('bye', c)); return { async default() { await null; process.exitCode = 4 } }",
    "bye 4\n",
  ],
]) {
  test(`after a build-time run: ${statement}`, async () => {
    expect((await run(`(function () { ${statement} })`, { runAtBuild: true })).stdout).toBe(expected)
  })
}

for (const [thrown, expected] of [
  ["new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })", "Uncaught:"],
  ["{ [Symbol.for('nodejs.util.inspect.custom')]() { throw 1 } }", "Uncaught: a value that cannot be shown (object)"],
] as const) {
  test(`thrown and hard to print: ${thrown}`, async () => {
    const { stderr, code } = await run(`(function () { throw ${thrown} })`)
    expect(stderr.split("\n")[0]).toBe(expected)
    expect(code).toBe(1)
  })
}

test("twenty thousand timers are no burden", async () => {
  const script = `(function () {
    let fired = 0
    const timers = Array.from({ length: 20000 }, (_, i) => setTimeout(() => fired++, i % 50))
    for (let i = 0; i < timers.length; i += 2) clearTimeout(timers[i])
    process.on("exit", () => console.log(fired))
  })`
  expect((await run(script)).stdout).toBe("10000\n")
})

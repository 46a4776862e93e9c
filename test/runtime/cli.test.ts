// edgebox as a user meets it: whole processes of dist/edgebox.cjs, with the guest in a worker and on the main thread.
import { spawn, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { Writable } from "node:stream"
import { afterAll, beforeAll, expect, test } from "vitest"
import wabt from "wabt"

const edgebox = resolve(import.meta.dirname, "../../dist/edgebox.cjs")
/** How Node is started: without its own stack the guest runs in a worker, with it on the main thread. */
const ways: Record<string, string[]> = { worker: [], "main thread": ["--stack-size=5000"] }

const wasi = (name: string, type: string) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`
const errno4 = "(param i32 i32 i32 i32) (result i32)"
/** Waits for input so long; exits with 16 times the number of events and the type of the first (0 time, 1 input). */
const waits = (nanoseconds: bigint) => `${wasi("poll_oneoff", errno4)} ${wasi("proc_exit", "(param i32)")}
    (memory (export "memory") 1)
    (func (export "_start")
      (i32.store (i32.const 144) (i32.const 1)) (i64.store (i32.const 152) (i64.const ${nanoseconds}))
      (i32.store8 (i32.const 184) (i32.const 1))
      (if (call $poll_oneoff (i32.const 128) (i32.const 512) (i32.const 2) (i32.const 8)) (then unreachable))
      (call $proc_exit (i32.add (i32.mul (i32.load (i32.const 8)) (i32.const 16)) (i32.load8_u (i32.const 522)))))`

/** Milliseconds after which a process hangs: far more than any takes on a slow machine. */
const HANGS = 600_000

/** Text of the modules that the tests run. iovec at 0, what a call returns at 8. */
const modules = {
  /** Copies stdin to stdout. */
  cat: `${wasi("fd_read", errno4)} ${wasi("fd_write", errno4)} (memory (export "memory") 2)
    (func (export "_start") (i32.store (i32.const 0) (i32.const 1024))
      (loop $more (i32.store (i32.const 4) (i32.const 65536))
        (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
        (if (i32.load (i32.const 8)) (then
          (i32.store (i32.const 4) (i32.load (i32.const 8)))
          (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
          (br $more)))))`,
  /** Writes 10 MB in pieces of 10,000 bytes, and exits with 9 at once. */
  large: `${wasi("fd_write", errno4)} ${wasi("proc_exit", "(param i32)")} (memory (export "memory") 1)
    (func (export "_start") (local $i i32)
      (memory.fill (i32.const 1024) (i32.const 120) (i32.const 10000))
      (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 10000))
      (loop $more
        (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))
      (call $proc_exit (i32.const 9)))`,
  /** Says "x", then runs for ever. */
  endless: `${wasi("fd_write", errno4)} (memory (export "memory") 1) (data (i32.const 16) "x")
    (func (export "_start") (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1))
      (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (loop $for_ever (br $for_ever)))`,
  /** Writes for ever. */
  flood: `${wasi("fd_write", errno4)} (memory (export "memory") 1)
    (func (export "_start") (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 60000))
      (loop $more (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br $more)))`,
  /** Calls itself 200,000 times, each with a few values alive across the call. */
  deep: `(memory (export "memory") 1)
    (func $down (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 0))
      (else (i32.add (local.get 0) (call $down (i32.sub (local.get 0) (i32.const 1)))))))
    (func (export "_start") (drop (call $down (i32.const 50000))))`,
  trap: `(memory (export "memory") 1) (func $inner unreachable) (func (export "_start") call $inner)`,
  loops: `(memory (export "memory") 1) (func $r call $r) (func (export "_start") call $r)`,
  /** Opens a file at each depth, so that the stack ends inside the host's functions. */
  hostDeep: `${wasi("path_open", "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)")}
    (memory (export "memory") 1) (data (i32.const 0) "a/b")
    (func $down (param i32) (result i32)
      (if (i32.eqz (i32.and (local.get 0) (i32.const 255))) (then (drop (call $path_open (i32.const 3) (i32.const 1)
        (i32.const 0) (i32.const 3) (i32.const 1) (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8)))))
      (i32.add (i32.const 1) (call $down (i32.add (local.get 0) (i32.const 1)))))
    (func (export "_start") (drop (call $down (i32.const 0))))`,
  waitsShort: waits(100_000_000n),
  waitsAnHour: waits(3_600_000_000_000n),
  exitLarge: `${wasi("proc_exit", "(param i32)")} (memory (export "memory") 1) (func (export "_start") (call $proc_exit (i32.const -2)))`,
  huge: `(memory (export "memory") 65536) (func (export "_start"))`,
  empty: `(memory (export "memory") 1) (func (export "_start"))`,
  exit3: `${wasi("proc_exit", "(param i32)")} (memory (export "memory") 1) (func (export "_start") (call $proc_exit (i32.const 3)))`,
}

let folder: string
const path = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "edgebox-cli-"))
  const { parseWat } = await wabt()
  for (const [name, text] of Object.entries(modules)) {
    const module = parseWat(`${name}.wat`, `(module ${text})`, { bulk_memory: true })
    writeFileSync(path(`${name}.wasm`), module.toBinary({ write_debug_names: true }).buffer)
    module.destroy()
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(
  args: string[],
  { node = [], input = "", env = {} }: { node?: string[]; input?: string; env?: object } = {},
) {
  const options = { input, cwd: folder, encoding: "utf8" as const, maxBuffer: 1 << 28, timeout: HANGS }
  const ended = spawnSync(process.execPath, [...node, edgebox, ...args], {
    ...options,
    env: { ...process.env, ...env },
  })
  return { code: ended.status, signal: ended.signal, stdout: ended.stdout, stderr: ended.stderr }
}

for (const [way, node] of Object.entries(ways)) {
  test(`${way}: standard input to standard output, byte for byte`, () => {
    const input = Array.from({ length: 60_000 }, (_, i) => `line ${i} ünï\n`).join("")
    expect(run(["cat.wasm"], { node, input })).toEqual({ code: 0, signal: null, stdout: input, stderr: "" })
  })

  test(`${way}: output larger than a pipe is complete when the program exits right after it`, () => {
    const { code, stdout, stderr } = run(["large.wasm"], { node })
    expect([code, stdout.length, stderr]).toEqual([9, 10_000_000, ""])
  })

  test(`${way}: exit codes are the program's`, () => {
    expect(run(["exit3.wasm"], { node })).toEqual({ code: 3, signal: null, stdout: "", stderr: "" })
    expect(run(["empty.wasm"], { node })).toEqual({ code: 0, signal: null, stdout: "", stderr: "" })
  })

  test.skipIf(process.platform === "win32")(
    `${way}: waiting for input ends with the input, its end, or the time`,
    () => {
      const shell = (line: string) =>
        spawnSync("sh", ["-c", line, process.execPath, edgebox, ...node], { cwd: folder, timeout: HANGS }).status
      const program = `"$0" \${2:+"$2"} "$1"`
      expect(shell(`echo x | ${program} waitsAnHour.wasm`)).toBe(17)
      expect(shell(`: | ${program} waitsAnHour.wasm`)).toBe(17)
      expect(shell(`${program} waitsAnHour.wasm < empty.wasm`)).toBe(17)
      expect(shell(`${program} waitsAnHour.wasm < /dev/null`)).toBe(17)
      // The shell holds the other end of the pipe, and writes nothing.
      const silent = "rm -f silent && mkfifo silent && exec 3<>silent"
      expect(shell(`${silent}; ${program} waitsShort.wasm < silent`)).toBe(16)
    },
  )

  test(`${way}: a socket, which is what a child of Node reads, is waited for as well`, async () => {
    const started = (name: string, then: (stdin: Writable) => void) => {
      const child = spawn(process.execPath, [...node, edgebox, path(name)], {
        stdio: ["pipe", "inherit", "inherit"],
      })
      then(child.stdin)
      return new Promise((done) => child.once("exit", done))
    }
    expect(await started("waitsShort.wasm", () => {})).toBe(16)
    expect(await started("waitsAnHour.wasm", (stdin) => stdin.write("x"))).toBe(17)
    expect(await started("waitsAnHour.wasm", (stdin) => stdin.end())).toBe(17)
  })

  test(`${way}: an exit code that does not fit a process is cut as the system cuts it`, () => {
    expect(run(["exitLarge.wasm"], { node }).code).toBe(254)
  })

  test(`${way}: 50,000 plain wasm calls are not deep`, () => {
    expect(run(["deep.wasm"], { node })).toEqual({ code: 0, signal: null, stdout: "", stderr: "" })
  })

  test(`${way}: a trap is one message with the wasm frames, and exit code 1`, () => {
    const { code, stderr } = run(["trap.wasm"], { node })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^edgebox: trap\.wasm trapped: unreachable \(the program gave up\)\n {2}at inner\+0x[0-9a-f]+\n {2}at function\[1\]\+0x[0-9a-f]+\n$/,
    )
    const loop = run(["loops.wasm"], { node })
    expect(loop.code).toBe(1)
    expect(loop.stderr).toMatch(/^edgebox: loops\.wasm trapped: out of stack/)
    expect(loop.stderr).not.toMatch(/\.js:|node:/)
  })

  test(`${way}: a stack that ends inside a call of the host ends the program, not the process`, () => {
    const { code, signal, stderr } = run(["--dir", ".", "hostDeep.wasm"], { node })
    expect([code, signal]).toEqual([1, null])
    expect(stderr).toMatch(/^edgebox: hostDeep\.wasm trapped: out of stack/)
  })

  test(`${way}: the reader of the output has gone: no message, no endless run`, async () => {
    const child = spawn(process.execPath, [...node, edgebox, path("flood.wasm")], { stdio: ["ignore", "pipe", "pipe"] })
    let errors = ""
    child.stderr.on("data", (chunk) => (errors += chunk))
    child.stdout.once("data", () => child.stdout.destroy())
    const code = await new Promise((done) => child.once("close", done))
    expect([code, errors]).toEqual([141, ""])
  })

  test.skipIf(process.platform === "win32")(`${way}: an interrupt ends a program that runs for ever`, async () => {
    const child = spawn(process.execPath, [...node, edgebox, path("endless.wasm")], {
      stdio: ["ignore", "pipe", "inherit"],
    })
    child.stdout.once("data", () => child.kill("SIGINT"))
    const ended = await new Promise((done) => child.once("close", (code, signal) => done({ code, signal })))
    // A shell says 130.
    expect(ended).toEqual({ code: null, signal: "SIGINT" })
  })

  test.skipIf(process.platform === "win32")(`${way}: non-blocking pipes are waited for`, async () => {
    // The one in the middle makes the pipes that it shares with edgebox non-blocking after edgebox has started.
    const middle = `const { spawn } = require("node:child_process")
      const child = spawn(process.execPath, ${JSON.stringify([...node, edgebox, path("cat.wasm")])}, { stdio: "inherit" })
      process.stdout._handle.setBlocking?.(false); process.stdin.pause(); process.stdin._handle.readStop?.()
      child.on("close", (code) => (process.exitCode = code))`
    const child = spawn(process.execPath, ["-e", middle], { stdio: ["pipe", "pipe", "inherit"] })
    const input = Buffer.alloc(2_000_000, "0123456789")
    const received: Buffer[] = []
    child.stdout.on("data", (chunk: Buffer) => {
      received.push(chunk)
      child.stdout.pause()
      setTimeout(() => child.stdout.resume(), 2)
    })
    child.stdin.write(input.subarray(0, 5))
    // What comes back says that edgebox reads.
    child.stdout.once("data", () => child.stdin.end(input.subarray(5)))
    const code = await new Promise((done) => child.once("close", done))
    expect(code).toBe(0)
    expect(Buffer.concat(received).equals(input)).toBe(true)
  })

  test(`${way}: a module that cannot be run is one sentence, without a stack`, () => {
    writeFileSync(path("empty-file.wasm"), "")
    writeFileSync(path("text.wasm"), "console.log(1)\n")
    writeFileSync(path("module.wat"), "(module)")
    writeFileSync(path("page.wasm"), "<!doctype html><title>404</title>")
    writeFileSync(path("binary.wasm"), new Uint8Array(100).fill(7))
    writeFileSync(path("component.wasm"), new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]))
    writeFileSync(path("future.wasm"), new Uint8Array([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]))
    const good = readFileSync(path("cat.wasm"))
    writeFileSync(path("cut.wasm"), good.subarray(0, good.length - 150))
    writeFileSync(path("header.wasm"), good.subarray(0, 6))
    const corrupt = Buffer.from(good)
    corrupt.fill(0xff, corrupt.indexOf("fd_read") + 60, corrupt.indexOf("fd_read") + 64)
    writeFileSync(path("corrupt.wasm"), corrupt)
    mkdirSync(path("folder.wasm"), { recursive: true })
    const messages: [string, RegExp][] = [
      ["missing.wasm", /^EB701: There is no file "missing\.wasm"\.\n/],
      ["folder.wasm", /^EB703: "folder\.wasm" is a directory/],
      ["empty-file.wasm", /^EB704: "empty-file\.wasm" is empty\.\n$/],
      ["text.wasm", /^EB705: .* is not a wasm module: it is a text file\.\n$/],
      ["module.wat", /^EB705: .*text format; assemble it first/],
      ["page.wasm", /^EB705: .*HTML/],
      ["binary.wasm", /^EB705: .*magic number/],
      ["component.wasm", /^EB706: .* is a WebAssembly component/],
      ["future.wasm", /^EB707: .*version 2/],
      ["cut.wasm", /^EB708: .*cut off: the file ends inside its \w+ section\.\n/],
      ["header.wasm", /^EB708: .*its header/],
      ["corrupt.wasm", /^EB709: .*not valid wasm: .*at byte \d+/],
    ]
    for (const [file, message] of messages) {
      const { code, stdout, stderr } = run([file], { node })
      expect([file, code, stdout]).toEqual([file, 1, ""])
      expect(stderr).toMatch(message)
      expect(stderr).not.toMatch(/\n\s+at .*:\d+:\d+/)
    }
  })
}

test("help and version", () => {
  const { code, stdout, stderr } = run(["--help"])
  expect([code, stderr]).toEqual([0, ""])
  expect(stdout).toMatch(/^Usage: edgebox \[options\] app\.wasm \[args\]\n/)
  expect(run(["-h"]).stdout).toBe(stdout)
  const { version } = JSON.parse(readFileSync(resolve(edgebox, "../../package.json"), "utf8")) as { version: string }
  expect(run(["--version"]).stdout).toBe(`${version}\n`)
})

test("a wrong command line exits with 2 and says what is wrong", () => {
  const wrong: [string[], RegExp][] = [
    [[], /^EB700: There is no \.wasm file to run\.\n {2}See edgebox --help\.\n$/],
    [["--dirs", ".", "x"], /no option --dirs\.\n {2}Did you mean --dir\?\n$/],
    [["-d", ".", "x"], /no option -d\.\n {2}Did you mean --dir\?\n$/],
    [["--frobnicate"], /no option --frobnicate\.\n {2}See edgebox --help\.\n$/],
    [["--dir"], /--dir needs a value/],
    [["--env="], /--env needs a value/],
  ]
  for (const [args, message] of wrong) {
    const { code, stderr } = run(args)
    expect([args, code]).toEqual([args, 2])
    expect(stderr).toMatch(message)
  }
})

test("grants that cannot be given are named", () => {
  const wrong: [string[], RegExp][] = [
    [["--dir", "nowhere"], /^EB720: --dir nowhere: there is no such directory\./],
    [["--dir", "cat.wasm"], /^EB720: .*not a directory/],
    [["--dir", "::x"], /^EB720: .*no directory of yours/],
    [["--dir", ".::"], /^EB720: .*for the program/],
    [["--dir", ".::a", "--dir", "..::a"], /^EB720: .*"a" is granted twice/],
    [["--env", "EDGEBOX_IS_NOT_SET"], /^EB721: .*your environment has no EDGEBOX_IS_NOT_SET/],
    [["--env", "=x"], /^EB721: .*no name/],
  ]
  for (const [options, message] of wrong) {
    const { code, stdout, stderr } = run([...options, "empty.wasm"])
    expect([options, code, stdout]).toEqual([options, 1, ""])
    expect(stderr).toMatch(message)
  }
})

test("nothing listens and nothing can be said: the exit code is still right", async () => {
  const child = spawn(process.execPath, [edgebox, path("missing.wasm")], { stdio: ["ignore", "ignore", "pipe"] })
  child.stderr.destroy()
  expect(await new Promise((done) => child.once("close", done))).toBe(1)
})

test("names in a module do not reach the terminal as they are", () => {
  const text = readFileSync(path("trap.wasm"))
  const at = text.indexOf("inner", text.indexOf("name"))
  const evil = Buffer.from(text)
  evil.write("\x1b[2Jx", at, "latin1")
  writeFileSync(path("evil.wasm"), evil)
  expect(run(["evil.wasm"]).stderr).toMatch(/\n {2}at \\u\{1b\}\[2Jx\+0x/)
  expect(run(["\x1b[2J.wasm"]).stderr).toMatch(/^EB701: There is no file "\\u\{1b\}\[2J\.wasm"/)
})

test("a source file is met with how to build it", () => {
  writeFileSync(path("app.ts"), "console.log(1)\n")
  expect(run(["app.ts"]).stderr).toBe(
    'EB705: "app.ts" is not a wasm module: it is a text file.\n  Build it first: edgeboxc build app.ts -o app.wasm\n',
  )
})

test("memory that the host cannot give is said, not crashed on", () => {
  const { code, stderr } = run(["huge.wasm"], { node: ["--stack-size=5000", "--wasm-max-mem-pages=1000"] })
  expect(code).toBe(1)
  expect(stderr).toMatch(/EB7\d\d: "huge\.wasm" .*memory/)
})

test.skipIf(process.platform !== "linux")("a stack that Node promises and the system does not have is not used", () => {
  const command = `ulimit -s 2048; exec "$0" --stack-size=5000 "$1" loops.wasm`
  const ended = spawnSync("sh", ["-c", command, process.execPath, edgebox], { cwd: folder, encoding: "utf8" })
  expect([ended.status, ended.signal]).toEqual([1, null])
  expect(ended.stderr).toMatch(/trapped: out of stack/)
})

test("a program that reads and writes makes Node load none of its modules: each would delay every start", () => {
  const preload = path("count.cjs")
  writeFileSync(
    preload,
    `const before = process.moduleLoadList.length
    process.on("exit", () => require("fs").writeSync(2, process.moduleLoadList.slice(before).join()))`,
  )
  const node = ["--stack-size=5000", "--wasm-tiering-budget=13000000", "--require", preload]
  expect(run(["cat.wasm"], { node, input: "x" })).toEqual({ code: 0, signal: null, stdout: "x", stderr: "" })
})

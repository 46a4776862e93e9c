// `edgeboxc snapshot` as a process: options, exit codes, standard streams, files, time limits, WASI.
import { spawnSync, type SpawnSyncReturns } from "node:child_process"
import { createHash } from "node:crypto"
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { parseExports } from "../../wasm/externs.ts"
import { findSection, readSections, SectionId } from "../../wasm/sections.ts"
import { assemble, start } from "../wasm.ts"

const root = resolve(import.meta.dirname, "../..")
const folder = mkdtempSync(join(tmpdir(), "snapshot-cli-"))
const program = join(folder, "snapshot.mjs")

/** Milliseconds that nothing takes, on a slow machine either: after them a process hangs. */
const HANGS = 600_000

/** The command alone, bundled as the build does it, so that this file tests the sources and not an older dist/. */
beforeAll(async () => {
  const { build } = await import("esbuild")
  const main = `
    import { makeProgram, runProgram } from "./command.ts"
    import { snapshotCommand } from "./compiler/commands/snapshot-command.ts"
    import { wrongUsage } from "./compiler/errors.ts"
    const program = makeProgram({ name: "edgeboxc", version: "0.0.0" })
    snapshotCommand(program)
    await runProgram(program, wrongUsage)`
  await build({
    stdin: { contents: main, resolveDir: root, loader: "ts" },
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);" },
  })
  await build({
    entryPoints: [join(root, "wizer/node/worker.ts")],
    outfile: join(folder, "wizer-worker.js"),
    bundle: true,
    platform: "node",
    format: "esm",
  })
  writeFileSync(join(folder, "package.json"), `{"type":"module"}`)
})

function edgeboxc(args: string[], input?: Uint8Array, env: Record<string, string> = {}): SpawnSyncReturns<Buffer> {
  return spawnSync(process.execPath, [program, "snapshot", ...args], {
    cwd: folder,
    input: input ?? "",
    env: { ...process.env, ...env },
    timeout: HANGS,
  })
}

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, typeof bytes === "string" ? assemble(bytes) : bytes)
  return path
}

const exportsOf = (bytes: Uint8Array) =>
  parseExports(findSection(readSections(bytes), SectionId.Export)).map((e) => e.name)
const counter = `(module (memory (export "memory") 1) (global $g (mut i32) (i32.const 0))
  (func (export "wizer-initialize") (global.set $g (i32.add (global.get $g) (i32.const 7))))
  (func (export "a") (result i32) (global.get $g)) (func (export "b") (result i32) (i32.const 2)))`

/** WASI code for initialisers; `body` may use $at as an address to write to. */
const wasi = (body: string, more = "") => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 2) (global $errno (mut i32) (i32.const 0))
  (func (export "wizer-initialize") ${body})
  (func (export "errno") (result i32) (global.get $errno)) ${more})`

test("the ways to say input and output agree", () => {
  const input = file("in.wasm", counter)
  const run = (args: string[], stdin?: Uint8Array) => {
    const { status, stdout, stderr } = edgeboxc(args, stdin)
    expect({ status, args, stderr: String(stderr) }).toMatchObject({ status: 0 })
    return stdout
  }
  run([input, join(folder, "one.wasm")])
  const wanted = readFileSync(join(folder, "one.wasm"))
  run([input, "-o", join(folder, "two.wasm")])
  run(["-o", join(folder, "three.wasm"), "-f", "wizer-initialize", input])
  for (const name of ["two", "three"]) expect(readFileSync(join(folder, `${name}.wasm`)).equals(wanted)).toBe(true)
  expect(run([input, "-"]).equals(wanted)).toBe(true)
  expect(run(["-", "-"], readFileSync(input)).equals(wanted)).toBe(true)
  expect(run([], readFileSync(input)).equals(wanted)).toBe(true)
  expect(start(wanted).call("a")).toEqual({ results: 7 })
})

test("Wizer's spellings are understood", () => {
  const input = file("in.wasm", counter)
  const names = (...args: string[]) => {
    const { status, stdout, stderr } = edgeboxc([...args, input, "-"])
    expect({ status, stderr: String(stderr) }).toMatchObject({ status: 0 })
    return exportsOf(stdout)
  }
  expect(names()).toEqual(["memory", "a", "b"])
  expect(names("--init-func=wizer-initialize", "--keep-init-func=true")).toEqual([
    "memory",
    "wizer-initialize",
    "a",
    "b",
  ])
  expect(names("--keep-init-func")).toContain("wizer-initialize")
  expect(names("--keep-init-func=false")).not.toContain("wizer-initialize")
  expect(names("-r", "a=b", "--rename-func", "c=a")).toEqual(["memory", "c", "a"])
  expect(names("--func-rename", "x=b")).toEqual(["memory", "a", "x"])
  expect(
    names("--wasm-multi-memory", "true", "--wasm-simd=true", "--inherit-env", "false", "--inherit-stdio=true"),
  ).toHaveLength(3)
})

test("exit codes: 0, 1 for problems, 2 for wrong usage", () => {
  const input = file("in.wasm", counter)
  const out = join(folder, "codes.wasm")
  const statusOf = (...args: string[]) => edgeboxc(args).status
  expect(statusOf(input, out)).toBe(0)
  expect(statusOf("--help")).toBe(0)
  expect(statusOf(join(folder, "nowhere.wasm"), out)).toBe(1)
  expect(statusOf(input, join(folder, "no-such-folder", "x.wasm"))).toBe(1)
  expect(statusOf(input, out, "--init-func", "nothing")).toBe(1)
  for (const args of [
    ["--no-such-option"],
    ["--optimize", "speed"],
    ["--timeout", "soon"],
    ["--max-memory", "much"],
    ["-r", "a"],
    ["--preload", "x"],
    ["--mapdir", "a"],
    ["--env", "novalue"],
    ["--reproducible", "--inherit-env"],
    ["--wasm-simd", "false"],
    ["--keep-init-func=maybe"],
    ["--timeout", "0"],
    ["-o", join(folder, "other.wasm")],
  ]) {
    expect({ args, status: statusOf(input, out, ...args) }).toEqual({ args, status: 2 })
  }
})

test("the short options take = as Wizer's do", () => {
  const input = file("in.wasm", counter)
  const { status, stderr } = edgeboxc(["-f=wizer-initialize", "-r=x=a", `-o=${join(folder, "short.wasm")}`, input])
  expect({ status, stderr: String(stderr) }).toMatchObject({ status: 0 })
  expect(exportsOf(readFileSync(join(folder, "short.wasm")))).toEqual(["memory", "x", "b"])
})

/** A device that takes nothing: one of our own where we may make it, else the machine's. */
function fullDevice(): string | undefined {
  const own = join(folder, "full")
  if (spawnSync("mknod", [own, "c", "1", "7"]).status === 0) return own
  return statSync("/dev/full", { throwIfNoEntry: false })?.isCharacterDevice() === true ? "/dev/full" : undefined
}

test("a module that could not be written to standard output is no success", () => {
  const device = fullDevice()
  if (device === undefined) return
  const full = openSync(device, "w")
  const run = (...args: string[]) => {
    const all = [program, "snapshot", file("in.wasm", counter), ...args]
    const { status, stderr } = spawnSync(process.execPath, all, { stdio: ["ignore", full, "pipe"], cwd: folder })
    return { status, text: String(stderr) }
  }
  const problem = { status: 1, text: expect.stringMatching(/^EB323/) }
  expect(run("-")).toMatchObject(problem)
  const out = join(folder, "full.out.wasm")
  expect(run(out, "--report", "-")).toMatchObject(problem)
  expect(run(out)).toEqual({ status: 0, text: "" }) // only the summary was lost
  closeSync(full)
})

test("an output's name may be as long as the file system allows", () => {
  const out = join(folder, `${"n".repeat(250)}.wasm`)
  expect(String(edgeboxc([file("in.wasm", counter), out]).stderr)).toBe("")
  expect(existsSync(out)).toBe(true)
})

test("two preloaded modules of one name are a problem", () => {
  const input = file("twice.wasm", `(module (func (export "wizer-initialize")))`)
  const empty = file("empty.wasm", "(module)")
  const { status, stderr } = edgeboxc([input, "-", "--preload", `p=${empty}`, "--preload", `p=${empty}`])
  expect(String(stderr)).toMatch(/^EB326: Two preloaded modules have the name "p"/)
  expect(status).toBe(1)
})

test("a preloaded module that cannot be started is a problem, whatever it does", () => {
  const input = file("uses.wasm", `(module (import "p" "f" (func $f)) (func (export "wizer-initialize") (call $f)))`)
  const f = `(func (export "f"))`
  const exits = (status: number) => `(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32)))
    (memory (export "memory") 1) ${f} (func (export "_initialize") (call $e (i32.const ${status}))))`
  const preload = (text: string) => {
    const args = [input, "-", "--allow-wasi", "--preload", `p=${file("preload.wasm", text)}`]
    const { status, stderr } = edgeboxc(args)
    return { status, text: String(stderr) }
  }
  for (const [text, reason] of [
    [`(module ${f} (func $r (export "_initialize") (call $r)))`, /Maximum call stack size exceeded/],
    [`(module (import "env" "memory" (memory 1)) ${f})`, /Import #0 (module=)?"env"/], // newer engines leave a word out
    [`(module (import "env" "g" (global i32)) ${f})`, /Import #0 (module=)?"env"/],
    [`(module (tag $t) ${f} (func (export "_initialize") (throw $t)))`, /nothing caught it/],
    [`(module (import "env" "x" (func $x)) ${f} (func (export "_initialize") (call $x)))`, /"x" of "env"/],
    [exits(3), /status 3/],
  ] as const) {
    const ended = preload(text)
    expect(ended).toMatchObject({ status: 1, text: expect.stringContaining("EB321") })
    expect(ended.text).toMatch(reason)
  }
  expect(preload(exits(0)).status).toBe(0)
})

test("directories are given in the order of the command line, whatever they are called", () => {
  const body = `(drop (call $name (i32.const 3) (i32.const 16) (i32.const 1)))`
  const text = wasi(body).replace(
    "(module",
    `(module (import "wasi_snapshot_preview1" "fd_prestat_dir_name" (func $name (param i32 i32 i32) (result i32)))`,
  )
  const { stdout, stderr } = edgeboxc([
    ...[file("named.wasm", text), "-", "--allow-wasi"],
    ...["--mapdir", `2::${folder}`, "--mapdir", `1::${folder}`],
  ])
  expect(String(stderr)).toContain("1 byte stored")
  const { memory } = start(stdout, stubs).instance.exports
  expect(new Uint8Array((memory as WebAssembly.Memory).buffer)[16]).toBe("2".charCodeAt(0))
})

test("a failure leaves the output file as it was, and no other files behind", () => {
  const bad = file("bad.wasm", `(module (func (export "wizer-initialize") unreachable))`)
  const here = mkdtempSync(join(folder, "atomic-"))
  const out = join(here, "out.wasm")
  writeFileSync(out, "precious")
  const { status, stderr } = edgeboxc([bad, out])
  expect(status).toBe(1)
  expect(String(stderr)).toContain("EB302")
  expect(String(stderr)).not.toContain("node:")
  expect(readFileSync(out, "utf8")).toBe("precious")
  expect(readdirSync(here)).toEqual(["out.wasm"])
  expect(edgeboxc([file("in.wasm", counter), out]).status).toBe(0)
  expect(readdirSync(here)).toEqual(["out.wasm"])
})

test("an output that is a link is written through, one that is a folder is refused", () => {
  const input = file("in.wasm", counter)
  const here = mkdtempSync(join(folder, "links-"))
  writeFileSync(join(here, "target.wasm"), "")
  symlinkSync("target.wasm", join(here, "link.wasm"))
  expect(edgeboxc([input, join(here, "link.wasm")]).status).toBe(0)
  expect(readFileSync(join(here, "target.wasm")).length).toBeGreaterThan(8)
  mkdirSync(join(here, "folder"))
  const { status, stderr } = edgeboxc([input, join(here, "folder")])
  expect({ status, text: String(stderr) }).toMatchObject({ status: 1, text: expect.stringContaining("it is a folder") })
  expect(edgeboxc([input, "/dev/null"]).status).toBe(0)
})

const hello = wasi(
  `(i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 6))
   (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
   (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))`,
  `(data (i32.const 16) "hello\\n")`,
)

test("what the guest prints never mixes with the module", () => {
  const input = file("hello.wasm", hello)
  const piped = edgeboxc([input, "-", "--allow-wasi", "--inherit-stdio"])
  expect(WebAssembly.validate(piped.stdout as BufferSource)).toBe(true)
  expect(String(piped.stderr).match(/hello/g)).toHaveLength(2)
  const out = join(folder, "hello.out.wasm")
  expect(String(edgeboxc([input, out, "--allow-wasi", "--inherit-stdio"]).stdout)).toMatch(/^hello\n/)
  const quiet = edgeboxc([input, out, "--allow-wasi", "--inherit-stdio", "false"])
  expect(String(quiet.stdout) + String(quiet.stderr)).not.toMatch(/^hello$/m)
  expect(String(edgeboxc([input, out]).stderr)).toContain("--allow-wasi")
})

test("standard input belongs to the module when that comes from there", () => {
  const reader = wasi(`(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 5))
    (global.set $errno (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))`)
  const input = file("reader.wasm", reader)
  const out = join(folder, "reader.out.wasm")
  const read = () => {
    const memory = new Uint8Array(
      (start(readFileSync(out), stubs).instance.exports["memory"] as WebAssembly.Memory).buffer,
    )
    return String(Buffer.from(memory.slice(64, 64 + memory[8]!)))
  }
  edgeboxc([input, out, "--allow-wasi", "--inherit-stdio"], Buffer.from("words"))
  expect(read()).toBe("words")
  edgeboxc([input, out, "--allow-wasi"], Buffer.from("words"))
  expect(read()).toBe("")
  edgeboxc(["-", out, "--allow-wasi", "--inherit-stdio"], assemble(reader))
  expect(read()).toBe("")
  // In a thread that can be stopped, too: a socket, which is what a child of Node reads, a pipe, a file.
  const limited = [input, out, "--allow-wasi", "--inherit-stdio", "--timeout", String(HANGS)]
  edgeboxc(limited, Buffer.from("socks"))
  expect(read()).toBe("socks")
  const shell = (line: string) =>
    spawnSync("sh", ["-c", line, process.execPath, program, "snapshot", ...limited], { cwd: folder })
  shell(`printf piped | "$0" "$@"`)
  expect(read()).toBe("piped")
  writeFileSync(join(folder, "words"), "a file's words")
  shell(`(dd bs=1 count=2 of=/dev/null 2>/dev/null; "$0" "$@") < words`)
  expect(read()).toBe("file'")
})

const stubs = { wasi_snapshot_preview1: new Proxy({}, { get: () => () => 0 }) } as unknown as WebAssembly.Imports

test("--reproducible: the same bytes whatever the clock, the random numbers and the machine's files say", () => {
  const noisy =
    wasi(`(drop (call $random_get (i32.const 100) (i32.const 32))) (drop (call $clock (i32.const 0) (i64.const 0) (i32.const 200)))
    (drop (call $clock (i32.const 1) (i64.const 0) (i32.const 208))) (drop (call $readdir (i32.const 3) (i32.const 300) (i32.const 4000) (i64.const 0) (i32.const 296)))`)
  const input = file("noisy.wasm", noisy)
  const given = mkdtempSync(join(folder, "given-"))
  for (const name of ["b", "a", "c"]) writeFileSync(join(given, name), "")
  const hashes = (...args: string[]) =>
    [1, 2].map(() => {
      const { stdout } = edgeboxc([input, "-", "--allow-wasi", "--mapdir", `/::${given}`, ...args])
      return createHash("sha256").update(stdout).digest("hex")
    })
  const [one, two] = hashes("--reproducible")
  expect(one).toBe(two)
  expect(hashes("--reproducible", "--timeout", String(HANGS))[0]).toBe(one)
  const [three, four] = hashes()
  expect(three).not.toBe(four)
})

test("environment: none, named variables, all", () => {
  const input = file(
    "env.wasm",
    wasi(
      `(drop (call $environ_sizes (i32.const 0) (i32.const 4))) (drop (call $environ (i32.const 1000) (i32.const 2000)))`,
    ),
  )
  const seen = (args: string[]) => {
    const { stdout } = edgeboxc([input, "-", "--allow-wasi", ...args], undefined, { SECRET_OF_TEST: "42" })
    return String(Buffer.from(stdout))
  }
  expect(seen([])).not.toContain("SECRET_OF_TEST")
  expect(seen(["--env", "A=b=c", "--env", "D="])).toContain("A=b=c\0D=")
  expect(seen(["--inherit-env"])).toContain("SECRET_OF_TEST=42")
})

test("directories: only those that were given, and no way out of them", () => {
  const given = mkdtempSync(join(folder, "dir-"))
  writeFileSync(join(given, "file"), "inside")
  writeFileSync(join(folder, "outside"), "outside")
  symlinkSync("../outside", join(given, "up"))
  symlinkSync("/etc/hostname", join(given, "absolute"))
  symlinkSync("file", join(given, "link"))
  symlinkSync("loop", join(given, "loop"))
  const errno = (path: string, args: string[]) => {
    const open = wasi(
      `(global.set $errno (call $open (i32.const 3) (i32.const 1) (i32.const 16) (i32.const ${path.length}) (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 8)))`,
      `(data (i32.const 16) "${path}")`,
    )
    const { stdout, stderr, status } = edgeboxc([file("open.wasm", open), "-", "--allow-wasi", ...args])
    expect({ status, stderr: String(stderr) }).toMatchObject({ status: 0 })
    return (start(stdout, stubs).call("errno") as { results: number }).results
  }
  const mapped = ["--mapdir", `/data::${given}`]
  expect(errno("file", mapped)).toBe(0)
  expect(errno("link", mapped)).toBe(0)
  expect(errno("./sub/../file", mapped)).toBe(44) // as everywhere: what is walked through has to be there
  mkdirSync(join(given, "sub"))
  expect(errno("./sub/../file", mapped)).toBe(0)
  expect(errno("missing", mapped)).toBe(44)
  for (const path of ["../outside", "up", "absolute", "/etc/hostname", "sub/../../outside"])
    expect(errno(path, mapped)).toBe(76)
  expect(errno("loop", mapped)).toBe(32)
  expect(errno("file", [])).toBe(8)
  expect(errno("file", ["--dir", given])).toBe(0)
  const missing = edgeboxc([file("open.wasm", wasi("")), "-", "--allow-wasi", "--dir", join(folder, "nowhere")])
  expect(missing.status).toBe(1)
  expect(String(missing.stderr)).toContain("EB324")
})

test("an initialiser that does not end is stopped, and the error says so", () => {
  const input = file("forever.wasm", `(module (func (export "wizer-initialize") (loop $l (br $l))))`)
  const out = join(folder, "forever.out.wasm")
  const { status, stderr } = edgeboxc([input, out, "--timeout", "300"])
  expect({ status, text: String(stderr) }).toMatchObject({ status: 1, text: expect.stringContaining("EB315") })
  expect(String(stderr)).toContain("300 ms")
  expect(existsSync(out)).toBe(false)
  const start = file(
    "forever-start.wasm",
    `(module (func $s (loop $l (br $l))) (start $s) (func (export "wizer-initialize")))`,
  )
  expect(String(edgeboxc([start, out, "--timeout", "300"]).stderr)).toContain("EB315")
  // Nor does waiting for input that never comes, or for a clock, hold it up.
  const waits = file(
    "waits.wasm",
    wasi(
      `(i32.store (i32.const 4) (i32.const 5)) (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))`,
    ),
  )
  // The shell holds the other end of the pipe, and writes nothing.
  const fifo = `mkfifo input.fifo; exec 3<>input.fifo; "$0" "$@" < input.fifo 3<&-`
  const args = [program, "snapshot", waits, out, "--allow-wasi", "--inherit-stdio", "--timeout", "300"]
  const open = spawnSync("sh", ["-c", fifo, process.execPath, ...args], { cwd: folder, timeout: HANGS })
  expect({ status: open.status, text: String(open.stderr) }).toMatchObject({
    status: 1,
    text: expect.stringContaining("EB315"),
  })
  // A problem in the worker is the same problem.
  const bad = file("bad.wasm", `(module (func (export "wizer-initialize") unreachable))`)
  expect(String(edgeboxc([bad, out, "--timeout", String(HANGS)]).stderr)).toBe(String(edgeboxc([bad, out]).stderr))
})

test("memory beyond --max-memory is an error that says so", () => {
  const grows = `(module (memory 1) (func (export "wizer-initialize") (drop (memory.grow (i32.const 100)))))`
  const { status, stderr } = edgeboxc([file("grows.wasm", grows), "-", "--max-memory", "4M"])
  expect({ status, text: String(stderr) }).toMatchObject({ status: 1, text: expect.stringContaining("EB316") })
  expect(edgeboxc([file("grows.wasm", grows), "-", "--max-memory", "8M"]).status).toBe(0)
  for (const much of ["18446744073709551616", "99999999999999999999G"]) {
    expect(edgeboxc([file("grows.wasm", grows), "-", "--max-memory", much]).status).toBe(0)
  }
})

test("--validate-only runs and writes nothing", () => {
  const out = join(folder, "never.wasm")
  const forever = file("forever.wasm", `(module (func (export "wizer-initialize") (loop $l (br $l))))`)
  expect(edgeboxc([forever, out, "--validate-only"]).status).toBe(0)
  expect(existsSync(out)).toBe(false)
  expect(edgeboxc([file("in.wasm", counter), out, "--validate-only", "-r", "x=y"]).status).toBe(1)
})

test("--report has the figures, the terminal a summary", () => {
  const input = file(
    "report.wasm",
    `(module (memory 1) (func (export "wizer-initialize")
    (drop (memory.grow (i32.const 1))) (i32.store (i32.const 100) (i32.const -1)) (i32.store (i32.const 70000) (i32.const -1))))`,
  )
  const report = join(folder, "report.json")
  const { stdout } = edgeboxc([input, join(folder, "r.wasm"), "--report", report])
  const figures = JSON.parse(readFileSync(report, "utf8")) as Record<string, unknown>
  expect(figures).toMatchObject({
    segments: { snapshot: 2, kept: 0, before: 0 },
    memories: [
      {
        pages: { before: 1, after: 2 },
        stored: 8,
        segments: 2,
        largest: [
          { offset: 100, length: 4 },
          { offset: 70000, length: 4 },
        ],
      },
    ],
  })
  expect((figures["bytes"] as { after: number }).after).toBe(readFileSync(join(folder, "r.wasm")).length)
  expect(String(stdout)).toContain("1 -> 2 pages, 8 bytes stored in 2 segments")
})

test("an unreadable input and an unwritable folder are problems, not stacks", () => {
  expect(String(edgeboxc([folder, "-"]).stderr)).toContain("EB322")
  const locked = mkdtempSync(join(folder, "locked-"))
  chmodSync(locked, 0o500)
  if (process.getuid?.() === 0) return // root may write anywhere
  expect(String(edgeboxc([file("in.wasm", counter), join(locked, "x.wasm")]).stderr)).toContain("EB323")
})

test("real modules: QuickJS initialised by its own _initialize runs", () => {
  const engine = createRequire(import.meta.url)
    .resolve("quickjs-wasi/package.json")
    .replace("package.json", "quickjs.wasm")
  const args = ["--init-func", "_initialize", "--allow-wasi", "--reproducible"]
  const [one, two] = [1, 2].map(() => edgeboxc([engine, "-", ...args]).stdout)
  expect(one!.equals(two!)).toBe(true)
  expect(exportsOf(one!)).not.toContain("_initialize")
  expect(WebAssembly.validate(one as BufferSource)).toBe(true)
})

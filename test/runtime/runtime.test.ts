// fixtures/run/: a program (main.c or main.wat), what it is given, and what must come of it. The good ones give the
// same under Node's own WASI. bad-* are refused, with the text in error.txt.
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WASI } from "node:wasi"
import { commands } from "@yowasp/clang"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import wabt from "wabt"
import { runInProcess } from "../../runtime/run.ts"
import { cases } from "../cases.ts"
import type { Case } from "../cases.ts"

interface RunOptions {
  args?: string[]
  env?: Record<string, string>
  /** Guest names, each a fresh empty folder. */
  dirs?: string[]
  /** Where Node's WASI differs, and is not compared with. */
  node?: string
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "edgebox-run-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function assemble(c: Case): Promise<Uint8Array> {
  if (c.has("main.c")) {
    const sources = { "main.c": c.text("main.c") }
    const built = await commands["clang"]!(["-O1", "main.c", "-o", "main.wasm"], sources, quiet)
    return built!["main.wasm"] as Uint8Array
  }
  const { parseWat } = await wabt()
  const module = parseWat("main.wat", c.text("main.wat"), { threads: true, exceptions: true })
  try {
    return module.toBinary({ write_debug_names: true }).buffer
  } finally {
    module.destroy()
  }
}
/** clang itself: its diagnostics are shown, its progress is not. */
const quiet = {
  fetchProgress: () => {},
  stdout: () => {},
  stderr: (bytes: Uint8Array | null) => void (bytes && process.stderr.write(bytes)),
}

/** Fresh host folders for the guest names. */
function freshFolders(names: string[], label: string) {
  return names.map((guest, i) => {
    const host = join(folder, `${label}-${i}`)
    mkdirSync(host)
    return { host, guest }
  })
}

for (const c of cases("run")) {
  const { args, env, dirs = [], node } = c.options as RunOptions
  const stdin = c.has("stdin.txt") ? c.bytes("stdin.txt") : undefined

  test(c.name, async () => {
    const wasm = await assemble(c)
    if (c.bad) return c.expectProblem("error.txt", () => runInProcess(wasm))

    const ended = runInProcess(wasm, { args, env, stdin, dirs: freshFolders(dirs, c.name) })
    const text = [
      Buffer.from(ended.stdout).toString(),
      ended.stderr.length > 0 ? `--- stderr\n${Buffer.from(ended.stderr).toString()}` : "",
      ended.trap === undefined ? "" : `--- ${shortTrap(ended.trap)}\n`,
      `--- exit ${ended.exitCode}`,
    ]
    c.expectText("output.txt", text.join(""))

    if (ended.trap !== undefined || node !== undefined) return
    const theirs = underNode(wasm, c.options, stdin, `${c.name}-node`)
    expect(theirs).toEqual({ stdout: Buffer.from(ended.stdout).toString(), exitCode: ended.exitCode })
  })
}

test("a span of time is not shortened by a time of day that jumps", async () => {
  const waiting = cases("run").find((c) => c.name === "waiting")!
  const wasm = await assemble(waiting)
  let day = Date.now()
  const clock = vi.spyOn(Date, "now").mockImplementation(() => (day += 3_600_000))
  try {
    const { stdout } = runInProcess(wasm, { stdin: waiting.bytes("stdin.txt") })
    expect(Buffer.from(stdout).toString()).toMatch(/^slept 1\n/)
  } finally {
    clock.mockRestore()
  }
})

/**
 * Code offsets are the compiler's business, how often a frame is repeated is the stack's, and newer engines tell more
 * of a segment.
 */
function shortTrap(trap: string): string {
  return trap
    .replace(/\+0x[0-9a-f]+/g, "+OFFSET")
    .replace(/(\n {2}at .*)\1+/g, "$1\n  at …")
    .replace(/data segment \d+ is out of bounds \(.*\)/, "data segment is out of bounds")
}

function underNode(
  wasm: Uint8Array,
  { args = [], env = {}, dirs = [] }: RunOptions,
  stdin: Uint8Array | undefined,
  label: string,
) {
  const file = (name: string) => join(folder, `${label}.${name}`)
  writeFileSync(file("in"), stdin ?? "")
  const [input, output, errors] = [openSync(file("in"), "r"), openSync(file("out"), "w"), openSync(file("err"), "w")]
  const preopens = Object.fromEntries(freshFolders(dirs, label).map(({ host, guest }) => [guest, host]))
  const streams = { stdin: input, stdout: output, stderr: errors }
  const wasi = new WASI({
    version: "preview1",
    args: ["app.wasm", ...args],
    env,
    preopens,
    returnOnExit: true,
    ...streams,
  })
  const module = new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>)
  const exitCode = wasi.start(new WebAssembly.Instance(module, wasi.getImportObject() as WebAssembly.Imports))
  for (const fd of [input, output, errors]) closeSync(fd)
  return { stdout: readFileSync(file("out"), "utf8"), exitCode }
}

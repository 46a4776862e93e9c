// Running what a build makes, each in a process of its own, as a user would.
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

export const root = resolve(import.meta.dirname, "..")

const { bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { bin: Record<string, string> }
/** The programs, as they were built. */
export const programs = { edgeboxc: join(root, bin["edgeboxc"]!), edgebox: join(root, bin["edgebox"]!) }

/** What a process printed, and how it ended. */
export interface Outcome {
  stdout: string
  stderr: string
  code: number | null
}

/** Run a program to its end, with an environment that is the same everywhere. */
export function run(
  command: string,
  args: string[],
  options: { stdin?: string | Buffer; cwd?: string } = {},
): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], TZ: "UTC" },
  })
  const chunks: Record<"stdout" | "stderr", Buffer[]> = { stdout: [], stderr: [] }
  child.stdout.on("data", (chunk: Buffer) => chunks.stdout.push(chunk))
  child.stderr.on("data", (chunk: Buffer) => chunks.stderr.push(chunk))
  child.stdin.on("error", () => {}) // it may end without reading
  child.stdin.end(options.stdin ?? "")
  return new Promise((done, fail) => {
    child.on("error", fail)
    child.on("close", (code) => {
      const text = (name: "stdout" | "stderr") => Buffer.concat(chunks[name]).toString()
      done({ stdout: text("stdout"), stderr: text("stderr"), code })
    })
  })
}

export const runNode = (args: string[], options?: { stdin?: string | Buffer; cwd?: string }) =>
  run(process.execPath, args, options)

/** Why wabt's interpreter cannot be asked here; undefined when it can. */
export function whyNoWasmInterp(): string | undefined {
  const file = join(mkdtempSync(join(tmpdir(), "edgebox-interp-")), "empty.wasm")
  writeFileSync(file, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))
  const trial = spawnSync("wasm-interp", ["--wasi", file], { encoding: "utf8" })
  if (trial.error !== undefined) return "wasm-interp (wabt) is not installed"
  return /not compiled in/.test(trial.stdout + trial.stderr) ? "this wasm-interp was built without WASI" : undefined
}

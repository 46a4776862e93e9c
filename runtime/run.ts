// Run one guest: from bytes to an exit code. The command line, the worker and tests all come through here.
import { artifactOf, readArtifact, writeStackBudget } from "./artifact.ts"
import type { Artifact } from "./artifact.ts"
import * as problems from "./errors.ts"
import { isWasiName, wasiFunctions, wasiModule } from "../wasi/calls.ts"
import type { Stream } from "../wasi/fds.ts"
import { createHost } from "../wasi/hosting.ts"
import type { Grant, Host, HostOptions } from "../wasi/hosting.ts"
import { bufferInput, bufferOutput } from "../wasi/streams.ts"
import { systemWorld } from "../wasi/system.ts"
import { describeTrap, isTrap } from "./trap.ts"

/** A host directory that the guest may use. */
export interface Preopen {
  /** On the host. */
  host: string
  /** The name under which the guest finds it; default: `host`. */
  guest?: string
  readOnly?: boolean
}

/** A module that has passed every check that does not need an instance. */
export interface Program {
  /** For messages. */
  path: string
  module: WebAssembly.Module
  artifact?: Artifact
}

export interface RunSettings {
  /** The first is the program's own name. */
  args: string[]
  env: Record<string, string>
  dirs: Preopen[]
  stdin: Stream
  stdout: Stream
  stderr: Stream
  /** Native stack that the guest may use, for artifacts that ask. */
  stackBytes?: number
  /** Ends the whole thread for proc_exit; without it, run unwinds and returns the code. */
  exit?(code: number): never
}

/** How a guest ended: `trap` is set when it did not end by itself (then `exitCode` is 1). */
export interface Ending {
  exitCode: number
  trap?: string
}

/** Thrown through the guest by proc_exit. */
class Exit {}

/** A guest's import is declared with other types than preview1's. */
class WrongTypes {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Check and compile. Throws a Problem that says what is wrong with the file. */
export function compile(bytes: Uint8Array, path: string): Program {
  const artifact = readArtifact(bytes, path)
  let module: WebAssembly.Module
  try {
    module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  } catch (error) {
    const words = engineWords(error)
    throw isLimit(words) ? problems.beyondLimit(path, words) : problems.corruptModule(path, words)
  }
  checkCommand(module, path)
  return { path, module, artifact }
}

/** "functions count of 1100000 exceeds internal limit of 1000000", "is larger than implementation limit". */
function isLimit(words: string): boolean {
  return /(internal|implementation) limit/.test(words)
}

/** V8 says `WebAssembly.Module(): what @+12`. */
function engineWords(error: unknown): string {
  const { message } = error as Error
  return message.replace(/^WebAssembly\.\w+\(\): /, "").replace(/ @\+(\d+)$/, " (at byte $1)")
}

function checkCommand(module: WebAssembly.Module, path: string): void {
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (from === wasiModule && kind === "function" && isWasiName(name)) continue
    throw problems.foreignImport(path, `${kind} "${name}" of "${from}"`, importHint(from))
  }
  const functions = WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function")
  if (functions.some(({ name }) => name === "_start")) return
  throw functions.some(({ name }) => name === "_initialize") ? problems.reactor(path) : problems.noStart(path)
}

function importHint(from: string): string | undefined {
  if (from === "wasi_unstable")
    return "It was built for WASI preview0: build it again with a toolchain for wasm32-wasip1."
  if (from === "edgebox") return "It asks for host services of another version of edgebox."
  return undefined
}

/** What `edgebox` gives to a program. Throws a Problem for what no program can be given. */
export function hostOptions(settings: RunSettings): HostOptions {
  const { args, env, dirs, stdin, stdout, stderr } = settings
  for (const arg of args) checkText(arg, `The argument ${JSON.stringify(arg)}`)
  for (const [name, value] of Object.entries(env)) checkText(name + value, `The variable ${name}`)
  let exitCode: number | undefined
  return {
    ...{ args, env, stdin, stdout, stderr },
    dirs: dirs.map(({ host, guest = host, readOnly }) => ({ host, guest, readOnly })),
    badGrant,
    world: systemWorld,
    exit(code) {
      // A guest may catch what is thrown through it; what it exited with first stays.
      exitCode ??= code
      settings.exit?.(exitCode)
      throw new Exit()
    },
    exitCode: () => exitCode,
    wrongTypes(name) {
      throw new WrongTypes(name)
    },
  }
}

/** Run a checked program to its end. Throws a Problem if it cannot be started or a grant cannot be given. */
export function run(program: Program, settings: RunSettings): Ending {
  const host = createHost(hostOptions(settings))
  try {
    start(program, host, settings)
    return { exitCode: host.exitCode?.() ?? 0 }
  } catch (error) {
    return ending(error, host, program.path)
  } finally {
    host.fds.closeAll()
  }
}

function start({ module, artifact, path }: Program, host: Host, settings: RunSettings): void {
  const instance = instantiate(module, host, path)
  const { memory: exported, _start } = instance.exports
  if (exported instanceof WebAssembly.Memory) {
    if (!(exported.buffer instanceof ArrayBuffer)) throw problems.cannotInstantiate(path, "its memory is shared")
    host.memory.attach(exported)
    if (artifact !== undefined && settings.stackBytes !== undefined) {
      writeStackBudget(artifact, exported, settings.stackBytes, path)
    }
  }
  if ((_start as () => void).length !== 0) throw problems.wrongStart(path)
  ;(_start as () => void)()
}

function instantiate(module: WebAssembly.Module, host: Host, path: string): WebAssembly.Instance {
  const imports = { [wasiModule]: wasiFunctions(host) }
  try {
    return new WebAssembly.Instance(module, imports)
  } catch (error) {
    if (error instanceof WebAssembly.LinkError) throw problems.cannotInstantiate(path, engineWords(error))
    if (error instanceof RangeError && /memory|allocat/i.test(error.message)) {
      throw problems.cannotInstantiate(path, "out of memory: the host cannot give it the memory that it asks for")
    }
    // What a module declares is valid up to 2^32 and more; how much of it there may be is the engine's affair.
    if (error instanceof RangeError && isLimit(error.message)) {
      throw problems.beyondLimit(path, engineWords(error))
    }
    throw error
  }
}

function ending(error: unknown, host: Host, path: string): Ending {
  const exitCode = host.exitCode?.()
  if (exitCode !== undefined) return { exitCode }
  if (error instanceof WrongTypes) throw problems.wrongImportTypes(path, error.name)
  if (isTrap(error)) return { exitCode: 1, trap: describeTrap(error) }
  throw error
}

function badGrant({ host, guest }: Grant, error: unknown): Error {
  const code = (error as NodeJS.ErrnoException).code
  const reasons: Record<string, string> = {
    ENOENT: "there is no such directory",
    ENOTDIR: "it is not a directory",
    EACCES: "it may not be read",
  }
  const option = guest === host ? host : `${host}::${guest}`
  return problems.badGrant(option, reasons[code ?? ""] ?? `it cannot be opened (${code ?? String(error)})`)
}

function checkText(text: string, what: string): void {
  if (text.includes("\0")) throw problems.nulInArgument(what)
}

/**
 * What `runInProcess` takes beside the module. What is left out is not given: no arguments, variables, directories,
 * input.
 */
export interface InProcessOptions {
  /** Without the program's name, which is "app.wasm". */
  args?: string[]
  /** Its whole environment. */
  env?: Record<string, string>
  /** Directories of the host that it may use. */
  dirs?: Preopen[]
  /** Everything that it can read from its standard input. */
  stdin?: Uint8Array
  /** Native stack that an artifact may use. Without it, as much as Node's main thread has by itself. */
  stackBytes?: number
}

/** How the guest ended, and what it wrote. */
export interface InProcessResult extends Ending {
  stdout: Uint8Array
  stderr: Uint8Array
}

/**
 * Run a module, as bytes or compiled, to its end, with buffers for its standard streams. A trap is no error but a
 * result, as the program's exit code is. Throws a Problem (EB7xx) if the module is no WASI command or a directory
 * cannot be given.
 */
export function runInProcess(wasm: Uint8Array | WebAssembly.Module, options: InProcessOptions = {}): InProcessResult {
  const path = "app.wasm"
  const program = wasm instanceof WebAssembly.Module ? compiled(wasm, path) : compile(wasm, path)
  const stdout = bufferOutput()
  const stderr = bufferOutput()
  const { args = [], env = {}, dirs = [], stdin = new Uint8Array(0), stackBytes } = options
  const settings = { args: [path, ...args], env, dirs, stdin: bufferInput(stdin), stdout, stderr, stackBytes }
  const ended = run(program, settings)
  return { ...ended, stdout: stdout.text(), stderr: stderr.text() }
}

/** A program of a module that was compiled elsewhere. Its own section is found as the engine kept it. */
export function compiled(module: WebAssembly.Module, path: string): Program {
  checkCommand(module, path)
  return { path, module, artifact: artifactOf(module, path) }
}

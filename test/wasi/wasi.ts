// A host without a guest: WASI functions called straight from a test, with a memory to put arguments in.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { errnoName } from "../../wasi/preview1.ts"
import { hostOptions } from "../../runtime/run.ts"
import { wasiFunctions, wasiModule } from "../../wasi/calls.ts"
import type { WasiName } from "../../wasi/calls.ts"
import { createHost } from "../../wasi/hosting.ts"
import { bufferInput, bufferOutput } from "../../wasi/streams.ts"
import { makeWasi } from "../../wizer/node/wasi.ts"

type Arg = number | bigint

/** Results are written here, texts there. */
export const out = 1024
const texts = 8192

/** The 29 rights of preview1 before sock_accept: what a program asks for that wants everything. */
export const everything = (1n << 29n) - 1n
export const forReading = (1n << 1n) | (1n << 2n) | (1n << 5n) | (1n << 14n) | (1n << 21n)

export interface WasiTest {
  memory: WebAssembly.Memory
  view(): DataView
  /** Call a function; its errno by name. */
  call(name: WasiName, ...args: Arg[]): string
  /** Put a text in memory: pointer and length, to be spread into a call. Each takes its own place. */
  text(text: string | Uint8Array): [number, number]
  read(pointer: number, length: number): string
  /** path_open with defaults; the descriptor, or the errno's name. */
  open(path: string, options?: OpenOptions): number | string
  stdout(): string
  close(): void
}

export interface OpenOptions {
  dirfd?: number
  follow?: boolean
  oflags?: number
  rights?: bigint
  inheriting?: bigint
  fdflags?: number
}

export interface WasiSettings {
  env?: Record<string, string>
  dirs?: { host: string; guest: string; readOnly?: boolean }[]
  input?: Uint8Array
  memory?: WebAssembly.Memory
}

export type StartWasi = (settings?: WasiSettings) => WasiTest

/** A guest's functions, and what was written to its standard output. */
interface Started {
  functions: Record<string, (...args: Arg[]) => number>
  stdout(): Uint8Array
  close(): void
}

/** The host of programs that run. */
function startProgram(memory: WebAssembly.Memory, { env = {}, dirs = [], input }: WasiSettings): Started {
  const stdout = bufferOutput()
  const stdin = bufferInput(input ?? new Uint8Array(0))
  const host = createHost(hostOptions({ args: ["app.wasm"], env, dirs, stdin, stdout, stderr: bufferOutput() }))
  host.memory.attach(memory)
  return { functions: wasiFunctions(host), stdout: () => stdout.text(), close: () => host.fds.closeAll() }
}

/** The host of initialisers, whose snapshot is taken. */
function startInitialiser(
  memory: WebAssembly.Memory,
  { env, dirs = [] }: WasiSettings,
  reproducible: boolean,
): Started {
  const written: Uint8Array[] = []
  const wasi = makeWasi({
    env,
    dirs: dirs.map(({ guest, host }) => [guest, host] as const),
    reproducible,
    stdout: (part) => void written.push(part.slice()),
  })
  wasi.bind?.(undefined as never, memory)
  const functions = wasi.imports![wasiModule] as Started["functions"]
  return { functions, stdout: () => Buffer.concat(written), close: () => wasi.close() }
}

function starter(start: (memory: WebAssembly.Memory, settings: WasiSettings) => Started): StartWasi {
  return (settings = {}) => {
    const memory = settings.memory ?? new WebAssembly.Memory({ initial: 2 })
    return wasiTest(memory, start(memory, settings))
  }
}

/** The ways in which we host a guest. */
export const hosts = {
  edgebox: starter(startProgram),
  snapshot: starter((memory, settings) => startInitialiser(memory, settings, false)),
  "snapshot --reproducible": starter((memory, settings) => startInitialiser(memory, settings, true)),
}

function wasiTest(memory: WebAssembly.Memory, { functions, stdout, close }: Started): WasiTest {
  const view = () => new DataView(memory.buffer)
  let free = texts
  const text = (value: string | Uint8Array): [number, number] => {
    const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
    if (free + bytes.length > memory.buffer.byteLength) free = texts
    new Uint8Array(memory.buffer).set(bytes, free)
    const pointer = free
    free += bytes.length
    return [pointer, bytes.length]
  }
  const call = (name: WasiName, ...args: Arg[]) => errnoName(functions[name]!(...args))
  return {
    memory,
    view,
    call,
    text,
    read: (pointer, length) => new TextDecoder().decode(new Uint8Array(memory.buffer).slice(pointer, pointer + length)),
    open(path, { dirfd = 3, follow = true, oflags = 0, rights = forReading, inheriting = 0n, fdflags = 0 } = {}) {
      const flags = follow ? 1 : 0
      const errno = call("path_open", dirfd, flags, ...text(path), oflags, rights, inheriting, fdflags, out)
      return errno === "success" ? view().getUint32(out, true) : errno
    },
    stdout: () => new TextDecoder().decode(stdout()),
    close,
  }
}

/** A folder that is removed when `use` is done. */
export function withFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "edgebox-"))
  try {
    return use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One iovec at 512 over a range of memory; for fd_read and fd_write. */
export function iovec(wasi: WasiTest, pointer: number, length: number): [number, number] {
  wasi.view().setUint32(512, pointer, true)
  wasi.view().setUint32(516, length, true)
  return [512, 1]
}

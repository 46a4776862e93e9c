// WASI preview1 for initialisers: small and exact. No arguments; environment and directories only as given; the clock and the random
// numbers are the host's, or fixed ones when the snapshot has to be reproducible.
import { randomFillSync } from "node:crypto"
import * as fs from "node:fs"
import { isMainThread } from "node:worker_threads"
import { noDirectory } from "../errors.ts"
import { Exit, stopProgram, type Host } from "../initialize.ts"
import { descriptorCalls } from "./descriptors.ts"
import { Descriptors, type Descriptor } from "./files.ts"
import { Errno, GuestMemory, errno, errnoOf, pieces } from "./memory.ts"
import { reason } from "./output.ts"
import { pathCalls } from "./paths.ts"

export interface WasiOptions {
  /** `KEY=VALUE` lines. */
  env?: Readonly<Record<string, string>>
  /** Name for the guest, directory of the host. Pairs keep their order; an object puts names that are numbers first. */
  dirs?: Readonly<Record<string, string>> | readonly (readonly [guest: string, host: string])[]
  /** Fixed clock, seeded random numbers, no file times. */
  reproducible?: boolean
  /** Where standard output and error go; nowhere by default. */
  stdout?: (bytes: Uint8Array) => void
  stderr?: (bytes: Uint8Array) => void
  /** The guest may read this process's standard input. */
  stdin?: boolean
}

export interface WasiHost extends Host {
  /** Close the files that the guest left open. */
  close(): void
}

/** A call returns an error number; undefined is success. */
export type Call = (...args: never[]) => number | void

export interface Context {
  memory: GuestMemory
  descriptors: Descriptors
  reproducible: boolean
  clock: Clock
}

export function makeWasi(options: WasiOptions = {}): WasiHost {
  const context: Context = {
    memory: new GuestMemory(),
    descriptors: new Descriptors([...standardStreams(options), ...preopens(options)]),
    reproducible: options.reproducible ?? false,
    clock: options.reproducible ? fixedClock() : realClock(),
  }
  const calls: Record<string, Call> = {
    ...processCalls(context, options),
    ...descriptorCalls(context),
    ...pathCalls(context),
  }
  const imports = Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, guarded(call)]))
  return {
    imports: { wasi_snapshot_preview1: imports },
    bind: (_instance, memory) => context.memory.bind(memory),
    close: () => context.descriptors.closeAll(),
  }
}

/** Error numbers instead of exceptions. Traps pass through: they are how a program is ended. */
function guarded(call: Call): (...args: never[]) => number {
  return (...args) => {
    try {
      return call(...args) ?? errno.success
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) throw error
      return errnoOf(error)
    }
  }
}

function standardStreams({ stdin, stdout, stderr }: WasiOptions): Descriptor[] {
  const nowhere = () => {}
  return [
    { kind: "input", read: stdin ? readStdin : () => 0 },
    { kind: "output", write: stdout ?? nowhere },
    { kind: "output", write: stderr ?? nowhere },
  ]
}

/** Standard input without blocking, so that a thread that waits for it can be stopped. Undefined before it was asked for. */
let input: number | "none" | undefined

function openInput(): number | "none" {
  try {
    return fs.openSync("/dev/stdin", fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  } catch {
    // A socket, or a system without /dev/stdin. A worker that blocks in the kernel cannot be stopped: there it is empty.
    return isMainThread ? 0 : "none"
  }
}

function readStdin(into: Uint8Array): number {
  input ??= openInput()
  if (input === "none") return 0
  for (;;) {
    try {
      return fs.readSync(input, into)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === "EOF") return 0
      if (code !== "EAGAIN") throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5) // nothing there yet
    }
  }
}

function preopens({ dirs = {} }: WasiOptions): Descriptor[] {
  const pairs = Array.isArray(dirs) ? (dirs as readonly (readonly [string, string])[]) : Object.entries(dirs)
  return pairs.map(([name, directory]) => {
    const root = openDirectory(directory)
    return { kind: "directory", root, path: root, preopened: name }
  })
}

function openDirectory(path: string): string {
  try {
    const root = fs.realpathSync(path)
    if (fs.statSync(root).isDirectory()) return root
  } catch (error) {
    throw noDirectory(path, reason(error))
  }
  throw noDirectory(path, "it is not a directory")
}

/** Nanoseconds. */
export interface Clock {
  realtime(): bigint
  monotonic(): bigint
  resolution: bigint
  sleep(nanoseconds: bigint): void
  random(into: Uint8Array): void
}

function realClock(): Clock {
  return {
    realtime: () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e3)) * 1000n,
    monotonic: () => process.hrtime.bigint(),
    resolution: 1000n,
    sleep(nanoseconds) {
      const ms = Number(nanoseconds) / 1e6
      if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    },
    random(into) {
      // By way of a copy: the memory may be shared.
      for (const piece of pieces(into)) piece.set(randomFillSync(new Uint8Array(piece.length)))
    },
  }
}

/** 1 January 2000; a millisecond passes with each look, so that a program that waits for time to pass gets there. */
function fixedClock(): Clock {
  const epoch = 946_684_800n * 1_000_000_000n
  let passed = 0n
  let state = 0x9e3779b9
  return {
    realtime: () => epoch + (passed += 1_000_000n),
    monotonic: () => (passed += 1_000_000n),
    resolution: 1_000_000n,
    sleep: (nanoseconds) => void (passed += nanoseconds),
    random(into) {
      for (let i = 0; i < into.length; i++) {
        // xorshift32: the same bytes everywhere is all that is asked of it
        state ^= state << 13
        state ^= state >>> 17
        state ^= state << 5
        into[i] = state & 0xff
      }
    },
  }
}

function processCalls({ memory, clock, descriptors }: Context, { env = {} }: WasiOptions): Record<string, Call> {
  const environment = Object.entries(env).map(([key, value]) => new TextEncoder().encode(`${key}=${value}\0`))
  const time = (id: number) => {
    if (id === 0) return clock.realtime()
    if (id >= 1 && id <= 3) return clock.monotonic()
    throw new Errno("inval")
  }
  return {
    args_get: () => {},
    args_sizes_get(count: number, size: number) {
      memory.u32(count, 0)
      memory.u32(size, 0)
    },
    environ_get(pointers: number, buffer: number) {
      let at = buffer
      environment.forEach((entry, i) => {
        memory.u32(pointers + i * 4, at)
        memory.put(at, entry)
        at += entry.length
      })
    },
    environ_sizes_get(count: number, size: number) {
      memory.u32(count, environment.length)
      memory.u32(
        size,
        environment.reduce((sum, entry) => sum + entry.length, 0),
      )
    },
    clock_res_get(id: number, out: number) {
      if (id < 0 || id > 3) throw new Errno("inval")
      memory.u64(out, clock.resolution)
    },
    clock_time_get(id: number, _precision: bigint, out: number) {
      memory.u64(out, time(id))
    },
    random_get(pointer: number, length: number) {
      clock.random(memory.bytes(pointer, length))
    },
    sched_yield: () => {},
    proc_exit(status: number) {
      stopProgram(new Exit(status))
    },
    proc_raise(signal: number) {
      stopProgram(new Exit(128 + signal))
    },
    poll_oneoff: (subscriptions: number, events: number, count: number, out: number) =>
      poll(memory, clock, descriptors, subscriptions, events, count, out),
    sock_accept: () => errno.notsock,
    sock_recv: () => errno.notsock,
    sock_send: () => errno.notsock,
    sock_shutdown: () => errno.notsock,
  }
}

/**
 * Subscriptions are 48 bytes: userdata u64, tag u8 at 8; for a clock id u32 at 16, timeout u64 at 24, flags u16 at 40; for a
 * descriptor fd u32 at 16. Events are 32: userdata, errno u16 at 8, type u8 at 10, bytes u64 at 16.
 */
function poll(
  memory: GuestMemory,
  clock: Clock,
  descriptors: Descriptors,
  subscriptions: number,
  events: number,
  count: number,
  out: number,
): number | void {
  const total = count >>> 0
  if (total === 0 || total > 16_384) return errno.inval
  memory.bytes(subscriptions, Math.min(total * 48, 2 ** 32 - 1))
  memory.bytes(events, Math.min(total * 32, 2 ** 32 - 1))
  const ready: { at: number; type: number; error: number }[] = []
  const timers: { at: number; left: bigint }[] = []
  for (let i = 0; i < total; i++) {
    const at = subscriptions + i * 48
    const type = memory.bytes(at + 8, 1)[0] ?? 0
    if (type === 0) timers.push({ at, left: timeLeft(memory, clock, at) })
    else if (type <= 2) ready.push({ at, type, error: descriptorError(descriptors, memory.getU32(at + 16)) })
    else return errno.inval
  }
  // Descriptors are always ready. Otherwise the first timer is waited for.
  if (ready.length === 0) {
    const first = timers.reduce((least, { left }) => (left < least ? left : least), timers[0]?.left ?? 0n)
    clock.sleep(first)
    for (const { at, left } of timers) if (left <= first) ready.push({ at, type: 0, error: 0 })
  }
  ready.forEach(({ at, type, error }, i) => {
    const event = events + i * 32
    memory.put(event, new Uint8Array(32))
    memory.put(event, memory.bytes(at, 8).slice())
    memory.u16(event + 8, error)
    memory.u8(event + 10, type)
    memory.u64(event + 16, type === 0 ? 0n : 1n)
  })
  memory.u32(out, ready.length)
}

function timeLeft(memory: GuestMemory, clock: Clock, at: number): bigint {
  const timeout = memory.getU64(at + 24)
  if ((memory.getU16(at + 40) & 1) === 0) return timeout
  const now = memory.getU32(at + 16) === 0 ? clock.realtime() : clock.monotonic()
  return timeout > now ? timeout - now : 0n
}

function descriptorError(descriptors: Descriptors, fd: number): number {
  try {
    descriptors.get(fd)
    return errno.success
  } catch (error) {
    return errnoOf(error)
  }
}

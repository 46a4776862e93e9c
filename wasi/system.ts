// What a guest learns from outside of its memory without asking for a file: the time, randomness. The system's own
// here; fixed.ts has the ones that say the same to every run.
import { Clockid, Fault, need } from "./preview1.ts"
import { fs } from "./node.ts"

export interface World {
  /** A clock's time in nanoseconds; `inval` for a clock that there is not. */
  now(clock: number): bigint
  /** A clock's step in nanoseconds. */
  resolution(clock: number): bigint
  /** The nanoseconds left of a span that begins now, or until a time on that clock: none or fewer when it is over. */
  timer(clock: number, timeout: bigint, absolute: boolean): () => bigint
  /** Let about so many nanoseconds pass; whoever waits looks again. */
  sleep(nanoseconds: bigint): void
  random(into: Uint8Array): void
  /**
   * What is said of files is only what they contain: not where and when they were made, nor how the system counts them.
   */
  contentOnly: boolean
}

interface Clock {
  /** Nanoseconds. */
  step: bigint
  now(): bigint
}

const processorTime: Clock = {
  step: 1000n,
  now() {
    const { user, system } = process.cpuUsage()
    return BigInt(user + system) * 1000n
  },
}

/** By `Clockid`. */
const clocks: Clock[] = [
  { step: 1_000_000n, now: () => BigInt(Date.now()) * 1_000_000n },
  { step: 1n, now: () => process.hrtime.bigint() },
  processorTime,
  processorTime,
]

function clockOf(id: number): Clock {
  const clock = clocks[id]
  need(clock !== undefined, "inval")
  return clock
}

export const systemWorld: World = {
  now: (clock) => clockOf(clock).now(),
  resolution: (clock) => clockOf(clock).step,
  timer(clock, timeout, absolute) {
    // A span of time is not shorter where the time of day is set, or known by the millisecond only.
    const { now } = clockOf(clock === Clockid.realtime && !absolute ? Clockid.monotonic : clock)
    const end = absolute ? timeout : now() + timeout
    return () => end - now()
  },
  // An hour at most: Atomics.wait takes a number, and a time of day can be set meanwhile.
  sleep: (nanoseconds) => pause(Math.min(Number(nanoseconds) / 1e6, 3_600_000)),
  random: fillRandom,
  contentOnly: false,
}

/** Not by `performance.now`: Node loads ten modules for it, which every start would wait for. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Let the thread rest. */
export function pause(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms)
}

/** The kernel's generator, read as a file: node:crypto is the same bytes, but loading it costs a start 2 to 3 ms. */
const randomDevice = "/dev/urandom"

function fillRandom(bytes: Uint8Array): void {
  let filled = 0
  if (process.platform !== "win32") {
    const device = fs.openSync(randomDevice, "r")
    try {
      while (filled < bytes.length) {
        const got = fs.readSync(device, bytes, filled, bytes.length - filled, null)
        if (got === 0) throw new Fault("io")
        filled += got
      }
    } finally {
      fs.closeSync(device)
    }
    return
  }
  // getRandomValues takes at most 65,536 bytes.
  for (; filled < bytes.length; filled += 65_536) {
    globalThis.crypto.getRandomValues((bytes as Uint8Array<ArrayBuffer>).subarray(filled, filled + 65_536))
  }
}

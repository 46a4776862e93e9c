// poll_oneoff: wait for a time, or for something to read.
//
// The host cannot ask the system whether a stream has something (Node has no poll()), so a stream's `ready` reads ahead.
// Files and outputs are always ready.
import { Clockid, Errno, errnoOfSystemError, Eventtype, Fault, need } from "./preview1.ts"
import type { Descriptor } from "./fds.ts"
import { u32 } from "./host.ts"
import type { Host } from "./host.ts"
import { fs } from "./node.ts"
import { now } from "./environment.ts"

/** sizeof(subscription), sizeof(event) */
const subscriptionBytes = 48
const eventBytes = 32
/** More than any program has use for: it has fewer descriptors than this. */
const maxSubscriptions = 4096
/** `subclockflags`: the timeout is a point in time. */
const subscription_clock_abstime = 1
/** `eventrwflags`: the peer has gone. */
const fd_readwrite_hangup = 1

interface Event {
  userdata: bigint
  errno: number
  type: number
  bytes?: number
  ended?: boolean
}

interface Timer {
  userdata: bigint
  clock: number
  /** Nanoseconds on that clock. */
  at: bigint
}

type Waiting = { userdata: bigint; descriptor: Descriptor }

export function pollFunctions(host: Host) {
  const { memory, fds } = host

  /** The file or stream of an fd_read or fd_write subscription, or the event that says why not. */
  function subscribed(fd: number, type: number, userdata: bigint): Descriptor | Event {
    try {
      return fds.get(fd, "poll_fd_readwrite", type === Eventtype.fd_read ? "fd_read" : "fd_write")
    } catch (error) {
      if (error instanceof Fault) return { userdata, errno: error.errno, type }
      throw error
    }
  }

  function timerAt(pointer: number, userdata: bigint): Timer {
    const clock = memory.getU32(pointer + 16)
    const timeout = memory.getU64(pointer + 24)
    const flags = memory.getU16(pointer + 40)
    need((flags & ~subscription_clock_abstime) === 0, "inval")
    if (flags & subscription_clock_abstime) return { userdata, clock, at: timeout }
    // A span of time is not shorter where the time of day is set, or known by the millisecond only.
    const steady = clock === Clockid.realtime ? Clockid.monotonic : clock
    return { userdata, clock: steady, at: now(steady) + timeout }
  }

  function collect(pointer: number, count: number) {
    const timers: Timer[] = []
    const readers: Waiting[] = []
    const events: Event[] = []
    for (let i = 0, at = pointer; i < count; i++, at += subscriptionBytes) {
      const userdata = memory.getU64(at)
      const type = memory.getU8(at + 8)
      if (type === Eventtype.clock) {
        try {
          timers.push(timerAt(at, userdata))
        } catch (error) {
          if (!(error instanceof Fault)) throw error
          events.push({ userdata, errno: error.errno, type })
        }
        continue
      }
      need(type === Eventtype.fd_read || type === Eventtype.fd_write, "inval")
      const descriptor = subscribed(memory.getU32(at + 16), type, userdata)
      if (!("kind" in descriptor)) events.push(descriptor)
      else if (type === Eventtype.fd_write) events.push({ userdata, errno: 0, type, bytes: 65_536 })
      else if (descriptor.kind !== "stream") events.push(fileEvent(descriptor, userdata))
      else readers.push({ userdata, descriptor })
    }
    return { timers, readers, events }
  }

  function writeEvent(at: number, event: Event): void {
    memory.fill(at, 0, eventBytes)
    memory.setU64(at, event.userdata)
    memory.setU16(at + 8, event.errno)
    memory.setU8(at + 10, event.type)
    memory.setU64(at + 16, BigInt(event.bytes ?? 0))
    memory.setU16(at + 24, event.ended ? fd_readwrite_hangup : 0)
  }

  return {
    poll_oneoff: (subscriptions: number, out: number, count: number, sizeOut: number) => {
      const n = u32(count)
      need(n > 0 && n <= maxSubscriptions, "inval")
      memory.check(u32(subscriptions), n * subscriptionBytes)
      memory.check(u32(out), n * eventBytes)
      memory.check(u32(sizeOut), 4)
      const { timers, readers, events } = collect(u32(subscriptions), n)
      const ready = wait(timers, readers, events)
      ready.forEach((event, i) => writeEvent(u32(out) + i * eventBytes, event))
      memory.setU32(u32(sizeOut), ready.length)
    },
  }
}

function fileEvent(descriptor: Descriptor, userdata: bigint): Event {
  const bytes = descriptor.kind === "file" ? Math.max(0, fs.fstatSync(descriptor.host).size - descriptor.offset) : 0
  return { userdata, errno: 0, type: Eventtype.fd_read, bytes }
}

/** Wait until there is at least one event. */
function wait(timers: Timer[], readers: Waiting[], already: Event[]): Event[] {
  for (;;) {
    const events = [...already, ...expired(timers)]
    const untilNext = events.length > 0 ? 0 : msUntil(timers)
    // Several streams can only be asked in turn; one can be waited for.
    const slice = readers.length > 1 ? Math.min(untilNext, 10) : untilNext
    for (const reader of readers) {
      const event = readerEvent(reader, events.length > 0 ? 0 : slice)
      if (event !== undefined) events.push(event)
    }
    if (events.length > 0) return events
    if (readers.length === 0) sleep(untilNext)
  }
}

function readerEvent({ userdata, descriptor }: Waiting, timeoutMs: number): Event | undefined {
  const type = Eventtype.fd_read
  try {
    const ready = descriptor.kind === "stream" ? descriptor.ready?.(timeoutMs) : undefined
    return ready && { userdata, errno: 0, type, bytes: ready.bytes, ended: ready.ended }
  } catch (error) {
    const errno = error instanceof Fault ? error.errno : errnoOfSystemError(error)
    if (errno === undefined) throw error
    return { userdata, errno, type }
  }
}

function expired(timers: Timer[]): Event[] {
  return timers
    .filter((timer) => now(timer.clock) >= timer.at)
    .map(({ userdata }) => ({ userdata, errno: Errno.success, type: Eventtype.clock }))
}

/** Milliseconds until the first timer, at most an hour (then one looks again); Infinity without timers. */
function msUntil(timers: Timer[]): number {
  if (timers.length === 0) return Infinity
  const shortest = timers.map((timer) => timer.at - now(timer.clock)).reduce((a, b) => (a < b ? a : b))
  const bounded = shortest < 3_600_000_000_000n ? Number(shortest) : 3_600_000_000_000
  return Math.max(0, bounded / 1e6)
}

const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Let the thread rest. */
export function sleep(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms)
}

// poll_oneoff: wait for a time, or for something to read.
//
// The host cannot ask the system whether a stream has something (Node has no poll()), so a stream's `ready` reads
// ahead. Files and outputs are always ready.
import { Errno, errnoOfSystemError, Eventtype, Fault, need } from "./preview1.ts"
import type { Descriptor, Stream } from "./fds.ts"
import type { Host } from "./hosting.ts"
import type { GuestMemory } from "./memory.ts"
import { fs } from "./node.ts"
import { result, row, u32 } from "./parameters.ts"
import type { World } from "./system.ts"

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
  /** Nanoseconds that are left. */
  left(): bigint
}

interface Reader {
  userdata: bigint
  stream: Stream
}

/** What the guest waits for, and what need not be waited for. */
interface Waiting {
  timers: Timer[]
  readers: Reader[]
  events: Event[]
}

export const pollCalls = {
  poll_oneoff: row(
    { subscriptions: u32, out: u32, nsubscriptions: u32, size: result(4) },
    ({ memory, fds, world }, { subscriptions, out, nsubscriptions, size }) => {
      need(nsubscriptions > 0 && nsubscriptions <= maxSubscriptions, "inval")
      memory.check(subscriptions, nsubscriptions * subscriptionBytes)
      memory.check(out, nsubscriptions * eventBytes)
      const waiting: Waiting = { timers: [], readers: [], events: [] }
      for (let i = 0; i < nsubscriptions; i++) {
        subscribe({ memory, fds, world }, subscriptions + i * subscriptionBytes, waiting)
      }
      const ready = wait(world, waiting)
      ready.forEach((event, i) => writeEvent(memory, out + i * eventBytes, event))
      memory.setU32(size, ready.length)
    },
  ),
}

/** Add the subscription at `at`; one that is wrong in itself is an event at once. */
function subscribe(host: Pick<Host, "memory" | "fds" | "world">, at: number, waiting: Waiting): void {
  const { memory, fds } = host
  const userdata = memory.getU64(at)
  const type = memory.getU8(at + 8)
  need(type === Eventtype.clock || type === Eventtype.fd_read || type === Eventtype.fd_write, "inval")
  try {
    if (type === Eventtype.clock) {
      waiting.timers.push({ userdata, left: timerAt(host, at) })
      return
    }
    const right = type === Eventtype.fd_read ? "fd_read" : "fd_write"
    const descriptor = fds.get(memory.getU32(at + 16), "poll_fd_readwrite", right)
    if (type === Eventtype.fd_write) waiting.events.push({ userdata, errno: 0, type, bytes: 65_536 })
    else if (descriptor.kind === "stream" && descriptor.ready) waiting.readers.push({ userdata, stream: descriptor })
    else waiting.events.push({ userdata, errno: 0, type, bytes: bytesLeft(descriptor) })
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    waiting.events.push({ userdata, errno: error.errno, type })
  }
}

function timerAt({ memory, world }: Pick<Host, "memory" | "world">, at: number): () => bigint {
  const flags = memory.getU16(at + 40)
  need((flags & ~subscription_clock_abstime) === 0, "inval")
  return world.timer(memory.getU32(at + 16), memory.getU64(at + 24), flags === subscription_clock_abstime)
}

function bytesLeft(descriptor: Descriptor): number {
  return descriptor.kind === "file" ? Math.max(0, fs.fstatSync(descriptor.host).size - descriptor.offset) : 0
}

function writeEvent(memory: GuestMemory, at: number, event: Event): void {
  memory.fill(at, 0, eventBytes)
  memory.setU64(at, event.userdata)
  memory.setU16(at + 8, event.errno)
  memory.setU8(at + 10, event.type)
  memory.setU64(at + 16, BigInt(event.bytes ?? 0))
  memory.setU16(at + 24, event.ended ? fd_readwrite_hangup : 0)
}

/** Wait until there is at least one event. */
function wait(world: World, { timers, readers, events: already }: Waiting): Event[] {
  for (;;) {
    const events = [...already, ...expired(timers)]
    const next = events.length > 0 ? 0n : untilFirst(timers)
    for (const reader of readers) {
      const event = readerEvent(reader, events.length > 0 ? 0 : patience(next, readers.length))
      if (event !== undefined) events.push(event)
    }
    if (events.length > 0) return events
    if (readers.length === 0) world.sleep(next!)
  }
}

function readerEvent({ userdata, stream }: Reader, timeoutMs: number): Event | undefined {
  const type = Eventtype.fd_read
  try {
    const ready = stream.ready?.(timeoutMs)
    return ready && { userdata, errno: 0, type, bytes: ready.bytes, ended: ready.ended }
  } catch (error) {
    const errno = error instanceof Fault ? error.errno : errnoOfSystemError(error)
    if (errno === undefined) throw error
    return { userdata, errno, type }
  }
}

function expired(timers: Timer[]): Event[] {
  return timers
    .filter(({ left }) => left() <= 0n)
    .map(({ userdata }) => ({ userdata, errno: Errno.success, type: Eventtype.clock }))
}

/** Nanoseconds until the first timer; undefined without timers. */
function untilFirst(timers: Timer[]): bigint | undefined {
  const left = timers.map((timer) => timer.left())
  return left.length === 0 ? undefined : left.reduce((a, b) => (a < b ? a : b))
}

/** Milliseconds to wait for one stream: several can only be asked in turn. At most an hour, then one looks again. */
function patience(nanoseconds: bigint | undefined, streams: number): number {
  const untilNext = nanoseconds === undefined ? Infinity : Math.max(0, Math.min(Number(nanoseconds) / 1e6, 3_600_000))
  return streams > 1 ? Math.min(untilNext, 10) : untilNext
}

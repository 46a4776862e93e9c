// The three standard streams: the process's own, or buffers.
//
// The process's are used with synchronous calls on descriptors 0, 1 and 2, never through process.stdin/stdout: those
// make pipes non-blocking and lose what is queued when a process ends. A parent may have made them non-blocking all the
// same; then a call says EAGAIN, and we wait a little and try again.
import { Filetype, stdinRights, stdoutRights } from "./preview1.ts"
import type { Stream } from "./fds.ts"
import { fs, net } from "./node.ts"
import type { Socket } from "./node.ts"
import { filetypeOfStat } from "./stat.ts"
import { monotonicMs, pause } from "./system.ts"

/** The reader of our output has gone. */
export type OnClosed = () => never

/** First and longest pause before a non-blocking descriptor is tried again. */
const shortPauseMs = 0.2
const longPauseMs = 10

/** Retry `attempt` while it says EAGAIN, until `timeoutMs` have passed (then undefined). */
function patiently<T>(attempt: () => T, timeoutMs = Infinity): T | undefined {
  const start = monotonicMs()
  for (let next = shortPauseMs; ; next = Math.min(next * 2, longPauseMs)) {
    try {
      return attempt()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error
    }
    const left = timeoutMs - (monotonicMs() - start)
    if (left <= 0) return undefined
    pause(Math.min(next, left))
  }
}

/** Write all of `bytes` to a descriptor of the process. */
export function writeFully(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    at += patiently(() => fs.writeSync(fd, bytes, at, bytes.length - at, null))!
  }
}

function filetypeOf(fd: number): number {
  try {
    const stat = fs.fstatSync(fd)
    // A character device is taken for a terminal; /dev/null is none.
    return isMemoryDevice(stat.rdev) ? Filetype.unknown : filetypeOfStat(stat)
  } catch {
    return Filetype.unknown // closed by the parent: reading and writing will say so
  }
}

/**
 * Linux's device numbers: /dev/null, /dev/zero and their kin have major number 1
 * (Documentation/admin-guide/devices.txt).
 */
function isMemoryDevice(rdev: number): boolean {
  return process.platform === "linux" && ((rdev >>> 8) & 0xfff) === 1
}

/** The process's standard output or error. */
export function hostOutput(fd: number, onClosed: OnClosed): Stream {
  return {
    kind: "stream",
    filetype: filetypeOf(fd),
    rights: stdoutRights,
    inheriting: 0n,
    fdflags: 0,
    write(bytes) {
      try {
        writeFully(fd, bytes)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EPIPE") onClosed()
        throw error
      }
    },
  }
}

/**
 * The process's standard input. Whoever waits for it in the kernel cannot be stopped: `stoppable` waits outside, and
 * where that cannot be done there is nothing to read.
 */
export function hostInput({ stoppable = false } = {}): Stream {
  /** Read ahead by `ready`, not yet taken by `read`. */
  let ahead: Uint8Array = new Uint8Array(0)
  let ended = false
  let asking: number | undefined

  function take(max: number): Uint8Array {
    const fd = stoppable ? (asking ??= openToAsk()) : 0
    if (fd < 0) return new Uint8Array(0)
    const buffer = new Uint8Array(max)
    return buffer.subarray(
      0,
      patiently(() => readOnce(fd, buffer)),
    )
  }

  return {
    kind: "stream",
    filetype: filetypeOf(0),
    rights: stdinRights,
    inheriting: 0n,
    fdflags: 0,
    read(max) {
      if (max === 0) return new Uint8Array(0)
      if (ahead.length === 0) return ended ? ((ended = false), ahead) : take(max)
      const bytes = ahead.subarray(0, max)
      ahead = ahead.subarray(max)
      return bytes
    },
    ready(timeoutMs) {
      if (ahead.length > 0 || ended) return { bytes: ahead.length, ended }
      const buffer = new Uint8Array(65_536)
      if (timeoutMs === Infinity) {
        ahead = take(buffer.length)
      } else {
        asking ??= openToAsk()
        // Where one cannot ask without waiting, saying "ready" lets the guest read, and wait there.
        if (asking < 0) return { bytes: 0, ended: false }
        const got = patiently(() => readOnce(asking!, buffer), timeoutMs)
        if (got === undefined) return undefined
        ahead = buffer.subarray(0, got)
      }
      ended = ahead.length === 0
      return { bytes: ahead.length, ended }
    },
  }
}

/** Windows reports the end of a pipe as an error. */
function readOnce(fd: number, buffer: Uint8Array): number {
  try {
    return fs.readSync(fd, buffer, 0, buffer.length, null)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EOF") return 0
    throw error
  }
}

/**
 * A descriptor that reads what descriptor 0 reads without waiting, or -1 where there is none.
 *
 * A regular file never makes one wait. A pipe or terminal is opened a second time: making descriptor 0 itself
 * non-blocking would do so for everyone that shares it. A socket, which is what a child of Node has, cannot be opened
 * again, but is shared with nobody; net.Socket makes it non-blocking, and is not used otherwise.
 */
function openToAsk(): number {
  try {
    const stat = fs.fstatSync(0)
    if (stat.isFile()) return 0
    if (stat.isSocket()) {
      keptOpen.push(new (net().Socket)({ fd: 0, pauseOnCreate: true } as ConstructorParameters<typeof Socket>[0]))
      return 0
    }
    if (process.platform !== "linux" || !(stat.isFIFO() || stat.isCharacterDevice())) return -1
    return fs.openSync("/proc/self/fd/0", fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY)
  } catch {
    return -1
  }
}

/** A socket that is collected closes its descriptor. */
const keptOpen: Socket[] = []

/** An input that is all there from the start. */
export function bufferInput(bytes: Uint8Array): Stream {
  let rest = bytes
  return {
    kind: "stream",
    filetype: Filetype.unknown,
    rights: stdinRights,
    inheriting: 0n,
    fdflags: 0,
    read(max) {
      const part = rest.subarray(0, max)
      rest = rest.subarray(max)
      return part
    },
    ready: () => ({ bytes: rest.length, ended: rest.length === 0 }),
  }
}

/** An output that is kept. */
export function bufferOutput(): Stream & { text(): Uint8Array } {
  const parts: Uint8Array[] = []
  return {
    kind: "stream",
    filetype: Filetype.unknown,
    rights: stdoutRights,
    inheriting: 0n,
    fdflags: 0,
    write: (bytes) => void parts.push(bytes.slice()),
    text: () => new Uint8Array(Buffer.concat(parts)),
  }
}

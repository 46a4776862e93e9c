// The part of WASI that is about the process: arguments, environment, clocks, randomness, the end.
import { Clockid, Errno, Fault } from "./preview1.ts"
import { u32 } from "./host.ts"
import type { Host } from "./host.ts"
import { fs } from "./node.ts"

export function processFunctions(host: Host) {
  const { memory } = host

  /** Strings with their closing NULs in one buffer, and the array of their addresses. */
  function writeStrings(strings: Uint8Array[], pointers: number, buffer: number): void {
    memory.check(pointers, strings.length * 4)
    memory.check(buffer, totalBytes(strings))
    let at = buffer
    strings.forEach((string, i) => {
      memory.setU32(pointers + i * 4, at)
      memory.bytes(at, string.length).set(string)
      memory.setU8(at + string.length, 0)
      at += string.length + 1
    })
  }

  function writeSizes(strings: Uint8Array[], count: number, bytes: number): void {
    memory.check(bytes, 4)
    memory.setU32(count, strings.length)
    memory.setU32(bytes, totalBytes(strings))
  }

  return {
    args_get: (argv: number, buffer: number) => writeStrings(host.args, u32(argv), u32(buffer)),
    args_sizes_get: (argc: number, bytes: number) => writeSizes(host.args, u32(argc), u32(bytes)),
    environ_get: (environ: number, buffer: number) => writeStrings(host.env, u32(environ), u32(buffer)),
    environ_sizes_get: (count: number, bytes: number) => writeSizes(host.env, u32(count), u32(bytes)),

    clock_res_get: (clock: number, out: number) => memory.setU64(u32(out), resolution(u32(clock))),
    clock_time_get: (clock: number, _precision: bigint, out: number) => memory.setU64(u32(out), now(u32(clock))),

    random_get: (pointer: number, length: number) => fillRandom(memory.bytes(u32(pointer), u32(length))),

    proc_exit: (code: number) => host.exit(u32(code)),
    proc_raise: (): number => Errno.nosys,
    sched_yield: () => {},

    // There are no sockets among the descriptors: that a number is one of ours does not make it a socket.
    sock_accept: (fd: number, _flags: number, _out: number) => notSocket(host, fd),
    sock_recv: (fd: number, _data: number, _count: number, _flags: number, _size: number, _out: number) =>
      notSocket(host, fd),
    sock_send: (fd: number, _data: number, _count: number, _flags: number, _size: number) => notSocket(host, fd),
    sock_shutdown: (fd: number, _how: number) => notSocket(host, fd),
  }
}

function totalBytes(strings: Uint8Array[]): number {
  return strings.reduce((sum, string) => sum + string.length + 1, 0)
}

function notSocket(host: Host, fd: number): number {
  host.fds.get(u32(fd))
  return Errno.notsock
}

/** Nanoseconds. */
export function now(clock: number): bigint {
  switch (clock) {
    case Clockid.realtime:
      return BigInt(Date.now()) * 1_000_000n
    case Clockid.monotonic:
      return process.hrtime.bigint()
    case Clockid.process_cputime_id:
    case Clockid.thread_cputime_id: {
      const { user, system } = process.cpuUsage()
      return BigInt(user + system) * 1000n
    }
    default:
      throw new Fault("inval")
  }
}

/** Nanoseconds. */
function resolution(clock: number): bigint {
  switch (clock) {
    case Clockid.realtime:
      return 1_000_000n
    case Clockid.monotonic:
      return 1n
    case Clockid.process_cputime_id:
    case Clockid.thread_cputime_id:
      return 1000n
    default:
      throw new Fault("inval")
  }
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

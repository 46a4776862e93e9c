// The part of WASI that takes no descriptor: arguments, environment, clocks, randomness, the end. And sockets, of which
// there are none.
import type { Host } from "./hosting.ts"
import type { GuestMemory } from "./memory.ts"
import { boundedBytes, result, row, u32, u64 } from "./parameters.ts"
import { Errno } from "./preview1.ts"

export const ambientCalls = {
  args_get: row({ argv: u32, argv_buf: u32 }, ({ memory, args }, { argv, argv_buf }) =>
    writeStrings(memory, args, argv, argv_buf),
  ),
  args_sizes_get: row({ argc: result(4), argv_buf_size: result(4) }, ({ memory, args }, given) =>
    writeSizes(memory, args, given.argc, given.argv_buf_size),
  ),
  environ_get: row({ environ: u32, environ_buf: u32 }, ({ memory, env }, { environ, environ_buf }) =>
    writeStrings(memory, env, environ, environ_buf),
  ),
  environ_sizes_get: row({ count: result(4), environ_buf_size: result(4) }, ({ memory, env }, given) =>
    writeSizes(memory, env, given.count, given.environ_buf_size),
  ),

  clock_res_get: row({ id: u32, out: result(8) }, ({ memory, world }, { id, out }) =>
    memory.setU64(out, world.resolution(id)),
  ),
  clock_time_get: row({ id: u32, precision: u64, out: result(8) }, ({ memory, world }, { id, out }) =>
    memory.setU64(out, world.now(id)),
  ),
  random_get: row({ buf: boundedBytes }, ({ world }, { buf }) => world.random(buf)),

  proc_exit: row({ code: u32 }, (host, { code }) => host.exit(code)),
  proc_raise: row({ signal: u32 }, (host, { signal }) => host.raise?.(signal) ?? Errno.nosys),
  sched_yield: row({}, () => {}),

  sock_accept: row({ fd: u32, flags: u32, out: u32 }, notSocket),
  sock_recv: row({ fd: u32, data: u32, count: u32, flags: u32, size: u32, out: u32 }, notSocket),
  sock_send: row({ fd: u32, data: u32, count: u32, flags: u32, size: u32 }, notSocket),
  sock_shutdown: row({ fd: u32, how: u32 }, notSocket),
}

/** Strings with their closing NULs in one buffer, and the array of their addresses. */
function writeStrings(memory: GuestMemory, strings: Uint8Array[], pointers: number, buffer: number): void {
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

function writeSizes(memory: GuestMemory, strings: Uint8Array[], count: number, size: number): void {
  memory.setU32(count, strings.length)
  memory.setU32(size, totalBytes(strings))
}

function totalBytes(strings: Uint8Array[]): number {
  return strings.reduce((sum, string) => sum + string.length + 1, 0)
}

/** There are no sockets among the descriptors: that a number is one of ours does not make it a socket. */
function notSocket({ fds }: Host, { fd }: { fd: number }): number {
  fds.get(fd)
  return Errno.notsock
}

// The table of functions is preview1's, and what hosts give beside files: time, randomness, streams, memory that is
// shared.
import * as fs from "node:fs"
import { join } from "node:path"
import { WASI } from "node:wasi"
import { expect, test } from "vitest"
import { preview1 } from "../../wasi/calls.ts"
import type { WasiName } from "../../wasi/calls.ts"
import { wasmTypes } from "../../wasi/parameters.ts"
import { runJob } from "../../wizer/node/job.ts"
import { assemble, start } from "../wasm.ts"
import { everything, hosts, iovec, out, withFolder } from "./wasi.ts"
import type { WasiTest } from "./wasi.ts"

const reproducible = hosts["snapshot --reproducible"]
const initialiserHosts = [hosts.snapshot, reproducible]

test("the table has the functions that Node's own host has", () => {
  const theirs = Object.keys(new WASI({ version: "preview1" }).wasiImport)
  expect(Object.keys(preview1).sort()).toEqual(theirs.sort())
})

/** The specification's types, by hand: i is an i32, I an i64. All but proc_exit return an errno. */
const types: Record<WasiName, string> = {
  args_get: "ii",
  args_sizes_get: "ii",
  clock_res_get: "ii",
  clock_time_get: "iIi",
  environ_get: "ii",
  environ_sizes_get: "ii",
  fd_advise: "iIIi",
  fd_allocate: "iII",
  fd_close: "i",
  fd_datasync: "i",
  fd_fdstat_get: "ii",
  fd_fdstat_set_flags: "ii",
  fd_fdstat_set_rights: "iII",
  fd_filestat_get: "ii",
  fd_filestat_set_size: "iI",
  fd_filestat_set_times: "iIIi",
  fd_pread: "iiiIi",
  fd_prestat_dir_name: "iii",
  fd_prestat_get: "ii",
  fd_pwrite: "iiiIi",
  fd_read: "iiii",
  fd_readdir: "iiiIi",
  fd_renumber: "ii",
  fd_seek: "iIii",
  fd_sync: "i",
  fd_tell: "ii",
  fd_write: "iiii",
  path_create_directory: "iii",
  path_filestat_get: "iiiii",
  path_filestat_set_times: "iiiiIIi",
  path_link: "iiiiiii",
  path_open: "iiiiiIIii",
  path_readlink: "iiiiii",
  path_remove_directory: "iii",
  path_rename: "iiiiii",
  path_symlink: "iiiii",
  path_unlink_file: "iii",
  poll_oneoff: "iiii",
  proc_exit: "i",
  proc_raise: "i",
  random_get: "ii",
  sched_yield: "",
  sock_accept: "iii",
  sock_recv: "iiiiii",
  sock_send: "iiiii",
  sock_shutdown: "ii",
}

test("the rows have the specification's types", () => {
  const ours = Object.entries(preview1).map(([name, row]) => [name, wasmTypes(row)])
  expect(Object.fromEntries(ours)).toEqual(types)
})

/** Write a subscription to a clock. */
function subscribeClock(wasi: WasiTest, at: number, clock: number, timeout: bigint, absolute = false): void {
  const view = wasi.view()
  view.setUint8(at + 8, 0)
  view.setUint32(at + 16, clock, true)
  view.setBigUint64(at + 24, timeout, true)
  view.setUint16(at + 40, absolute ? 1 : 0, true)
}

test("--reproducible: random numbers and the clock are these, on every machine", () => {
  const wasi = reproducible()
  wasi.call("random_get", 2048, 16)
  const random = Buffer.from(wasi.memory.buffer, 2048, 16).toString("hex")
  expect(random).toBe("193e3ab51f37d0bf39b8eeb4d33cb85f")
  const time = (clock: number) => {
    expect(wasi.call("clock_time_get", clock, 0n, out)).toBe("success")
    return wasi.view().getBigUint64(out, true)
  }
  const second = 1_000_000_000n
  expect(time(0)).toBe(946_684_800n * second + 1_000_000n)
  expect(time(1)).toBe(2_000_000n)
  // Sleeping takes exactly what it takes, and no time of ours.
  subscribeClock(wasi, 4096, 1, 3600n * second)
  expect(wasi.call("poll_oneoff", 4096, 5120, 1, out)).toBe("success")
  expect(time(1)).toBe(3600n * second + 3_000_000n)
  subscribeClock(wasi, 4096, 0, 946_684_800n * second + 7200n * second, true)
  expect(wasi.call("poll_oneoff", 4096, 5120, 1, out)).toBe("success")
  expect(time(1)).toBe(7200n * second + 1_000_000n)
  expect(wasi.call("clock_time_get", 4, 0n, out)).toBe("inval")
  expect(wasi.call("clock_res_get", 4, out)).toBe("inval")
})

test("--reproducible: of a file only what it contains is said", () =>
  withFolder((folder) => {
    for (const name of ["b", "a", "B"]) fs.writeFileSync(join(folder, name), "contents")
    fs.mkdirSync(join(folder, "c"))
    const wasi = reproducible({ dirs: [{ host: folder, guest: "/" }] })
    const stat = (name: string) => {
      expect(wasi.call("path_filestat_get", 3, 0, ...wasi.text(name), out)).toBe("success")
      return Array.from({ length: 8 }, (_, i) => Number(wasi.view().getBigUint64(out + i * 8, true) & 0xffffn))
    }
    expect(stat("a")).toEqual([0, 0, 4, 1, 8, 0, 0, 0])
    expect(stat("c")).toEqual([0, 0, 3, 1, 0, 0, 0, 0])
    expect(wasi.call("fd_readdir", 3, 2048, 1000, 0n, out)).toBe("success")
    const view = new DataView(wasi.memory.buffer, 2048, wasi.view().getUint32(out, true))
    const names: string[] = []
    for (let at = 0; at < view.byteLength; at += 24 + view.getUint32(at + 16, true)) {
      names.push(wasi.read(2048 + at + 24, view.getUint32(at + 16, true)))
      expect(view.getBigUint64(at + 8, true)).toBe(0n)
    }
    expect(names).toEqual([".", "..", "B", "a", "b", "c"])
    wasi.close()
  }))

test("an initialiser sees the same streams wherever they lead, and none of them is the other way round", () => {
  for (const host of initialiserHosts) {
    const wasi = host()
    for (const fd of [0, 1, 2]) {
      expect(wasi.call("fd_fdstat_get", fd, out)).toBe("success")
      const words = [0, 8, 16].map((at) => wasi.view().getBigUint64(out + at, true))
      expect(words).toEqual([2n, 0x1fff_ffdbn, 0x1fff_ffffn])
      // Go asks for it: streams that do not block.
      expect(wasi.call("fd_fdstat_set_flags", fd, 4)).toBe("spipe")
    }
    expect(wasi.call("fd_read", 1, ...iovec(wasi, 2048, 8), out)).toBe("badf")
    expect(wasi.call("fd_write", 0, ...iovec(wasi, 2048, 8), out)).toBe("badf")
    // Nor does waiting for the wrong one wait for ever.
    for (const fd of [0, 1]) {
      wasi.view().setUint8(4096 + 8, 1)
      wasi.view().setUint32(4096 + 16, fd, true)
      expect(wasi.call("poll_oneoff", 4096, 5120, 1, out)).toBe("success")
      expect(wasi.view().getUint16(5120 + 8, true)).toBe(0)
    }
  }
})

test("an initialiser that asks for no rights gets them: it may read, and write what it creates", () =>
  withFolder((folder) => {
    for (const host of initialiserHosts) {
      const wasi = host({ dirs: [{ host: folder, guest: "/" }] })
      const made = wasi.open("made", { oflags: 1, rights: 0n }) as number
      wasi.view().setUint32(2048, 0x64636261, true)
      expect(wasi.call("fd_write", made, ...iovec(wasi, 2048, 4), out)).toBe("success")
      expect(wasi.call("fd_close", made)).toBe("success")
      const again = wasi.open("made", { rights: 0n }) as number
      expect(wasi.call("fd_read", again, ...iovec(wasi, 3000, 4), out)).toBe("success")
      expect(wasi.read(3000, 4)).toBe("abcd")
      // All bits, also those of no right.
      expect(wasi.open("made", { rights: -1n, inheriting: -1n })).toEqual(expect.any(Number))
      wasi.close()
    }
  }))

test("an initialiser's memory may be shared", () =>
  withFolder((folder) => {
    fs.writeFileSync(join(folder, "file.txt"), "contents")
    for (const host of initialiserHosts) {
      const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true })
      const wasi = host({ env: { A: "1" }, dirs: [{ host: folder, guest: "/" }], memory })
      const bytes = new Uint8Array(memory.buffer)
      const fd = wasi.open("file.txt", { rights: everything }) as number
      expect(wasi.call("fd_read", fd, ...iovec(wasi, 2048, 8), out)).toBe("success")
      expect(Buffer.from(bytes.slice(2048, 2056)).toString()).toBe("contents")
      expect(wasi.call("fd_pwrite", fd, ...iovec(wasi, 2048, 8), 0n, out)).toBe("success")
      expect(wasi.call("fd_write", 1, ...iovec(wasi, 2048, 8), out)).toBe("success")
      expect(wasi.stdout()).toBe("contents")
      expect(wasi.call("random_get", 4096, 8)).toBe("success")
      expect(bytes.slice(4096, 4104).some((byte) => byte !== 0)).toBe(true)
      for (const call of ["environ_get", "args_get"] as const) expect(wasi.call(call, out, 4096)).toBe("success")
      expect(wasi.call("fd_readdir", 3, 4096, 100, 0n, out)).toBe("success")
      wasi.close()
    }
  }))

const wasiJob = { env: {}, dirs: {}, reproducible: true, stdin: false }

test("a function that is declared with other types and never called stops no snapshot", async () => {
  const input = assemble(`(module (import "wasi_snapshot_preview1" "fd_close" (func $close (param i64) (result i32)))
    (global $g (export "g") (mut i32) (i32.const 0)) (func (export "wizer-initialize") (global.set $g (i32.const 1)))
    (func (export "close") (drop (call $close (i64.const 1)))))`)
  const { wasm } = await runJob({ input, options: {}, wasi: wasiJob, preloads: [] })
  const { g } = start(wasm, { wasi_snapshot_preview1: { fd_close: () => 0 } }).instance.exports
  expect((g as WebAssembly.Global).value).toBe(1)
})

test("a preloaded module that has exited with 0 goes on being called", async () => {
  const preload = assemble(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
    (memory (export "memory") 1) (func (export "_initialize") (call $exit (i32.const 0)))
    (func (export "f") (result i32) (i32.sub (i32.const 42) (call $yield))))`)
  const input =
    assemble(`(module (import "a" "f" (func $f (result i32))) (global $g (export "g") (mut i32) (i32.const 0))
    (func (export "wizer-initialize") (global.set $g (call $f))))`)
  const { wasm } = await runJob({ input, options: {}, wasi: wasiJob, preloads: [{ name: "a", bytes: preload }] })
  const { g } = start(wasm, { a: { f: () => 0 } }).instance.exports
  expect((g as WebAssembly.Global).value).toBe(42)
})

// Whatever numbers a guest passes, a call answers with an errno: no exception, no write outside of what it was told.
import * as fs from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Errno } from "../../wasi/preview1.ts"
import { preview1 } from "../../wasi/calls.ts"
import type { WasiName } from "../../wasi/calls.ts"
import { type Kind, text, wasmTypes } from "../../wasi/parameters.ts"
import { randomFrom, seedOf } from "../random.ts"
import { everything, hosts, iovec, out, withFolder } from "./wasi.ts"
import type { StartWasi, WasiTest } from "./wasi.ts"

const names = Object.keys(preview1).sort() as WasiName[]
const size = 131_072 // of startWasi's memory

type Use = (wasi: WasiTest, folder: string) => void

/** The same of a program that runs and of an initialiser. */
function testAll(name: string, use: Use, only?: keyof typeof hosts): void {
  for (const [host, start] of Object.entries(hosts))
    if (only === undefined || host === only) test(`${host}: ${name}`, () => withFile(start, use))
}

/** A granted folder with a file, open as descriptor 4; the folder is 3. */
function withFile(start: StartWasi, use: Use): void {
  withFolder((folder) => {
    fs.writeFileSync(join(folder, "file.txt"), "contents")
    const wasi = start({
      env: { A: "1" },
      dirs: [{ host: folder, guest: "/" }],
      input: new TextEncoder().encode("input"),
    })
    expect(wasi.open("file.txt", { rights: everything })).toBe(4)
    use(wasi, folder)
    wasi.close()
  })
}

interface Pointers {
  args: (wasi: WasiTest) => (number | bigint)[]
  at: number[]
  /** The host where it is so. */
  only?: keyof typeof hosts
}

/** For each function, arguments that work, with the places of the pointers among them (and the bytes they need). */
const pointers: Partial<Record<WasiName, Pointers>> = {
  args_get: { args: () => [out, 2048], at: [0, 1], only: "edgebox" }, // an initialiser has none
  args_sizes_get: { args: () => [out, 2048], at: [0, 1] },
  environ_get: { args: () => [out, 2048], at: [0, 1] },
  environ_sizes_get: { args: () => [out, 2048], at: [0, 1] },
  clock_res_get: { args: () => [0, out], at: [1] },
  clock_time_get: { args: () => [1, 0n, out], at: [2] },
  fd_fdstat_get: { args: () => [4, out], at: [1] },
  fd_filestat_get: { args: () => [4, out], at: [1] },
  fd_pread: { args: (w) => [4, ...iovec(w, 2048, 8), 0n, out], at: [1, 4] },
  fd_prestat_dir_name: { args: () => [3, out, 1], at: [1] },
  fd_prestat_get: { args: () => [3, out], at: [1] },
  fd_pwrite: { args: (w) => [4, ...iovec(w, 2048, 8), 0n, out], at: [1, 4] },
  fd_read: { args: (w) => [4, ...iovec(w, 2048, 8), out], at: [1, 3] },
  fd_readdir: { args: () => [3, 2048, 100, 0n, out], at: [1, 4] },
  fd_seek: { args: () => [4, 0n, 0, out], at: [3] },
  fd_tell: { args: () => [4, out], at: [1] },
  fd_write: { args: (w) => [4, ...iovec(w, 2048, 8), out], at: [1, 3] },
  path_create_directory: { args: (w) => [3, ...w.text("new")], at: [1] },
  path_filestat_get: { args: (w) => [3, 0, ...w.text("file.txt"), out], at: [2, 4] },
  path_filestat_set_times: { args: (w) => [3, 0, ...w.text("file.txt"), 0n, 0n, 5], at: [2] },
  path_link: { args: (w) => [3, 0, ...w.text("file.txt"), 3, ...w.text("hard")], at: [2, 5] },
  path_open: { args: (w) => [3, 0, ...w.text("file.txt"), 0, 2n, 0n, 0, out], at: [2, 8] },
  path_readlink: { args: (w) => [3, ...w.text("link"), 2048, 10, out], at: [1, 3, 5] },
  path_remove_directory: { args: (w) => [3, ...w.text("empty")], at: [1] },
  path_rename: { args: (w) => [3, ...w.text("file.txt"), 3, ...w.text("renamed")], at: [1, 4] },
  path_symlink: { args: (w) => [...w.text("file.txt"), 3, ...w.text("soft")], at: [0, 3] },
  path_unlink_file: { args: (w) => [3, ...w.text("file.txt")], at: [1] },
  poll_oneoff: { args: () => [2048, 3072, 1, out], at: [0, 1, 3] },
  random_get: { args: () => [2048, 16], at: [0] },
}

test("the table of pointers covers every function that takes one", () => {
  const without = names.filter((name) => pointers[name] === undefined)
  expect(without).toEqual(
    "fd_advise fd_allocate fd_close fd_datasync fd_fdstat_set_flags fd_fdstat_set_rights fd_filestat_set_size fd_filestat_set_times fd_renumber fd_sync proc_exit proc_raise sched_yield sock_accept sock_recv sock_send sock_shutdown".split(
      " ",
    ),
  )
})

for (const [name, { args, at, only }] of Object.entries(pointers)) {
  testAll(
    `${name} works, and faults for each pointer outside memory, before it does anything`,
    (wasi, folder) => {
      fs.symlinkSync("file.txt", join(folder, "link"))
      fs.mkdirSync(join(folder, "empty"))
      const before = snapshot(folder)
      for (const place of at) {
        for (const bad of [size, size + 1, -1, -8, -0x8000_0000, 0x7fff_ffff]) {
          const hostile = args(wasi)
          hostile[place] = bad
          expect([place, bad, wasi.call(name as WasiName, ...hostile)]).toEqual([place, bad, "fault"])
        }
      }
      expect(snapshot(folder)).toEqual(before)
      expect(wasi.call(name as WasiName, ...args(wasi))).toBe("success")
    },
    only,
  )
}

function snapshot(folder: string): unknown {
  return fs.readdirSync(folder).map((name) => {
    const { size, mtimeMs } = fs.lstatSync(join(folder, name))
    return [name, size, mtimeMs]
  })
}

testAll("a buffer that ends at memory's last byte is inside, one byte more is not", (wasi) => {
  expect(wasi.call("random_get", size - 16, 16)).toBe("success")
  expect(wasi.call("random_get", size - 16, 17)).toBe("fault")
  expect(wasi.call("random_get", size, 0)).toBe("success")
  expect(wasi.call("random_get", size + 1, 0)).toBe("fault")
  expect(wasi.call("random_get", 16, -1)).toBe("fault")
  expect(wasi.call("fd_read", 4, ...iovec(wasi, size - 4, 5), out)).toBe("fault")
  expect(wasi.call("fd_read", 4, ...iovec(wasi, -1, -1), out)).toBe("fault")
  new Uint8Array(wasi.memory.buffer).fill(0, size - 16)
  expect(wasi.call("fd_read", 4, size - 8, 1, out)).toBe("success")
  expect(wasi.call("fd_read", 4, size - 8, 2, out)).toBe("fault")
})

testAll("counts of buffers are bounded, and so is what one call transfers", (wasi) => {
  expect(wasi.call("fd_write", 1, 32_768, 1024, out)).toBe("success")
  expect(wasi.call("fd_write", 1, 32_768, 1025, out)).toBe("inval")
  expect(wasi.call("fd_write", 1, 32_768, -1, out)).toBe("inval")
  expect(wasi.call("poll_oneoff", 0, 0, 4097, out)).toBe("inval")
  expect(wasi.call("poll_oneoff", 0, 0, 0, out)).toBe("inval")
  // 1024 times the same 64 MB: more than an i32 can tell.
  wasi.memory.grow(1024)
  for (let i = 0; i < 1024; i++) {
    wasi.view().setUint32(32_768 + i * 8, 65_536, true)
    wasi.view().setUint32(32_772 + i * 8, 60 << 20, true)
  }
  expect(wasi.call("fd_write", 1, 32_768, 1024, out)).toBe("inval")
})

testAll("memory that has grown is seen", (wasi) => {
  expect(wasi.call("random_get", size, 8)).toBe("fault")
  wasi.memory.grow(1)
  expect(wasi.call("random_get", size, 8)).toBe("success")
  expect(wasi.view().getBigUint64(size)).not.toBe(0n)
})

testAll("a memory of 4 GB works to its last byte", (wasi) => {
  wasi.memory.grow(65_536 - 2)
  expect(wasi.call("random_get", 0xf000_0000 | 0, 16)).toBe("success")
  expect(wasi.view().getBigUint64(0xf000_0000)).not.toBe(0n)
  expect(wasi.call("random_get", -16, 16)).toBe("success")
  expect(wasi.call("random_get", -16, 17)).toBe("fault")
  expect(wasi.call("fd_read", 4, ...iovec(wasi, -8, 8), out)).toBe("success")
  expect(wasi.read(2 ** 32 - 8, 8)).toBe("contents")
  expect(wasi.call("fd_read", 4, ...iovec(wasi, 0, 0x7fff_ffff), out)).toBe("success")
  expect(wasi.call("fd_read", 4, ...iovec(wasi, 0, -1), out)).toBe("inval")
})

testAll(
  "in a memory of 4 GB a text's length is looked at before the text, and no more is filled than one can tell",
  (wasi) => {
    wasi.memory.grow(65_536 - 2)
    for (const length of [4096, 300 << 20, 0x7fff_ffff, 0x8000_0000 | 0, 3_000_000_000 | 0, -65_536]) {
      for (const [name, { parameters }] of Object.entries(preview1)) {
        const kinds = Object.values(parameters) as Kind<unknown>[]
        if (!kinds.includes(text)) continue
        const other = ({ wasm }: Kind<unknown>) => [...wasm].map((type) => (type === "I" ? 0n : 3))
        const args = kinds.flatMap((kind): (number | bigint)[] => (kind === text ? [0, length] : other(kind)))
        expect([name, wasi.call(name as WasiName, ...args)]).toEqual([name, "nametoolong"])
      }
    }
    for (const length of [0x8000_0000 | 0, 3_000_000_000 | 0, -1]) {
      expect(wasi.call("random_get", 0, length)).toBe("inval")
    }
  },
)

testAll("offsets and sizes are 64 bits wide and unsigned", (wasi) => {
  expect(wasi.call("fd_seek", 4, -1n, 0, out)).toBe("inval")
  expect(wasi.call("fd_seek", 4, -9n, 2, out)).toBe("inval")
  expect(wasi.call("fd_seek", 4, -8n, 2, out)).toBe("success")
  expect(wasi.call("fd_seek", 4, 1n << 62n, 0, out)).toBe("inval")
  expect(wasi.call("fd_seek", 4, 0n, 3, out)).toBe("inval")
  expect(wasi.call("fd_seek", 4, 0x1_0000_0001n, 0, out)).toBe("success")
  expect(wasi.call("fd_tell", 4, out)).toBe("success")
  expect(wasi.view().getBigUint64(out, true)).toBe(0x1_0000_0001n)
  expect(wasi.call("fd_pread", 4, ...iovec(wasi, 2048, 8), -1n, out)).toBe("inval")
  expect(wasi.call("fd_filestat_set_size", 4, -1n)).toBe("fbig")
  expect(wasi.call("fd_allocate", 4, -1n, 1n)).toBe("fbig")
  expect(wasi.call("fd_allocate", 4, 0n, 0n)).toBe("inval")
  expect(wasi.call("fd_advise", 4, -1n, -1n, 0)).toBe("inval")
  expect(wasi.call("fd_filestat_set_times", 4, -1n, -1n, 5)).toMatch(/success|inval|overflow/)
})

for (const [host, start] of Object.entries(hosts)) {
  test(`${host}: random calls with hostile numbers always come back with an errno`, () => randomCalls(start))
}

function randomCalls(start: StartWasi): void {
  const random = randomFrom(seedOf("wasi/pointers"))
  const calls = process.env["EDGEBOX_ALL"] === "1" ? 400_000 : 40_000
  const numbers = [
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    512,
    1000,
    2048,
    4095,
    size - 1,
    size,
    size + 1,
    -1,
    -2,
    -8,
    0x7fff_ffff,
    -0x8000_0000,
  ]
  const wide = [0n, 1n, 2n, 8n, 4096n, everything, -1n, 1n << 62n, -(1n << 63n), (1n << 63n) - 1n]
  const pick = <T>(from: T[]) => from[Math.floor(random() * from.length)]!
  const ends = start === hosts.edgebox ? ["proc_exit"] : ["proc_exit", "proc_raise"]
  const safe = names.filter((name) => !ends.includes(name))
  withFile(start, (wasi, folder) => {
    for (let i = 0; i < calls; i++) {
      // Paths that exist, some of them in memory where the numbers point.
      if (i % 50 === 0) {
        new Uint8Array(wasi.memory.buffer).fill(0)
        for (const place of [0, 512, 1000, 2048])
          new Uint8Array(wasi.memory.buffer).set(new TextEncoder().encode("file.txt/../x"), place)
        if (typeof wasi.open("file.txt", { rights: everything, oflags: 1 }) === "string" && i === 0)
          throw new Error("no file")
      }
      const name = pick(safe)
      const args = [...wasmTypes(preview1[name])].map((type) => (type === "i" ? pick(numbers) : pick(wide)))
      let errno: string
      try {
        errno = wasi.call(name, ...args)
      } catch (error) {
        throw new Error(`call ${i}: ${name}(${args.join(", ")}) threw`, { cause: error })
      }
      if (!Object.hasOwn(Errno, errno)) throw new Error(`call ${i}: ${name}(${args.join(", ")}) gave ${errno}`)
    }
    expect(fs.existsSync(folder)).toBe(true)
  })
}

testAll("arguments of other types than the specification's are refused before anything is done with them", (wasi) => {
  const wrong: [WasiName, unknown[]][] = [
    ["fd_close", [4n]],
    ["fd_close", []],
    ["fd_close", [4, 4]],
    ["fd_seek", [4, 0, 0, out]],
    ["fd_close", [{ valueOf: () => 4 }]],
    ["fd_close", [undefined]],
  ]
  for (const [name, args] of wrong) expect(() => wasi.call(name, ...(args as number[]))).toThrow()
  expect(wasi.call("fd_close", 4)).toBe("success")
})

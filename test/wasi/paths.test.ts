// A path never leaves the directory that was granted, and :ro grants no change at all.
import * as fs from "node:fs"
import { execFileSync, spawn } from "node:child_process"
import { join } from "node:path"
import { expect, test } from "vitest"
import { errnoName } from "../../wasi/preview1.ts"
import { randomFrom, seedOf } from "../random.ts"
import { everything, hosts, iovec, out, withFolder } from "./wasi.ts"
import type { StartWasi, WasiTest } from "./wasi.ts"

const fdReaddir = 1n << 14n
const creat = 1
const directory = 2
const excl = 4
const trunc = 8

type Attack = (wasi: WasiTest, folder: string, start: StartWasi) => void

/** The same of a program that runs and of an initialiser. */
function attack(name: string, run: Attack, skip = false): void {
  for (const [host, start] of Object.entries(hosts)) test.skipIf(skip)(`${host}: ${name}`, () => inBox(start, run))
}

/** box/ is granted; secret.txt and outside/ lie beside it. */
function inBox(start: StartWasi, run: Attack, readOnly = false): void {
  withFolder((folder) => {
    const box = join(folder, "box")
    fs.mkdirSync(join(box, "sub/deep"), { recursive: true })
    fs.mkdirSync(join(folder, "outside"))
    fs.writeFileSync(join(folder, "secret.txt"), "secret")
    fs.writeFileSync(join(folder, "outside/secret.txt"), "secret")
    fs.writeFileSync(join(box, "file.txt"), "inside")
    fs.writeFileSync(join(box, "sub/other.txt"), "other")
    const wasi = start({ dirs: [{ host: box, guest: "/box", readOnly }] })
    try {
      run(wasi, folder, start)
      expect(fs.readFileSync(join(folder, "secret.txt"), "utf8")).toBe("secret")
      expect(fs.readdirSync(join(folder, "outside"))).toEqual(["secret.txt"])
      expect(fs.readdirSync(folder).sort()).toEqual(["box", "outside", "secret.txt"])
    } finally {
      wasi.close()
    }
  })
}

/** Every call that takes a path, made with this path. */
function everyCall(wasi: WasiTest, path: string): Record<string, string> {
  const p = wasi.text(path)
  const inside = wasi.text("file.txt")
  const fresh = wasi.text("fresh")
  const opened = (oflags: number, rights = everything) => {
    const fd = wasi.open(path, { oflags, rights: rights & ~(1n << 14n) })
    if (typeof fd === "number") wasi.call("fd_close", fd)
    return typeof fd === "number" ? "success" : fd
  }
  return {
    open: opened(0, 2n),
    openDirectory: opened(directory, 0n),
    create: opened(creat),
    truncate: opened(trunc),
    path_create_directory: wasi.call("path_create_directory", 3, ...p),
    path_filestat_get: wasi.call("path_filestat_get", 3, 1, ...p, out),
    path_filestat_get_nofollow: wasi.call("path_filestat_get", 3, 0, ...p, out),
    path_filestat_set_times: wasi.call("path_filestat_set_times", 3, 1, ...p, 0n, 0n, 5),
    path_link_from: wasi.call("path_link", 3, 1, ...p, 3, ...fresh),
    path_link_to: wasi.call("path_link", 3, 0, ...inside, 3, ...p),
    path_readlink: wasi.call("path_readlink", 3, ...p, out, 100, 4096),
    path_remove_directory: wasi.call("path_remove_directory", 3, ...p),
    path_rename_from: wasi.call("path_rename", 3, ...p, 3, ...fresh),
    path_rename_to: wasi.call("path_rename", 3, ...inside, 3, ...p),
    path_symlink: wasi.call("path_symlink", ...inside, 3, ...p),
    path_unlink_file: wasi.call("path_unlink_file", 3, ...p),
  }
}

const escapes = [
  "..",
  "../",
  "../secret.txt",
  "../outside",
  "../outside/new",
  "../box/file.txt",
  "sub/../../secret.txt",
  "sub/deep/../../../secret.txt",
  "./../secret.txt",
  "sub/.././../outside/secret.txt",
  "/",
  "/etc/passwd",
  "//etc/passwd",
  "/box/file.txt",
]

for (const path of escapes) {
  attack(`"${path}" is outside for every call`, (wasi) => {
    for (const [call, errno] of Object.entries(everyCall(wasi, path)))
      expect([call, errno]).toEqual([call, "notcapable"])
  })
}

attack("links that lead outside lead nowhere, whoever made them", (wasi, folder) => {
  const box = join(folder, "box")
  fs.symlinkSync("../secret.txt", join(box, "up"))
  fs.symlinkSync(join(folder, "secret.txt"), join(box, "absolute"))
  fs.symlinkSync("../outside", join(box, "upDirectory"))
  fs.symlinkSync("sub/../../outside", join(box, "sideways"))
  fs.symlinkSync("up", join(box, "chained"))
  fs.symlinkSync("../new-file", join(box, "dangling"))
  for (const link of ["up", "absolute", "chained", "dangling"]) {
    for (const oflags of [0, creat, trunc, creat | trunc]) {
      expect([link, oflags, wasi.open(link, { oflags, rights: everything & ~fdReaddir })]).toEqual([
        link,
        oflags,
        "notcapable",
      ])
    }
    expect(wasi.call("path_filestat_get", 3, 1, ...wasi.text(link), out)).toBe("notcapable")
    expect(wasi.call("path_filestat_get", 3, 0, ...wasi.text(link), out)).toBe("success")
    expect(wasi.call("path_filestat_set_times", 3, 1, ...wasi.text(link), 0n, 0n, 5)).toBe("notcapable")
    expect(wasi.open(link, { follow: false })).toBe("loop")
    expect(wasi.call("path_link", 3, 1, ...wasi.text(link), 3, ...wasi.text("hard"))).toBe("notcapable")
  }
  for (const link of ["upDirectory", "sideways"]) {
    for (const [call, errno] of Object.entries(everyCall(wasi, `${link}/secret.txt`))) {
      expect([link, call, errno]).toEqual([link, call, "notcapable"])
    }
    expect(wasi.open(link, { oflags: directory })).toBe("notcapable")
    expect(wasi.open(`${link}/`, { oflags: directory, follow: false })).toBe("notcapable")
    expect(wasi.call("path_create_directory", 3, ...wasi.text(`${link}/new`))).toBe("notcapable")
    expect(wasi.call("path_remove_directory", 3, ...wasi.text(`${link}/`))).not.toBe("success")
  }
  // Removing or renaming a link acts on the link.
  expect(wasi.call("path_unlink_file", 3, ...wasi.text("up"))).toBe("success")
  expect(wasi.call("path_rename", 3, ...wasi.text("absolute"), 3, ...wasi.text("moved"))).toBe("success")
})

attack("a guest makes links inside, not to absolute places, and none of its own lets it out", (wasi, folder) => {
  const link = (text: string, path: string) => wasi.call("path_symlink", ...wasi.text(text), 3, ...wasi.text(path))
  expect(link("/etc/passwd", "a")).toBe("notcapable")
  expect(link("", "a")).toBe("noent")
  expect(link("../../secret.txt", "sub/up")).toBe("success")
  expect(wasi.open("sub/up")).toBe("notcapable")
  expect(link("../file.txt", "sub/ok")).toBe("success")
  expect(wasi.open("sub/ok")).toEqual(expect.any(Number))
  expect(link("file.txt", "sub/ok")).toBe("exist")
  // Moving a link changes what it means: it is judged where it lies.
  expect(wasi.call("path_rename", 3, ...wasi.text("sub/ok"), 3, ...wasi.text("ok"))).toBe("success")
  expect(wasi.open("ok")).toBe("notcapable")
  expect(link("new.txt", "dangling")).toBe("success")
  expect(wasi.open("dangling")).toBe("noent")
  expect(wasi.open("dangling", { oflags: creat, rights: 64n })).toEqual(expect.any(Number))
  expect(fs.existsSync(join(folder, "box/new.txt"))).toBe(true)
  expect(wasi.open("dangling", { oflags: creat | excl, rights: 64n })).toBe("exist")
})

attack("circles and long chains of links end", (wasi, folder) => {
  const box = join(folder, "box")
  fs.symlinkSync("b", join(box, "a"))
  fs.symlinkSync("a", join(box, "b"))
  fs.symlinkSync("self/self", join(box, "self"))
  for (const path of ["a", "a/file.txt", "self", "self/x"]) expect([path, wasi.open(path)]).toEqual([path, "loop"])
  for (let i = 0; i < 60; i++) fs.symlinkSync(i === 0 ? "file.txt" : `l${i - 1}`, join(box, `l${i}`))
  expect(wasi.open("l30")).toEqual(expect.any(Number))
  expect(wasi.open("l59")).toBe("loop")
})

attack("a directory that is opened is a root of its own", (wasi) => {
  const sub = wasi.open("sub", { oflags: directory, rights: everything, inheriting: everything })
  expect(sub).toBeTypeOf("number")
  const dirfd = sub as number
  expect(wasi.open("other.txt", { dirfd })).toEqual(expect.any(Number))
  expect(wasi.open("../file.txt", { dirfd })).toBe("notcapable")
  expect(wasi.open("..", { dirfd })).toBe("notcapable")
  expect(wasi.open("deep/../other.txt", { dirfd })).toEqual(expect.any(Number))
})

attack("a directory that is opened to read and write is none, also where a directory is asked for", (wasi) => {
  const readWrite = (1n << 1n) | (1n << 6n)
  for (const path of ["sub", ".", "sub/"]) {
    for (const rights of [readWrite, 1n << 6n]) {
      for (const oflags of [0, directory]) expect(wasi.open(path, { oflags, rights })).toBe("isdir")
    }
    expect(wasi.open(path, { oflags: directory, rights: everything })).toBeTypeOf("number")
    expect(wasi.open(path, { oflags: directory, rights: 1n << 1n })).toBeTypeOf("number")
  }
})

attack("..-components that stay inside are walked, through links too", (wasi, folder) => {
  fs.symlinkSync("sub/deep", join(folder, "box/link"))
  expect(wasi.open("sub/../file.txt")).toEqual(expect.any(Number))
  // `link/..` is sub, where the link leads, not box, where it lies.
  expect(wasi.open("link/../other.txt")).toEqual(expect.any(Number))
  expect(wasi.open("link/../file.txt")).toBe("noent")
  expect(wasi.open("nowhere/../file.txt")).toBe("noent")
  expect(wasi.open("file.txt/../file.txt")).toBe("notdir")
})

attack("names are refused that the host would read otherwise", (wasi) => {
  expect(wasi.open("file.txt\0.png")).toBe("inval")
  expect(wasi.open("")).toBe("noent")
  expect(wasi.call("path_filestat_get", 3, 0, ...wasi.text(new Uint8Array([0x66, 0xff])), out)).toBe("ilseq")
  expect(wasi.open("x".repeat(300))).toBe("nametoolong")
  expect(wasi.open("a/".repeat(3000))).toBe("nametoolong")
  expect(wasi.open("./".repeat(2000) + "file.txt")).toEqual(expect.any(Number))
})

attack("a trailing slash wants a directory", (wasi, folder) => {
  fs.symlinkSync("sub", join(folder, "box/link"))
  expect(wasi.open("file.txt/")).toBe("notdir")
  expect(wasi.open("file.txt/.")).toBe("notdir")
  expect(wasi.open("new/", { oflags: creat, rights: 64n })).toBe("isdir")
  expect(wasi.open("link/", { oflags: directory, follow: false })).toEqual(expect.any(Number))
  expect(wasi.call("path_filestat_get", 3, 0, ...wasi.text("file.txt/"), out)).toBe("notdir")
  expect(wasi.call("path_unlink_file", 3, ...wasi.text("file.txt/"))).toBe("notdir")
  expect(wasi.call("path_rename", 3, ...wasi.text("file.txt/"), 3, ...wasi.text("f"))).toBe("notdir")
  expect(wasi.call("path_create_directory", 3, ...wasi.text("made/"))).toBe("success")
  expect(wasi.call("path_remove_directory", 3, ...wasi.text("made/"))).toBe("success")
})

attack("the granted directory itself stays", (wasi) => {
  const dot = wasi.text(".")
  expect(wasi.call("path_remove_directory", 3, ...dot)).toBe("inval")
  expect(wasi.call("path_rename", 3, ...dot, 3, ...wasi.text("x"))).toBe("busy")
  expect(wasi.call("path_rename", 3, ...wasi.text("sub"), 3, ...dot)).toBe("busy")
  expect(wasi.call("path_unlink_file", 3, ...dot)).toBe("isdir")
  expect(wasi.call("path_create_directory", 3, ...dot)).toBe("exist")
  expect(wasi.call("path_link", 3, 0, ...dot, 3, ...wasi.text("x"))).toBe("perm")
  expect(wasi.call("path_readlink", 3, ...dot, out, 10, 4096)).toBe("inval")
  expect(wasi.call("path_symlink", ...wasi.text("x"), 3, ...dot)).toBe("exist")
  expect(wasi.call("path_filestat_get", 3, 0, ...dot, out)).toBe("success")
  expect(wasi.open(".", { oflags: directory })).toEqual(expect.any(Number))
  expect(wasi.open("sub/..", { oflags: directory })).toEqual(expect.any(Number))
})

attack(
  "what is no file and no directory is not opened, and nothing waits for it",
  (wasi, folder, start) => {
    execFileSync("mkfifo", [join(folder, "box/fifo")])
    for (const rights of [2n, 64n, everything & ~fdReaddir]) expect(wasi.open("fifo", { rights })).toBe("acces")
    expect(wasi.open("fifo", { oflags: trunc, rights: 64n })).toBe("acces")
    expect(wasi.call("path_filestat_get", 3, 0, ...wasi.text("fifo"), out)).toBe("success")
    const devices = start({ dirs: [{ host: "/dev", guest: "/dev" }] })
    for (const device of ["null", "zero", "tty"]) expect([device, devices.open(device)]).toEqual([device, "acces"])
    devices.close()
  },
  process.platform === "win32",
)

test(":ro refuses every change with rofs and allows every look", () =>
  inBox(
    hosts.edgebox,
    (wasi, folder) => {
      const box = join(folder, "box")
      const listed = () => fs.readdirSync(box, { recursive: true }).sort()
      fs.symlinkSync("file.txt", join(box, "link"))
      const before = listed()
      const stat = fs.statSync(join(box, "file.txt"))
      const file = wasi.text("file.txt")
      const fresh = wasi.text("fresh")
      const changes: Record<string, string | number> = {
        openToWrite: wasi.open("file.txt", { rights: 64n }),
        openToAllocate: wasi.open("file.txt", { rights: 1n << 8n }),
        openToResize: wasi.open("file.txt", { rights: 1n << 22n }),
        create: wasi.open("fresh", { oflags: creat }),
        createExisting: wasi.open("file.txt", { oflags: creat }),
        truncate: wasi.open("file.txt", { oflags: trunc }),
        throughLink: wasi.open("link", { rights: 64n }),
        path_create_directory: wasi.call("path_create_directory", 3, ...fresh),
        path_filestat_set_times: wasi.call("path_filestat_set_times", 3, 1, ...file, 0n, 0n, 5),
        path_link: wasi.call("path_link", 3, 0, ...file, 3, ...fresh),
        path_remove_directory: wasi.call("path_remove_directory", 3, ...wasi.text("sub/deep")),
        path_rename: wasi.call("path_rename", 3, ...file, 3, ...fresh),
        path_symlink: wasi.call("path_symlink", ...file, 3, ...fresh),
        path_unlink_file: wasi.call("path_unlink_file", 3, ...file),
        rootTimes: wasi.call("fd_filestat_set_times", 3, 0n, 0n, 5),
      }
      // Rights of a readable file that change it are refused by the descriptor too.
      const fd = wasi.open("file.txt", { rights: forReadingAndTimes }) as number
      changes["fd_filestat_set_times"] = wasi.call("fd_filestat_set_times", fd, 0n, 0n, 5)
      for (const [call, errno] of Object.entries(changes)) expect([call, errno]).toEqual([call, "rofs"])
      for (const [call, ...args] of [
        ["fd_write", fd, ...iovec(wasi, 0, 4), out],
        ["fd_pwrite", fd, ...iovec(wasi, 0, 4), 0n, out],
        ["fd_filestat_set_size", fd, 0n],
        ["fd_allocate", fd, 0n, 100n],
      ] as const) {
        expect([call, wasi.call(call, ...(args as number[]))]).toEqual([call, "notcapable"])
      }
      // A directory opened below is as read-only as the one above.
      const sub = wasi.open("sub", {
        oflags: directory,
        rights: everything,
        inheriting: everything,
      })
      expect(wasi.open("made", { dirfd: sub as number, oflags: creat })).toBe("rofs")
      expect(wasi.call("path_unlink_file", sub as number, ...wasi.text("other.txt"))).toBe("rofs")
      expect(listed()).toEqual(before)
      expect(fs.statSync(join(box, "file.txt"))).toMatchObject({ mtimeMs: stat.mtimeMs, size: stat.size })

      expect(wasi.open("file.txt")).toEqual(expect.any(Number))
      expect(wasi.call("path_readlink", 3, ...wasi.text("link"), out, 100, 4096)).toBe("success")
      expect(wasi.call("path_filestat_get", 3, 1, ...file, out)).toBe("success")
      expect(wasi.call("fd_readdir", 3, out, 500, 0n, 4096)).toBe("success")
    },
    true,
  ))

const forReadingAndTimes = 2n | (1n << 23n)

test("a link between a writable and a read-only directory would make the one writable through the other", () =>
  withFolder((folder) => {
    for (const name of ["rw", "ro"]) fs.mkdirSync(join(folder, name))
    fs.writeFileSync(join(folder, "ro/file.txt"), "kept")
    const dirs = [
      { host: join(folder, "rw"), guest: "/rw" },
      { host: join(folder, "ro"), guest: "/ro", readOnly: true },
    ]
    const wasi = hosts.edgebox({ dirs })
    const file = wasi.text("file.txt")
    expect(wasi.call("path_link", 4, 0, ...file, 3, ...file)).toBe("rofs")
    expect(wasi.call("path_rename", 4, ...file, 3, ...file)).toBe("rofs")
    expect(wasi.call("path_rename", 3, ...file, 4, ...wasi.text("x"))).toBe("rofs")
    wasi.close()
  }))

attack("another process that swaps a directory or a file for a link meanwhile wins nothing", (wasi, folder) => {
  const box = join(folder, "box")
  // What is behind the names changes between a harmless thing and a link to the outside, as fast as can be.
  const script = `const fs = require("node:fs"), box = ${JSON.stringify(box)}, move = (a, b) => fs.renameSync(box + a, box + b)
      fs.mkdirSync(box + "/real"); fs.writeFileSync(box + "/real/secret.txt", "public"); fs.symlinkSync("../outside", box + "/evil")
      fs.writeFileSync(box + "/fileReal", "public"); fs.symlinkSync("../secret.txt", box + "/fileEvil")
      fs.writeSync(1, "ready")
      for (;;) for (const kind of ["eal", "vil"]) {
        const r = kind === "eal" ? "r" : "e", file = "/file" + r.toUpperCase() + kind
        move("/" + r + kind, "/swap"); move(file, "/file")
        move("/swap", "/" + r + kind); move("/file", file)
      }`
  const log = fs.openSync(join(folder, "box/log"), "w")
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", log, "inherit"] })
  const isRunning = () => !/^\d+ \(.*\) [ZX]/.test(fs.readFileSync(`/proc/${child.pid}/stat`, "utf8"))
  try {
    while (fs.fstatSync(log).size === 0 && isRunning()) sleep(5)
    const seen = new Map<string, number>()
    let turn = 0
    // Until it has met both faces of it: on a busy machine the other process waits for its turn.
    const bothMet = () => seen.has("public") && seen.has("notcapable")
    for (; turn < 10_000 || (!bothMet() && isRunning()); turn++) {
      const fd = wasi.open(turn % 2 === 0 ? "swap/secret.txt" : "file", { follow: turn % 4 < 2 })
      let result = fd
      if (typeof fd === "number") {
        wasi.call("fd_read", fd, ...iovec(wasi, 2048, 16), out)
        result = wasi.read(2048, wasi.view().getUint32(out, true))
        wasi.call("fd_close", fd)
      }
      seen.set(String(result), (seen.get(String(result)) ?? 0) + 1)
      // A name that appears outside would be found by inBox.
      const made = wasi.open("swap/made", { oflags: creat, rights: 64n })
      if (typeof made === "number") wasi.call("fd_close", made)
    }
    console.log(`wasi/paths: ${turn} tries met ${JSON.stringify(Object.fromEntries(seen))}`)
    expect([...seen.keys()]).not.toContain("secret")
    expect(bothMet()).toBe(true)
  } finally {
    child.kill("SIGKILL")
    fs.closeSync(log)
    while (isRunning()) sleep(5)
  }
})

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

for (const [host, start] of Object.entries(hosts)) {
  test(`${host}: random programs of path calls change and read nothing outside`, () => randomPrograms(start))
}

function randomPrograms(start: StartWasi): void {
  const random = randomFrom(seedOf("wasi/paths"))
  const pick = <T>(from: readonly T[]) => from[Math.floor(random() * from.length)]!
  const names = ["a", "b", "c", "sub", "..", "..", ".", "outside", "secret.txt", "box", "file.txt", ""]
  const path = () => Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(names)).join("/")
  const programs = process.env["EDGEBOX_ALL"] === "1" ? 2000 : 60
  for (let i = 0; i < programs; i++) {
    inBox(start, (wasi, folder) => {
      // What is already there may be hostile too.
      for (const name of ["a", "b"])
        fs.symlinkSync(pick([path(), join(folder, "outside"), "../outside", "/"]) || ".", join(folder, "box", name))
      const before = outside(folder)
      const log: string[] = []
      const directories = [3]
      for (let step = 0; step < 80; step++) {
        const fd = pick(directories)
        const [one, two] = [wasi.text(path()), wasi.text(path())]
        const call = pick(pathCalls)
        const args: Record<(typeof pathCalls)[number], (number | bigint)[]> = {
          path_create_directory: [fd, ...one],
          path_filestat_set_times: [fd, pick([0, 1]), ...one, 0n, 0n, 5],
          path_link: [fd, pick([0, 1]), ...one, pick(directories), ...two],
          path_remove_directory: [fd, ...one],
          path_rename: [fd, ...one, pick(directories), ...two],
          path_symlink: [...one, fd, ...two],
          path_unlink_file: [fd, ...one],
          path_open: [
            fd,
            pick([0, 1]),
            ...one,
            pick([0, creat, trunc, creat | trunc, directory, directory]),
            everything,
            everything,
            0,
            out,
          ],
        }
        const errno = wasi.call(call, ...args[call])
        log.push(`${call} ${wasi.read(...one)} ${wasi.read(...two)} ${errno}`)
        if (call !== "path_open" || errno !== "success") continue
        const opened = wasi.view().getUint32(out, true)
        if (wasi.call("fd_readdir", opened, 2048, 512, 0n, out) === "success") {
          directories.push(opened)
          expect(wasi.read(2048, wasi.view().getUint32(out, true)), log.join("\n")).not.toContain("marker")
          continue
        }
        wasi.call("fd_read", opened, ...iovec(wasi, 2048, 6), out)
        expect(wasi.read(2048, wasi.view().getUint32(out, true)), log.join("\n")).not.toBe("secret")
        wasi.view().setUint32(2048, 0x21212121)
        wasi.call("fd_write", opened, ...iovec(wasi, 2048, 4), out)
        wasi.call("fd_close", opened)
      }
      expect(outside(folder), log.join("\n")).toEqual(before)
    })
  }
}

const pathCalls = [
  "path_create_directory",
  "path_filestat_set_times",
  "path_link",
  "path_remove_directory",
  "path_rename",
  "path_symlink",
  "path_unlink_file",
  "path_open",
] as const

/** All that must not change. */
function outside(folder: string): unknown {
  return ["secret.txt", "outside/secret.txt", "outside"].map((name) => {
    const { ino, mode, mtimeMs, nlink, size } = fs.lstatSync(join(folder, name))
    return [name, ino, mode, mtimeMs, nlink, size]
  })
}

test("errno names are the specification's", () => {
  expect([0, 2, 8, 21, 28, 44, 63, 76].map(errnoName)).toEqual(
    "success acces badf fault inval noent perm notcapable".split(" "),
  )
})

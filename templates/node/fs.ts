// node:fs over WASI preopens: the synchronous calls, callbacks and promises for them.
//
// A path is absolute or relative to "/"; the preopen with the longest name that is a prefix of it serves it. What lies
// outside all of them does not exist.
import { useKit, type Kit } from "../guest/kit.ts"
import { named } from "../guest/named.ts"
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from "./fs-files.ts"
import { constants } from "./fs-flags.ts"
import {
  Dirent,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  unlinkSync,
} from "./fs-folders.ts"
import { later, withCallback, withPromise } from "./fs-later.ts"
import { accessSync, existsSync, fstatSync, lstatSync, Stats, statSync } from "./fs-stats.ts"

/** Calls of which there are three: x, xSync and promises.x. */
const sync: Record<string, (...args: any[]) => unknown> = {
  readFileSync,
  writeFileSync,
  appendFileSync,
  statSync,
  lstatSync,
  fstatSync,
  accessSync,
  readdirSync,
  mkdirSync,
  rmdirSync,
  unlinkSync,
  rmSync,
  renameSync,
  copyFileSync,
  openSync,
  closeSync,
  readSync,
  writeSync,
  realpathSync,
  fsyncSync: () => {},
}

/** Of these there is no promises.x: in Node they have to do with a FileHandle, which is not here. */
const withDescriptor = ["fsync", "open", "close", "read", "write", "fstat"]

export function start(given: Kit): void {
  useKit(given)
  given.world() // alive in the snapshot: errors and callbacks need it
  const promises: Record<string, unknown> = { constants }
  const fs: Record<string, unknown> = {
    ...sync,
    existsSync,
    Stats,
    Dirent,
    constants,
    F_OK: 0,
    R_OK: 4,
    W_OK: 2,
    X_OK: 1,
  }
  for (const [name, call] of Object.entries(sync)) {
    const bare = name.slice(0, -"Sync".length)
    if (!withDescriptor.includes(bare)) promises[bare] = named(bare, withPromise(call))
    fs[bare] = named(bare, withCallback(call))
  }
  fs["exists"] = exists
  fs["promises"] = promises
  given.modules.set("fs", fs)
  given.modules.set("fs/promises", promises)
}

const exists = (path: unknown, callback: (exists: boolean) => void) => later(() => callback(existsSync(path)))

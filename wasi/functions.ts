// WASI preview1, all of it, as an import object.
import { Errno, errnoOfSystemError, Fault } from "./preview1.ts"
import { fileFunctions } from "./files.ts"
import type { Host, WasiFunction } from "./host.ts"
import { pollFunctions } from "./poll.ts"
import { processFunctions } from "./environment.ts"
import { treeFunctions } from "./tree.ts"

/** The module name of preview1's imports. */
export const wasiModule = "wasi_snapshot_preview1"

/** Every function of preview1 with its parameters: i is an i32, I an i64. All but proc_exit return an errno. */
export const signatures = {
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
} as const satisfies Record<string, string>

export type WasiName = keyof typeof signatures

/** A guest's import is declared with other types than preview1's. */
export class WrongTypes {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** The import object's functions for one guest. */
export function wasiFunctions(host: Host): Record<WasiName, WasiFunction> {
  const functions: Record<WasiName, WasiFunction> = {
    ...processFunctions(host),
    ...fileFunctions(host),
    ...treeFunctions(host),
    ...pollFunctions(host),
  }
  const guarded = Object.entries(functions).map(([name, run]) => [name, guard(host, name as WasiName, run)])
  return Object.fromEntries(guarded) as Record<WasiName, WasiFunction>
}

/** Turn what a function throws for the guest into an errno. Anything else passes: it ends the guest. */
function guard(host: Host, name: WasiName, run: WasiFunction): WasiFunction {
  const types = [...signatures[name]].map((type) => (type === "i" ? "number" : "bigint"))
  const call = run as (...args: unknown[]) => number | void
  return (...args: unknown[]) => {
    // The engine does not compare an import's declared type with a JavaScript function.
    if (args.length !== types.length || args.some((arg, i) => typeof arg !== types[i])) throw new WrongTypes(name)
    // A guest that catches its own exit (wasm's catch_all can) gets no further than its next call.
    if (host.exitCode() !== undefined) host.exit(0)
    try {
      return call(...args) ?? Errno.success
    } catch (error) {
      if (error instanceof Fault) return error.errno
      const errno = errnoOfSystemError(error)
      if (errno === undefined) throw error
      return errno
    }
  }
}

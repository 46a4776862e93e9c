// What the WASI functions of one running guest share, and how it is set up: what the guest is given, and what its world
// is like.
import { FdTable, preopened } from "./fds.ts"
import type { Stream } from "./fds.ts"
import { GuestMemory } from "./memory.ts"
import { openPlace } from "./places.ts"
import type { World } from "./system.ts"
import { encode } from "./utf8.ts"

/** A directory of the host's that the guest may use. */
export interface Grant {
  host: string
  /** The name under which the guest finds it. */
  guest: string
  readOnly?: boolean
}

export interface HostOptions {
  /** The first is the program's own name. */
  args: readonly string[]
  /** In this order. */
  env: Readonly<Record<string, string>>
  stdin: Stream
  stdout: Stream
  stderr: Stream
  /** In this order; descriptors from 3 on. */
  dirs: readonly Grant[]
  /** The error to throw for a directory that cannot be opened. */
  badGrant(grant: Grant, error: unknown): Error
  world: World
  /**
   * The rights that every descriptor has and keeps, for programs that take no care of them. Otherwise it has those that
   * were asked for.
   */
  everyRight?: bigint
  /** Ends the guest: does not return to it. */
  exit(code: number): never
  /** What the guest has exited with, where it can have caught what `exit` threw and go on. */
  exitCode?(): number | undefined
  /** What proc_raise does: nothing, and the guest is told so, without this. */
  raise?(signal: number): never
  /** The guest calls a function that it declares with other types than preview1's. */
  wrongTypes(name: string): never
}

export interface Host extends Pick<HostOptions, "world" | "everyRight" | "exit" | "exitCode" | "raise" | "wrongTypes"> {
  memory: GuestMemory
  fds: FdTable
  /** UTF-8 without the closing NUL. */
  args: Uint8Array[]
  /** `NAME=value`, UTF-8 without the closing NUL. */
  env: Uint8Array[]
}

/**
 * A host without a guest: its memory is still to be attached. Whoever made it closes `fds` when the guest has ended.
 */
export function createHost(options: HostOptions): Host {
  return {
    ...options,
    memory: new GuestMemory(),
    fds: openDescriptors(options),
    args: options.args.map(encode),
    env: Object.entries(options.env).map(([name, value]) => encode(`${name}=${value}`)),
  }
}

function openDescriptors({ stdin, stdout, stderr, dirs, badGrant, everyRight }: HostOptions): FdTable {
  const fds = new FdTable()
  for (const stream of [stdin, stdout, stderr]) fds.add(stream)
  for (const grant of dirs) {
    try {
      fds.add(preopened(openPlace(grant.host), grant, everyRight))
    } catch (error) {
      fds.closeAll()
      throw badGrant(grant, error)
    }
  }
  return fds
}

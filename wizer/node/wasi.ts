// What WASI gives to an initialiser: no arguments; environment and directories only as given; the clock and the random
// numbers are the system's, or fixed ones when the snapshot has to be reproducible. wasi/ does it.
import { signatureOf, wasiFunctions, wasiModule, type WasiName } from "../../wasi/calls.ts"
import type { Stream } from "../../wasi/fds.ts"
import { fixedWorld } from "../../wasi/fixed.ts"
import { createHost, type Grant } from "../../wasi/hosting.ts"
import { everyRight, Filetype, Rights } from "../../wasi/preview1.ts"
import { workerThreads } from "../../wasi/node.ts"
import { hostInput } from "../../wasi/streams.ts"
import { systemWorld } from "../../wasi/system.ts"
import { reasonOf } from "../../output.ts"
import { cannotLink, noDirectory } from "../errors.ts"
import { Exit, stopProgram, type Host } from "../initialize.ts"

export interface WasiOptions {
  /** `KEY=VALUE` lines. */
  env?: Readonly<Record<string, string>>
  /** Name for the guest, directory of the host. Pairs keep their order; an object puts names that are numbers first. */
  dirs?: Readonly<Record<string, string>> | readonly (readonly [guest: string, host: string])[]
  /** Fixed clock, seeded random numbers, no file times. */
  reproducible?: boolean
  /**
   * Where standard output and error go; nowhere by default. The bytes may be the guest's own, good until the call
   * returns.
   */
  stdout?: (bytes: Uint8Array) => void
  stderr?: (bytes: Uint8Array) => void
  /** The guest may read this process's standard input. */
  stdin?: boolean
}

export interface WasiHost extends Host {
  /** Close the files that the guest left open. */
  close(): void
}

export function makeWasi(options: WasiOptions = {}): WasiHost {
  const nowhere = () => {}
  // Always ready: reading waits, and the clock of a reproducible snapshot stands still meanwhile.
  const ready = () => ({ bytes: 1, ended: false })
  const host = createHost({
    args: [],
    env: options.env ?? {},
    stdin: terminal({ read: options.stdin ? readInput : () => new Uint8Array(0), ready }),
    stdout: terminal({ write: options.stdout ?? nowhere }),
    stderr: terminal({ write: options.stderr ?? nowhere }),
    dirs: grantsOf(options),
    badGrant: (grant, error) => noDirectory(grant.host, whyNot(error)),
    world: options.reproducible ? fixedWorld() : systemWorld,
    everyRight,
    // Wasm code cannot catch these, so nothing has to remember that the guest has ended. Statuses are told signed.
    exit: (code) => stopProgram(new Exit(code | 0)),
    raise: (signal) => stopProgram(new Exit(128 + signal)),
    wrongTypes: (name) => stopProgram(cannotLink(wrongTypes(name as WasiName))),
  })
  return {
    imports: { [wasiModule]: wasiFunctions(host) },
    bind: (_instance, memory) => memory && host.memory.attach(memory),
    close: () => host.fds.closeAll(),
  }
}

/** The standard streams look the same wherever they lead, so that the guest keeps the same in memory about them. */
function terminal(stream: Pick<Stream, "read" | "ready" | "write">): Stream {
  // Without seek and tell wasi-libc takes a character device for a terminal.
  const rights = everyRight & ~(Rights.fd_seek | Rights.fd_tell)
  return { kind: "stream", filetype: Filetype.character_device, rights, inheriting: everyRight, fdflags: 0, ...stream }
}

/** Standard input, which all hosts share. A thread beside the main one is there to be stopped when the time is over. */
let input: Stream | undefined

function readInput(max: number): Uint8Array {
  input ??= hostInput({ stoppable: !workerThreads().isMainThread })
  return input.read!(max)
}

function grantsOf({ dirs = {} }: WasiOptions): Grant[] {
  const pairs = Array.isArray(dirs) ? (dirs as readonly (readonly [string, string])[]) : Object.entries(dirs)
  return pairs.map(([guest, host]) => ({ guest, host }))
}

function whyNot(error: unknown): string {
  return (error as NodeJS.ErrnoException).code === "ENOTDIR" ? "it is not a directory" : reasonOf(error)
}

function wrongTypes(name: WasiName): string {
  return `it declares "${name}" of "${wasiModule}" with other types than WASI, where it is ${signatureOf(name)}`
}

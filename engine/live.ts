// A live engine: an instance of the engine's module that we talk to while building.
//
// In: a module that exports what quickjs.wasm exports. Out: its memory, its table and its functions, called by the
// names of the C API. JSValues are i64 NaN boxes and travel as bigint; pointers are unsigned numbers.
import { wasiFunctions, wasiModule, type WasiName } from "../wasi/calls.ts"
import { createHost, type Host, type HostOptions } from "../wasi/hosting.ts"
import { bufferInput, bufferOutput } from "../wasi/streams.ts"

/** A JSValue: NaN-boxed, the tag in the high word. */
export type JSValue = bigint
/** An address in the engine's memory. */
export type Pointer = number

type EngineFunction = (...args: never[]) => unknown

/** What the world looks like to an engine that is being built with: nothing changes and nothing is there. */
export interface LiveOptions {
  /** Bytes that the engine writes to file descriptors 1 and 2. */
  write?: (fd: number, bytes: Uint8Array) => void
  /** Called often by running code; true stops it with an uncatchable error. */
  interrupt?: () => boolean
  /** Further imports, by module and name; they win over the defaults. */
  imports?: Record<string, Record<string, EngineFunction>>
}

/** A library that is loaded into a live engine (link/loader.ts). */
export interface LoadedLibrary {
  name: string
  bytes: Uint8Array
  instance: WebAssembly.Instance
  memoryBase: Pointer
  /** First table slot of the library's own element segment. */
  tableBase: number
  /** Values of the `GOT.func` and `GOT.mem` imports: table slots and addresses, by symbol. */
  got: { func: Map<string, number>; mem: Map<string, number> }
}

/** A running engine instance. */
export interface LiveEngine {
  readonly instance: WebAssembly.Instance
  readonly memory: WebAssembly.Memory
  readonly table: WebAssembly.Table
  readonly stackPointer: WebAssembly.Global<"i32">
  /** Libraries loaded so far, in order. */
  readonly libraries: LoadedLibrary[]
  /** What the engine itself imports from WASI under a name, for libraries that import it, too. */
  wasi(name: string): EngineFunction
  /** Call an exported function. Pointers come back unsigned, 64-bit values as bigint. */
  call(name: string, ...args: (number | bigint)[]): number
  /** Call an exported function that returns an i64 (a JSValue). */
  callValue(name: string, ...args: (number | bigint)[]): JSValue
  has(name: string): boolean
  /** The whole memory. Growing it detaches the view: ask again after every call. */
  bytes(): Uint8Array
  view(): DataView
  malloc(size: number): Pointer
  free(pointer: Pointer): void
  /** Run `use` with a NUL-terminated UTF-8 copy of `text`; `length` excludes the NUL. */
  withString<T>(text: string | Uint8Array, use: (pointer: Pointer, length: number) => T): T
  readCString(pointer: Pointer): string
}

/** Instantiate an engine module. `_initialize` is called when it is exported and `initialize` is not false. */
export function startEngine(
  wasm: Uint8Array | WebAssembly.Module,
  options: LiveOptions & { initialize?: boolean } = {},
): LiveEngine {
  const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>)
  const host = createHost(buildingHost(options))
  const defaults = defaultImports(host, options)
  const provide = (from: string, name: string) =>
    options.imports?.[from]?.[name] ?? defaults[from]?.[name] ?? missing(from, name)
  const imports: WebAssembly.Imports = {}
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    if (kind !== "function") throw new Error(`the engine imports a ${kind}: ${from}.${name}`)
    const group = (imports[from] ??= {})
    group[name] = provide(from, name)
  }
  const engine = liveEngine(new WebAssembly.Instance(module, imports), (name) => provide(wasiModule, name))
  host.memory.attach(engine.memory)
  if (options.initialize !== false && engine.has("_initialize")) engine.call("_initialize")
  return engine
}

function liveEngine(instance: WebAssembly.Instance, wasi: (name: string) => EngineFunction): LiveEngine {
  const exports = instance.exports
  const memory = exports["memory"] as WebAssembly.Memory
  const functionOf = (name: string): ((...args: (number | bigint)[]) => unknown) => {
    const f = exports[name]
    if (typeof f !== "function") throw new Error(`the engine does not export the function ${name}`)
    return f as (...args: (number | bigint)[]) => unknown
  }
  const engine: LiveEngine = {
    instance,
    memory,
    table: exports["__indirect_function_table"] as WebAssembly.Table,
    stackPointer: exports["__stack_pointer"] as WebAssembly.Global<"i32">,
    libraries: [],
    wasi,
    call(name, ...args) {
      const result = functionOf(name)(...args)
      return typeof result === "number" ? result >>> 0 : 0
    },
    callValue: (name, ...args) => BigInt.asUintN(64, functionOf(name)(...args) as bigint),
    has: (name) => typeof exports[name] === "function",
    bytes: () => new Uint8Array(memory.buffer),
    view: () => new DataView(memory.buffer),
    malloc(size) {
      const pointer = engine.call("malloc", Math.max(size, 1)) // for none it may answer 0
      if (pointer === 0) throw new Error(`the engine has no memory for ${size} bytes`)
      return pointer
    },
    free(pointer) {
      functionOf("free")(pointer)
    },
    withString(text, use) {
      const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text
      const pointer = engine.malloc(bytes.length + 1)
      const target = engine.bytes()
      target.set(bytes, pointer)
      target[pointer + bytes.length] = 0
      try {
        return use(pointer, bytes.length)
      } finally {
        engine.bytes().fill(0, pointer, pointer + bytes.length) // garbage would end up in the snapshot
        engine.free(pointer)
      }
    },
    readCString(pointer) {
      const bytes = engine.bytes()
      const end = bytes.indexOf(0, pointer)
      return new TextDecoder().decode(bytes.subarray(pointer, end < 0 ? undefined : end))
    },
  }
  return engine
}

/** What the engine itself calls. The rest of WASI the guest calls, and not before the program runs. */
const building: WasiName[] = ["clock_time_get", "random_get", "fd_fdstat_get", "fd_close", "fd_seek", "fd_write"]

function defaultImports(host: Host, options: LiveOptions): Record<string, Record<string, EngineFunction>> {
  const wasi = wasiFunctions(host)
  return {
    env: {
      host_get_timezone_offset: () => 0,
      host_interrupt: () => (options.interrupt?.() ? 1 : 0),
      host_promise_rejection: () => {},
      host_module_normalize: () => 0,
      host_module_load: () => 0,
      host_call: () => 3n << 32n, // undefined
    },
    [wasiModule]: Object.fromEntries(building.map((name) => [name, wasi[name]])),
  }
}

/** A world in which nothing happens: clock at zero, no randomness, no files, an empty environment. */
function buildingHost({ write = () => {} }: LiveOptions): HostOptions {
  const output = (fd: number) => ({ ...bufferOutput(), write: (bytes: Uint8Array) => write(fd, bytes.slice()) })
  const refuse = (what: string) => (): never => {
    throw new Error(`the engine ${what} while building`)
  }
  return {
    ...{ args: [], env: {}, dirs: [], stdin: bufferInput(new Uint8Array(0)), stdout: output(1), stderr: output(2) },
    world: {
      now: () => 0n,
      resolution: () => 1n,
      timer: () => () => 0n,
      sleep: () => {},
      random: (into) => void into.fill(0),
      contentOnly: true,
    },
    badGrant: refuse("opened a directory"),
    exit: refuse("exited"),
    wrongTypes: refuse("called WASI with other types than it has"),
  }
}

function missing(module: string, name: string): EngineFunction {
  return () => {
    throw new Error(`the engine called ${module}.${name}, which nothing provides while building`)
  }
}

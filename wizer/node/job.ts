// A snapshot with all that Node has to offer: WASI, preloaded modules, V8's switches. A job is a plain value, so that
// it can be done here or sent to a worker.
import { v8 } from "../../wasi/node.ts"
import { missingFeatures } from "../features.ts"
import { instrument } from "../instrument.ts"
import { readLayout } from "../layout.ts"
import { parseImports } from "../../wasm/externs.ts"
import { findSection, readSections, SectionId } from "../../wasm/sections.ts"
import { outputExports } from "../rewrite.ts"
import { Exit, compile, provided, stopProgram, stopReason, type Host } from "../initialize.ts"
import { missingImport, preloadedTwice, preloadFailed } from "../errors.ts"
import { snapshot, type SnapshotOptions, type SnapshotResult } from "../snapshot.ts"
import { writeFully } from "../../wasi/streams.ts"
import { touchedRanges } from "./touched.ts"
import { makeWasi, type WasiHost, type WasiOptions } from "./wasi.ts"

export interface Job {
  input: Uint8Array
  options: Pick<SnapshotOptions, "initFunc" | "keepInitFunc" | "renames" | "optimize" | "maxMemory">
  /** WASI is provided when this is here. */
  wasi?: {
    env: Record<string, string>
    /** Name for the guest, directory of the host: an object, or pairs where the order matters. */
    dirs: NonNullable<WasiOptions["dirs"]>
    reproducible: boolean
    /** File descriptors of this process that the guest's output goes to; undefined for nowhere. */
    stdout?: number
    stderr?: number
    stdin: boolean
  }
  /** In the order in which they are instantiated; later ones may import from earlier ones. */
  preloads: { name: string; bytes: Uint8Array }[]
}

/** Do a job in this thread. */
export async function runJob(job: Job): Promise<SnapshotResult> {
  switchOnFeatures(job.input)
  const hosts: WasiHost[] = []
  try {
    const imports = await preload(job, hosts)
    const main = wasiHost(job, hosts)
    return await snapshot(job.input, {
      ...job.options,
      imports: { ...main?.imports, ...imports },
      bind: main?.bind?.bind(main),
      touched: touchedRanges,
    })
  } finally {
    for (const host of hosts) host.close()
  }
}

/** Everything that can be known without running the module; throws what `runJob` would. */
export async function checkJob(job: Job): Promise<void> {
  switchOnFeatures(job.input)
  const { wasm, plan } = instrument(job.input, job.options)
  outputExports(plan, job.options)
  await compile(wasm, job.input, plan)
}

function wasiHost({ wasi }: Job, hosts: WasiHost[]): WasiHost | undefined {
  if (!wasi) return undefined
  // Synchronous, so that what the guest printed is out even when the thread is stopped right afterwards.
  const to = (fd: number | undefined) => (fd === undefined ? undefined : (bytes: Uint8Array) => writeFully(fd, bytes))
  const host = makeWasi({ ...wasi, stdout: to(wasi.stdout), stderr: to(wasi.stderr) })
  hosts.push(host)
  return host
}

/** Instantiate the preloaded modules; their exports are imports of the module under their names. */
async function preload(job: Job, hosts: WasiHost[]): Promise<WebAssembly.Imports> {
  const imports = Object.create(null) as WebAssembly.Imports
  for (const { name, bytes } of job.preloads) {
    if (Object.hasOwn(imports, name)) throw preloadedTwice(name)
    try {
      imports[name] = await instantiatePreload(bytes, imports, wasiHost(job, hosts))
    } catch (error) {
      throw preloadFailed(name, whyNotStarted(error))
    }
  }
  return imports
}

function whyNotStarted(error: unknown): string {
  const reason = stopReason(error)
  if (reason instanceof Exit) return `it exited with status ${reason.status}`
  return reason instanceof Error ? reason.message : "it threw an exception and nothing caught it"
}

async function instantiatePreload(
  bytes: Uint8Array,
  earlier: WebAssembly.Imports,
  host: Host | undefined,
): Promise<WebAssembly.ModuleImports> {
  const given: WebAssembly.Imports = { ...host?.imports, ...earlier }
  const imports = Object.create(null) as WebAssembly.Imports
  for (const { module, name, kind } of parseImports(findSection(readSections(bytes), SectionId.Import))) {
    const missing = () => stopProgram(missingImport("A preloaded module", module, name, module.startsWith("wasi_")))
    const value = provided(given, module, name) ?? (kind === "func" ? missing : undefined)
    const own = (imports[module] ??= Object.create(null) as WebAssembly.ModuleImports)
    if (value !== undefined) own[name] = value
  }
  const { instance } = await WebAssembly.instantiate(bytes as BufferSource, imports)
  const { memory, _initialize } = instance.exports
  host?.bind?.(instance, memory instanceof WebAssembly.Memory ? memory : undefined)
  try {
    if (typeof _initialize === "function") (_initialize as () => void)()
  } catch (error) {
    const reason = stopReason(error)
    if (!(reason instanceof Exit && reason.status === 0)) throw error
  }
  return instance.exports
}

const nodeMajor = Number(process.versions.node.split(".")[0])

/** Where this V8 has a feature behind a switch, a module that uses it throws the switch. */
function switchOnFeatures(bytes: Uint8Array): void {
  for (let tries = 0; tries < 4; tries++) {
    const complaint = complaintAbout(bytes)
    if (complaint === undefined) return
    const flags = missingFeatures(readLayout(bytes), complaint).flatMap(({ flag, flagSince = Infinity }) =>
      flag && nodeMajor >= flagSince ? flag : [],
    )
    if (flags.length === 0) return
    for (const flag of flags) v8().setFlagsFromString(`--experimental-wasm-${flag}`)
  }
}

function complaintAbout(bytes: Uint8Array): string | undefined {
  if (WebAssembly.validate(bytes as BufferSource)) return undefined
  try {
    new WebAssembly.Module(bytes as BufferSource)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

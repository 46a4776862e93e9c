// Run an instrumented module's initialiser: instantiate, call what has to be called, and say in the user's words what
// went wrong when something did.
import { isProblem, placed } from "../problem.ts"
import { readTables, type TableImage } from "./capture.ts"
import {
  cannotLink,
  exited,
  invalidModule,
  missingImport,
  noRoom,
  threw,
  tooMuchMemory,
  trapped,
  unsupportedFeature,
} from "./errors.ts"
import { missingFeatures, runningEngine, whereFeature } from "./features.ts"
import { privateName, startSequence, type Plan } from "./instrument.ts"
import { wantedName } from "./limit.ts"
import { writeBody } from "../wasm/body.ts"
import { Code, Op } from "../wasm/code.ts"
import { writeFuncType } from "../wasm/deftypes.ts"
import { writeExport, type Import } from "../wasm/externs.ts"
import { makeSection, SectionId, writeModule } from "../wasm/sections.ts"
import type { ValType } from "../wasm/valtypes.ts"
import { writeVector } from "../wasm/vectors.ts"

/** What surrounds the module while its initialiser runs. */
export interface Host {
  /** Module name -> name -> function or tag. What is missing may be imported, but not called. */
  imports?: WebAssembly.Imports
  /**
   * Told the instance before anything of it runs, for hosts that need its memory: the exported "memory", or the first.
   */
  bind?(instance: WebAssembly.Instance, memory: WebAssembly.Memory | undefined): void
}

/** What a host function stops the program with to end it as `exit(status)` does. Status 0 is success. */
export class Exit {
  readonly status: number
  constructor(status: number) {
    this.status = status
  }
}

/** (module (func (export "trap") unreachable)) */
function trapModule(): Uint8Array {
  const vector = (id: number, entry: Uint8Array) => makeSection(id, writeVector([entry]))
  return writeModule([
    vector(SectionId.Type, writeFuncType({ params: [], results: [] })),
    vector(SectionId.Function, Uint8Array.of(0)),
    vector(SectionId.Export, writeExport({ name: "trap", kind: "func", index: 0 })),
    vector(SectionId.Code, writeBody(new Code().op(Op.unreachable).finish())),
  ])
}

let trap: (() => void) | undefined
const reasons = new WeakMap<object, unknown>()

/**
 * For host functions: end the program for a reason, an `Exit` or a problem. Wasm code can catch what JavaScript throws,
 * but not a trap, so the reason travels on a real one.
 */
export function stopProgram(reason: unknown): never {
  trap ??= new WebAssembly.Instance(new WebAssembly.Module(trapModule() as BufferSource)).exports["trap"] as () => void
  try {
    trap()
  } catch (error) {
    reasons.set(error as object, reason)
    throw error
  }
  throw reason
}

/** What `stopProgram` was given when an error is its trap; otherwise the error. */
export function stopReason(error: unknown): unknown {
  return typeof error === "object" && error !== null ? (reasons.get(error) ?? error) : error
}

export interface Ran {
  instance: WebAssembly.Instance
  /** The tables as instantiation left them. */
  tables: TableImage
}

/**
 * Instantiate an instrumented module and run its start function, `_initialize` and initialiser.
 *
 * Throws EB302, EB307, EB308, EB314, EB316, EB319.
 */
export async function run(module: WebAssembly.Module, plan: Plan, host: Host): Promise<Ran> {
  const instance = await instantiate(module, plan, host)
  const tables = readTables(instance, plan)
  host.bind?.(instance, boundMemory(instance, plan))
  for (const { name, what } of startSequence(plan)) {
    try {
      ;(instance.exports[name] as () => void)()
    } catch (error) {
      if (endOf(error, what, instance, plan) === "exit") break
    }
  }
  return { instance, tables }
}

function boundMemory(instance: WebAssembly.Instance, plan: Plan): WebAssembly.Memory | undefined {
  const exported = plan.layout.exports.find(({ name, kind }) => name === "memory" && kind === "memory")
  return instance.exports[privateName(plan, "memory", exported?.index ?? 0)] as WebAssembly.Memory | undefined
}

async function instantiate(module: WebAssembly.Module, plan: Plan, host: Host): Promise<WebAssembly.Instance> {
  try {
    return await WebAssembly.instantiate(module, completeImports(plan, host.imports ?? {}))
  } catch (error) {
    if (error instanceof WebAssembly.LinkError || error instanceof TypeError) throw cannotLink(reasonOf(error))
    if (error instanceof WebAssembly.RuntimeError) throw trapped("Instantiation", reasonOf(error), [])
    if (error instanceof RangeError) throw trapped("Instantiation", reasonOf(error), [], "Ask for less memory.")
    throw error
  }
}

/** What is provided, and stubs for the rest. */
function completeImports(plan: Plan, given: WebAssembly.Imports): WebAssembly.Imports {
  // Without a prototype: a module may import from "__proto__" or "constructor".
  const complete = Object.create(null) as WebAssembly.Imports
  for (const entry of plan.layout.imports) {
    const own = (complete[entry.module] ??= Object.create(null) as WebAssembly.ModuleImports)
    own[entry.name] = provided(given, entry.module, entry.name) ?? stub(entry, plan)
  }
  return complete
}

/** What was given for an import. What every object inherits, such as `toString`, was not. */
export function provided(
  given: WebAssembly.Imports,
  module: string,
  name: string,
): WebAssembly.ImportValue | undefined {
  const get = (from: object, key: string) =>
    key in Object.prototype && !Object.hasOwn(from, key) ? undefined : (from as Record<string, unknown>)[key]
  const own = get(given, module)
  return own === undefined || own === null ? undefined : (get(own, name) as WebAssembly.ImportValue | undefined)
}

function stub(entry: Import, plan: Plan): WebAssembly.ImportValue {
  const { module, name } = entry
  if (entry.kind === "tag") return makeTag(plan, entry.type) as WebAssembly.ImportValue
  return () => stopProgram(missingImport("The initialiser", module, name, module.startsWith("wasi_")))
}

/** A tag that nobody else has: exceptions of it can only come from the module. */
function makeTag(plan: Plan, typeIndex: number): unknown {
  const type = plan.layout.types[typeIndex]
  // TypeScript's DOM types do not know Tag yet.
  const { Tag } = WebAssembly as unknown as { Tag?: new (type: { parameters: ValType[] }) => unknown }
  if (!Tag || type?.kind !== "func") throw unsupportedFeature("exceptions", "Node 20 has them.", runningEngine())
  return new Tag({ parameters: type.params.map((t) => (t === "funcref" ? "anyfunc" : t)) }) // JavaScript's name for it
}

/** What an error means: "exit" when the program ended well; otherwise a problem is thrown. */
function endOf(error: unknown, what: string, instance: WebAssembly.Instance, plan: Plan): "exit" {
  const reason = stopReason(error)
  if (reason instanceof Exit) {
    if (reason.status === 0) return "exit"
    throw exited(what, reason.status)
  }
  const frames = backtrace(error, plan)
  if (isProblem(reason)) throw frames.length > 0 ? placed(reason, frames) : reason
  const wanted = wantedMemory(instance, plan)
  if (wanted) throw tooMuchMemory(what, wanted, plan.maxMemory ?? 0, frames)
  if (error instanceof RangeError) throw trapped(what, "the stack overflowed", frames.slice(0, 4))
  if (error instanceof WebAssembly.RuntimeError) throw trapped(what, reasonOf(error), frames)
  throw threw(what, describe(error), error)
}

function wantedMemory(instance: WebAssembly.Instance, plan: Plan): number | undefined {
  const wanted = instance.exports[wantedName(plan)] as WebAssembly.Global | undefined
  const bytes = wanted ? Number(wanted.value) : 0
  return bytes === 0 ? undefined : Math.max(bytes, (plan.maxMemory ?? 0) + 1)
}

function describe(error: unknown): string {
  const { Exception } = WebAssembly as unknown as { Exception?: new () => object }
  if (Exception && error instanceof Exception) return "it threw and nothing caught it"
  if (error instanceof Error) return `a host function threw ${error.name}: ${error.message}`
  return `a host function threw ${String(error)}`
}

/** V8 begins its messages with the name of the function that was called. */
function reasonOf(error: Error): string {
  return error.message.replace(/^WebAssembly\.\w+\(\):\s*/, "").replace(/\.$/, "")
}

/**
 * The wasm frames of an error, innermost first: `name (function 3, byte 0x1f)`, with places of the module as it was
 * given.
 */
function backtrace(error: unknown, plan: Plan): string[] {
  if (!(error instanceof Error) || !error.stack) return []
  const skip = reasons.has(error) ? 1 : 0 // the trap of ours
  const frames = error.stack.matchAll(/at (?:(.*?) \()?wasm:\/\/[^\n]*?:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?/g)
  return [...frames].slice(skip).flatMap(([, name, index, offset]) => {
    if (Number(index) >= plan.layout.functionTypes.length) return [] // one of those that were appended
    const at = parseInt(offset ?? "0", 16) - plan.codeShift
    const place = plan.maxMemory === undefined ? `, byte 0x${at.toString(16)}` : ""
    return [`${name || "a function without a name"} (function ${index}${place})`]
  })
}

/** Compile an instrumented module. Throws EB309 for what this engine does not have and EB310 for what is not valid. */
export async function compile(wasm: Uint8Array, original: Uint8Array, plan: Plan): Promise<WebAssembly.Module> {
  // With what was appended, an index that leads nowhere in the module may lead somewhere in the instrumented one.
  if (!WebAssembly.validate(original as BufferSource)) throw await whyInvalid(original, plan, new Error("unknown"))
  try {
    return await WebAssembly.compile(wasm as BufferSource)
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error
    throw await whyInvalid(original, plan, error)
  }
}

/** The engine's complaint about the module as it was given, so that byte offsets are true. */
async function whyInvalid(original: Uint8Array, plan: Plan, about: Error): Promise<Error> {
  try {
    await WebAssembly.compile(original as BufferSource)
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error
    const feature = missingFeatures(plan.layout, error.message)[0]
    if (feature) return unsupportedFeature(feature.name, whereFeature(feature), runningEngine())
    return invalidModule(reasonOf(error))
  }
  if (/limit|too many|count of/.test(about.message)) return noRoom(reasonOf(about))
  return new Error(`the instrumented module is not valid although the original is: ${about.message}`, { cause: about })
}

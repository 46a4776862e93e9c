// A live engine with the hook, to run the same program interpreted and frozen and compare what comes out.
import { posix } from "node:path"
import { JSRuntime } from "../engine/abi.ts"
import { decode, type Instruction } from "../wasm/body.ts"
import { Code, Op } from "../wasm/code.ts"
import { editLayout } from "../engine/edit/editable.ts"
import { editEngine } from "../engine/edit/edits.ts"
import { words } from "../engine/words.ts"
import { hookInterpreter } from "../engine/edit/hook.ts"
import { startEngine, type JSValue, type LiveEngine, type Pointer } from "../engine/live.ts"
import { parseModule, writeParts } from "../engine/module.ts"
import { defaultNativeStackBytes } from "../engine/prelink/prelink.ts"
import { readEnginePackage } from "../engine/package.ts"
import { FAULT, freezeFunctions, type FreezeResult, type PlanOptions } from "../freeze/freeze.ts"
import { bytecodeOf } from "../freeze/read/reader.ts"
import { EXCEPTION, UNDEFINED } from "../freeze/types.ts"

let edited: WebAssembly.Module | undefined
let stressed: WebAssembly.Module | undefined

/** The engine of the package, hooked and edited as it is for artifacts; compiled once. */
export function editedModule(): WebAssembly.Module {
  return (edited ??= new WebAssembly.Module(editedEngine() as Uint8Array<ArrayBuffer>))
}

/** The same, collecting garbage at every allocation: what raises the threshold after a collection is taken out. */
export function stressedModule(): WebAssembly.Module {
  return (stressed ??= new WebAssembly.Module(keepThreshold(editedEngine()) as Uint8Array<ArrayBuffer>))
}

function editedEngine(): Uint8Array {
  const module = parseModule(readEnginePackage().wasm)
  editEngine({ module, interpreter: hookInterpreter(module).interpreter, layout: editLayout })
  return writeParts(module)
}

function keepThreshold(wasm: Uint8Array): Uint8Array {
  const module = parseModule(wasm)
  const isThreshold = (i: Instruction) => i.a === JSRuntime.malloc_gc_threshold
  let places = 0
  const bodies = module.bodies.map((body) => {
    const code = decode(body)
    const out = new Code()
    let copied = 0
    for (const [at, i] of code.entries()) {
      // malloc_gc_threshold = malloc_size + …
      if (i.op !== Op.i32_store || !isThreshold(i) || code[at - 1]?.op !== Op.i32_add) continue
      out.copy(body.subarray(copied, i.at)).op(Op.drop, Op.drop)
      copied = i.end
      places++
    }
    return out.copy(body.subarray(copied)).instructions()
  })
  if (places !== 1) throw new Error(`the collector raises its threshold in ${places} places instead of one`)
  return writeParts({ ...module, bodies })
}

export interface WorldOptions {
  /** What to freeze of every program; undefined: nothing. */
  freeze?: PlanOptions
  /** Calls of the interrupt handler after which running code is stopped. */
  interrupts?: number
  /** Collect garbage whenever an object is allocated. */
  gcStress?: boolean
  /**
   * Source of a module by its normalised name, such as `folder/file.js`; undefined when there is none. Without it
   * nothing can be imported.
   */
  readModule?: (name: string) => string | undefined
  /** Native stack that the guest may use, in bytes as the engine's edits count them. */
  nativeStackBytes?: number
  module?: WebAssembly.Module
}

const JS_EVAL_TYPE_MODULE = 1
const JS_EVAL_FLAG_COMPILE_ONLY = 32
const JS_PROMISE_REJECTED = 2
const JS_DUMP_LEAKS = 0x4000n

/** One engine, used for one test. */
export class World {
  readonly engine: LiveEngine
  readonly context: Pointer
  readonly runtime: Pointer
  /** What `print` was given. */
  readonly printed: string[] = []
  /** What the engine itself wrote to its standard output. */
  written = ""
  /** The interrupt handler has stopped something. */
  stopped = false
  readonly frozen: FreezeResult[] = []
  private readonly options: WorldOptions
  private calls = 0

  constructor(options: WorldOptions = {}) {
    this.options = options
    this.engine = startEngine(options.module ?? (options.gcStress ? stressedModule() : editedModule()), {
      write: (_, bytes) => (this.written += new TextDecoder().decode(bytes)),
      interrupt: () => (this.stopped ||= ++this.calls > (options.interrupts ?? Infinity)),
      imports: {
        env: {
          host_call: (...args: number[]) => this.hostCall(args),
          host_module_normalize: (base: number, name: number) => this.normalizeModule(base, name),
          host_module_load: (name: number, out: number) => this.loadModule(name, out),
        },
      },
    })
    this.engine.view().setUint32(words.nativeStackLimit, options.nativeStackBytes ?? defaultNativeStackBytes, true)
    this.engine.view().setUint32(words.shadowStackBase, this.engine.stackPointer.value, true)
    this.engine.call("qjs_init")
    this.engine.call("qjs_set_interrupt_handler", 1)
    if (options.readModule) this.engine.call("qjs_set_module_loader", 1)
    this.context = this.engine.call("qjs_get_context_ptr")
    this.runtime = this.engine.call("qjs_get_runtime_ptr")
    for (const name of ["print", "gc", "detachArrayBuffer"]) this.define(name)
    if (options.gcStress) this.engine.view().setUint32(this.runtime + JSRuntime.malloc_gc_threshold, 0, true)
  }

  /** Compile and run a script. Its value as text, or `threw ` and the error with its stack. */
  run(source: string, file = "test.js", flags = 0): string {
    return this.textOf(this.evaluate(source, file, flags))
  }

  /**
   * Compile and run a module, and all jobs. `undefined`, or `threw ` and the error with its stack. What it imports is
   * compiled first, so that it is frozen, too; what does not compile is left to the engine to find.
   */
  runModule(source: string, name: string): string {
    this.compileImports(source, name, new Set([name]))
    const promise = this.evaluate(source, name, JS_EVAL_TYPE_MODULE)
    this.runJobs()
    if (promise === EXCEPTION) return this.textOf(promise)
    const { engine, context } = this
    const rejected = engine.call("JS_PromiseState", context, promise) === JS_PROMISE_REJECTED
    if (rejected) engine.callValue("JS_Throw", context, engine.callValue("JS_PromiseResult", context, promise))
    engine.call("JS_FreeValue", context, promise)
    return rejected ? this.textOf(EXCEPTION) : "undefined"
  }

  /** Compile and freeze the modules that a source text seems to import, so that the engine finds them loaded. */
  compileImports(source: string, name: string, seen = new Set<string>()): void {
    for (const [, specifier] of source.matchAll(/(?:\bfrom|\bimport\s*\(?)\s*["']([^"'\n]+)["']/g)) {
      const imported = moduleName(name, specifier!)
      if (seen.has(imported)) continue
      seen.add(imported)
      const text = imported.endsWith(".js") ? this.options.readModule?.(imported) : undefined
      if (text === undefined) continue
      this.compileImports(text, imported, seen)
      const compiled = this.compile(text, imported, JS_EVAL_TYPE_MODULE)
      if (compiled === EXCEPTION) this.takeException()
      else this.engine.call("JS_FreeValue", this.context, compiled)
    }
  }

  /** Compile, freeze, run. */
  evaluate(source: string, file: string, flags = 0): JSValue {
    const compiled = this.compile(source, file, flags)
    return compiled === EXCEPTION ? compiled : this.engine.callValue("JS_EvalFunction", this.context, compiled)
  }

  private compile(source: string, file: string, flags: number): JSValue {
    const { engine, context, options } = this
    const compiled = engine.withString(source, (text, length) =>
      engine.withString(file, (name) =>
        engine.callValue("JS_Eval", context, text, length, name, flags | JS_EVAL_FLAG_COMPILE_ONLY),
      ),
    )
    if (compiled === EXCEPTION) return compiled
    const root = bytecodeOf(engine, compiled)
    if (options.freeze && root !== undefined) {
      const result = freezeFunctions(engine, { ...options.freeze, context, root })
      const fault = result.functions.find(({ why }) => why?.startsWith(FAULT))
      if (fault !== undefined) throw new Error(`${fault.name}: ${fault.why}`)
      this.frozen.push(result)
    }
    return compiled
  }

  /** Run what is waiting in the job queue. */
  runJobs(most = 100_000): void {
    for (let left = most; left > 0 && this.engine.call("JS_IsJobPending", this.runtime) !== 0; left--) {
      if (this.engine.call("JS_ExecutePendingJob", this.runtime, 0) >>> 31 === 1) this.takeException()
    }
  }

  /** A value as text; frees it. */
  textOf(value: JSValue): string {
    if (value === EXCEPTION) return `threw ${this.takeException()}`
    const text = this.string(value)
    this.engine.call("JS_FreeValue", this.context, value)
    return text
  }

  /** The exception that the engine holds: what it says and, of an error, its stack. */
  takeException(): string {
    const { engine, context } = this
    const error = engine.callValue("JS_GetException", context)
    const stack = engine.withString("stack", (name) => engine.callValue("JS_GetPropertyStr", context, error, name))
    const text = `${this.string(error)}${stack === UNDEFINED ? "" : `\n${this.string(stack)}`}`
    engine.call("JS_FreeValue", context, stack)
    engine.call("JS_FreeValue", context, error)
    return text
  }

  /** Free context and runtime. What the engine says is left: nothing, when references were counted right. */
  leaks(): string {
    const { engine } = this
    engine.call("JS_SetDumpFlags", this.runtime, JS_DUMP_LEAKS)
    this.written = ""
    engine.call("qjs_destroy")
    return this.written
  }

  /** Frame on top of the engine's stack of frames: 0 when nothing runs. */
  currentFrame(): Pointer {
    return this.engine.view().getUint32(this.runtime + JSRuntime.current_stack_frame, true)
  }

  private string(value: JSValue): string {
    const { engine, context } = this
    const pointer = engine.call("JS_ToCStringLen2", context, 0, value, 0)
    if (pointer === 0) {
      engine.call("JS_FreeValue", context, engine.callValue("JS_GetException", context))
      return "(no text)"
    }
    const text = engine.readCString(pointer)
    engine.call("JS_FreeCString", context, pointer)
    return text
  }

  // What the engine asks for when something is imported: a string that it frees, or 0.

  private normalizeModule(base: number, name: number): number {
    const { engine } = this
    return this.newCString(moduleName(engine.readCString(base), engine.readCString(name)))
  }

  private loadModule(name: number, lengthOut: number): number {
    const text = this.options.readModule?.(this.engine.readCString(name))
    if (text === undefined) return 0 // the engine throws a ReferenceError
    const pointer = this.newCString(text)
    this.engine.view().setUint32(lengthOut, new TextEncoder().encode(text).length, true)
    return pointer
  }

  private newCString(text: string): Pointer {
    const bytes = new TextEncoder().encode(`${text}\0`)
    const pointer = this.engine.malloc(bytes.length)
    this.engine.bytes().set(bytes, pointer)
    return pointer
  }

  private define(name: string): void {
    const { engine, context } = this
    const cell = engine.withString(name, (text, length) => engine.call("qjs_new_host_function", text, length, 0))
    const func = engine.view().getBigUint64(cell, true)
    const global = engine.callValue("JS_GetGlobalObject", context)
    engine.call("JS_DupValue", context, func)
    engine.withString(name, (text) => engine.call("JS_SetPropertyStr", context, global, text, func))
    engine.call("JS_FreeValue", context, global)
    engine.call("qjs_free_value", cell)
  }

  private hostCall([name, length, , argc, argv]: number[]): number {
    const { engine, context } = this
    const text = new TextDecoder().decode(engine.bytes().subarray(name, name! + length!))
    const args: JSValue[] = []
    for (let i = 0; i < argc!; i++) {
      const cell = engine.view().getUint32(argv! + 4 * i, true)
      args.push(engine.view().getBigUint64(cell, true))
    }
    if (text === "print") this.printed.push(args.map((v) => this.string(v)).join(" "))
    else if (text === "gc") engine.call("JS_RunGC", this.runtime)
    else if (text === "detachArrayBuffer" && args[0] !== undefined)
      engine.call("JS_DetachArrayBuffer", context, args[0])
    return engine.call("qjs_get_undefined")
  }
}

/** `./b.js` imported by `a/c.js` is `a/b.js`. Other names stay as they are. */
function moduleName(base: string, specifier: string): string {
  return specifier.startsWith(".") ? posix.join(posix.dirname(base), specifier) : specifier
}

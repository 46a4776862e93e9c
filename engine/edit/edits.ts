// The edits that the engine gets before it is linked. Each is found by its pattern, counted, and refused when the count is not
// what it was when the pattern was written: then the engine has changed and someone has to look.
//
//   removeDumpTests    the interpreter asks before every opcode whether to print it; nobody does
//   dispatchDirectly   its jump table goes through a table in memory; the two become one
//   freeInline         letting go of a value is a test and a subtraction where it was two calls (freeing.ts)
//   hookShapes         frozen code hears of shapes that are about to be freed, and of garbage collection (shapes.ts)
//   boundThreshold     the heap size at which garbage is collected does not overflow (threshold.ts)
//   growAhead          malloc takes memory in larger steps (growing.ts)
//   countNativeStack   functions that recurse count the native stack they use, and the engine's own checks look at the count
//
// The first three are for speed alone. The last is what makes deep recursion an exception of the guest's instead of a crash of
// the host's stack (docs/decisions.md, "Two stacks").
import { decode, Instructions, type Instruction } from "../../wasm/body.ts"
import { Code, Op, VOID } from "../../wasm/code.ts"
import { Reader, Writer } from "../../wasm/bytes.ts"
import { blockTypeOf } from "../../wasm/valtypes.ts"
import { callersOf, callGraph, recursiveFunctions } from "./callgraph.ts"
import { freeInline } from "./freeing.ts"
import { engineEditRefused } from "../errors.ts"
import { growAhead } from "./growing.ts"
import { hookShapes } from "./shapes.ts"
import { boundThreshold } from "./threshold.ts"
import { exportedFunction, type ModuleParts } from "../module.ts"

/** What each edit found; compared with `expected`. */
export interface EditCounts {
  dumpTests: number
  dispatchTargets: number
  frees: number
  stackChecks: number
  thresholds: number
  growths: number
}

/** In the engine of quickjs-wasi 3.6.2. */
const expected: EditCounts = {
  dumpTests: 222,
  dispatchTargets: 256,
  frees: 130,
  stackChecks: 22,
  thresholds: 1,
  growths: 1,
}

/** Words of EdgeBox's own, in the memory below the engine's data that its first stack occupied. Addresses in bytes. */
export const words = {
  /** Bytes of native stack that the guest may use. Hosts that know better than the default write here before `_start`. */
  nativeStackLimit: 1024,
  /** Bytes of native stack in use by functions that count their own frames. */
  nativeStackUsed: 1028,
  /** Where the shadow stack begins; it grows downwards. */
  shadowStackBase: 1032,
  /** Table slot of the hook that frozen code has for shapes (shapes.ts); 0 while there is none. */
  shapeHook: 1036,
  /** 256 words: where frozen code finds its caches by shape (freeze/helpers/cache.ts). */
  shapeCaches: 2048,
} as const

/** Offset of `stack_limit` in JSRuntime; the probe compares it. */
export interface EditLayout {
  stackLimit: number
  dumpFlags: number
}

/** Apply every edit to a parsed engine, in place. Throws EB403 when a pattern is not found as often as it was. */
export function editEngine(module: ModuleParts, interpreter: number, layout: EditLayout): EditCounts {
  const at = interpreter - module.importedFunctions
  const body = module.bodies[at]
  if (body === undefined) throw new Error("the interpreter is not a defined function")
  const dumps = removeDumpTests(body, layout.dumpFlags)
  const dispatch = dispatchDirectly(dumps.body, module)
  module.bodies[at] = dispatch.body
  const frees = freeInline(module, interpreter)
  const stackChecks = countNativeStack(module, layout.stackLimit, interpreter)
  hookShapes(module, words.shapeHook)
  const thresholds = boundThreshold(module)
  const growths = growAhead(module)
  const counts: EditCounts = {
    dumpTests: dumps.count,
    dispatchTargets: dispatch.targets,
    frees,
    stackChecks,
    thresholds,
    growths,
  }
  for (const [name, count] of Object.entries(counts) as [keyof EditCounts, number][]) {
    if (count !== expected[name]) throw engineEditRefused(name, expected[name], count)
  }
  return counts
}

/**
 * Take out `if (runtime.dump_flags & bit) print(...)`:
 *
 *     <address> i32.load8_u offset=dump_flags+1  i32.const 128  i32.and  if  <pushes>  call  end   ->   <address> drop
 *
 * The pushes are loads of locals and constants, and the call is the last thing in the `if`, so nothing else is lost.
 */
export function removeDumpTests(body: Uint8Array, dumpFlags: number): { body: Uint8Array; count: number } {
  const code = decode(body)
  const out = new Code()
  let copied = 0
  let count = 0
  code.forEach((load, i) => {
    if (load.op !== Op.i32_load8_u || load.a !== dumpFlags + 1) return
    const end = endOfDumpTest(code, i)
    if (end === undefined) return
    out.copy(body.subarray(copied, load.at)).op(Op.drop)
    copied = end
    count++
  })
  return { body: out.copy(body.subarray(copied)).instructions(), count }
}

function endOfDumpTest(code: Instruction[], i: number): number | undefined {
  const [mask, and, branch] = [code[i + 1], code[i + 2], code[i + 3]]
  if (mask?.op !== Op.i32_const || mask.a !== 128 || and?.op !== Op.i32_and) return undefined
  if (branch?.op !== Op.if || branch.a !== VOID) return undefined
  let at = i + 4
  while (code[at]?.op === Op.local_get || code[at]?.op === Op.i32_const) at++
  const [call, end] = [code[at], code[at + 1]]
  return call?.op === Op.call && end?.op === Op.end ? end.end : undefined
}

/**
 * The interpreter's computed goto became a table of numbers in memory in front of a `br_table`:
 *
 *     load8_u opcode  (tee)  i32.const 2  i32.shl  i32.load offset=T  i32.const 2  i32.sub  br_table L0 L1 ...
 *
 * Both are constant, so the `br_table` is permuted by the table in memory and takes the opcode itself.
 */
export function dispatchDirectly(body: Uint8Array, module: ModuleParts): { body: Uint8Array; targets: number } {
  const code = decode(body)
  const table = dispatchTable(code, body, module)
  if (table === undefined) return { body, targets: 0 }
  const out = new Writer()
    .bytes(body.subarray(0, code[table.at - 5]!.at))
    .opcode(Op.br_table)
    .u32(table.labels.length)
  for (const label of table.labels) out.u32(label)
  out.u32(table.fallback).bytes(body.subarray(code[table.at]!.end))
  return { body: out.finish(), targets: table.labels.length }
}

/**
 * Where the interpreter goes from its `br_table`, number `at` of its instructions, by opcode: as many blocks out as `labels` says. Undefined
 * when it has no such table.
 */
export function dispatchTable(
  code: readonly Instruction[],
  body: Uint8Array,
  module: ModuleParts,
): { at: number; labels: number[]; fallback: number } | undefined {
  for (let at = 5; at < code.length; at++) {
    const table = code[at]
    if (table?.op !== Op.br_table || table.a < 200) continue
    const [two, shl, load, bias, sub] = code.slice(at - 5, at) as [
      Instruction,
      Instruction,
      Instruction,
      Instruction,
      Instruction,
    ]
    if (two.op !== Op.i32_const || two.a !== 2 || shl.op !== Op.i32_shl || load.op !== Op.i32_load) continue
    if (bias.op !== Op.i32_const || sub.op !== Op.i32_sub) continue
    const old = branchTargets(body, table)
    const numbers = new DataView(dataAt(module, load.a, 256 * 4).slice().buffer)
    const labels = Array.from({ length: 256 }, (_, opcode) => {
      const number = numbers.getInt32(opcode * 4, true) - bias.a
      return old.labels[number] ?? old.fallback
    })
    return { at, labels, fallback: old.fallback }
  }
  return undefined
}

function branchTargets(body: Uint8Array, table: Instruction): { labels: number[]; fallback: number } {
  const r = new Reader(body.subarray(table.at + 1, table.end))
  const labels = Array.from({ length: r.count() }, () => r.u32())
  return { labels, fallback: r.u32() }
}

/** Initial memory contents. All of the range must come from one active segment. */
function dataAt(module: ModuleParts, address: number, length: number): Uint8Array {
  for (const segment of module.data) {
    const start = segment.offset?.value?.op === "i32.const" ? segment.offset.value.value >>> 0 : undefined
    if (start === undefined || address < start || address + length > start + segment.data.length) continue
    return segment.data.subarray(address - start, address - start + length)
  }
  throw engineEditRefused("dispatchTargets", expected.dispatchTargets, 0)
}

// A function's native frame is not visible to the guest. V8's baseline compiler gives every parameter and local a slot of up to
// 8 bytes; measured on Node 20, the interpreter's frame is 418 bytes with 57 of them.
const frameBytes = (locals: number) => 64 + 8 * locals

/** Frames below this are not counted one by one: `slack` covers them. */
const smallFrame = 160
const slack = 1.5

/**
 * Bytes of native stack that go with a byte of shadow stack. Every frame on the shadow stack is counted by being there, so a
 * function whose shadow frame is large enough counts itself at no cost: the interpreter's is 224 bytes and more.
 */
export const nativePerShadow = 4

/**
 * Make recursive functions add the size of their native frame to a word in memory and take it off when they return, and make
 * the engine's stack checks fail when too much native stack is in use.
 *
 *     i32.load offset=stack_limit   ->   i32.load offset=stack_limit  i32.const -1  in use <= limit  select
 *     in use   =   used + 4 * (shadow stack base - shadow stack pointer)
 *
 * A check compares the stack pointer with the runtime's limit; -1 is above every address. Returns the number of checks.
 */
export function countNativeStack(module: ModuleParts, stackLimit: number, interpreter: number): number {
  const checked = module.bodies.map((body) => checkNativeStack(body, stackLimit))
  const checks = checked.flatMap(({ count }, i) => (count > 0 ? [i + module.importedFunctions] : []))
  const charged = framesToCharge(module, checks)
  module.bodies = checked.map(({ body }, i) => {
    const bytes = charged.get(i + module.importedFunctions)
    if (i + module.importedFunctions === interpreter) {
      if (bytes !== undefined) throw new Error("the interpreter's frame would be counted twice")
      return chargeFrozenCall(body, Math.ceil((frameOf(module, interpreter) * slack) / 8) * 8)
    }
    if (bytes === undefined) return body
    const type = module.types[module.typeOf(i + module.importedFunctions)]
    return chargeFrame(body, bytes, type?.results ?? [])
  })
  return checked.reduce((sum, { count }) => sum + count, 0)
}

/**
 * Hot functions that run no program: freeing a value puts finalizers' jobs into a queue, and what is thrown when memory is short was
 * made before. By the call graph alone they would seem to recurse through one another.
 */
const runNothing = ["JS_FreeValue", "JS_FreeValueRT", "JS_ThrowOutOfMemory"]

/**
 * Which functions count their frames, and with how many bytes: of those that recurse and are not counted by their shadow frames,
 * all that have a large frame, and so many of the others that no cycle is left uncounted: a parser descends through many
 * small frames. Where no check is ever called, as in freeing, counting would change nothing.
 */
function framesToCharge(module: ModuleParts, checks: readonly number[]): Map<number, number> {
  const graph = callGraph(module)
  const leaveOut = (index: number) => {
    graph.delete(index)
    for (const targets of graph.values()) targets.delete(index)
  }
  for (const name of runNothing) leaveOut(exportedFunction(module, name))
  const checked = callersOf(graph, checks)
  const charged = new Map<number, number>()
  const consider = (index: number, atLeast: number) => {
    const wanted = frameOf(module, index) * slack
    if (shadowFrameOf(module, index) * nativePerShadow >= wanted) return leaveOut(index)
    if (wanted < atLeast * slack || !checked.has(index)) return
    charged.set(index, Math.ceil(wanted / 8) * 8)
    leaveOut(index)
  }
  for (const index of recursiveFunctions(graph)) consider(index, smallFrame)
  for (const index of recursiveFunctions(graph)) consider(index, 0)
  return charged
}

/** Bytes that a function takes from the shadow stack in its first instructions; 0 when it takes none there. */
function shadowFrameOf(module: ModuleParts, index: number): number {
  const code = decode(module.bodies[index - module.importedFunctions] ?? new Uint8Array([0]))
  const [get, constant, change] = code.slice(afterFirstBlock(code))
  if (get?.op !== Op.global_get || constant?.op !== Op.i32_const) return 0
  if (change?.op === Op.i32_sub) return constant.a
  return change?.op === Op.i32_add ? -constant.a : 0
}

/** The hook is a block in front of the interpreter's own first instruction. 0 for a function that does not begin with a block. */
function afterFirstBlock(code: Instruction[]): number {
  if (code[0]?.op !== Op.block) return 0
  let depth = 0
  for (const [i, { op }] of code.entries()) {
    if (op === Op.block || op === Op.loop || op === Op.if) depth++
    else if (op === Op.end && --depth === 0) return i + 1
  }
  return 0
}

function frameOf(module: ModuleParts, index: number): number {
  const body = module.bodies[index - module.importedFunctions]
  const type = module.types[module.typeOf(index)]
  if (body === undefined || type === undefined) throw new Error(`function ${index} is not defined`)
  return frameBytes(type.params.length + new Instructions(body).locals)
}

/** Index of `__stack_pointer`, the engine's only global. */
const stackPointer = 0

function checkNativeStack(body: Uint8Array, stackLimit: number): { body: Uint8Array; count: number } {
  const out = new Code()
  const code = new Instructions(body)
  let copied = 0
  let count = 0
  let before: number[] = [] // the last two instructions: opcode, operand
  while (code.next()) {
    const [constant, operand, add] = before
    const added = constant === Op.i32_const && operand === stackLimit && add === Op.i32_add && code.a === 0
    before = [...before.slice(-2), code.op, code.a]
    if (code.op !== Op.i32_load || !(added || code.a === stackLimit)) continue
    out.copy(body.subarray(copied, code.end)).i32(-1)
    loadWord(out, words.nativeStackLimit)
    loadWord(out, words.nativeStackUsed)
    loadWord(out, words.shadowStackBase).getGlobal(stackPointer).op(Op.i32_sub)
    out.i32(Math.log2(nativePerShadow)).op(Op.i32_shl, Op.i32_add, Op.i32_ge_u, Op.select)
    copied = code.end
    count++
  }
  return { body: out.copy(body.subarray(copied)).instructions(), count }
}

/** Wrap a body: count the frame, run, take it off. A `return` becomes a branch to the end of the wrapping block. */
function chargeFrame(body: Uint8Array, bytes: number, results: readonly string[]): Uint8Array {
  const code = new Instructions(body)
  const out = new Code().copy(body.subarray(0, code.start))
  addToWord(out, words.nativeStackUsed, bytes, Op.i32_add)
  out.block(blockTypeOf(results))
  let copied = code.start
  let depth = 0
  while (code.next()) {
    if (code.op === Op.block || code.op === Op.loop || code.op === Op.if) depth++
    else if (code.op === Op.end) depth--
    else if (code.op === Op.return) {
      out.copy(body.subarray(copied, code.at)).indexed(Op.br, depth)
      copied = code.end
    }
  }
  out.copy(body.subarray(copied)) // the body's own end closes the block
  addToWord(out, words.nativeStackUsed, bytes, Op.i32_sub)
  return out.end().instructions()
}

/**
 * Count the interpreter's frame where the hook calls a frozen function: there nothing of it is on the shadow stack yet. Calls that are
 * interpreted pay nothing for this. A body without the hook is left as it is.
 */
function chargeFrozenCall(body: Uint8Array, bytes: number): Uint8Array {
  const code = decode(body)
  const call = code.slice(0, afterFirstBlock(code)).find((i) => i.op === Op.call_indirect)
  if (call === undefined) return body
  const out = new Code().copy(body.subarray(0, call.at))
  addToWord(out, words.nativeStackUsed, bytes, Op.i32_add)
  out.copy(body.subarray(call.at, call.end))
  addToWord(out, words.nativeStackUsed, bytes, Op.i32_sub)
  return out.copy(body.subarray(call.end)).instructions()
}

function loadWord(out: Code, address: number): Code {
  return out.i32(0).mem("i32_load", address)
}

function addToWord(out: Code, address: number, value: number, op: number): void {
  loadWord(out.i32(0), address).i32(value).op(op).mem("i32_store", address)
}

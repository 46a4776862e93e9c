// Deep recursion is an exception of the guest's instead of a crash of the host's stack (docs/decisions.md, "Two
// stacks").
import { decode, Instructions, type Instruction } from "../../wasm/body.ts"
import { Code, Op } from "../../wasm/code.ts"
import { blockTypeOf } from "../../wasm/valtypes.ts"
import { callersOf, callGraph, recursiveFunctions } from "../callgraph.ts"
import { bodyOf, exportedFunction, type ModuleParts } from "../module.ts"
import { words } from "../words.ts"
import { copyWithPlaces, parametersOf, type Place } from "./bodies.ts"
import type { Editable } from "./editable.ts"

// A function's native frame is not visible to the guest. V8's baseline compiler gives every parameter and local a slot
// of up to 8 bytes; measured on Node 20, the interpreter's frame is 418 bytes with 57 of them.
const frameBytes = (locals: number) => 64 + 8 * locals

const roundUp = (bytes: number) => Math.ceil(bytes / 8) * 8

/** Frames below this are not counted one by one: `slack` covers them. */
const smallFrame = 160
const slack = 1.5

/**
 * Bytes of native stack that go with a byte of shadow stack. Every frame on the shadow stack is counted by being there,
 * so a function whose shadow frame is large enough counts itself at no cost: the interpreter's is 224 bytes and more.
 */
export const nativePerShadow = 4

/**
 * Make recursive functions add the size of their native frame to a word in memory and take it off when they return, and
 * make the engine's stack checks fail when too much native stack is in use.
 *
 *     i32.load offset=stack_limit   ->   i32.load offset=stack_limit  i32.const -1  in use <= limit  select
 *     in use   =   used + 4 * (shadow stack base - shadow stack pointer)
 *
 * A check compares the stack pointer with the runtime's limit; -1 is above every address. Returns the number of checks.
 */
export function countNativeStack({ module, interpreter, layout: { stackLimit } }: Editable): number {
  const checked = module.bodies.map((body) => checkNativeStack(body, stackLimit))
  const checks = checked.flatMap(({ count }, i) => (count > 0 ? [i + module.importedFunctions] : []))
  const charged = framesToCharge(module, checks)
  if (charged.has(interpreter)) throw new Error("the interpreter's frame would be counted twice")
  const interpreterBytes = roundUp(frameOf(module, interpreter) * slack)
  module.bodies = checked.map(({ body }, i) => {
    const index = i + module.importedFunctions
    if (index === interpreter) return chargeFrozenCall(body, interpreterBytes)
    const bytes = charged.get(index)
    return bytes === undefined ? body : chargeFrame(body, bytes, module.types[module.typeOf(index)]?.results ?? [])
  })
  return checked.reduce((sum, { count }) => sum + count, 0)
}

/**
 * Hot functions that run no program: freeing a value puts finalizers' jobs into a queue, and what is thrown when memory
 * is short was made before. By the call graph alone they would seem to recurse through one another.
 */
const runNothing = ["JS_FreeValue", "JS_FreeValueRT", "JS_ThrowOutOfMemory"]

/**
 * Which functions count their frames, and with how many bytes: of those that recurse and are not counted by their
 * shadow frames, all that have a large frame, and so many of the others that no cycle is left uncounted: a parser
 * descends through many small frames. Where no check is ever called, as in freeing, counting would change nothing.
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
    charged.set(index, roundUp(wanted))
    leaveOut(index)
  }
  for (const index of recursiveFunctions(graph)) consider(index, smallFrame)
  for (const index of recursiveFunctions(graph)) consider(index, 0)
  return charged
}

/** Bytes that a function takes from the shadow stack in its first instructions; 0 when it takes none there. */
function shadowFrameOf(module: ModuleParts, index: number): number {
  const code = decode(bodyOf(module, index))
  const [get, constant, change] = code.slice(afterFirstBlock(code))
  if (get?.op !== Op.global_get || constant?.op !== Op.i32_const) return 0
  if (change?.op === Op.i32_sub) return constant.a
  return change?.op === Op.i32_add ? -constant.a : 0
}

/**
 * The hook is a block in front of the interpreter's own first instruction. 0 when a function does not begin with a
 * block.
 */
function afterFirstBlock(code: Instruction[]): number {
  if (code[0]?.op !== Op.block) return 0
  let depth = 0
  for (const [i, { op }] of code.entries()) {
    if (op === Op.block || op === Op.loop || op === Op.if) depth++
    else if (op === Op.end && --depth === 0) return i + 1
  }
  return 0
}

/** Bytes of native stack that a function takes. */
function frameOf(module: ModuleParts, index: number): number {
  return frameBytes(parametersOf(module, index) + new Instructions(bodyOf(module, index)).locals)
}

/** Index of `__stack_pointer`, the engine's only global. */
const stackPointer = 0

function checkNativeStack(body: Uint8Array, stackLimit: number): { body: Uint8Array; count: number } {
  const code = decode(body)
  const places = code.flatMap((load, i): Place[] =>
    loadsStackLimit(code, i, stackLimit) ? [{ at: load.end, end: load.end, write: selectByNativeStack }] : [],
  )
  return { body: copyWithPlaces(new Code(), body, 0, places), count: places.length }
}

/** `i32.load offset=stack_limit`, or the offset added before the load. */
function loadsStackLimit(code: readonly Instruction[], i: number, stackLimit: number): boolean {
  const [constant, add, load] = [code[i - 2], code[i - 1], code[i]]
  if (load?.op !== Op.i32_load) return false
  if (load.a === stackLimit) return true
  return load.a === 0 && add?.op === Op.i32_add && constant?.op === Op.i32_const && constant.a === stackLimit
}

/** limit -> the limit, or -1 when too much native stack is in use. */
function selectByNativeStack(out: Code): void {
  out.i32(-1)
  loadWord(out, words.nativeStackLimit)
  loadWord(out, words.nativeStackUsed)
  loadWord(out, words.shadowStackBase).getGlobal(stackPointer).op(Op.i32_sub)
  out.i32(Math.log2(nativePerShadow)).op(Op.i32_shl, Op.i32_add, Op.i32_ge_u, Op.select)
}

/** Wrap a body: count the frame, run, take it off. A `return` becomes a branch to the end of the wrapping block. */
function chargeFrame(body: Uint8Array, bytes: number, results: readonly string[]): Uint8Array {
  const { start } = new Instructions(body)
  const out = new Code().copy(body.subarray(0, start))
  addToWord(out, words.nativeStackUsed, bytes, Op.i32_add)
  out.block(blockTypeOf(results))
  const places: Place[] = []
  let depth = 0
  for (const { op, at, end } of decode(body)) {
    if (op === Op.block || op === Op.loop || op === Op.if) depth++
    else if (op === Op.end) depth--
    else if (op === Op.return) {
      const label = depth
      places.push({ at, end, write: (out) => out.indexed(Op.br, label) })
    }
  }
  const wrapped = new Code().copy(copyWithPlaces(out, body, start, places)) // the body's own end closes the block
  addToWord(wrapped, words.nativeStackUsed, bytes, Op.i32_sub)
  return wrapped.op(Op.end).instructions()
}

/**
 * Count the interpreter's frame where the hook calls a frozen function: there nothing of it is on the shadow stack yet.
 * Calls that are interpreted pay nothing for this. A body without the hook is left as it is.
 */
function chargeFrozenCall(body: Uint8Array, bytes: number): Uint8Array {
  const code = decode(body)
  const call = code.slice(0, afterFirstBlock(code)).find((i) => i.op === Op.call_indirect)
  if (call === undefined) return body
  const add = (op: number) => (out: Code) => addToWord(out, words.nativeStackUsed, bytes, op)
  return copyWithPlaces(new Code(), body, 0, [
    { at: call.at, end: call.at, write: add(Op.i32_add) },
    { at: call.end, end: call.end, write: add(Op.i32_sub) },
  ])
}

function loadWord(out: Code, address: number): Code {
  return out.i32(0).mem("i32_load", address)
}

function addToWord(out: Code, address: number, value: number, op: number): void {
  loadWord(out.i32(0), address).i32(value).op(op).mem("i32_store", address)
}

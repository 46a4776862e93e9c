// One function -> one body of WebAssembly, or two: a function with a kernel (flow/pure.ts) tries that first.
//
// How the function is written is tried in turn: lean where it may be lean (flow/lean.ts), and framed when that is
// refused.
import type { Pointer } from "../../engine/live.ts"
import type { Signature } from "../../wasm/code.ts"
import { flowGraph, type FlowGraph } from "../flow/blocks.ts"
import { mayBeLean } from "../flow/lean.ts"
import { selfVariable } from "../flow/pure.ts"
import { structureOf, type Structure } from "../flow/structure.ts"
import type { Counts } from "../frame/frame.ts"
import type { InPlace, Kernel, Mode } from "../frame/mode.ts"
import type { FunctionInfo, Instruction } from "../function.ts"
import { nativeFrame } from "../helpers/slots.ts"
import { kernelType, type KernelCall } from "./kernel.ts"
import { StubList, type Stub } from "./stubs.ts"
import type { Target } from "./target.ts"
import { FunctionWriter } from "./writer.ts"

/** A function, compiled. */
export interface Compiled {
  body: Uint8Array
  /** A second function that the first calls, at the next index. */
  kernel?: { type: Signature; body: Uint8Array }
  counts: Counts
  /** The stubs, to be placed directly behind the function's bytecode. */
  stubs: Stub[]
}

/**
 * Compile a function; undefined when a loop of it is entered in two places. Throws a problem when the bytecode
 * contradicts itself.
 */
export function compileFunction(info: FunctionInfo, target: Target): Compiled | undefined {
  const graph = flowGraph(info)
  const structure = structureOf(graph)
  if (structure === undefined) return undefined
  const kernel = compileKernel(info, graph, structure, target)
  const kernelCall = kernel && { ...kernel.call, failures: target.word() }
  const stubs = new StubList(info)
  const cacheOf = cachesOf(target)
  const placed = { ...info }
  const write = (mode: Mode) => {
    const writer = new FunctionWriter({
      ...target,
      info: placed,
      graph,
      structure,
      mode,
      stubOf: (i) => stubs.addressOf(i),
      cacheOf,
      kernel: kernelCall,
    })
    return writer.write() ? writer : undefined
  }
  const lean = kernel === undefined && mayBeLean(info, graph) ? write({ kind: "lean" }) : undefined
  const writer = lean ?? write({ kind: "framed" })!
  if (stubs.list.length > 0) {
    placed.codePointer = stubs.base = target.place(stubs.size)
    writer.pass()
  }
  const body = writer.finish()
  return { body, ...(kernel ? { kernel: kernel.compiled } : {}), counts: writer.frame.counts, stubs: stubs.list }
}

/** Instruction -> its cache, made when it is first asked for. */
function cachesOf(target: Target): (i: Instruction) => Pointer {
  const caches = new Map<Instruction, Pointer>()
  return (i) => {
    const cache = caches.get(i) ?? target.cache()
    caches.set(i, cache)
    return cache
  }
}

interface CompiledKernel {
  call: Omit<KernelCall, "failures">
  compiled: { type: Signature; body: Uint8Array }
}

/**
 * The function's kernel, when it can have one: written plainly first, then with as many levels of calls in place as
 * fit.
 */
function compileKernel(
  info: FunctionInfo,
  graph: FlowGraph,
  structure: Structure,
  target: Target,
): CompiledKernel | undefined {
  const self = selfVariable(info, graph, structure)
  if (self === undefined) return undefined
  const index = target.nextIndex() + 1
  const none = () => 0 // a kernel neither steps nor looks into objects
  const newWriter = (how: Pick<Kernel, "inline" | "writeInPlace" | "place">) => {
    const kernel: Kernel = { index, self, levels: info.argCount, ...how }
    const mode: Mode = { kind: "kernel", kernel }
    return new FunctionWriter({ ...target, info, graph, structure, mode, stubOf: none, cacheOf: none })
  }
  const plain = newWriter({ inline: 0 })
  if (!plain.write()) return undefined
  const writeOnce = (how: Pick<Kernel, "inline" | "writeInPlace" | "place">) => {
    const writer = newWriter(how)
    writer.learnFrom(plain)
    writer.pass()
    return writer
  }
  const inPlace = (inline: number) => (place: InPlace) =>
    !writeOnce({ inline, place, writeInPlace: inPlace(inline - 1) }).frame.isRefused
  const calls = info.instructions.filter((i) => i.operands.kind === "call").length
  const inline = plain.mayBeInPlace ? levelsInPlace(plain.frame.code.length, calls) : 0
  const writer = inline > 0 ? writeOnce({ inline, writeInPlace: inPlace(inline - 1) }) : plain
  if (writer.frame.isRefused) return undefined
  const { code } = writer.frame
  const call = { index, self, levelBytes: nativeFrame(info, code) }
  return { call, compiled: { type: kernelType(info), body: code.finish() } }
}

/** Wasm of a kernel with calls written in place is at most so large, in bytes. */
const MAX_IN_PLACE_BYTES = 2500
/** Levels of calls that are written in place at most. */
const MAX_IN_PLACE_LEVELS = 4

/** How many levels of calls fit into the size that a kernel may have. */
function levelsInPlace(bytes: number, calls: number): number {
  if (calls === 0) return 0
  let [levels, bodies] = [0, 1 + calls]
  while (levels < MAX_IN_PLACE_LEVELS && bodies * bytes <= MAX_IN_PLACE_BYTES) {
    levels++
    bodies = 1 + calls * bodies
  }
  return levels
}

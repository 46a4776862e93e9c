// One function -> one body of WebAssembly.
//
// The blocks are written in the order and nesting of structure.ts. What is known of operands and locals where ways meet depends on all
// ways, loops included, so the function is written several times, keeping only what was learnt about the blocks' entry states, until a
// pass learns nothing new: that pass is the result. States only grow more general, so it ends.
import { JSContext, JSRuntime } from "../../engine/abi.ts"
import type { Pointer } from "../../engine/live.ts"
import { flowGraph, type Edge, type FlowGraph } from "../flow/blocks.ts"
import { Frame, NotLean, param, type Counts } from "../frame/frame.ts"
import type { FunctionInfo, Instruction } from "../function.ts"
import { at, countsOf, frameSize, nativeFrame, varsOf } from "../helpers/slots.ts"
import { mayBeLean } from "../flow/lean.ts"
import { isThere, join, moveTo, sameState, type Entry } from "../frame/merge.ts"
import { endBlock, type Ways } from "../handlers/control.ts"
import {
  kernelPrologue,
  kernelType,
  maxInlinedBytes,
  NotPure,
  selfVariable,
  tryKernel,
  type Kernel,
} from "../frame/pure.ts"
import { emitInstruction } from "../handlers/instruction.ts"
import { helperIndex, importIndex, STACK_POINTER, type RuntimeAddresses } from "../helpers/signatures.ts"
import { structureOf, type Structure } from "../flow/structure.ts"
import { UNDEFINED } from "../types.ts"
import { Code, I64, type Label, type Signature } from "../../wasm/code.ts"

/** A function, compiled. */
export interface Compiled {
  body: Uint8Array
  /** A second function that the first calls, at the next index. */
  kernel?: { type: Signature; body: Uint8Array }
  counts: Counts
  /** The stubs, to be placed directly behind the function's bytecode. */
  stubs: Stub[]
}

/** `[the instruction's own bytes][yield]`, at an offset from the start of the bytecode. */
export interface Stub {
  offset: number
  instruction: Instruction
}

/** Passes after which a function is given up; none needs more than a few. */
const MAX_PASSES = 40

/** Control flow that cannot be nested. */
export class Irreducible extends Error {}

/** What a function is compiled for: one engine, whose memory it will find as it is now. */
export interface Site {
  addresses: RuntimeAddresses
  /** Room for bytecode and stubs: bytes -> where they will lie. */
  place: (size: number) => Pointer
  atomString: (atom: number) => Pointer | undefined
  /** A word of memory, zeroed. */
  word: () => Pointer
  /** A cache (cache.ts), empty. */
  cache: () => Pointer
  /** Function index that the next compiled function will have. */
  nextIndex: () => number
}

/**
 * Compile a function.
 * Throws Irreducible, or a problem when the bytecode contradicts itself.
 */
export function compileFunction(info: FunctionInfo, site: Site): Compiled {
  const graph = flowGraph(info)
  const structure = structureOf(graph)
  if (structure === undefined) throw new Irreducible()
  const kernel = compileKernel(info, graph, structure, site)
  const stubs = new StubList(info)
  const placed = { ...info }
  const caches = new Map<Instruction, Pointer>()
  const cacheOf = (i: Instruction) => {
    const cache = caches.get(i) ?? site.cache()
    caches.set(i, cache)
    return cache
  }
  const write = (lean: boolean) => {
    const writer = new FunctionWriter(
      placed,
      graph,
      structure,
      site,
      (i) => stubs.addressOf(i),
      cacheOf,
      undefined,
      lean,
    )
    if (kernel) writer.kernel = { ...kernel.kernel, failures: site.word() }
    settle(writer)
    return writer
  }
  const writer = kernel === undefined && mayBeLean(info, graph) ? unlessNotLean(write) : write(false)
  if (stubs.list.length > 0) {
    placed.codePointer = stubs.base = site.place(stubs.size)
    writer.pass()
  }
  return { body: writer.finish(), ...(kernel ? { kernel } : {}), counts: writer.frame.counts, stubs: stubs.list }
}

function unlessNotLean(write: (lean: boolean) => FunctionWriter): FunctionWriter {
  try {
    return write(true)
  } catch (error) {
    if (error instanceof NotLean) return write(false)
    throw error
  }
}

/** Write a function until a pass learns nothing new. */
function settle(writer: FunctionWriter): void {
  for (let pass = 0; writer.pass(); pass++) {
    if (pass > MAX_PASSES) throw new Error(`${writer.frame.info.name} does not settle`)
  }
}

/** The function's kernel (kernel.ts), when it can have one. */
function compileKernel(info: FunctionInfo, graph: FlowGraph, structure: Structure, site: Site) {
  const self = selfVariable(info, graph, structure)
  if (self === undefined) return undefined
  const kernel: Kernel = { index: site.nextIndex() + 1, self, left: info.argCount, inline: 0, levelBytes: 0 }
  const write = (changes: Partial<Kernel>, known?: FunctionWriter) => {
    const none = () => 0 // a kernel neither steps nor looks into objects
    const pure = { ...kernel, ...changes }
    const writer = new FunctionWriter(info, graph, structure, site, none, none, pure, false)
    if (known) writer.learnFrom(known)
    return writer
  }
  try {
    const plain = write({})
    settle(plain)
    const calls = info.instructions.filter((i) => i.operands.kind === "call").length
    const inline = plain.mayBeInlined ? levelsToInline(plain.frame.code.length, calls) : 0
    const writeInlined = (level: number) => (inlined: NonNullable<Kernel["inlined"]>) => {
      write({ inlined, inline: level, writeInlined: writeInlined(level - 1) }, plain).pass()
    }
    const writer = inline > 0 ? write({ inline, writeInlined: writeInlined(inline - 1) }, plain) : plain
    if (inline > 0) writer.pass()
    const { code } = writer.frame
    kernel.levelBytes = nativeFrame(info, code)
    return { kernel, type: kernelType(info), body: code.finish() }
  } catch (error) {
    if (error instanceof NotPure) return undefined
    throw error
  }
}

/** How many levels of calls fit into the size that a kernel may have. */
function levelsToInline(bytes: number, calls: number): number {
  let levels = 0
  for (
    let bodies = 1 + calls;
    calls > 0 && levels < 4 && bodies * bytes <= maxInlinedBytes;
    bodies = 1 + calls * bodies
  )
    levels++
  return levels
}

class StubList {
  readonly list: Stub[] = []
  readonly info: FunctionInfo
  size: number
  base = 0

  constructor(info: FunctionInfo) {
    this.info = info
    this.size = info.code.length
  }

  addressOf(instruction: Instruction): number {
    let stub = this.list.find((s) => s.instruction === instruction)
    if (stub === undefined) {
      stub = { offset: this.size, instruction }
      this.list.push(stub)
      this.size += instruction.size + 1
    }
    return this.base + stub.offset
  }
}

/** Bytecode above which speed is not paid for with code, in loops either. */
const MAX_HOT_BYTES = 4096

function hotInstructions(graph: FlowGraph, structure: Structure): Uint8Array<ArrayBuffer> {
  const hot = new Uint8Array(graph.instructions.length)
  graph.blocks.forEach(({ start, end }, block) => structure.inLoop[block] && hot.fill(1, start, end))
  return hot
}

export class FunctionWriter implements Ways {
  readonly frame: Frame
  readonly structure: Structure
  /** The kernel to try first. */
  kernel: (Kernel & { failures: Pointer }) | undefined
  private readonly addresses: RuntimeAddresses
  private readonly entries = new Map<number, Entry>()
  private readonly blockLabels: Label[] = []
  private readonly loopLabels: Label[] = []
  private changed = false

  constructor(
    info: FunctionInfo,
    graph: FlowGraph,
    structure: Structure,
    site: Site,
    stubOf: (i: Instruction) => number,
    cacheOf: (i: Instruction) => number,
    pure: Kernel | undefined,
    lean: boolean,
  ) {
    this.structure = structure
    this.addresses = site.addresses
    this.frame = new Frame(info, graph, stubOf, cacheOf, site.atomString, pure, lean)
    if (info.code.length <= MAX_HOT_BYTES) this.frame.hot = hotInstructions(graph, structure)
  }

  /** Whether the function can be written in place of a call: then no operand waits where ways meet, so entry states name no wasm local. */
  get mayBeInlined(): boolean {
    return [...this.entries.values()].every((entry) => entry.stack.length === 0)
  }

  /** Start with what another writer of the same function has found out. */
  learnFrom(other: FunctionWriter): void {
    for (const [block, entry] of other.entries) this.entries.set(block, entry)
    for (const offset of other.frame.widened) this.frame.widened.add(offset)
    for (const offset of other.frame.unwrapped) this.frame.unwrapped.add(offset)
  }

  /** Write the function once. True when something was learnt that makes what was written wrong. */
  pass(): boolean {
    const { frame } = this
    const learnt = frame.widened.size + frame.unwrapped.size
    this.changed = false
    frame.restart()
    const c = frame.code
    if (frame.kernel) {
      if (!frame.kernel.inlined) kernelPrologue(c, frame.kernel, frame.realm)
      this.goTo(0, -1)
      c.op(0x00)
      return this.changed || frame.widened.size + frame.unwrapped.size !== learnt
    }
    if (this.kernel) tryKernel(c, frame.info, this.kernel, this.kernel.failures, this.addresses)
    if (frame.lean) this.leanPrologue(c)
    else this.prologue(c)
    const tail = c.block()
    frame.left = c.block()
    frame.normal = c.block()
    this.goTo(0, -1)
    c.op(0x00).end() // unreachable: every block ends with a branch
    if (frame.lean) {
      c.get(frame.fp).if()
      this.normalReturn(c)
      c.get(frame.fp).i32Later().op(0x6a).setGlobal(STACK_POINTER).end()
      c.get(frame.result).op(0x0f)
    } else {
      this.normalReturn(c)
      c.br(tail)
    }
    c.end()
    c.get(frame.fp).mem("i64_load", at.result).set(frame.result)
    c.end()
    this.epilogue(c)
    return this.changed || frame.widened.size + frame.unwrapped.size !== learnt
  }

  /** The body, when no pass learns anything new. */
  finish(): Uint8Array {
    const { info, layout, code } = this.frame
    code.settle(frameSize(layout, nativeFrame(info, code)))
    return code.finish()
  }

  private prologue(c: Code): void {
    const { info, fp } = this.frame
    for (const p of Object.values(param)) c.get(p)
    c.i32Later().i32(countsOf(info)).i32(varsOf(info))
    c.call(helperIndex("enter")).tee(fp).op(0x45).if() // i32.eqz
    c.i64(6n << 32n)
      .op(0x0f)
      .end() // the exception
  }

  /** No frame yet. Arguments that are read come from where the caller has them. */
  private leanPrologue(c: Code): void {
    const { info } = this.frame
    c.get(param.context).i32Later().call(helperIndex("mayEnter")).if()
    c.i64(6n << 32n)
      .op(0x0f)
      .end() // the exception
    const read = new Set(info.instructions.flatMap((i) => (i.operands.kind === "arg" ? [i.operands.index] : [])))
    for (const i of [...read].sort((x, y) => x - y)) {
      c.get(param.argc).i32(i).op(0x4a).if(I64) // i32.gt_s
      c.get(param.argv)
        .mem("i64_load", 8 * i)
        .else()
        .i64(UNDEFINED)
        .end()
      c.set(this.frame.localHome(i, "held"))
    }
  }

  private normalReturn(c: Code): void {
    const { info, layout, fp } = this.frame
    if (info.varRefCount > 0) {
      c.i32(this.addresses.runtime).get(fp).i32(at.frame).op(0x6a).call(importIndex("close_var_refs"))
    }
    if (info.argCount + info.varCount > 0) {
      c.get(fp).i32(at.slots).op(0x6a).get(fp).i32(layout.operand(0)).op(0x6a).call(helperIndex("freeRange"))
    }
    c.i32(this.addresses.runtime).get(fp).mem("i32_load", at.prevFrame).mem("i32_store", JSRuntime.current_stack_frame)
  }

  private epilogue(c: Code): void {
    const { fp, result } = this.frame
    c.get(fp).i32Later().op(0x6a).setGlobal(STACK_POINTER)
    c.get(result)
  }

  successorsOf(block: number): readonly Edge[] {
    return this.structure.successors[block]!
  }

  /** Whether other ways lead to a block, too: then it is not written where it is gone to. */
  isElsewhere(block: number): boolean {
    return this.structure.isLoop[block] === true || this.structure.isMerge[block] === true
  }

  /** Go on at a block: into it when only this way leads there, else by a branch. `from` is the block that ends, -1 at the start. */
  goTo(block: number, from: number): void {
    const { structure, frame } = this
    if (!this.isElsewhere(block)) {
      this.writeTree(block)
      return
    }
    const back = from >= 0 && structure.position[from]! >= structure.position[block]!
    moveTo(frame, this.enter(block, back))
    if (back) frame.code.br(this.loopLabels[block]!)
    else if (structure.isMerge[block]) frame.code.br(this.blockLabels[block]!)
    else this.writeTree(block)
  }

  /** The same at the end of what is being written: a block that only this way leads to is not written but returned, to be written next. */
  goOn(block: number, from: number): number | undefined {
    if (!this.isElsewhere(block)) return block
    this.goTo(block, from)
    return undefined
  }

  /** When nothing has to be moved on the way to a block, its label; undefined otherwise. */
  directLabel(block: number, from: number): Label | undefined {
    const { structure, frame } = this
    const back = structure.position[from]! >= structure.position[block]!
    if (!back && !structure.isMerge[block]) return undefined
    if (!isThere(frame, this.enter(block, back))) return undefined
    return back ? this.loopLabels[block]! : this.blockLabels[block]!
  }

  /** The entry state of a block, widened to take the frame's state in. */
  private enter(block: number, back: boolean): Entry {
    const known = this.entries.get(block)
    const entry = join(this.frame, block, known, this.frame.state, back)
    if (known === undefined || !sameState(known, entry)) {
      this.entries.set(block, entry)
      this.changed = true
    }
    return entry
  }

  /** Write a block and all that it dominates. */
  private writeTree(first: number): void {
    const { frame, structure } = this
    const { code: c } = frame
    let block = first
    for (;;) {
      const isLoop = structure.isLoop[block]
      if (isLoop || structure.isMerge[block]) {
        const entry = this.entries.get(block)
        if (entry === undefined) {
          c.op(0x00) // no way leads here after all
          return
        }
        frame.resume(entry)
      }
      if (isLoop) {
        this.loopLabels[block] = c.loop()
        this.poll(block)
      }
      const merges = structure.merges[block]!
      for (const merge of merges) this.blockLabels[merge] = c.block()
      const next = this.writeBlock(block)
      if (merges.length === 0 && !isLoop) {
        // A chain of any length takes no stack.
        if (next === undefined) return
        block = next
        continue
      }
      if (next !== undefined) this.writeTree(next)
      const last = merges[0]
      for (const merge of merges.toReversed()) {
        c.end()
        if (merge !== last || isLoop) this.writeTree(merge)
      }
      if (isLoop) {
        c.op(0x00).end()
        return
      }
      if (last === undefined) return
      block = last
    }
  }

  private writeBlock(block: number): number | undefined {
    const { frame } = this
    const { start, end } = frame.graph.blocks[block]!
    for (frame.index = start; frame.index < end - 1; frame.index++) emitInstruction(frame)
    frame.index = end - 1
    return endBlock(this, block)
  }

  /** At the head of a loop: count down to the interrupt handler. */
  private poll(block: number): void {
    const { frame } = this
    const { code: c } = frame
    frame.index = frame.graph.blocks[block]!.start
    const left = frame.home("poll", 0x7f)
    c.i32(frame.realm).i32(frame.realm).mem("i32_load", JSContext.interrupt_counter).i32(1).op(0x6b).tee(left)
    c.mem("i32_store", JSContext.interrupt_counter)
    c.get(left).i32(0).op(0x4c).if() // i32.le_s
    frame.setPc()
    c.i32(frame.realm).call(importIndex("js_poll_interrupts")).if()
    frame.throwOut()
    c.end().end()
  }
}

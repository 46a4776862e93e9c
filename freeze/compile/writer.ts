// The blocks of one function -> the code of its body, written as often as it takes.
//
// The blocks are written in the order and nesting of flow/structure.ts. What is known of operands and locals where ways
// meet depends on all ways, loops included, so the function is written several times, keeping only what was learnt
// about the blocks' entry states, until a pass learns nothing new (a fixed point): that pass is the result. States only
// grow more general, so it ends.
import { JSContext } from "../../engine/abi.ts"
import { I32, op, type Label } from "../../wasm/code.ts"
import type { Edge, FlowGraph } from "../flow/blocks.ts"
import type { Structure } from "../flow/structure.ts"
import { Frame, type FrameOptions } from "../frame/frame.ts"
import { setPc, throwOut } from "../frame/handover.ts"
import { isThere, join, moveTo, sameState, type Entry } from "../frame/merge.ts"
import { endBlock, type Ways } from "../handlers/control.ts"
import { emitInstruction } from "../handlers/instruction.ts"
import type { RuntimeAddresses } from "../helpers/signatures.ts"
import { frameSize, nativeFrame } from "../helpers/slots.ts"
import type { KernelCall } from "./kernel.ts"
import { writeBody } from "./prologue.ts"

/** Passes after which a function is given up; none needs more than a few. */
const MAX_PASSES = 40

export interface WriterOptions extends Omit<FrameOptions, "hot"> {
  structure: Structure
  addresses: RuntimeAddresses
  /** The kernel to try first. */
  kernel?: KernelCall | undefined
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
  private readonly structure: Structure
  private readonly addresses: RuntimeAddresses
  private readonly kernel: KernelCall | undefined
  private readonly entries = new Map<number, Entry>()
  private readonly blockLabels: Label[] = []
  private readonly loopLabels: Label[] = []
  private changed = false

  constructor({ structure, addresses, kernel, ...options }: WriterOptions) {
    const { info, graph } = options
    this.structure = structure
    this.addresses = addresses
    this.kernel = kernel
    const isSmall = info.code.length <= MAX_HOT_BYTES
    this.frame = new Frame({ ...options, hot: isSmall ? hotInstructions(graph, structure) : new Uint8Array(0) })
  }

  /**
   * Whether it can be written in place of a call: then no operand waits where ways meet, so entry states name no wasm
   * local.
   */
  get mayBeInPlace(): boolean {
    return [...this.entries.values()].every((entry) => entry.stack.length === 0)
  }

  /** Start with what another writer of the same function has found out. */
  learnFrom(other: FunctionWriter): void {
    for (const [block, entry] of other.entries) this.entries.set(block, entry)
    for (const offset of other.frame.widened) this.frame.widened.add(offset)
    for (const offset of other.frame.unwrapped) this.frame.unwrapped.add(offset)
  }

  /** Write until a pass learns nothing new. False when the function cannot be had in the frame's mode. */
  write(): boolean {
    for (let pass = 0; this.pass(); pass++) {
      if (pass > MAX_PASSES) throw new Error(`${this.frame.info.name}: every pass learns something new`)
    }
    return !this.frame.isRefused
  }

  /** Write the function once. True when something was learnt that makes what was written wrong. */
  pass(): boolean {
    const { frame } = this
    const learnt = frame.widened.size + frame.unwrapped.size
    this.changed = false
    frame.restart()
    writeBody(frame, this.addresses, this.kernel, () => this.goTo(0, -1))
    if (frame.isRefused) return false
    return this.changed || frame.widened.size + frame.unwrapped.size !== learnt
  }

  /** The body, when no pass learns anything new. */
  finish(): Uint8Array {
    const { info, layout, code } = this.frame
    code.settle(frameSize(layout, nativeFrame(info, code)))
    return code.finish()
  }

  successorsOf(block: number): readonly Edge[] {
    return this.structure.successors[block]!
  }

  /** Whether other ways lead to a block, too: then it is not written where it is gone to. */
  isElsewhere(block: number): boolean {
    return this.structure.isLoop[block] === true || this.structure.isMerge[block] === true
  }

  /**
   * Go on at a block: into it when only this way leads there, else by a branch. `from` is the block that ends, -1 at
   * the start.
   */
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

  /**
   * The same at the end of what is being written: a block that only this way leads to is not written but returned, to
   * be written next.
   */
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
    while (!frame.isRefused) {
      const isLoop = structure.isLoop[block]
      if (isLoop || structure.isMerge[block]) {
        const entry = this.entries.get(block)
        if (entry === undefined) {
          c.op(op.unreachable) // no way leads here after all
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
        c.op(op.unreachable).end()
        return
      }
      if (last === undefined) return
      block = last
    }
  }

  private writeBlock(block: number): number | undefined {
    const { frame } = this
    const { start, end } = frame.graph.blocks[block]!
    for (frame.index = start; frame.index < end - 1; frame.index++) {
      emitInstruction(frame)
      if (frame.isRefused) return undefined
    }
    return endBlock(this, block)
  }

  /** At the head of a loop: count down to the interrupt handler. */
  private poll(block: number): void {
    const { frame } = this
    const { code: c } = frame
    frame.index = frame.graph.blocks[block]!.start
    const left = frame.home("poll", I32)
    c.i32(frame.realm).i32(frame.realm).mem("i32_load", JSContext.interrupt_counter).i32(1).op(op.i32_sub).tee(left)
    c.mem("i32_store", JSContext.interrupt_counter)
    c.get(left).i32(0).op(op.i32_le_s).if()
    setPc(frame)
    frame.engine(c.i32(frame.realm), "js_poll_interrupts").if()
    throwOut(frame)
    c.end().end()
  }
}

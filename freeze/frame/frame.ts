// The function that is being written: where writing is, what is known there (operand.ts), and values put onto the wasm
// stack.
//
// locals.ts has what is done with the function's locals, handover.ts the ways to the interpreter, merge.ts what happens
// at a join.
import type { JSValue } from "../../engine/live.ts"
import { Code, F64, I32, I64, op, type Label, type WasmType } from "../../wasm/code.ts"
import type { FlowGraph } from "../flow/blocks.ts"
import { consumersOf, demandOn, type Demand } from "../flow/demand.ts"
import type { FunctionInfo, Instruction } from "../function.ts"
import { call, callEngine, callType, type HelperName, type ImportName } from "../helpers/signatures.ts"
import { layoutOf, type FrameLayout } from "../helpers/slots.ts"
import { ANY, COUNTED, NUMBER, numberOf, T, typeOf, UNDEFINED } from "../types.ts"
import type { Mode } from "./mode.ts"
import { copyOf, mayBeCounted, type Local, type State, type Val } from "./operand.ts"
import { Registers } from "./registers.ts"

/** What a function costs and contains; for the report. */
export interface Counts {
  steps: number
  exits: number
}

/** What a frame is made for. */
export interface FrameOptions {
  info: FunctionInfo
  graph: FlowGraph
  mode: Mode
  /** 1 for instructions in loops, where speed is worth code. */
  hot: Uint8Array
  /** Where the stub of an instruction lies, to step it; made on demand. */
  stubOf: (instruction: Instruction) => number
  /** The cache (helpers/cache.ts) of an instruction; made on demand. */
  cacheOf: (instruction: Instruction) => number
  /** Address of the JSString of an atom, undefined when the atom is none. */
  atomString: (atom: number) => number | undefined
}

/** Bytecode of a lean function that is written as a loop is. */
const SMALL_BYTES = 64

export class Frame {
  readonly options: FrameOptions
  readonly info: FunctionInfo
  readonly graph: FlowGraph
  readonly layout: FrameLayout
  readonly realm: number
  mode: Mode
  code = new Code(callType.params.length)
  state: State = { stack: [], locals: [] }
  counts: Counts = { steps: 0, exits: 0 }
  /** Instructions whose int results overflowed the range of an int somewhere around a loop: compiled with doubles. */
  readonly widened = new Set<number>()
  /** Additions whose result is used in a way for which it must not have wrapped. */
  readonly unwrapped = new Set<number>()
  /** Who uses the result of an instruction (flow/demand.ts). */
  private readonly consumers: Int32Array
  private registers = new Registers(this.code)
  /** Index of the instruction being written. */
  index = 0
  fp = 0
  result = 0
  /** Branch here with the result in `result`: a normal return. */
  returned: Label = 0
  /** Branch here with the result in the frame: the interpreter has ended the activation. */
  ended: Label = 0
  /** Reading of `code.marks` at which the frame of a lean function is known to be there. */
  readyAt = -1

  constructor(options: FrameOptions) {
    const { info, graph, mode } = options
    this.options = options
    this.info = info
    this.graph = graph
    this.mode = mode
    this.layout = layoutOf(info)
    this.realm = info.realm
    this.consumers = consumersOf(graph)
  }

  /** Forget all code; what has been learnt stays. */
  restart(): void {
    this.code = this.newCode()
    this.registers = new Registers(this.code)
    this.counts = { steps: 0, exits: 0 }
    this.readyAt = -1
    this.fp = this.code.local(I32)
    this.result = this.code.local(I64)
    const { argCount, varCount } = this.info
    const args = Array.from({ length: argCount }, (_, i) => this.firstArgument(i))
    const vars = Array.from({ length: varCount }, (_, i) => this.firstVariable(argCount + i))
    this.state = { stack: [], locals: [...args, ...vars] }
  }

  private newCode(): Code {
    const { mode } = this
    if (mode.kind === "kernel" && mode.kernel.place) return mode.kernel.place.code
    const code = new Code(mode.kind === "kernel" ? this.info.argCount + 1 : callType.params.length)
    code.height = 1
    return code
  }

  private firstArgument(i: number): Local {
    const { mode } = this
    switch (mode.kind) {
      case "kernel":
        this.registers.giveHome(`i${i}`, mode.kernel.place?.args[i] ?? i)
        return { type: T.INT, rep: "i32" }
      case "lean":
        return { type: ANY, rep: "held" }
      case "framed":
      case "refused":
        return { type: ANY, rep: "slot" }
      default:
        return mode satisfies never
    }
  }

  private firstVariable(i: number): Local {
    if (this.isCaptured(i)) return { type: ANY | T.UNINITIALIZED, rep: "slot" }
    return { type: T.UNDEFINED, rep: "const", value: UNDEFINED, inSlot: true }
  }

  /** What is being written cannot be had in this mode. */
  refuse(): void {
    this.mode = { kind: "refused" }
  }

  get isRefused(): boolean {
    return this.mode.kind === "refused"
  }

  get instruction(): Instruction {
    return this.graph.instructions[this.index]!
  }

  /** Address of the current instruction's stub. */
  get stub(): number {
    return this.isRefused ? 0 : this.options.stubOf(this.instruction)
  }

  /** Address of the current instruction's cache. */
  get cache(): number {
    return this.isRefused ? 0 : this.options.cacheOf(this.instruction)
  }

  /** Address of the bytecode after the current instruction: what `cur_pc` is during it. */
  get nextPc(): number {
    return this.info.codePointer + this.instruction.offset + this.instruction.size
  }

  isCaptured(local: number): boolean {
    const { argCount, args, vars } = this.info
    return (local < argCount ? args[local] : vars[local - argCount])!.isCaptured
  }

  /**
   * Whether the current instruction is in a loop, or in a small function that is called a lot as likely as not: there
   * speed is worth code.
   */
  get isHot(): boolean {
    return this.options.hot[this.index] === 1 || (this.mode.kind === "lean" && this.info.code.length <= SMALL_BYTES)
  }

  /** What is wanted of the current instruction's result. */
  get demand(): Demand {
    return demandOn(this.graph, this.consumers, this.index)
  }

  // Wasm locals

  temp(type: WasmType): number {
    return this.registers.temp(type)
  }

  release(w: number): void {
    this.registers.release(w)
  }

  home(key: string, type: WasmType): number {
    return this.registers.home(key, type)
  }

  localHome(local: number, rep: "held" | "i32" | "f64" | "bool"): number {
    if (rep === "held") return this.home(`b${local}`, I64)
    return this.home(`${rep === "f64" ? "f" : "i"}${local}`, rep === "f64" ? F64 : I32)
  }

  // State

  snapshot(): State {
    return copyOf(this.state)
  }

  /** Take up a state again: temporaries that it does not mention are free. */
  resume(state: State): void {
    this.state = copyOf(state)
    this.registers.releaseAll()
    for (const v of this.state.stack) if ("w" in v) this.registers.share(v.w)
  }

  get depth(): number {
    return this.state.stack.length
  }

  push(v: Val): void {
    this.state.stack.push(v)
  }

  /** Take the top operand. Its temporary stays taken until `release` or `drop`. A slot becomes a temporary. */
  pop(): Val {
    const v = this.state.stack.pop()
    if (v === undefined) throw new Error("operand stack underflow")
    if (v.rep !== "slot") return v
    const w = this.temp(I64)
    this.code.get(this.fp).mem("i64_load", this.layout.operand(this.depth)).set(w)
    return { rep: "box", w, type: v.type, own: v.own }
  }

  pushConst(boxed: JSValue): void {
    this.push({ rep: "const", value: boxed, type: typeOf(boxed), own: false })
  }

  /** Push what is on the wasm stack: a boxed value that the operand owns. */
  pushBoxed(type: number): void {
    const w = this.temp(I64)
    this.code.set(w)
    this.push({ rep: "box", w, type, own: (type & COUNTED) !== 0 })
  }

  pushUnboxed(rep: "i32" | "f64" | "bool"): void {
    const w = this.temp(rep === "f64" ? F64 : I32)
    this.code.set(w)
    this.push({ rep, w, type: rep === "i32" ? T.INT : rep === "f64" ? NUMBER : T.BOOL, own: false })
  }

  // Values onto the wasm stack

  /** Boxed; who owned it still does. */
  boxed(v: Val, depth = -1): Code {
    const c = this.code
    switch (v.rep) {
      case "const":
        return c.i64(v.value)
      case "i32":
        return c.get(v.w).op(op.i64_extend_i32_u)
      case "bool":
        return c
          .get(v.w)
          .op(op.i64_extend_i32_u)
          .i64(1n << 32n)
          .op(op.i64_or)
      case "f64":
        return this.helper(c.get(v.w), "boxFloat")
      case "box":
        return c.get(v.w)
      case "slot":
        if (depth < 0) throw new Error("an operand in its slot was taken without its depth")
        return c.get(this.fp).mem("i64_load", this.layout.operand(depth))
      case "local":
        return c.get(this.fp).mem("i64_load", this.layout.slot(v.local))
    }
  }

  /** Boxed, and whoever takes it owns it. The operand is used up. */
  owned(v: Val): Code {
    this.given(v)
    this.forget(v)
    return this.code
  }

  /** The same; the operand's temporary stays taken, for another way on which it is not given away. */
  given(v: Val): Code {
    this.boxed(v)
    if (!v.own && mayBeCounted(v)) this.helper(this.code, "dup")
    return this.code
  }

  /** An int32 from a value of type INT. */
  int(v: Val): Code {
    switch (v.rep) {
      case "const":
        return this.code.i32(Number(v.value & 0xffff_ffffn) | 0)
      case "i32":
      case "bool":
        return this.code.get(v.w)
      default:
        return this.boxed(v).op(op.i32_wrap_i64)
    }
  }

  /** A double from a value whose type is within NUMBER, or from a boxed one known to be a number at this place. */
  float(v: Val): Code {
    switch (v.rep) {
      case "const":
        return this.code.f64(numberOf(v.value) ?? NaN)
      case "i32":
        return this.code.get(v.w).op(op.f64_convert_i32_s)
      case "f64":
        return this.code.get(v.w)
      default:
        throw new Error("a double is wanted from a value that is not unboxed")
    }
  }

  /** Let go of an operand's temporary without freeing its value. */
  forget(v: Val): void {
    if ("w" in v) this.release(v.w)
  }

  /** Free an operand. */
  drop(v: Val): void {
    if (v.own && mayBeCounted(v)) this.helper(this.boxed(v), "free")
    this.forget(v)
  }

  /** A second operand equal to the first; counts a reference when the first owns one. */
  copy(v: Val): Val {
    if (v.rep === "slot") throw new Error("an operand in its slot was copied")
    if ("w" in v) this.registers.share(v.w)
    if (v.own && mayBeCounted(v)) this.helper(this.boxed(v), "dup").op(op.drop)
    return { ...v }
  }

  helper(c: Code, name: HelperName): Code {
    return call(c, name)
  }

  engine(c: Code, name: ImportName): Code {
    return callEngine(c, name)
  }
}

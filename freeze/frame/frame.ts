// The function being compiled: operands and locals as they are known at the instruction being written.
//
// An operand is a description (`Val`) of where its value is: a constant, a wasm local with an int, a double, a bool or a JSValue, its slot in the
// frame, or simply "the same as local 3". Nothing is written when values only move. Who owns a reference count is part of it: `own`
// values must be given to someone or freed, others are kept alive by whoever holds them.
//
// Locals live in their slots of the frame, which always hold a valid JSValue; while a local is known to be an int, a double, a bool or a
// constant it lives in a wasm local instead, and its slot holds something without a reference count.
import type { JSValue } from "../../engine/live.ts"
import type { FlowGraph } from "../flow/blocks.ts"
import { consumersOf, demandOn, type Demand } from "../flow/demand.ts"
import type { FunctionInfo, Instruction } from "../function.ts"
import { GAVE_UP, NotPure, type Kernel } from "./pure.ts"
import { at, countsOf, layoutOf, varsOf, type FrameLayout } from "../helpers/slots.ts"
import { helperIndex, importIndex, type HelperName, type ImportName } from "../helpers/signatures.ts"
import { ANY, COUNTED, NUMBER, numberOf, repOf, T, typeOf, UNDEFINED, type Rep } from "../types.ts"
import { Code, F64, I32, I64, op, type Label, type WasmType } from "../../wasm/code.ts"

/**
 * An operand. `w` is a wasm local; `local` the function's local that it equals. `ret`: return addresses that it may be. `source`: offset of the
 * instruction that computed it as an int and leaves when that overflows. `wrapped`: offset of the addition that computed it modulo 2^32.
 */
export type Val = { type: number; own: boolean; ret?: readonly number[]; source?: number; wrapped?: number } & (
  | { rep: "const"; value: JSValue }
  | { rep: "i32" | "f64" | "bool" | "box"; w: number }
  | { rep: "slot" } // in the frame, at its own depth
  | { rep: "local"; local: number } // in the frame, in the slot of a local
)

/** A lean function (lean.ts) turns out to need its frame in a way that a lean one cannot have. */
export class NotLean extends Error {}

/** A local of the function. */
export interface Local {
  type: number
  /** `held`: boxed, in a wasm local of a lean function. A variable there is the activation's own, an argument its caller's. */
  rep: "slot" | "held" | "i32" | "f64" | "bool" | "const"
  value?: JSValue
  /** Its slot holds its value as well, so that it need not be written there when the interpreter takes over. */
  inSlot?: boolean
  /** Offset of the instruction that computed it with a result that may overflow, when it did. */
  source?: number
}

/** All that is known at one place in the code. */
export interface State {
  stack: Val[]
  locals: Local[]
}

/** Parameters of every frozen function, and the wasm locals that every one has. */
export const param = { context: 0, func: 1, this: 2, newTarget: 3, argc: 4, argv: 5, flags: 6 } as const

/** Where the stub of an instruction lies, to step it; made on demand. */
export type StubOf = (instruction: Instruction) => number

/** What a function costs and contains; for the report. */
export interface Counts {
  steps: number
  exits: number
}

/** Bytecode of a lean function that is written as a loop is. */
const SMALL_BYTES = 64

export class Frame {
  readonly info: FunctionInfo
  readonly graph: FlowGraph
  readonly layout: FrameLayout
  readonly realm: number
  readonly stubOf: StubOf
  /** The cache (cache.ts) of an instruction; made on demand. */
  readonly cacheOf: (instruction: Instruction) => number
  /** Address of the JSString of an atom, undefined when the atom is none. */
  readonly atomString: (atom: number) => number | undefined
  code = new Code(7)
  state: State = { stack: [], locals: [] }
  counts: Counts = { steps: 0, exits: 0 }
  /** Instructions whose int results overflowed the range of an int somewhere around a loop: compiled with doubles. */
  readonly widened = new Set<number>()
  /** Additions whose result is used in a way for which it must not have wrapped. */
  readonly unwrapped = new Set<number>()
  /** 1 for instructions in loops. */
  hot = new Uint8Array(0)
  /** Who uses the result of an instruction (demand.ts). */
  private readonly consumers: Int32Array
  /** Index of the instruction being written. */
  index = 0
  fp = 0
  result = 0
  /** Branch here with the result in `result`: a normal return. */
  normal: Label = 0
  /** Branch here with the result in the frame: the interpreter has ended the activation. */
  left: Label = 0
  /** The frame is made when it is first needed (lean.ts). */
  readonly lean: boolean
  /** Reading of `code.marks` at which the frame of a lean function is known to be there. */
  private readyAt = -1
  /** Set while a kernel is written: then nothing may leave but by giving up. */
  readonly kernel: Kernel | undefined
  private uses: number[] = []
  private pools = new Map<WasmType, number[]>()
  private homes = new Map<string, number>()

  constructor(
    info: FunctionInfo,
    graph: FlowGraph,
    stubOf: StubOf,
    cacheOf: (instruction: Instruction) => number,
    atomString: (atom: number) => number | undefined,
    kernel: Kernel | undefined,
    lean: boolean,
  ) {
    this.lean = lean
    this.cacheOf = cacheOf
    this.kernel = kernel
    this.atomString = atomString
    this.info = info
    this.graph = graph
    this.stubOf = stubOf
    this.layout = layoutOf(info)
    this.realm = info.realm
    this.consumers = consumersOf(graph)
  }

  /** Forget all code; `widened` stays. */
  restart(): void {
    const inlined = this.kernel?.inlined
    this.code = inlined ? inlined.code : new Code(this.kernel ? this.info.argCount + 1 : 7)
    if (!inlined) this.code.height = 1
    this.uses = []
    this.pools.clear()
    this.homes.clear()
    this.counts = { steps: 0, exits: 0 }
    this.readyAt = -1
    this.fp = this.code.local(I32)
    this.result = this.code.local(I64)
    this.state = { stack: [], locals: [] }
    for (let i = 0; i < this.info.argCount; i++) {
      this.state.locals.push(
        this.kernel ? { type: T.INT, rep: "i32" } : { type: ANY, rep: this.lean ? "held" : "slot" },
      )
      if (this.kernel) this.homes.set(`i${i}`, inlined?.args[i] ?? i)
    }
    for (let i = 0; i < this.info.varCount; i++) {
      const captured = this.isCaptured(this.info.argCount + i)
      this.state.locals.push(
        captured
          ? { type: 255 | T.UNINITIALIZED, rep: "slot" }
          : { type: T.UNDEFINED, rep: "const", value: UNDEFINED, inSlot: true },
      )
    }
  }

  get instruction(): Instruction {
    return this.graph.instructions[this.index]!
  }

  /** Address of the bytecode after the current instruction: what `cur_pc` is during it. */
  get nextPc(): number {
    return this.info.codePointer + this.instruction.offset + this.instruction.size
  }

  isCaptured(local: number): boolean {
    const { argCount, args, vars } = this.info
    return (local < argCount ? args[local] : vars[local - argCount])!.isCaptured
  }

  /** Whether the current instruction is in a loop, or in a small function that is called a lot as likely as not: there speed is worth code. */
  get isHot(): boolean {
    return this.hot[this.index] === 1 || (this.lean && this.info.code.length <= SMALL_BYTES)
  }

  /** What is wanted of the current instruction's result. */
  get demand(): Demand {
    return demandOn(this.graph, this.consumers, this.index)
  }

  // Wasm locals

  temp(type: WasmType): number {
    let pool = this.pools.get(type)
    if (pool === undefined) this.pools.set(type, (pool = []))
    let found = pool.find((w) => this.uses[w] === 0)
    if (found === undefined) pool.push((found = this.code.local(type)))
    this.uses[found] = 1
    return found
  }

  release(w: number): void {
    const uses = this.uses[w]
    if (uses !== undefined && uses > 0) this.uses[w] = uses - 1
  }

  /** The wasm local where something has its home: a local of the function in one form, an operand at a merge. */
  home(key: string, type: WasmType): number {
    let w = this.homes.get(key)
    if (w === undefined) this.homes.set(key, (w = this.code.local(type)))
    return w
  }

  localHome(local: number, rep: "held" | "i32" | "f64" | "bool"): number {
    if (rep === "held") return this.home(`b${local}`, I64)
    return this.home(`${rep === "f64" ? "f" : "i"}${local}`, rep === "f64" ? F64 : I32)
  }

  // State

  snapshot(): State {
    return { stack: this.state.stack.map((v) => ({ ...v })), locals: this.state.locals.map((l) => ({ ...l })) }
  }

  /** Take up a state again: temporaries that it does not mention are free. */
  resume(state: State): void {
    this.state = { stack: state.stack.map((v) => ({ ...v })), locals: state.locals.map((l) => ({ ...l })) }
    this.uses = this.uses.map(() => 0)
    for (const v of this.state.stack) if ("w" in v && this.uses[v.w] !== undefined) this.uses[v.w]!++
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
    if ("w" in v && this.uses[v.w] !== undefined) this.uses[v.w]!++
    if (v.own && mayBeCounted(v)) this.helper(this.boxed(v), "dup").op(op.drop)
    return { ...v }
  }

  helper(c: Code, name: HelperName): Code {
    return c.call(helperIndex(name))
  }

  engine(c: Code, name: ImportName): Code {
    return c.call(importIndex(name))
  }

  // Operands in memory

  /** In a lean function: make the frame if it is not there. The frame has what the function was called with, and nothing of the rest. */
  needFrame(): void {
    const { code: c, info } = this
    if (!this.lean || c.marks === this.readyAt) return
    for (const p of Object.values(param)) c.get(p)
    c.i32Later().i32(countsOf(info)).i32(varsOf(info)).get(this.fp)
    this.helper(c, "needFrame").set(this.fp)
    this.readyAt = c.marks
  }

  /** Put the operand at a depth into its slot; the slot owns it afterwards. */
  flushOne(depth: number): void {
    const v = this.state.stack[depth]!
    if (v.rep === "slot") return
    this.mustNotBePure()
    this.needFrame()
    this.code.get(this.fp)
    this.owned(v).mem("i64_store", this.layout.operand(depth))
    this.state.stack[depth] = { rep: "slot", type: v.type, own: true, ...(v.ret ? { ret: v.ret } : {}) }
  }

  /** Put all operands into their slots. */
  flush(): void {
    this.needFrame()
    for (let depth = 0; depth < this.depth; depth++) this.flushOne(depth)
  }

  /**
   * Write all operands to their slots for a way that does not come back, or comes back with `restore`: the description stays as it is.
   * Slots get counts of their own where the operand has none to give.
   */
  spillOperands(operands: readonly Val[] = this.state.stack): void {
    this.needFrame()
    operands.forEach((v, depth) => {
      if (v.rep === "slot") return
      this.code.get(this.fp)
      this.boxed(v)
      if (!v.own && mayBeCounted(v)) this.helper(this.code, "dup")
      this.code.mem("i64_store", this.layout.operand(depth))
    })
  }

  /** Write locals that live outside the frame into their slots, for the interpreter to see. The description stays. */
  spillLocals(): void {
    this.state.locals.forEach((local, i) => {
      if (local.rep === "slot" || local.inSlot || (local.rep === "held" && i < this.info.argCount)) return
      this.code.get(this.fp)
      this.boxed(this.valOf(i)).mem("i64_store", this.layout.slot(i))
    })
  }

  /** The interpreter will want the locals when something is thrown here: a handler in this function is open. */
  get handlerIsOpen(): boolean {
    let handler = this.graph.handlers[this.graph.handlerOf[this.index]!]
    while (handler?.kind === "iterator") handler = this.graph.handlers[handler.outer]
    return handler !== undefined
  }

  // Locals

  /** A local as an operand that borrows it. */
  valOf(i: number): Val {
    const local = this.state.locals[i]!
    switch (local.rep) {
      case "const":
        return { rep: "const", value: local.value!, type: local.type, own: false }
      case "held":
        return { rep: "box", w: this.localHome(i, "held"), type: local.type, own: false }
      case "slot":
        return { rep: "local", local: i, type: local.type, own: false }
      default:
        return { rep: local.rep, w: this.localHome(i, local.rep), type: local.type, own: false, source: local.source }
    }
  }

  /** Operands that stand for local `i`, or for the wasm local that it lives in, get a place of their own before it changes. */
  detach(i: number): void {
    const local = this.state.locals[i]!
    const home = local.rep === "slot" || local.rep === "const" ? -1 : this.localHome(i, local.rep)
    this.state.stack.forEach((v, depth) => {
      if ((v.rep === "local" && v.local === i) || (v.rep === "box" && v.w === home)) {
        const w = this.temp(I64)
        this.boxed(v)
        if (mayBeCounted(v)) this.helper(this.code, "dup")
        this.code.set(w)
        this.state.stack[depth] = { rep: "box", w, type: v.type, own: mayBeCounted(v) }
      } else if ((v.rep === "i32" || v.rep === "f64" || v.rep === "bool") && v.w === home) {
        const w = this.temp(v.rep === "f64" ? F64 : I32)
        this.code.get(v.w).set(w)
        this.state.stack[depth] = { ...v, w }
      }
    })
  }

  /** Put a value into a local. The operand is used up. */
  setLocal(i: number, v: Val): void {
    const c = this.code
    this.detach(i)
    const old = this.state.locals[i]!
    const oldCounted = (old.rep === "slot" || old.rep === "held") && (old.type & COUNTED) !== 0
    if (this.lean && i < this.info.argCount) throw new NotLean()
    if (this.isCaptured(i)) {
      c.get(this.fp).i32(this.layout.slot(i)).op(op.i32_add)
      this.helper(this.owned(v), "replace")
      return
    }
    if (this.kernel && (oldCounted || !("w" in v || v.rep === "const"))) throw new NotPure()
    const rep: Rep = v.rep === "const" && !mayBeCounted(v) ? repOf(v.type) : v.rep === "const" ? "box" : repOfVal(v)
    if (v.rep === "const" && !mayBeCounted(v)) {
      if (oldCounted) this.clearSlot(i)
      this.state.locals[i] = { rep: "const", value: v.value, type: v.type }
      this.writeThrough(i)
      return
    }
    if (rep !== "box") {
      const w = this.localHome(i, rep)
      if (rep === "f64") this.float(v)
      else this.int(v)
      c.set(w)
      this.forget(v)
      if (oldCounted) this.clearSlot(i)
      this.state.locals[i] = { rep, type: rep === "f64" ? NUMBER : v.type, source: v.source }
      this.writeThrough(i)
      return
    }
    this.mustNotBePure()
    if (this.lean) {
      const home = this.localHome(i, "held")
      this.owned(v)
      if (oldCounted) this.helper(c.get(home), "free")
      c.set(home)
      this.state.locals[i] = { rep: "held", type: v.type }
      return
    }
    if (oldCounted) {
      c.get(this.fp).i32(this.layout.slot(i)).op(op.i32_add)
      this.helper(this.owned(v), "replace")
    } else {
      c.get(this.fp)
      this.owned(v).mem("i64_store", this.layout.slot(i))
    }
    this.state.locals[i] = { rep: "slot", type: v.type }
  }

  /** Outside of loops a local is written to its slot at once: less code than at every way out. */
  private writeThrough(i: number): void {
    if (this.isHot || this.kernel || this.lean) return
    this.code.get(this.fp)
    this.boxed(this.valOf(i)).mem("i64_store", this.layout.slot(i))
    this.state.locals[i]!.inSlot = true
  }

  private clearSlot(i: number): void {
    if (this.lean) {
      this.helper(this.code.get(this.localHome(i, "held")), "free")
      return
    }
    this.code.get(this.fp).i32(this.layout.slot(i)).op(op.i32_add).i64(UNDEFINED)
    this.helper(this.code, "replace")
  }

  /** The variables of a lean function that may hold a reference count. */
  private get heldVariables(): number[] {
    if (!this.lean) return []
    return this.state.locals.flatMap(({ rep, type }, i) =>
      i >= this.info.argCount && rep === "held" && (type & COUNTED) !== 0 ? [i] : [],
    )
  }

  /** A lean function returns: it lets go of its variables. */
  freeHeld(): void {
    for (const i of this.heldVariables) this.helper(this.code.get(this.localHome(i, "held")), "free")
  }

  // Ways out

  /** Let the interpreter execute the current instruction: all operands to memory, its results in slots. */
  step(pops: number, resultTypes: readonly number[]): void {
    this.mustNotBePure()
    this.flush()
    this.callStep(this.depth)
    for (let i = 0; i < pops; i++) this.state.stack.pop()
    for (const type of resultTypes) this.push({ rep: "slot", type, own: true })
  }

  /** The step itself, with operands in memory up to `depth`. */
  callStep(depth: number): void {
    this.mustNotBePure()
    this.needFrame()
    if (this.handlerIsOpen) this.spillLocals()
    const c = this.code
    // If the step throws, the interpreter frees what lies in the frame: variables that are held lie there meanwhile.
    const held = this.heldVariables
    for (const i of held) c.get(this.fp).get(this.localHome(i, "held")).mem("i64_store", this.layout.slot(i))
    c.get(this.fp).i32(this.stubOf(this.instruction))
    c.i32(this.layout.operand(depth))
    this.helper(c, "step").brIf(this.left)
    for (const i of held) c.get(this.fp).i64(UNDEFINED).mem("i64_store", this.layout.slot(i))
    this.counts.steps++
  }

  /**
   * A step beside a fast path: `before` are all operands as they were before the instruction. Leaves the top result on the wasm stack, boxed and
   * owned; all other operands are as they were.
   */
  coldStep(before: readonly Val[]): void {
    const kept = before.slice(0, this.depth)
    this.spillOperands(before)
    this.callStep(before.length)
    kept.forEach((v, depth) => {
      if (v.rep !== "slot" && !v.own && mayBeCounted(v)) {
        this.helper(this.code.get(this.fp).mem("i64_load", this.layout.operand(depth)), "free")
      }
    })
  }

  /** Leave: the interpreter goes on at the current instruction, with the operands given. */
  exit(operands: readonly Val[] = this.state.stack): void {
    this.leave(this.info.codePointer + this.instruction.offset, operands, 0)
  }

  /** Leave behind the current instruction, with its results among the operands. */
  exitAfter(operands: readonly Val[]): void {
    this.leave(this.nextPc, operands, 0)
  }

  /** Leave with the exception that the engine holds; the operands given are still to be freed or closed. */
  throwOut(operands: readonly Val[] = this.state.stack): void {
    this.leave(this.nextPc, operands, 1)
  }

  private leave(pc: number, operands: readonly Val[], throwFlag: number): void {
    const c = this.code
    if (this.kernel) {
      c.i64(GAVE_UP).op(op.return)
      return
    }
    this.spillOperands(operands)
    this.spillLocals()
    c.get(this.fp)
    if (throwFlag === 0) c.i32(pc)
    c.i32(this.layout.operand(operands.length))
    // An exception comes out of a call, before which `cur_pc` was set.
    if (throwFlag === 0) this.helper(c.i32(0), "exit")
    else this.helper(c, "throwOut")
    c.br(this.left)
    this.counts.exits++
  }

  /** Only unboxed values may be used in a kernel, and nothing of the frame. */
  private mustNotBePure(): void {
    if (this.kernel) throw new NotPure()
  }

  /** Set `cur_pc`, as before every call out of the function. */
  setPc(): void {
    this.mustNotBePure()
    this.needFrame()
    this.code.get(this.fp).i32(this.nextPc).mem("i32_store", at.curPc)
  }
}

/** May a value hold a reference count? */
export function mayBeCounted(v: Val): boolean {
  if (v.rep === "i32" || v.rep === "f64" || v.rep === "bool") return false
  return (v.type & COUNTED) !== 0
}

function repOfVal(v: Val): Rep {
  return v.rep === "i32" || v.rep === "f64" || v.rep === "bool" ? v.rep : "box"
}

// Function bodies, written byte by byte.
//
// Frozen code is written by the thousand functions, so nothing is built in between: a `Code` is the bytes of one body.
// Label depths are the only bookkeeping: `block` and friends return the height of their label, and `br` computes the
// distance. WebAssembly core specification 2.0, sections 5.4 and 5.5.13.
import { access, Op } from "./instructions.ts"
import { Type } from "./valtypes.ts"
import { Writer } from "./bytes.ts"

export { access, Op, op } from "./instructions.ts"

/** Value types as encoded. */
export const I32 = Type.i32
export const I64 = Type.i64
export const F64 = Type.f64
export const VOID = Type.void
export type WasmType = typeof I32 | typeof I64 | typeof F64

/** A function type. */
export interface Signature {
  params: readonly WasmType[]
  results: readonly WasmType[]
}

/** A label: the height of the control stack at its block. */
export type Label = number

/** Bytes that `i32Later` keeps for its value. */
const LATER = 3

/** The body of one function while it is being written, or some of its instructions. Methods chain. */
export class Code {
  private readonly out = new Writer(256)
  /** Blocks open, the function's own included. */
  height = 0
  /** Grows wherever control may come from or go elsewhere: between two equal readings the code runs straight. */
  marks = 0
  readonly locals: WasmType[] = []
  readonly params: number
  private readonly later: number[] = []

  constructor(params = 0) {
    this.params = params
  }

  get length(): number {
    return this.out.length
  }

  local(type: WasmType): number {
    return this.params + this.locals.push(type) - 1
  }

  /** Instructions without immediates. */
  op(...codes: number[]): this {
    for (const code of codes) this.out.opcode(code)
    return this
  }

  /** An instruction whose immediates are indices. */
  indexed(code: number, ...indices: number[]): this {
    this.out.opcode(code)
    for (const index of indices) this.out.u32(index)
    return this
  }

  /** Instructions that are written already. */
  copy(bytes: Uint8Array): this {
    this.out.bytes(bytes)
    return this
  }

  get(local: number): this {
    this.out.u8(local_get).u32(local)
    return this
  }

  set(local: number): this {
    this.out.u8(local_set).u32(local)
    return this
  }

  tee(local: number): this {
    this.out.u8(local_tee).u32(local)
    return this
  }

  getGlobal(index: number): this {
    this.out.u8(global_get).u32(index)
    return this
  }

  setGlobal(index: number): this {
    this.out.u8(global_set).u32(index)
    return this
  }

  i32(value: number): this {
    this.out.u8(i32_const).s32(value)
    return this
  }

  /** A constant that `settle` gives a value later, less than 2^20: then its sign bit is 0. */
  i32Later(): this {
    this.out.u8(i32_const)
    this.later.push(this.length)
    for (let i = 0; i < LATER; i++) this.out.u8(0)
    return this
  }

  /** Give every `i32Later` its value. */
  settle(value: number): void {
    if (value < 0 || value >= 1 << 20) throw new Error(`${value} does not fit`)
    for (const at of this.later) this.out.patch(at, value, LATER)
  }

  i64(value: bigint): this {
    let code = i64Codes.get(value)
    if (code === undefined) i64Codes.set(value, (code = new Writer(12).u8(Op.i64_const).s64(value).finish()))
    for (const byte of code) this.out.u8(byte) // few: copying them as an array would take longer
    return this
  }

  f64(value: number): this {
    this.out.u8(f64_const)
    scratch.setFloat64(0, value, true)
    for (let i = 0; i < 8; i++) this.out.u8(scratch.getUint8(i))
    return this
  }

  v128(bytes: ArrayLike<number>): this {
    this.out.opcode(Op.v128_const).bytes(bytes)
    return this
  }

  /** A load or store. The address, and for a store the value, lie on the stack. */
  mem(kind: keyof typeof access, offset: number): this {
    const [code, alignment] = access[kind]
    this.out.opcode(code).u8(alignment).u32(offset)
    return this
  }

  call(func: number): this {
    this.out.u8(call).u32(func)
    return this
  }

  callIndirect(type: number): this {
    return this.indexed(Op.call_indirect, type, 0)
  }

  truncSat64(): this {
    return this.op(Op.i64_trunc_sat_f64_s)
  }

  truncSat32(): this {
    return this.op(Op.i32_trunc_sat_f64_s)
  }

  block(type: number = VOID): Label {
    return this.open(Op.block, type)
  }

  loop(type: number = VOID): Label {
    return this.open(Op.loop, type)
  }

  if(type: number = VOID): Label {
    return this.open(Op.if, type)
  }

  private open(code: number, type: number): Label {
    this.marks++
    this.out.u8(code).u8(type)
    return this.height++
  }

  else(): this {
    this.marks++
    this.out.u8(Op.else)
    return this
  }

  end(): this {
    this.marks++
    this.height--
    this.out.u8(Op.end)
    return this
  }

  br(label: Label): this {
    this.out.u8(Op.br).u32(this.height - 1 - label)
    return this
  }

  brIf(label: Label): this {
    this.out.u8(Op.br_if).u32(this.height - 1 - label)
    return this
  }

  /** The body as the code section holds it: local declarations, instructions, `end`. */
  finish(): Uint8Array {
    const instructions = this.instructions()
    const head = new Writer()
    const runs: [number, WasmType][] = []
    for (const type of this.locals) {
      const last = runs.at(-1)
      if (last?.[1] === type) last[0]++
      else runs.push([1, type])
    }
    head.u32(runs.length)
    for (const [count, type] of runs) head.u32(count).u8(type)
    const out = new Uint8Array(head.length + instructions.length + 1)
    out.set(head.finish())
    out.set(instructions, head.length)
    out[out.length - 1] = Op.end
    return out
  }

  /** What was written, without declarations and `end`. Nothing may be written afterwards. */
  instructions(): Uint8Array {
    return this.out.finish()
  }
}

// What is written most, looked up once.
const { local_get, local_set, local_tee, global_get, global_set, i32_const, f64_const, call } = Op

/** A few values are most of what is written: tags, and what they are compared with. */
const i64Codes = new Map<bigint, Uint8Array>()

const scratch = new DataView(new ArrayBuffer(8))

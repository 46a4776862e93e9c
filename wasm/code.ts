// WebAssembly, written directly: function bodies byte by byte, and the library module around them.
//
// Frozen code is written by the thousand functions, so nothing is built in between: a `Code` is the bytes of one body. Label depths
// are the only bookkeeping: `block` and friends return the height of their label, and `br` computes the distance.

/** Value types as encoded. */
export const I32 = 0x7f
export const I64 = 0x7e
export const F64 = 0x7c
export const VOID = 0x40
export type WasmType = typeof I32 | typeof I64 | typeof F64

/** Opcodes without immediates, and memory accesses, by their names in the specification. */
export const op = {
  unreachable: 0x00,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32_eqz: 0x45,
  i32_eq: 0x46,
  i32_ne: 0x47,
  i32_lt_s: 0x48,
  i32_lt_u: 0x49,
  i32_gt_s: 0x4a,
  i32_gt_u: 0x4b,
  i32_le_s: 0x4c,
  i32_le_u: 0x4d,
  i32_ge_s: 0x4e,
  i32_ge_u: 0x4f,
  i64_eqz: 0x50,
  i64_eq: 0x51,
  i64_ne: 0x52,
  i64_lt_u: 0x54,
  i64_gt_u: 0x56,
  i64_le_u: 0x58,
  i64_ge_u: 0x5a,
  f64_eq: 0x61,
  f64_ne: 0x62,
  f64_lt: 0x63,
  f64_gt: 0x64,
  f64_le: 0x65,
  f64_ge: 0x66,
  i32_clz: 0x67,
  i32_add: 0x6a,
  i32_sub: 0x6b,
  i32_mul: 0x6c,
  i32_div_s: 0x6d,
  i32_rem_s: 0x6f,
  i32_and: 0x71,
  i32_or: 0x72,
  i32_xor: 0x73,
  i32_shl: 0x74,
  i32_shr_s: 0x75,
  i32_shr_u: 0x76,
  i64_add: 0x7c,
  i64_sub: 0x7d,
  i64_mul: 0x7e,
  i64_and: 0x83,
  i64_or: 0x84,
  i64_shl: 0x86,
  i64_shr_s: 0x87,
  i64_shr_u: 0x88,
  f64_abs: 0x99,
  f64_neg: 0x9a,
  f64_ceil: 0x9b,
  f64_floor: 0x9c,
  f64_trunc: 0x9d,
  f64_sqrt: 0x9f,
  f64_add: 0xa0,
  f64_sub: 0xa1,
  f64_mul: 0xa2,
  f64_div: 0xa3,
  f64_min: 0xa4,
  f64_max: 0xa5,
  i32_wrap_i64: 0xa7,
  i64_extend_i32_s: 0xac,
  i64_extend_i32_u: 0xad,
  f32_demote_f64: 0xb6,
  f64_convert_i32_s: 0xb7,
  f64_convert_i32_u: 0xb8,
  f64_convert_i64_s: 0xb9,
  f64_promote_f32: 0xbb,
  i64_reinterpret_f64: 0xbd,
  f64_reinterpret_i64: 0xbf,
  i64_extend32_s: 0xc4,
} as const

export const access = {
  i32_load: [0x28, 2],
  i64_load: [0x29, 3],
  f32_load: [0x2a, 2],
  f64_load: [0x2b, 3],
  i32_load8_s: [0x2c, 0],
  i32_load8_u: [0x2d, 0],
  i32_load16_s: [0x2e, 1],
  i32_load16_u: [0x2f, 1],
  i32_store: [0x36, 2],
  i64_store: [0x37, 3],
  f32_store: [0x38, 2],
  f64_store: [0x39, 3],
  i32_store8: [0x3a, 0],
  i32_store16: [0x3b, 1],
} as const

/** A label: the height of the control stack at its block. */
export type Label = number

/** The body of one function while it is being written. Methods chain. */
export class Code {
  private buffer = new Uint8Array(256)
  length = 0
  /** Blocks open, the function's own included. */
  height = 0
  /** Grows wherever control may come from or go elsewhere: between two equal readings the code runs straight. */
  marks = 0
  readonly locals: WasmType[] = []
  readonly params: number
  private later: number[] = []

  constructor(params: number) {
    this.params = params
  }

  local(type: WasmType): number {
    return this.params + this.locals.push(type) - 1
  }

  byte(b: number): this {
    if (this.length === this.buffer.length) {
      const bigger = new Uint8Array(this.length * 2)
      bigger.set(this.buffer)
      this.buffer = bigger
    }
    this.buffer[this.length++] = b
    return this
  }

  u32(value: number): this {
    let rest = value >>> 0
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    return this.byte(rest)
  }

  private s32(value: number): this {
    let rest = value | 0
    while (rest < -64 || rest > 63) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>= 7
    }
    return this.byte(rest & 0x7f)
  }

  /** Instructions without immediates. */
  op(...codes: number[]): this {
    for (const code of codes) this.byte(code)
    return this
  }

  get(local: number): this {
    return this.byte(0x20).u32(local)
  }

  set(local: number): this {
    return this.byte(0x21).u32(local)
  }

  tee(local: number): this {
    return this.byte(0x22).u32(local)
  }

  getGlobal(index: number): this {
    return this.byte(0x23).u32(index)
  }

  setGlobal(index: number): this {
    return this.byte(0x24).u32(index)
  }

  i32(value: number): this {
    return this.byte(0x41).s32(value)
  }

  /** A constant that `settle` gives a value later, less than 2^20. */
  i32Later(): this {
    this.later.push(this.length + 1)
    return this.byte(0x41).byte(0x80).byte(0x80).byte(0)
  }

  /** Give every `i32Later` its value. */
  settle(value: number): void {
    if (value < 0 || value >= 1 << 20) throw new Error(`${value} does not fit`)
    for (const at of this.later) {
      this.buffer[at] = (value & 0x7f) | 0x80
      this.buffer[at + 1] = ((value >>> 7) & 0x7f) | 0x80
      this.buffer[at + 2] = value >>> 14
    }
  }

  i64(value: bigint): this {
    let code = i64Codes.get(value)
    if (code === undefined) i64Codes.set(value, (code = i64Code(value)))
    for (const byte of code) this.byte(byte)
    return this
  }

  f64(value: number): this {
    this.byte(0x44)
    scratch.setFloat64(0, value, true)
    for (let i = 0; i < 8; i++) this.byte(scratch.getUint8(i))
    return this
  }

  /** A load or store. The address, and for a store the value, lie on the stack. */
  mem(kind: keyof typeof access, offset: number): this {
    const [code, alignment] = access[kind]
    return this.byte(code).byte(alignment).u32(offset)
  }

  call(func: number): this {
    return this.byte(0x10).u32(func)
  }

  callIndirect(type: number): this {
    return this.byte(0x11).u32(type).byte(0)
  }

  /** i64.trunc_sat_f64_s */
  truncSat64(): this {
    return this.byte(0xfc).byte(6)
  }

  /** i32.trunc_sat_f64_s */
  truncSat32(): this {
    return this.byte(0xfc).byte(2)
  }

  block(type: number = VOID): Label {
    this.marks++
    this.byte(0x02).byte(type)
    return this.height++
  }

  loop(type: number = VOID): Label {
    this.marks++
    this.byte(0x03).byte(type)
    return this.height++
  }

  if(type: number = VOID): Label {
    this.marks++
    this.byte(0x04).byte(type)
    return this.height++
  }

  else(): this {
    this.marks++
    return this.byte(0x05)
  }

  end(): this {
    this.marks++
    this.height--
    return this.byte(0x0b)
  }

  br(label: Label): this {
    return this.byte(0x0c).u32(this.height - 1 - label)
  }

  brIf(label: Label): this {
    return this.byte(0x0d).u32(this.height - 1 - label)
  }

  /** The body as the code section holds it: local declarations, instructions, `end`. */
  finish(): Uint8Array {
    const head = new Code(0)
    const runs: [number, WasmType][] = []
    for (const type of this.locals) {
      const last = runs.at(-1)
      if (last?.[1] === type) last[0]++
      else runs.push([1, type])
    }
    head.u32(runs.length)
    for (const [count, type] of runs) head.u32(count).byte(type)
    const out = new Uint8Array(head.length + this.length + 1)
    out.set(head.buffer.subarray(0, head.length))
    out.set(this.buffer.subarray(0, this.length), head.length)
    out[out.length - 1] = 0x0b
    return out
  }
}

const scratch = new DataView(new ArrayBuffer(8))

/** A few values are most of what is written: tags, and what they are compared with. */
const i64Codes = new Map<bigint, readonly number[]>()

function i64Code(value: bigint): number[] {
  const code = [0x42]
  let rest = BigInt.asIntN(64, value)
  for (; rest < -64n || rest > 63n; rest >>= 7n) code.push(Number(rest & 0x7fn) | 0x80)
  code.push(Number(rest & 0x7fn))
  return code
}

/** A function type. */
export interface Signature {
  params: readonly WasmType[]
  results: readonly WasmType[]
}

/** A library module: functions that import the engine's, and one element segment at `__table_base`. */
export interface LibraryModule {
  imports: readonly { name: string; type: Signature }[]
  /** Types used by call_indirect; the first of these has type index 0, and so on. */
  types: readonly Signature[]
  functions: readonly { type: Signature; body: Uint8Array }[]
  /** Function indices for the table, in order. */
  table: readonly number[]
}

/** Write a library (ARCHITECTURE.md, "Libraries"): globals are `__stack_pointer` 0, `__memory_base` 1, `__table_base` 2. */
export function writeLibrary(library: LibraryModule): Uint8Array {
  const types: string[] = []
  const typeCodes: Signature[] = []
  const typeIndex = (type: Signature): number => {
    const key = `${type.params}>${type.results}`
    const known = types.indexOf(key)
    if (known >= 0) return known
    typeCodes.push(type)
    return types.push(key) - 1
  }
  for (const type of library.types) typeIndex(type)
  const importTypes = library.imports.map((i) => typeIndex(i.type))
  const functionTypes = library.functions.map((f) => typeIndex(f.type))
  const parts: Uint8Array[] = [Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)]
  const section = (id: number, body: Bytes) => parts.push(new Bytes().u8(id).u32(body.length).raw(body.done()).done())

  const info = new Bytes().u32(0).u32(0).u32(library.table.length).u32(0)
  section(0, new Bytes().name("dylink.0").u8(1).u32(info.length).raw(info.done()))
  const typeSection = new Bytes().u32(typeCodes.length)
  for (const { params, results } of typeCodes) {
    typeSection.u8(0x60).u32(params.length).raw(params).u32(results.length).raw(results)
  }
  section(1, typeSection)
  const imports = new Bytes().u32(library.imports.length + 5)
  library.imports.forEach(({ name }, i) =>
    imports
      .name("env")
      .name(name)
      .u8(0)
      .u32(importTypes[i] ?? 0),
  )
  imports.name("env").name("memory").u8(2).u8(0).u32(0)
  imports.name("env").name("__indirect_function_table").u8(1).u8(0x70).u8(0).u32(0)
  imports.name("env").name("__stack_pointer").u8(3).u8(I32).u8(1)
  imports.name("env").name("__memory_base").u8(3).u8(I32).u8(0)
  imports.name("env").name("__table_base").u8(3).u8(I32).u8(0)
  section(2, imports)
  const functions = new Bytes().u32(functionTypes.length)
  for (const type of functionTypes) functions.u32(type)
  section(3, functions)
  const elements = new Bytes().u32(1).u32(0).u8(0x23).u32(2).u8(0x0b).u32(library.table.length)
  for (const index of library.table) elements.u32(index)
  section(9, elements)
  const code = new Bytes().u32(library.functions.length)
  for (const { body } of library.functions) code.u32(body.length).raw(body)
  section(10, code)

  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

class Bytes {
  private buffer = new Uint8Array(1024)
  length = 0

  u8(byte: number): this {
    return this.raw([byte])
  }

  u32(value: number): this {
    let rest = value
    for (; rest >= 0x80; rest >>>= 7) this.u8((rest & 0x7f) | 0x80)
    return this.u8(rest)
  }

  raw(bytes: ArrayLike<number>): this {
    if (this.length + bytes.length > this.buffer.length) {
      const bigger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + bytes.length))
      bigger.set(this.buffer.subarray(0, this.length))
      this.buffer = bigger
    }
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
    return this
  }

  name(text: string): this {
    const bytes = new TextEncoder().encode(text)
    return this.u32(bytes.length).raw(bytes)
  }

  done(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }
}

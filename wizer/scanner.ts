// The scanner: a small SIMD module, assembled here, that imports the memory to be looked at. Two functions, both
// relative to the exported global `base`, so that positions stay below 2^31 even in a memory of more than 4 GiB:
//
//   nonzero(i, length) -> the first position >= i whose byte is not zero, or `length`
//   runEnd(i, length, gap) -> the first position >= i where `gap` zero bytes begin, or zeros that reach `length`
//
// 64 zero bytes cost four loads, three ors and one test; a block of 16 without a longer row of zeros costs one bitmask.

import { writeBody } from "../wasm/body.ts"
import { Code, I32, Op, type Label } from "../wasm/code.ts"
import { writeGlobal } from "../wasm/definitions.ts"
import { writeFuncType } from "../wasm/deftypes.ts"
import { i32Const, i64Const } from "../wasm/expressions.ts"
import { writeExport, writeImport } from "../wasm/externs.ts"
import { writeGlobalType } from "../wasm/limits.ts"
import { makeSection, SectionId, writeModule } from "../wasm/sections.ts"
import { writeVector } from "../wasm/vectors.ts"

export interface Kernel {
  nonzero(i: number, length: number): number
  runEnd(i: number, length: number, gap: number): number
  setBase(address: number): void
}

// Parameters of both functions.
const i = 0
const length = 1

/** One of the functions while it is written. `again` is the loop around all of it. */
class Scan {
  readonly code: Code
  readonly again: Label
  private readonly is64: boolean

  constructor(params: number, is64: boolean) {
    this.code = new Code(params)
    this.is64 = is64
    this.again = this.code.loop()
  }

  /** base + i */
  address(): Code {
    const c = this.code.getGlobal(0).get(i)
    return this.is64 ? c.op(Op.i64_extend_i32_u, Op.i64_add) : c.op(Op.i32_add)
  }

  /** Begin `if (length - i >= bytes)`. */
  ifLeft(bytes: number): void {
    this.code.get(length).get(i).op(Op.i32_sub).i32(bytes).op(Op.i32_ge_u).if()
  }

  /** Begin `if (i >= length)`. */
  ifAtEnd(): void {
    this.code.get(i).get(length).op(Op.i32_ge_u).if()
  }

  /** Bit k is set when byte k of the block at i is zero. */
  zeroMask(): Code {
    this.address().mem("v128_load", 0).v128(new Uint8Array(16))
    return this.code.op(Op.i8x16_eq, Op.i8x16_bitmask)
  }

  /** Add what `by` pushes to a local. */
  advance(local: number, by: () => void): void {
    this.code.get(local)
    by()
    this.code.op(Op.i32_add).set(local)
  }

  /** i += bytes, and once more. */
  goOn(bytes: number): void {
    this.advance(i, () => this.code.i32(bytes))
    this.code.br(this.again)
  }

  finish(): Uint8Array {
    return this.code.end().get(length).finish()
  }
}

function nonzeroBody(is64: boolean): Uint8Array {
  const s = new Scan(2, is64)
  const c = s.code
  const mask = c.local(I32)

  // 64 zero bytes: the way that matters
  s.ifLeft(64)
  for (const offset of [0, 16, 32, 48]) {
    s.address().mem("v128_load", offset)
    if (offset > 0) c.op(Op.v128_or)
  }
  c.op(Op.v128_any_true, Op.i32_eqz).if()
  s.goOn(64)
  c.end().end()

  s.ifLeft(16)
  s.zeroMask().i32(0xffff).op(Op.i32_xor).tee(mask).if()
  c.get(i).get(mask).op(Op.i32_ctz, Op.i32_add, Op.return).end()
  s.goOn(16)
  c.end()

  // fewer than 16 bytes are left
  s.ifAtEnd()
  c.get(length).op(Op.return).end()
  s.address().mem("i32_load8_u", 0).if()
  c.get(i).op(Op.return).end()
  s.goOn(1)
  return s.finish()
}

function runEndBody(is64: boolean): Uint8Array {
  const gap = 2
  const s = new Scan(3, is64)
  const c = s.code
  const [zeros, mask, count, left] = [c.local(I32), c.local(I32), c.local(I32), c.local(I32)]
  /** The zeros that `i` is behind may be as many as are looked for. */
  const returnIfFound = () => {
    c.op(Op.i32_ge_u).if()
    c.get(i).get(zeros).op(Op.i32_sub, Op.return).end()
  }
  const notMask = () => c.get(mask).i32(-1).op(Op.i32_xor)
  const step = () => {
    s.advance(i, () => c.get(count))
    c.get(left).get(count).op(Op.i32_sub).set(left)
    c.get(mask).get(count).op(Op.i32_shr_u).set(mask)
  }

  s.ifLeft(16)
  // No zero in the block, or none that could belong to a long row: go on.
  s.zeroMask().tee(mask).op(Op.i32_eqz).if()
  c.i32(0).set(zeros)
  s.goOn(16)
  c.end()
  // Do the zeros at the beginning of the block complete a row?
  c.get(zeros)
  notMask().op(Op.i32_ctz, Op.i32_add).get(gap)
  returnIfFound()
  // z & z>>1 & z>>2 & z>>3: is there a row of four zeros inside the block?
  c.get(mask)
  for (const n of [1, 2, 3]) c.get(mask).i32(n).op(Op.i32_shr_u, Op.i32_and)
  c.op(Op.i32_eqz).if()
  notMask().i32(16).op(Op.i32_shl, Op.i32_clz).set(zeros)
  s.goOn(16)
  c.end()
  // Row by row: `count` zeros, then `count` others, until the 16 bits are used up.
  c.i32(16).set(left)
  const nextRow = c.loop()
  notMask().op(Op.i32_ctz).set(count)
  s.advance(zeros, () => c.get(count))
  step()
  c.get(zeros).get(gap)
  returnIfFound()
  c.get(left).if()
  c.get(mask).if()
  c.get(mask).op(Op.i32_ctz).set(count)
  c.else().get(left).set(count).end()
  c.i32(0).set(zeros)
  step()
  c.get(left).brIf(nextRow).end().end()
  c.br(s.again).end()

  // fewer than 16 bytes are left
  s.ifAtEnd()
  c.get(length).get(zeros).op(Op.i32_sub, Op.return).end()
  s.address().mem("i32_load8_u", 0).if()
  c.i32(-1).set(zeros).end()
  s.advance(zeros, () => c.i32(1))
  s.advance(i, () => c.i32(1))
  c.get(zeros).get(gap)
  returnIfFound()
  c.br(s.again)
  return s.finish()
}

/** The bytes of the scanner for one kind of memory. */
export function kernelModule({ is64, shared }: { is64: boolean; shared: boolean }): Uint8Array {
  // Any memory matches a minimum of 0 without a maximum; a shared one needs a maximum that is not below its own.
  const max = shared ? (is64 ? 2 ** 48 : 65536) : undefined
  const type = (params: number) => writeFuncType({ params: new Array<string>(params).fill("i32"), results: ["i32"] })
  const base = writeGlobal(
    writeGlobalType({ type: is64 ? "i64" : "i32", mutable: true }),
    is64 ? i64Const(0n) : i32Const(0),
  )
  const vector = (id: number, ...entries: Uint8Array[]) => makeSection(id, writeVector(entries))
  return writeModule([
    vector(SectionId.Type, type(2), type(3)),
    vector(
      SectionId.Import,
      writeImport({ module: "env", name: "memory", kind: "memory", min: 0, max, shared, is64, pageSizeLog2: 16 }),
    ),
    vector(SectionId.Function, Uint8Array.of(0), Uint8Array.of(1)),
    vector(SectionId.Global, base),
    vector(
      SectionId.Export,
      writeExport({ name: "base", kind: "global", index: 0 }),
      writeExport({ name: "nonzero", kind: "func", index: 0 }),
      writeExport({ name: "runEnd", kind: "func", index: 1 }),
    ),
    vector(SectionId.Code, writeBody(nonzeroBody(is64)), writeBody(runEndBody(is64))),
  ])
}

/** The scanner bound to a memory; undefined where the engine has no SIMD or does not take this kind of memory. */
export function simdKernel(memory: WebAssembly.Memory, kind: { is64: boolean; shared: boolean }): Kernel | undefined {
  try {
    const module = new WebAssembly.Module(kernelModule(kind) as BufferSource)
    const { exports } = new WebAssembly.Instance(module, { env: { memory } })
    const base = exports["base"] as WebAssembly.Global
    return {
      nonzero: exports["nonzero"] as Kernel["nonzero"],
      runEnd: exports["runEnd"] as Kernel["runEnd"],
      setBase: (address) => (base.value = kind.is64 ? BigInt(address) : address | 0),
    }
  } catch (error) {
    if (error instanceof WebAssembly.CompileError || error instanceof WebAssembly.LinkError) return undefined
    throw error
  }
}

/** The same in plain JavaScript, for bytes that are no wasm memory and engines without SIMD. */
export function plainKernel(bytes: Uint8Array): Kernel {
  let base = 0
  return {
    setBase: (address) => void (base = address),
    nonzero(i, length) {
      let at = base + i
      const end = base + length
      while (at < end && (bytes.byteOffset + at) % 4 !== 0) {
        if (bytes[at] !== 0) return at - base
        at++
      }
      const words = new Int32Array(bytes.buffer, bytes.byteOffset + at, Math.max(0, (end - at) >> 2))
      let word = 0
      while (word < words.length && words[word] === 0) word++
      at += word * 4
      while (at < end && bytes[at] === 0) at++
      return at - base
    },
    runEnd(i, length, gap) {
      let zeros = 0
      for (let at = i; at < length; at++) {
        if (bytes[base + at] !== 0) zeros = 0
        else if (++zeros === gap) return at + 1 - gap
      }
      return length - zeros
    },
  }
}

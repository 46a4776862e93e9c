// The scanner: a small SIMD module, assembled here, that imports the memory to be looked at. Two functions, both relative to the
// exported global `base`, so that positions stay below 2^31 even in a memory of more than 4 GiB:
//
//   nonzero(i, length) -> the first position >= i whose byte is not zero, or `length`
//   runEnd(i, length, gap) -> the first position >= i where `gap` zero bytes begin, or zeros that reach `length`
//
// 64 zero bytes cost four loads, three ors and one test; a block of 16 without a longer row of zeros costs one bitmask.
import { Writer } from "../wasm/bytes.ts"

export interface Kernel {
  nonzero(i: number, length: number): number
  runEnd(i: number, length: number, gap: number): number
  setBase(address: number): void
}

// Instructions used below, by their names in the text format.
const op = {
  loop: [0x03, 0x40],
  block: [0x02, 0x40],
  end: [0x0b],
  return: [0x0f],
  if: [0x04, 0x40],
  eqz: [0x45],
  lt_u: [0x49],
  ge_u: [0x4f],
  gt_u: [0x4b],
  add: [0x6a],
  sub: [0x6b],
  and: [0x71],
  or: [0x72],
  xor: [0x73],
  shl: [0x74],
  shr_u: [0x76],
  clz: [0x67],
  ctz: [0x68],
  any_true: [0xfd, 0x53],
  v128_or: [0xfd, 0x50],
  i8x16_eq: [0xfd, 0x23],
  bitmask: [0xfd, 0x64],
  zero: [0xfd, 0x0c, ...new Array<number>(16).fill(0)],
} as const
const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
const tee = (local: number) => [0x22, local]
const br = (depth: number) => [0x0c, depth]
const br_if = (depth: number) => [0x0d, depth]
const i32 = (value: number) => [0x41, ...new Writer().s32(value).finish()]
/** A block of 16 bytes, at this distance behind the address on the stack. */
const load = (offset: number) => [0xfd, 0x00, 0, offset]
const load8 = [0x2d, 0, 0]
const advance = (local: number, by: number[]) => [...get(local), ...by, ...op.add, ...set(local)]

/** base + i */
function address(i: number, is64: boolean): number[] {
  return is64 ? [0x23, 0, ...get(i), 0xad, 0x7c] : [0x23, 0, ...get(i), ...op.add]
}

/** Bit k is set when byte k of the block at i is zero. */
const zeroMask = (i: number, is64: boolean) => [
  ...address(i, is64),
  ...load(0),
  ...op.zero,
  ...op.i8x16_eq,
  ...op.bitmask,
]

/** Whether `by` bytes at i lie before length. */
const fits = (i: number, length: number, by: number) => [...get(length), ...get(i), ...op.sub, ...i32(by), ...op.ge_u]

function nonzeroBody(is64: boolean): number[] {
  const [i, length, mask] = [0, 1, 2]
  const four = [0, 16, 32, 48].flatMap((offset, n) => [
    ...address(i, is64),
    ...load(offset),
    ...(n > 0 ? op.v128_or : []),
  ])
  return [
    ...op.loop,
    // 64 zero bytes: the way that matters
    ...[...fits(i, length, 64), ...op.if],
    ...[...four, ...op.any_true, ...op.eqz, ...op.if, ...advance(i, i32(64)), ...br(2), ...op.end],
    ...op.end,
    ...[...fits(i, length, 16), ...op.if],
    ...[...zeroMask(i, is64), ...i32(0xffff), ...op.xor, ...tee(mask), ...op.if],
    ...[...get(i), ...get(mask), ...op.ctz, ...op.add, ...op.return, ...op.end],
    ...[...advance(i, i32(16)), ...br(1), ...op.end],
    // fewer than 16 bytes are left
    ...[...get(i), ...get(length), ...op.ge_u, ...op.if, ...get(length), ...op.return, ...op.end],
    ...[...address(i, is64), ...load8, ...op.if, ...get(i), ...op.return, ...op.end],
    ...[...advance(i, i32(1)), ...br(0), ...op.end],
    ...[...get(length), ...op.end],
  ]
}

function runEndBody(is64: boolean): number[] {
  const [i, length, gap, zeros, mask, count, left] = [0, 1, 2, 3, 4, 5, 6]
  /** z & z>>1 & z>>2 & z>>3: is there a row of four zeros inside the block? */
  const rowOfFour = [1, 2, 3].flatMap((n) => [...get(mask), ...i32(n), ...op.shr_u, ...op.and])
  const found = [...get(i), ...get(zeros), ...op.sub, ...op.return]
  const step = [
    ...advance(i, get(count)),
    ...[...get(left), ...get(count), ...op.sub, ...set(left)],
    ...[...get(mask), ...get(count), ...op.shr_u, ...set(mask)],
  ]
  return [
    ...op.loop,
    ...[...fits(i, length, 16), ...op.if],
    // No zero in the block, or none that could belong to a long row: go on.
    ...[...zeroMask(i, is64), ...tee(mask), ...op.eqz, ...op.if],
    ...[...i32(0), ...set(zeros), ...advance(i, i32(16)), ...br(2), ...op.end],
    // Do the zeros at the beginning of the block complete a row?
    ...[...get(zeros), ...get(mask), ...i32(-1), ...op.xor, ...op.ctz, ...op.add],
    ...[...get(gap), ...op.ge_u, ...op.if, ...found, ...op.end],
    ...[...get(mask), ...rowOfFour, ...op.eqz, ...op.if],
    ...[...get(mask), ...i32(-1), ...op.xor, ...i32(16), ...op.shl, ...op.clz, ...set(zeros)],
    ...[...advance(i, i32(16)), ...br(2), ...op.end],
    // Row by row: `count` zeros, then `count` others, until the 16 bits are used up.
    ...[...i32(16), ...set(left), ...op.loop],
    ...[...get(mask), ...i32(-1), ...op.xor, ...op.ctz, ...set(count)],
    ...[...advance(zeros, get(count)), ...step],
    ...[...get(zeros), ...get(gap), ...op.ge_u, ...op.if, ...found, ...op.end],
    ...[...get(left), ...op.if],
    ...[...get(mask), ...op.if, ...get(mask), ...op.ctz, ...set(count)],
    ...[0x05, ...get(left), ...set(count), ...op.end],
    ...[...i32(0), ...set(zeros), ...step, ...get(left), ...br_if(1), ...op.end, ...op.end],
    ...[...br(1), ...op.end],
    // fewer than 16 bytes are left
    ...[
      ...get(i),
      ...get(length),
      ...op.ge_u,
      ...op.if,
      ...get(length),
      ...get(zeros),
      ...op.sub,
      ...op.return,
      ...op.end,
    ],
    ...[...address(i, is64), ...load8, ...op.if, ...i32(-1), ...set(zeros), ...op.end],
    ...[...advance(zeros, i32(1)), ...advance(i, i32(1))],
    ...[...get(zeros), ...get(gap), ...op.ge_u, ...op.if, ...found, ...op.end],
    ...[...br(0), ...op.end],
    ...[...get(length), ...op.end],
  ]
}

function section(id: number, payload: readonly number[]): number[] {
  return [id, ...new Writer().u32(payload.length).finish(), ...payload]
}

function functionBody(locals: number, code: readonly number[]): number[] {
  const body = [1, locals, 0x7f, ...code]
  return [...new Writer().u32(body.length).finish(), ...body]
}

const text = (name: string) => [...new Writer().name(name).finish()]

/** The bytes of the scanner for one kind of memory. */
export function kernelModule(kind: { is64: boolean; shared: boolean }): Uint8Array {
  const flags = (kind.is64 ? 4 : 0) | (kind.shared ? 3 : 0)
  // Any memory matches a minimum of 0 without a maximum; a shared one needs a maximum that is not below its own.
  const maximum = !kind.shared ? [] : [...new Writer().u64(kind.is64 ? 2n ** 48n : 65536n).finish()]
  const base = kind.is64 ? [0x7e, 1, 0x42, 0, 0x0b] : [0x7f, 1, 0x41, 0, 0x0b]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [2, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f]),
    ...section(2, [1, ...text("env"), ...text("memory"), 2, flags, 0, ...maximum]),
    ...section(3, [2, 0, 1]),
    ...section(6, [1, ...base]),
    ...section(7, [3, ...text("base"), 3, 0, ...text("nonzero"), 0, 0, ...text("runEnd"), 0, 1]),
    ...section(10, [2, ...functionBody(1, nonzeroBody(kind.is64)), ...functionBody(4, runEndBody(kind.is64))]),
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

// Places in the engine's own functions where what it does is not what the language says, and a few instructions say it
// right. docs/engine.md tells of each: what a program sees, and upstream's issue.
import type { Instruction } from "../../wasm/body.ts"
import { Code, Op } from "../../wasm/code.ts"
import { JSPropertyFlags } from "../abi.ts"
import { copyWithPlaces, editBodies } from "./bodies.ts"
import type { Editable } from "./editable.ts"
import { typeText } from "../module.ts"

/** An instruction of a pattern: an opcode, or an opcode with its immediate. */
export type Wanted = number | readonly [op: number, a: number]

/** Where the pattern begins in the code, each time. */
export function placesOf(code: readonly Instruction[], pattern: readonly Wanted[]): number[] {
  const fits = (found: Instruction | undefined, wanted: Wanted): boolean =>
    typeof wanted === "number" ? found?.op === wanted : found?.op === wanted[0] && found.a === wanted[1]
  return code.flatMap((_, at) => (pattern.every((wanted, i) => fits(code[at + i], wanted)) ? [at] : []))
}

/**
 * A BigInt and a double of the same sign whose magnitudes have different exponents: the larger exponent is the larger
 * magnitude, and below zero the smaller number.
 *
 *     select(-1, 1, exponent of the BigInt < exponent of the double)   ->   … * (1 - 2 * sign)
 *
 * The sign is the local that the double's top bit is put into.
 */
export function compareBelowZero({ module }: Editable): number {
  return editBodies(module, (body, code, index) => {
    if (typeText(module, index) !== "i32,f64->i32") return undefined
    const [sign] = placesOf(code, [[Op.i64_const, 0], Op.i64_shr_u, Op.i32_wrap_i64, Op.local_set])
    const [at] = placesOf(code, [
      [Op.i32_const, -1],
      [Op.i32_const, 1],
      Op.local_get,
      Op.local_get,
      Op.i32_lt_s,
      Op.select,
    ])
    if (sign === undefined || at === undefined || sign > at) return undefined
    const { end } = code[at + 5]!
    const negate = (out: Code) =>
      out
        .i32(1)
        .get(code[sign + 3]!.a)
        .i32(1)
        .op(Op.i32_shl, Op.i32_sub, Op.i32_mul)
    return copyWithPlaces(new Code(), body, 0, [{ at: end, end, write: negate }])
  })
}

const { WRITABLE, CONFIGURABLE } = JSPropertyFlags
/** A descriptor has a field when this flag is set: the flag itself, this many bits higher. */
const HAS_SHIFT = 8
const HAS_WRITABLE = WRITABLE << HAS_SHIFT

/**
 * What a proxy's `defineProperty` trap claims of a property that is writable and not configurable: it lies only if the
 * descriptor says `writable: false`. The engine refused a descriptor that does not say so, and one that says `writable:
 * true`.
 *
 *     !(flags & WRITABLE)   ->   (flags & (HAS_WRITABLE | WRITABLE)) == HAS_WRITABLE        in both places
 */
export function believeDefineTrap({ module }: Editable): number {
  return editBodies(module, (body, code, index) => {
    if (typeText(module, index) !== "i32,i64,i32,i64,i64,i64,i32->i32") return undefined
    const [value] = placesOf(code, [
      Op.local_get,
      [Op.i32_const, WRITABLE],
      Op.i32_and,
      Op.i32_eqz,
      Op.local_get,
      [Op.i32_const, WRITABLE | CONFIGURABLE],
      Op.i32_and,
    ])
    const [writable] = placesOf(code, [
      Op.local_get,
      Op.i32_eqz,
      Op.br_if,
      Op.local_get,
      Op.i32_load,
      [Op.i32_const, WRITABLE | CONFIGURABLE | JSPropertyFlags.GETSET],
      Op.i32_and,
      [Op.i32_const, WRITABLE],
    ])
    if (value === undefined || writable === undefined || value > writable) return undefined
    const flags = code[value]!.a
    const lies = (out: Code) =>
      out
        .get(flags)
        .i32(HAS_WRITABLE | WRITABLE)
        .op(Op.i32_and)
        .i32(HAS_WRITABLE)
    return copyWithPlaces(new Code(), body, 0, [
      { at: code[value]!.at, end: code[value + 3]!.end, write: (out) => lies(out).op(Op.i32_eq) },
      { at: code[writable]!.at, end: code[writable + 1]!.end, write: (out) => lies(out).op(Op.i32_ne) },
    ])
  })
}

// Comparisons: numbers inline, then what can be decided by identity or by the characters of strings, then the engine.
import { tags } from "../../engine/abi.ts"
import { I32, op, type Label } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { T } from "../types.ts"
import { operateOnAnything } from "./anything.ts"
import { isInt, isNumber, isUnboxed, isNeverNumber, forgetAll, unboxed, floatOr, floatOr2 } from "./numbers.ts"

interface Comparison {
  int: number
  float: number
  /** It asks for equality, not for order. */
  equality?: true
  strict?: true
  not?: true
}

const comparisons: Record<OpcodeOf<"compare">, Comparison> = {
  lt: { int: op.i32_lt_s, float: op.f64_lt },
  lte: { int: op.i32_le_s, float: op.f64_le },
  gt: { int: op.i32_gt_s, float: op.f64_gt },
  gte: { int: op.i32_ge_s, float: op.f64_ge },
  eq: { int: op.i32_eq, float: op.f64_eq, equality: true },
  neq: { int: op.i32_ne, float: op.f64_ne, equality: true, not: true },
  strict_eq: { int: op.i32_eq, float: op.f64_eq, equality: true, strict: true },
  strict_neq: { int: op.i32_ne, float: op.f64_ne, equality: true, strict: true, not: true },
}

/** Two operands that are compared: where the result goes as an i32, and where to go on with it there. */
interface Comparing {
  x: Val
  y: Val
  comparison: Comparison
  result: number
  end: Label
}

/** a b -> bool */
export function emitCompare(frame: Frame, opcode: OpcodeOf<"compare">): void {
  const { code: c } = frame
  const comparison = comparisons[opcode]
  const b = frame.pop()
  const a = frame.pop()
  const [x, y] = [unboxed(frame, a), unboxed(frame, b)]
  if (isNumber(x) && isNumber(y)) {
    compareUnboxed(frame, x, y, comparison)
    return
  }
  if (comparison.strict && strictWithPlain(frame, x, y, comparison)) return
  const before = [...frame.state.stack, x, y]
  const result = frame.temp(I32)
  const end = c.block()
  const slow = c.block()
  const comparing = { x, y, comparison, result, end }
  if (!isNeverNumber(x) && !isNeverNumber(y)) compareNumbers(frame, comparing, slow)
  c.end()
  if (comparison.equality) compareIdentity(frame, comparing)
  else orderStrings(frame, comparing)
  operateOnAnything(frame, before, 2)
  c.op(op.i32_wrap_i64).set(result).end()
  // The fast ways have not used the operands up; this has.
  frame.push({ rep: "bool", w: result, type: T.BOOL, own: false })
  forgetAll(frame, x, y)
}

/** Two numbers that are unboxed: as ints where both are. */
function compareUnboxed(frame: Frame, x: Val, y: Val, comparison: Comparison): void {
  if (isInt(x) && isInt(y)) {
    frame.int(x)
    frame.int(y).op(comparison.int)
  } else {
    frame.float(x)
    frame.float(y).op(comparison.float)
  }
  forgetAll(frame, x, y)
  frame.pushUnboxed("bool")
}

function compareNumbers(frame: Frame, { x, y, comparison, result, end }: Comparing, slow: Label): void {
  const { code: c } = frame
  const floats = c.block()
  for (const v of [x, y]) if (!isUnboxed(v)) frame.boxed(v)
  if (!isUnboxed(x) && !isUnboxed(y)) c.op(op.i64_or)
  c.i64(0xffff_ffffn).op(op.i64_gt_u).brIf(floats)
  if (x.rep !== "f64" && y.rep !== "f64" && x.type !== T.FLOAT && y.type !== T.FLOAT) {
    for (const v of [x, y]) {
      if (v.rep === "const" || v.rep === "i32") frame.int(v)
      else frame.boxed(v).op(op.i32_wrap_i64)
    }
    c.op(comparison.int).set(result).br(end)
  }
  c.end()
  floatOr(frame, x, slow)
  floatOr2(frame, y, slow)
  c.op(comparison.float).set(result).br(end)
}

/**
 * The same object, null, undefined or bool on both sides: decided without the interpreter. Two values of such kinds
 * that differ, too.
 */
function compareIdentity(frame: Frame, comparing: Comparing): void {
  const { code: c } = frame
  const { x, y, comparison, result, end } = comparing
  if ((x.type & y.type & T.STRING) !== 0) compareStrings(frame, comparing)
  const slow = c.block()
  const high = frame.temp(I32)
  for (const v of [x, y]) {
    frame.boxed(v).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).tee(high)
    // Objects have tag -1; bool, null and undefined 1 to 3. Loosely, only objects are left alone by the conversions.
    if (comparison.strict) c.i32(1).op(op.i32_add).i32(4).op(op.i32_gt_u).get(high).op(op.i32_eqz, op.i32_or)
    else c.i32(-1).op(op.i32_ne)
    c.brIf(slow)
  }
  compareBits(frame, x, y, comparison)
  c.set(result)
  for (const v of [x, y]) if (v.own) frame.helper(frame.boxed(v), "free")
  c.br(end).end()
  frame.release(high)
}

/** `-> i32`: are they the same JSValue, or are they not? */
function compareBits(frame: Frame, x: Val, y: Val, { not }: Comparison): void {
  frame.boxed(x)
  frame.boxed(y).op(not ? op.i64_ne : op.i64_eq)
}

/** Two strings in one piece each: equal or not. */
function compareStrings(frame: Frame, comparing: Comparing): void {
  const { comparison, result } = comparing
  withStrings(frame, comparing, "stringsEqual", () => {
    if (comparison.not) frame.code.get(result).op(op.i32_eqz).set(result)
  })
}

/** The same for < <= > >=: their order is compared with 0. */
function orderStrings(frame: Frame, comparing: Comparing): void {
  const { x, y, comparison, result } = comparing
  if ((x.type & y.type & T.STRING) === 0) return
  withStrings(frame, comparing, "stringsOrder", () => {
    frame.code.get(result).i32(0).op(comparison.int).set(result)
  })
}

/** When both are strings in one piece and the helper decides: finishes the result and goes to `end`. */
function withStrings(
  frame: Frame,
  { x, y, result, end }: Comparing,
  helper: "stringsEqual" | "stringsOrder",
  finish: () => void,
): void {
  const { code: c } = frame
  const other = c.block()
  for (const v of [x, y]) {
    if (v.rep === "const") continue
    frame.boxed(v).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).i32(tags.JS_TAG_STRING).op(op.i32_ne).brIf(other)
  }
  frame.boxed(x)
  frame.helper(frame.boxed(y), helper).tee(result).i32(2).op(op.i32_eq).brIf(other)
  finish()
  for (const v of [x, y]) if (v.own) frame.helper(frame.boxed(v), "free")
  c.br(end).end()
}

/** x === undefined and the like: one comparison. */
function strictWithPlain(frame: Frame, x: Val, y: Val, comparison: Comparison): boolean {
  const plain = (v: Val) => v.rep === "const" && (v.type & (T.UNDEFINED | T.NULL | T.BOOL)) !== 0
  if (!plain(x) && !plain(y)) return false
  const result = frame.temp(I32)
  compareBits(frame, x, y, comparison)
  frame.code.set(result)
  frame.drop(x)
  frame.drop(y)
  frame.push({ rep: "bool", w: result, type: T.BOOL, own: false })
  return true
}

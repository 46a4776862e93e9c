// Arithmetic, bit operations and comparisons.
//
// What the kinds of the operands prove is computed unboxed. A boxed operand is looked at when it is used: a number is unboxed on the spot,
// anything else (strings, BigInts, objects with valueOf) goes through the interpreter, one step, and comes back.
import type { OpcodeName } from "../opcodes/quickjs.generated.ts"
import { emitOnAnything, operateOnAnything } from "./anything.ts"
import { NotLean, type Frame, type Val } from "./frame.ts"
import { ANY, FLOAT_ADDEND, NUMBER, numberOf, T, UNDEFINED, value } from "./types.ts"
import { tags } from "../engine/abi.ts"
import { F64, I32, I64, op, type Label } from "./wasm.ts"

/** Is the value known to be an int, a number? */
const isInt = (v: Val) => v.type === T.INT
const isNumber = (v: Val) => v.type !== 0 && (v.type & ~NUMBER) === 0
const isUnboxed = (v: Val) => v.rep === "i32" || v.rep === "f64" || (v.rep === "const" && isNumber(v))

/** a b -> a op b, for + - * / % */
export function emitBinary(frame: Frame): void {
  const { opcode } = frame.instruction
  const b = frame.pop()
  const a = frame.pop()
  const [x, y] = [settle(frame, a), settle(frame, b)]
  const before = [...frame.state.stack, x, y]
  if (isInt(x) && isInt(y) && mayWrap(frame, opcode)) {
    frame.int(x)
    frame.int(y).op(opcode === "add" ? op.i32_add : op.i32_sub)
    done(frame, x, y)
    frame.pushUnboxed("i32")
    frame.state.stack.at(-1)!.wrapped = frame.instruction.offset
    return
  }
  // Something that has wrapped may only be added to ints, in a sum that wraps as well: the next pass knows.
  for (const v of [x, y]) if (v.wrapped !== undefined) frame.unwrapped.add(v.wrapped)
  if (isInt(x) && isInt(y) && intArithmetic(frame, opcode, x, y, before)) return
  if (isNumber(x) && isNumber(y)) {
    floatArithmetic(frame, opcode, x, y, before)
    return
  }
  if (opcode === "add" && !numericAdd(x, y)) boxedAdd(frame, x, y, before)
  else if (smallInt(y) !== undefined && (opcode === "add" || opcode === "sub")) boxedAdd(frame, x, y, before)
  else guessedArithmetic(frame, opcode, x, y, before)
}

/** Only the sum modulo 2^32 counts. */
function mayWrap(frame: Frame, opcode: OpcodeName): boolean {
  const { demand } = frame
  const truncated = demand === "int32" || demand === "sum32"
  return truncated && (opcode === "add" || opcode === "sub") && !frame.unwrapped.has(frame.instruction.offset)
}

/** An operand that is known to be a number but is boxed gets unboxed. */
function settle(frame: Frame, v: Val): Val {
  if (!isNumber(v) || isUnboxed(v)) return v
  const { code: c } = frame
  if (isInt(v)) {
    const w = frame.temp(I32)
    frame.boxed(v).op(op.i32_wrap_i64).set(w)
    frame.forget(v)
    return { rep: "i32", w, type: T.INT, own: false }
  }
  const w = frame.temp(F64)
  frame.boxed(v)
  unboxNumber(frame)
  c.set(w)
  frame.forget(v)
  return { rep: "f64", w, type: NUMBER, own: false }
}

/** `boxed number -> double` */
function unboxNumber(frame: Frame): void {
  const { code: c } = frame
  const w = frame.temp(I64)
  c.tee(w).i64(0xffff_ffffn).op(op.i64_le_u).if(F64)
  c.get(w).op(op.i32_wrap_i64, op.f64_convert_i32_s)
  c.else()
  c.get(w).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64).end()
  frame.release(w)
}

/** `-> double` of an operand; branches to `slow` when it is no number. Ways that branch leave nothing on the stack. */
export function floatOr(frame: Frame, v: Val, slow: Label): void {
  const { code: c } = frame
  if (isUnboxed(v)) {
    frame.float(v)
    return
  }
  const w = frame.temp(I64)
  frame.boxed(v).tee(w).i64(0xffff_ffffn).op(op.i64_le_u).if(F64)
  c.get(w).op(op.i32_wrap_i64, op.f64_convert_i32_s)
  c.else()
  isFloat(frame, w)
  c.op(op.i32_eqz).brIf(slow)
  c.get(w).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64).end()
  frame.release(w)
}

/** `-> is the JSValue in w a boxed double?` Tags from -9 to 7 are not. */
function isFloat(frame: Frame, w: number): void {
  frame.code
    .get(w)
    .i64(9n << 32n)
    .op(op.i64_add)
    .i64(17n << 32n)
    .op(op.i64_ge_u)
}

/** `-> i32` of a double that is an int; branches to `slow` when it is none. */
export function floatAsIndex(frame: Frame, v: Val, slow: Label): void {
  const { code: c } = frame
  const i = frame.temp(I32)
  frame.float(v).truncSat32().tee(i).op(op.f64_convert_i32_s)
  frame.float(v).op(op.f64_ne).brIf(slow)
  c.get(i)
  frame.release(i)
}

/** Both are ints. False when the result is better computed with doubles. */
function intArithmetic(frame: Frame, opcode: OpcodeName, a: Val, b: Val, before: readonly Val[]): boolean {
  const { code: c } = frame
  if (frame.widened.has(frame.instruction.offset)) return false
  switch (opcode) {
    case "add":
    case "sub": {
      const w = frame.temp(I32)
      intSum(frame, opcode, a, b, w, before)
      done(frame, a, b)
      const source = smallInt(b) === undefined ? frame.instruction.offset : undefined
      frame.push({ rep: "i32", w, type: T.INT, own: false, source })
      return true
    }
    case "mul": {
      if (!frame.kernel) return false
      // In a kernel an int or nothing: -0, which only a product of 0 can be, is no int.
      const product = frame.temp(I64)
      const w = frame.temp(I32)
      wide(frame, a)
      wide(frame, b)
      c.op(op.i64_mul).tee(product).op(op.i32_wrap_i64).tee(w).op(op.i64_extend_i32_s).get(product).op(op.i64_ne)
      c.get(product).op(op.i64_eqz)
      frame.int(a)
      frame.int(b).op(op.i32_or).i32(0).op(op.i32_lt_s, op.i32_and, op.i32_or).if()
      frame.exit(before)
      c.end()
      done(frame, a, b)
      frame.release(product)
      frame.push({ rep: "i32", w, type: T.INT, own: false })
      return true
    }
    case "mod": {
      // Leaves for 0 and for the results that are -0.
      const w = frame.temp(I32)
      const divisor = b.rep === "const" ? numberOf(b.value)! : undefined
      if (divisor === 0) {
        frame.release(w)
        return false
      }
      if (divisor === undefined) {
        frame.int(b).op(op.i32_eqz).if()
        frame.exit(before)
        c.end()
      }
      frame.int(a)
      frame.int(b).op(op.i32_rem_s).tee(w).op(op.i32_eqz)
      frame.int(a).i32(0).op(op.i32_lt_s, op.i32_and).if()
      frame.exit(before)
      c.end()
      done(frame, a, b)
      frame.push({ rep: "i32", w, type: T.INT, own: false })
      return true
    }
    default:
      return false
  }
}

/** w = a + b or a - b; leaves when that is no int. */
function intSum(frame: Frame, opcode: string, a: Val, b: Val, w: number, before: readonly Val[]): void {
  const { code: c } = frame
  frame.int(a)
  frame
    .int(b)
    .op(opcode === "add" ? op.i32_add : op.i32_sub)
    .set(w)
  const constant = smallInt(b)
  if (constant !== undefined) {
    // Wrapped exactly when the result lies on the wrong side of a.
    const up = opcode === "add" ? constant >= 0 : constant < 0
    c.get(w)
    frame
      .int(a)
      .op(up ? op.i32_lt_s : op.i32_gt_s)
      .if()
  } else {
    // The signs of both operands (of a and -b) differ from the result's.
    frame.int(a)
    c.get(w).op(op.i32_xor)
    if (opcode === "add") {
      frame.int(b)
      c.get(w).op(op.i32_xor, op.i32_and)
    } else {
      frame.int(a)
      frame.int(b).op(op.i32_xor, op.i32_and)
    }
    c.i32(0).op(op.i32_lt_s).if()
  }
  frame.exit(before)
  c.end()
}

function smallInt(v: Val): number | undefined {
  const number = v.rep === "const" && isInt(v) ? numberOf(v.value) : undefined
  return number !== undefined && Math.abs(number) < 1 << 20 ? number : undefined
}

function done(frame: Frame, ...operands: Val[]): void {
  for (const v of operands) frame.forget(v)
}

const floatOps: Partial<Record<OpcodeName, number>> = {
  add: op.f64_add,
  sub: op.f64_sub,
  mul: op.f64_mul,
  div: op.f64_div,
}

function floatArithmetic(frame: Frame, opcode: OpcodeName, a: Val, b: Val, before: readonly Val[]): void {
  const { code: c } = frame
  const code = floatOps[opcode]
  if (code === undefined) {
    remainder(frame, a, b, before)
    return
  }
  frame.float(a)
  frame.float(b).op(code)
  done(frame, a, b)
  frame.pushUnboxed("f64")
  void c
}

/** a % b of doubles: of ints in disguise here, of others by the interpreter. */
function remainder(frame: Frame, a: Val, b: Val, before: readonly Val[]): void {
  const { code: c } = frame
  const [x, y] = [frame.temp(I32), frame.temp(I32)]
  const result = frame.temp(F64)
  const slow = c.block()
  const end = slow
  const inner = c.block()
  frame.float(a).truncSat32().tee(x).op(op.f64_convert_i32_s)
  frame.float(a).op(op.f64_ne).brIf(inner)
  frame.float(b).truncSat32().tee(y).op(op.f64_convert_i32_s)
  frame.float(b).op(op.f64_ne).brIf(inner)
  c.get(x).i32(0).op(op.i32_le_s).brIf(inner).get(y).i32(0).op(op.i32_le_s).brIf(inner)
  c.get(x).get(y).op(op.i32_rem_s, op.f64_convert_i32_s).set(result).br(end)
  c.end()
  operateOnAnything(frame, before, 2)
  unboxNumber(frame) // both are numbers, and so is the result
  c.set(result).end()
  done(frame, a, b)
  frame.release(x)
  frame.release(y)
  frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

/** One of them is a double already: the other is taken to be a number too. */
function numericAdd(a: Val, b: Val): boolean {
  const float = (v: Val) => v.rep === "f64" || v.type === T.FLOAT
  const possible = (v: Val) => (v.type & NUMBER) !== 0 || isNumber(v)
  return (float(a) && possible(b)) || (float(b) && possible(a))
}

/**
 * + of anything, or + and - with a small constant, ++ and --: the result is boxed. Ints first, then numbers, then the engine. With `local`, the
 * instruction is add_loc, and `a` that local.
 */
function boxedAdd(frame: Frame, a: Val, b: Val, before: readonly Val[], local?: number): void {
  const { code: c } = frame
  const { opcode } = frame.instruction
  const isUnary = opcode === "inc" || opcode === "dec"
  const isUp = opcode !== "sub" && opcode !== "dec"
  const type = opcode === "add" || local !== undefined ? NUMBER | T.STRING | T.OTHER : NUMBER | T.OTHER
  const rest = before.slice(0, before.length - (isUnary || local !== undefined ? 1 : 2))
  const result = frame.temp(I64)
  if (impossible(a) || impossible(b)) {
    // A string or an object is among them: nothing to try here.
    if (local !== undefined) operateOnAnything(frame, [...rest, a, b], 2, "add")
    else operateOnAnything(frame, before, isUnary ? 1 : 2)
    c.set(result)
    done(frame, a, b)
    frame.push({ rep: "box", w: result, type, own: true })
    return
  }
  const end = c.block()
  const slow = c.block()
  const floats = c.block()
  // Ints have no bit set in the high word.
  for (const v of [a, b]) if (!isUnboxed(v)) frame.boxed(v)
  if (!isUnboxed(a) && !isUnboxed(b)) c.op(op.i64_or)
  if (!isUnboxed(a) || !isUnboxed(b)) c.i64(0xffff_ffffn).op(op.i64_gt_u).brIf(floats)
  if (a.rep !== "f64" && b.rep !== "f64" && a.type !== T.FLOAT && b.type !== T.FLOAT) {
    const sum = frame.temp(I64)
    wide(frame, a)
    wide(frame, b)
    c.op(isUp ? op.i64_add : op.i64_sub)
      .tee(sum)
      .get(sum)
      .op(op.i64_extend32_s, op.i64_ne)
      .brIf(floats)
    c.get(sum).i64(0xffff_ffffn).op(op.i64_and).set(result).br(end)
    frame.release(sum)
  }
  c.end()
  floatOr(frame, a, slow)
  floatOr2(frame, b, slow)
  c.op(isUp ? op.f64_add : op.f64_sub)
  frame.helper(c, "boxFloat").set(result).br(end)
  c.end()
  if (local === undefined) {
    operateOnAnything(frame, before, isUnary ? 1 : 2)
    c.set(result)
  } else {
    stepAddLocal(frame, a, before, local, result)
  }
  c.end()
  done(frame, a, b)
  frame.push({ rep: "box", w: result, type, own: true })
}

/** add_loc by the interpreter: it appends to a string in place that has no other owner. */
function stepAddLocal(frame: Frame, a: Val, before: readonly Val[], local: number, result: number): void {
  const { code: c } = frame
  if (!frame.isCaptured(local) && a.rep !== "local") {
    // The interpreter takes the local from its slot, where an unboxed one need not be.
    c.get(frame.fp)
    frame.boxed(a).mem("i64_store", frame.layout.slot(local))
  }
  frame.coldStep(before)
  // It has put the sum into the local by itself: from there it moves into the result, and back with whatever sets the local.
  c.get(frame.fp).mem("i64_load", frame.layout.slot(local)).set(result)
  c.get(frame.fp).i64(UNDEFINED).mem("i64_store", frame.layout.slot(local))
}

/** Like floatOr, with a double of the first operand already on the stack: it is kept in a local while branching is possible. */
function floatOr2(frame: Frame, v: Val, slow: Label): void {
  if (isUnboxed(v)) {
    frame.float(v)
    return
  }
  const first = frame.temp(F64)
  frame.code.set(first)
  floatOr(frame, v, slow)
  const second = frame.temp(F64)
  frame.code.set(second).get(first).get(second)
  frame.release(first)
  frame.release(second)
}

/** Never a number. */
function impossible(v: Val): boolean {
  return (v.type & NUMBER) === 0
}

/** `-> i64`, the int sign-extended; of a value that is an int at this place. */
function wide(frame: Frame, v: Val): void {
  if (v.rep === "const") frame.code.i64(BigInt(numberOf(v.value) ?? 0))
  else if (v.rep === "i32") frame.code.get(v.w).op(op.i64_extend_i32_s)
  else frame.boxed(v).op(op.i64_extend32_s)
}

/** The operands are taken to be numbers and the result is a double. Otherwise the interpreter computes it; a BigInt leaves. */
function guessedArithmetic(frame: Frame, opcode: OpcodeName, a: Val, b: Val, before: readonly Val[]): void {
  const { code: c } = frame
  if (impossible(a) || impossible(b) || floatOps[opcode] === undefined) {
    frame.state.stack.push(a, b)
    emitOnAnything(frame, 2, opcode === "add" ? ANY : NUMBER | T.OTHER)
    return
  }
  const result = frame.temp(F64)
  const end = c.block()
  const slow = c.block()
  floatOr(frame, a, slow)
  floatOr2(frame, b, slow)
  c.op(floatOps[opcode]!).set(result).br(end)
  c.end()
  operateOnAnything(frame, before, 2)
  resultAsFloat(frame, before.slice(0, -2), result)
  c.end()
  done(frame, a, b)
  frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

/** `boxed ->`: as a double in `w`; when it is no number, leave with it on the stack, behind the instruction. */
function resultAsFloat(frame: Frame, rest: readonly Val[], w: number): void {
  const { code: c } = frame
  const boxed = frame.temp(I64)
  c.set(boxed)
  const end = c.block()
  const strange = c.block()
  floatOr(frame, { rep: "box", w: boxed, type: ANY, own: false }, strange)
  c.set(w).br(end)
  c.end()
  frame.exitAfter([...rest, { rep: "box", w: boxed, type: ANY, own: true }])
  c.end()
  frame.release(boxed)
}

const bitOps: Partial<Record<OpcodeName, number>> = {
  and: op.i32_and,
  or: op.i32_or,
  xor: op.i32_xor,
  shl: op.i32_shl,
  sar: op.i32_shr_s,
  shr: op.i32_shr_u,
}

/** a b -> int, for & | ^ << >> >>>, and a -> int for ~. wasm's shifts take the count modulo 32, as JavaScript's do. */
export function emitBits(frame: Frame): void {
  const { code: c } = frame
  const { opcode } = frame.instruction
  const isNot = opcode === "not"
  const b: Val = isNot ? { rep: "const", value: value(tags.JS_TAG_INT, -1), type: T.INT, own: false } : frame.pop()
  const a = frame.pop()
  const pops = isNot ? 1 : 2
  const before = [...frame.state.stack, a, ...(isNot ? [] : [b])]
  if ([a, b].some((v) => impossible(v) && v.type !== T.BOOL)) {
    frame.state.stack.push(...before.slice(before.length - pops))
    emitOnAnything(frame, pops, NUMBER | T.OTHER)
    return
  }
  const w = frame.temp(I32)
  const needsSlow = !isUnboxedInt(a) || !isUnboxedInt(b)
  const end = needsSlow ? c.block() : 0
  const slow = needsSlow ? c.block() : 0
  int32Or(frame, a, slow)
  const first = needsSlow ? frame.temp(I32) : -1
  if (needsSlow) c.set(first)
  int32Or(frame, b, slow)
  if (needsSlow) {
    const second = frame.temp(I32)
    c.set(second).get(first).get(second)
    frame.release(second)
    frame.release(first)
  }
  c.op(isNot ? op.i32_xor : bitOps[opcode]!).set(w)
  if (needsSlow) {
    c.br(end).end()
    operateOnAnything(frame, before, pops)
    resultAsInt(frame, before.slice(0, before.length - pops), w)
    c.end()
  }
  done(frame, a, b)
  const shift = b.rep === "const" ? (numberOf(b.value) ?? 0) & 31 : 0
  if (opcode !== "shr" || shift > 0) {
    frame.push({ rep: "i32", w, type: T.INT, own: false })
  } else {
    c.get(w).op(op.f64_convert_i32_u)
    frame.release(w)
    frame.pushUnboxed("f64")
  }
}

function isUnboxedInt(v: Val): boolean {
  return (
    v.rep === "i32" || v.rep === "bool" || v.rep === "f64" || (v.rep === "const" && (isNumber(v) || v.type === T.BOOL))
  )
}

/** `-> i32`: ToInt32 of an operand; branches to `slow` when it is no number. */
export function int32Or(frame: Frame, v: Val, slow: Label): void {
  const { code: c } = frame
  if (v.rep === "const" && isNumber(v)) {
    c.i32(numberOf(v.value)! | 0)
    return
  }
  if (v.rep === "f64") {
    frame.helper(c.get(v.w), "toInt32")
    return
  }
  if (isUnboxedInt(v)) {
    frame.int(v)
    return
  }
  const w = frame.temp(I64)
  frame.boxed(v).tee(w).i64(0xffff_ffffn).op(op.i64_le_u).if(I32)
  c.get(w).op(op.i32_wrap_i64)
  c.else()
  isFloat(frame, w)
  c.op(op.i32_eqz).brIf(slow)
  frame.helper(c.get(w).i64(FLOAT_ADDEND).op(op.i64_add, op.f64_reinterpret_i64), "toInt32").end()
  frame.release(w)
}

/** `result of a bit operation, boxed ->`: as an int in `w`; a uint32 is taken modulo 2^32; a BigInt leaves. */
function resultAsInt(frame: Frame, rest: readonly Val[], w: number): void {
  const { code: c } = frame
  const boxed = frame.temp(I64)
  c.set(boxed)
  const end = c.block()
  const strange = c.block()
  int32Or(frame, { rep: "box", w: boxed, type: ANY, own: false }, strange)
  c.set(w).br(end)
  c.end()
  frame.exitAfter([...rest, { rep: "box", w: boxed, type: ANY, own: true }])
  c.end()
  frame.release(boxed)
}

const compares: Partial<Record<OpcodeName, { int: number; float: number; strict?: boolean; not?: boolean }>> = {
  lt: { int: op.i32_lt_s, float: op.f64_lt },
  lte: { int: op.i32_le_s, float: op.f64_le },
  gt: { int: op.i32_gt_s, float: op.f64_gt },
  gte: { int: op.i32_ge_s, float: op.f64_ge },
  eq: { int: op.i32_eq, float: op.f64_eq },
  neq: { int: op.i32_ne, float: op.f64_ne, not: true },
  strict_eq: { int: op.i32_eq, float: op.f64_eq, strict: true },
  strict_neq: { int: op.i32_ne, float: op.f64_ne, strict: true, not: true },
}

/** a b -> bool */
export function emitCompare(frame: Frame): void {
  const { code: c } = frame
  const { opcode } = frame.instruction
  const compare = compares[opcode]!
  const b = frame.pop()
  const a = frame.pop()
  const [x, y] = [settle(frame, a), settle(frame, b)]
  const before = [...frame.state.stack, x, y]
  if (isInt(x) && isInt(y)) {
    frame.int(x)
    frame.int(y).op(compare.int)
    done(frame, x, y)
    frame.pushUnboxed("bool")
    return
  }
  if (isNumber(x) && isNumber(y)) {
    frame.float(x)
    frame.float(y).op(compare.float)
    done(frame, x, y)
    frame.pushUnboxed("bool")
    return
  }
  if (compare.strict && strictWithPlain(frame, x, y, compare.not === true)) return
  const result = frame.temp(I32)
  const end = c.block()
  const slow = c.block()
  if (!impossible(x) && !impossible(y)) compareNumbers(frame, x, y, compare, result, end, slow)
  c.end()
  if (opcode.endsWith("eq")) compareIdentity(frame, x, y, compare.strict === true, compare.not === true, result, end)
  else orderStrings(frame, x, y, compare.int, result, end)
  operateOnAnything(frame, before, 2)
  c.op(op.i32_wrap_i64).set(result).end()
  // The fast ways have not used the operands up; this has.
  frame.push({ rep: "bool", w: result, type: T.BOOL, own: false })
  done(frame, x, y)
}

function compareNumbers(
  frame: Frame,
  x: Val,
  y: Val,
  compare: { int: number; float: number },
  result: number,
  end: Label,
  slow: Label,
): void {
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
    c.op(compare.int).set(result).br(end)
  }
  c.end()
  floatOr(frame, x, slow)
  floatOr2(frame, y, slow)
  c.op(compare.float).set(result).br(end)
}

/** The same object, null, undefined or bool on both sides: decided without the interpreter. Two values of such kinds that differ, too. */
function compareIdentity(
  frame: Frame,
  x: Val,
  y: Val,
  strict: boolean,
  not: boolean,
  result: number,
  end: Label,
): void {
  const { code: c } = frame
  if ((x.type & y.type & T.STRING) !== 0) compareStrings(frame, x, y, not, result, end)
  const slow = c.block()
  const high = frame.temp(I32)
  for (const v of [x, y]) {
    frame.boxed(v).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).tee(high)
    // Objects have tag -1; bool, null and undefined 1 to 3. Loosely, only objects are left alone by the conversions.
    if (strict) c.i32(1).op(op.i32_add).i32(4).op(op.i32_gt_u).get(high).op(op.i32_eqz, op.i32_or)
    else c.i32(-1).op(op.i32_ne)
    c.brIf(slow)
  }
  frame.boxed(x)
  frame
    .boxed(y)
    .op(not ? op.i64_ne : op.i64_eq)
    .set(result)
  for (const v of [x, y]) if (v.own) frame.helper(frame.boxed(v), "free")
  c.br(end).end()
  frame.release(high)
}

/** Two strings in one piece each: equal or not. */
function compareStrings(frame: Frame, x: Val, y: Val, not: boolean, result: number, end: Label): void {
  withStrings(frame, x, y, "stringsEqual", result, end, () => {
    if (not) frame.code.get(result).op(op.i32_eqz).set(result)
  })
}

/** The same for < <= > >=: `compare` compares their order with 0. */
function orderStrings(frame: Frame, x: Val, y: Val, compare: number, result: number, end: Label): void {
  if ((x.type & y.type & T.STRING) === 0) return
  withStrings(frame, x, y, "stringsOrder", result, end, () => {
    frame.code.get(result).i32(0).op(compare).set(result)
  })
}

/** When both are strings in one piece and the helper decides: finishes the result and goes to `end`. */
function withStrings(
  frame: Frame,
  x: Val,
  y: Val,
  helper: "stringsEqual" | "stringsOrder",
  result: number,
  end: Label,
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
function strictWithPlain(frame: Frame, x: Val, y: Val, not: boolean): boolean {
  const { code: c } = frame
  const plain = (v: Val) => v.rep === "const" && (v.type & (T.UNDEFINED | T.NULL | T.BOOL)) !== 0
  if (!plain(x) && !plain(y)) return false
  const result = frame.temp(I32)
  frame.boxed(x)
  frame
    .boxed(y)
    .op(not ? op.i64_ne : op.i64_eq)
    .set(result)
  void c
  frame.drop(x)
  frame.drop(y)
  frame.push({ rep: "bool", w: result, type: T.BOOL, own: false })
  return true
}

/** a -> -a, +a, a + 1, a - 1, or a -> a a+1 (post_inc): what `a` was as a number stays below. */
export function emitUnary(frame: Frame): void {
  const { code: c } = frame
  const { opcode } = frame.instruction
  const v = settle(frame, frame.pop())
  const before = [...frame.state.stack, v]
  if (!isNumber(v) && !impossible(v) && (opcode === "plus" || opcode === "neg")) {
    guessedSign(frame, v, before)
    return
  }
  if (!isNumber(v) && opcode.startsWith("post")) {
    frame.push(v)
    boxedPostfix(frame)
    return
  }
  if (!isNumber(v) && (opcode === "inc" || opcode === "dec")) {
    boxedAdd(frame, v, one, before)
    return
  }
  if (!isNumber(v)) {
    frame.push(v)
    emitOnAnything(frame, 1, NUMBER | T.OTHER)
    return
  }
  if (opcode === "plus") {
    frame.push(v)
    return
  }
  if (opcode === "neg") {
    // -0 is the reason why the negation of an int is not always one.
    if (isInt(v) && v.rep === "const" && numberOf(v.value) !== 0) {
      frame.pushConst(negated(numberOf(v.value)!))
      return
    }
    frame.float(v).op(op.f64_neg)
    frame.forget(v)
    frame.pushUnboxed("f64")
    return
  }
  const up = opcode === "inc" || opcode === "post_inc"
  const isPost = opcode.startsWith("post")
  if (isInt(v)) {
    const w = frame.temp(I32)
    intSum(frame, up ? "add" : "sub", v, one, w, before)
    if (isPost) frame.push(v)
    else frame.forget(v)
    frame.push({ rep: "i32", w, type: T.INT, own: false })
    return
  }
  const w = frame.temp(F64)
  frame
    .float(v)
    .f64(1)
    .op(up ? op.f64_add : op.f64_sub)
    .set(w)
  if (isPost) frame.push(v)
  else frame.forget(v)
  frame.push({ rep: "f64", w, type: NUMBER, own: false })
  void c
}

/** +a or -a, taken to be a number; the interpreter makes one of what is none. Only - of a BigInt leaves. */
function guessedSign(frame: Frame, v: Val, before: readonly Val[]): void {
  const { code: c } = frame
  const result = frame.temp(F64)
  const end = c.block()
  const slow = c.block()
  floatOr(frame, v, slow)
  if (frame.instruction.opcode === "neg") c.op(op.f64_neg)
  c.set(result).br(end)
  c.end()
  operateOnAnything(frame, before, 1)
  resultAsFloat(frame, before.slice(0, -1), result)
  c.end()
  done(frame, v)
  frame.push({ rep: "f64", w: result, type: NUMBER, own: false })
}

const one: Val = { rep: "const", value: value(tags.JS_TAG_INT, 1), type: T.INT, own: false }

function negated(number: number): bigint {
  return number === -2147483648 ? numberBoxed(2147483648) : value(tags.JS_TAG_INT, -number)
}

function numberBoxed(number: number): bigint {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, number)
  return BigInt.asUintN(64, bits.getBigUint64(0) - FLOAT_ADDEND)
}

/** a++ and a-- of an operand of unknown kind: an int is handled here, all else is stepped. */
function boxedPostfix(frame: Frame): void {
  const { code: c } = frame
  const v = frame.state.stack.at(-1)!
  const both = [NUMBER | T.OTHER, NUMBER | T.OTHER]
  if (impossible(v)) {
    frame.step(1, both)
    return
  }
  // Everything goes to its slot, so that both ways end with the same description.
  const up = frame.instruction.opcode === "post_inc"
  frame.flush()
  const depth = frame.depth - 1
  const w = frame.temp(I64)
  const end = c.block()
  const slow = c.block()
  c.get(frame.fp)
    .mem("i64_load", frame.layout.operand(depth))
    .tee(w)
    .i64(up ? 0x7fff_fffen : 0xffff_ffffn)
    .op(op.i64_gt_u)
    .brIf(slow)
  // Below 0 an increment still works, but the test above is for the common case; a decrement must not meet the least int.
  if (!up) c.get(w).i64(0x8000_0000n).op(op.i64_eq).brIf(slow)
  c.get(frame.fp)
    .get(w)
    .op(op.i32_wrap_i64)
    .i32(up ? 1 : -1)
    .op(op.i32_add, op.i64_extend_i32_u)
  c.mem("i64_store", frame.layout.operand(depth + 1)).br(end)
  c.end()
  frame.callStep(frame.depth)
  c.end()
  frame.release(w)
  frame.state.stack.pop()
  for (const type of both) frame.push({ rep: "slot", type, own: true })
}

/** inc_loc, dec_loc */
export function emitLocalStep(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  const i = frame.info.argCount + (operands.kind === "loc" ? operands.index : 0)
  const local = frame.valOf(i)
  const up = opcode === "inc_loc"
  if (
    !frame.isCaptured(i) &&
    isNumber(local) &&
    (local.rep === "i32" || local.rep === "f64" || local.rep === "const")
  ) {
    if (isInt(local)) {
      const w = frame.temp(I32)
      intSum(frame, up ? "add" : "sub", local, one, w, frame.state.stack)
      frame.setLocal(i, { rep: "i32", w, type: T.INT, own: false })
    } else {
      const w = frame.temp(F64)
      frame
        .float(local)
        .f64(1)
        .op(up ? op.f64_add : op.f64_sub)
        .set(w)
      frame.setLocal(i, { rep: "f64", w, type: NUMBER, own: false })
    }
    return
  }
  frame.detach(i)
  frame.flush()
  localToSlot(frame, i)
  const slot = frame.layout.slot(i)
  const w = frame.temp(I64)
  const end = c.block()
  const slow = c.block()
  c.get(frame.fp)
    .mem("i64_load", slot)
    .tee(w)
    .i64(up ? 0x7fff_fffen : 0xffff_ffffn)
    .op(op.i64_gt_u)
    .brIf(slow)
  if (!up) c.get(w).i64(0x8000_0000n).op(op.i64_eq).brIf(slow)
  c.get(frame.fp)
    .get(w)
    .op(op.i32_wrap_i64)
    .i32(up ? 1 : -1)
    .op(op.i32_add, op.i64_extend_i32_u)
  c.mem("i64_store", slot).br(end)
  c.end()
  frame.callStep(frame.depth)
  c.end()
  frame.release(w)
  if (!frame.isCaptured(i)) frame.state.locals[i] = { rep: "slot", type: NUMBER | T.OTHER }
}

/** A local that an instruction reads or writes in the frame. */
function localToSlot(frame: Frame, i: number): void {
  const local = frame.state.locals[i]!
  if (local.rep === "slot") return
  if (frame.lean) throw new NotLean()
  if (!local.inSlot) {
    frame.code.get(frame.fp)
    frame.boxed(frame.valOf(i)).mem("i64_store", frame.layout.slot(i))
  }
  frame.state.locals[i] = { rep: "slot", type: local.type }
}

/** add_loc: local += a */
export function emitAddLocal(frame: Frame): void {
  const { operands, offset } = frame.instruction
  const i = frame.info.argCount + (operands.kind === "loc" ? operands.index : 0)
  const local = frame.valOf(i)
  const v = frame.state.stack.at(-1)!
  const number = isNumber(local) && isNumber(v) && !frame.isCaptured(i)
  if (number && isInt(local) && isInt(v) && !frame.widened.has(offset)) {
    const operand = settle(frame, frame.pop())
    const w = frame.temp(I32)
    intSum(frame, "add", local, operand, w, [...frame.state.stack, operand])
    frame.forget(operand)
    frame.setLocal(i, {
      rep: "i32",
      w,
      type: T.INT,
      own: false,
      source: smallInt(v) === undefined ? offset : undefined,
    })
    return
  }
  if (!frame.isCaptured(i) && local.rep !== "local" && numericAdd(local, v)) {
    // local + a, then put_loc
    const operand = settle(frame, frame.pop())
    const w = frame.temp(F64)
    if (isNumber(operand)) {
      frame.float(local)
      frame.float(operand).op(op.f64_add).set(w)
    } else {
      addToDouble(frame, local, operand, w)
    }
    frame.forget(operand)
    frame.setLocal(i, { rep: "f64", w, type: NUMBER, own: false })
    return
  }
  if (number) {
    const operand = settle(frame, frame.pop())
    const settled = settle(frame, local)
    const w = frame.temp(F64)
    frame.float(settled)
    frame.float(operand).op(op.f64_add).set(w)
    frame.forget(operand)
    frame.forget(settled)
    frame.setLocal(i, { rep: "f64", w, type: NUMBER, own: false })
    return
  }
  if (frame.lean) throw new NotLean() // a step of add_loc reads and writes the local in the frame
  const operand = frame.pop()
  const before = [...frame.state.stack, operand]
  const left = frame.isCaptured(i) ? { ...local, type: ANY } : local
  boxedAdd(frame, left, operand, before, i)
  frame.setLocal(i, frame.pop())
}

/** A double local plus something boxed; what is no number leaves before the instruction. */
function addToDouble(frame: Frame, local: Val, operand: Val, w: number): void {
  const { code: c } = frame
  const end = c.block()
  const strange = c.block()
  frame.float(local)
  floatOr2(frame, operand, strange)
  c.op(op.f64_add).set(w).br(end)
  c.end()
  frame.exit([...frame.state.stack, operand])
  c.end()
}

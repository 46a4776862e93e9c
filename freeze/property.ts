// Properties, elements, lengths: the library's helpers first, the interpreter where they do not apply.
import { floatAsIndex } from "./arith.ts"
import { checkException } from "./call.ts"
import { mayBeCounted, type Frame, type Val } from "./frame.ts"
import { SLOW } from "./heap.ts"
import { selfValue } from "./kernel.ts"
import { ANY, NUMBER, numberOf, T } from "./types.ts"
import { I32, I64, op } from "./wasm.ts"

/** obj -> value (get_field), obj -> obj value (get_field2) */
export function emitGetField(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "atom") throw new Error(`${opcode} names no property`)
  const keep = opcode === "get_field2"
  const object = frame.pop()
  frame.setPc()
  c.i32(frame.realm)
  const result = frame.temp(I64)
  frame.helper(frame.boxed(object).i32(operands.name.atom), "getField").set(result)
  if (keep) frame.push(object)
  else frame.drop(object)
  checkException(frame, result)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/** -> value of a global variable */
export function emitGetGlobal(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "atom") throw new Error(`${opcode} names no variable`)
  if (frame.kernel) {
    frame.push(selfValue)
    return
  }
  const result = frame.temp(I64)
  frame.helper(c.i32(frame.realm).i32(operands.name.atom), "getGlobal").tee(result).i64(SLOW).op(op.i64_eq).if()
  frame.coldStep(frame.state.stack)
  c.get(frame.fp).mem("i64_load", frame.layout.operand(frame.depth)).set(result).end()
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

function freeOwn(frame: Frame, v: Val): void {
  if (v.own && mayBeCounted(v)) frame.helper(frame.boxed(v), "free")
}

/** obj value -> */
export function emitPutField(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "atom") throw new Error(`${opcode} names no property`)
  const value = frame.pop()
  const object = frame.pop()
  if ((object.type & T.OBJECT) === 0) {
    frame.push(object)
    frame.push(value)
    frame.step(2, [])
    return
  }
  // The property will own the value, and so must we before.
  const w = frame.temp(I64)
  frame.owned(value).set(w)
  const owned: Val = { rep: "box", w, type: value.type, own: true }
  frame.helper(frame.boxed(object).i32(operands.name.atom).get(w), "putField").op(op.i32_eqz).if()
  frame.coldStep([...frame.state.stack, object, owned])
  c.else()
  freeOwn(frame, object)
  c.end()
  frame.forget(object)
  frame.forget(owned)
}

/** obj -> length */
export function emitGetLength(frame: Frame): void {
  const { code: c } = frame
  const object = frame.pop()
  const before = [...frame.state.stack, object]
  const result = frame.temp(I64)
  frame.helper(frame.boxed(object), "getLength").tee(result).i64(SLOW).op(op.i64_eq).if()
  frame.coldStep(before)
  c.get(frame.fp)
    .mem("i64_load", frame.layout.operand(before.length - 1))
    .set(result)
  c.else()
  freeOwn(frame, object)
  c.end()
  frame.forget(object)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/** Could the operand be an index at all? A constant with a fraction (or -0, whose name is 0) is left to the interpreter. */
function mayBeIndex(v: Val): boolean {
  return v.rep === "const" ? v.type === T.INT : (v.type & NUMBER) !== 0
}

/**
 * `-> i32`, the operand as an index. Branches to `slow` when it is not an int, in which case nothing has been taken.
 */
function indexOr(frame: Frame, v: Val, slow: number): void {
  const { code: c } = frame
  if (v.rep === "i32") c.get(v.w)
  else if (v.rep === "const") c.i32(numberOf(v.value) ?? -1)
  else if (v.rep === "f64") floatAsIndex(frame, v, slow)
  else {
    const w = frame.temp(I64)
    frame.boxed(v).tee(w).i64(0xffff_ffffn).op(op.i64_gt_u).brIf(slow)
    c.get(w).op(op.i32_wrap_i64)
    frame.release(w)
  }
}

/** obj index -> value (get_array_el), obj index -> obj value (get_array_el2) */
export function emitGetElement(frame: Frame): void {
  const { code: c } = frame
  const keep = frame.instruction.opcode === "get_array_el2"
  const index = frame.pop()
  const object = frame.pop()
  const before = [...frame.state.stack, object, index]
  if (!mayBeIndex(index) || (object.type & T.OBJECT) === 0) {
    frame.push(object)
    frame.push(index)
    frame.step(2, keep ? [object.type, ANY] : [ANY])
    return
  }
  const result = frame.temp(I64)
  const i = frame.temp(I32)
  const end = c.block()
  const slow = c.block()
  indexOr(frame, index, slow)
  c.set(i)
  frame.helper(frame.boxed(object).get(i), "getElement").tee(result).i64(SLOW).op(op.i64_eq).brIf(slow)
  if (!keep) freeOwn(frame, object)
  c.br(end).end()
  if (keep) {
    frame.push(object)
    frame.coldStep(before)
    c.get(frame.fp)
      .mem("i64_load", frame.layout.operand(before.length - 1))
      .set(result)
  } else {
    frame.coldStep(before)
    c.get(frame.fp)
      .mem("i64_load", frame.layout.operand(before.length - 2))
      .set(result)
  }
  c.end()
  frame.release(i)
  frame.forget(index)
  if (!keep) frame.forget(object)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/** obj index value -> */
export function emitPutElement(frame: Frame): void {
  const { code: c } = frame
  const value = frame.pop()
  const index = frame.pop()
  const object = frame.pop()
  if (!mayBeIndex(index) || (object.type & T.OBJECT) === 0) {
    for (const v of [object, index, value]) frame.push(v)
    frame.step(3, [])
    return
  }
  const w = frame.temp(I64)
  frame.owned(value).set(w)
  const owned: Val = { rep: "box", w, type: value.type, own: true }
  const i = frame.temp(I32)
  const end = c.block()
  const slow = c.block()
  indexOr(frame, index, slow)
  c.set(i)
  frame.helper(frame.boxed(object).get(i).get(w), "putElement").op(op.i32_eqz).brIf(slow)
  freeOwn(frame, object)
  c.br(end).end()
  frame.coldStep([...frame.state.stack, object, index, owned])
  c.end()
  frame.release(i)
  for (const v of [object, index, owned]) frame.forget(v)
}

// Calls: functions, methods, constructors of base classes, new objects.
import { callFlags, JSClassID, JSFunctionBytecode, JSObject, JSPropertyFlags } from "../../engine/abi.ts"
import { I32, I64, op, type Label } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { needFrame, setPc, exit, throwOut } from "../frame/handover.ts"
import { selfValue } from "../frame/mode.ts"
import { mayBeCounted, type Val } from "../frame/operand.ts"
import { isException } from "../helpers/counts.ts"
import { param } from "../helpers/signatures.ts"
import { CALL_TYPE_INDEX } from "../helpers/signatures.ts"
import { FrozenFrame } from "../helpers/slots.ts"
import { ANY, T, UNDEFINED } from "../types.ts"
import { callSelf, refuseCall } from "./recursion.ts"

/**
 * func args -> result, or this func args -> result. Arguments lie in their slots, which is where the callee reads them;
 * it copies what it keeps, so that borrowed values need no count.
 */
export function emitCall(frame: Frame): void {
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "call") throw new Error(`${opcode} has no argument count`)
  const { code: c, layout, mode } = frame
  if (mode.kind === "kernel") {
    const args = frame.state.stack.splice(frame.depth - operands.argCount)
    if (frame.pop() !== selfValue) refuseCall(frame)
    else callSelf(frame, mode.kernel, args)
    return
  }
  needFrame(frame)
  const isMethod = opcode === "call_method" || opcode === "tail_call_method"
  const { first, freed } = argumentsToSlots(frame, operands.argCount)
  const func = frame.pop()
  const self: Val | undefined = isMethod ? passed(frame, frame.pop()) : undefined
  setPc(frame)
  const result = frame.temp(I64)
  const pushArguments = () => {
    c.i32(frame.realm) // the callee's caller is this function, whatever context it was called from
    frame.boxed(func)
    if (self) frame.boxed(self)
    else c.i64(UNDEFINED)
    c.i64(UNDEFINED).i32(operands.argCount)
    c.get(frame.fp).i32(layout.operand(first)).op(op.i32_add).i32(callFlags.JS_CALL_FLAG_COPY_ARGV)
  }
  if (frame.isHot) {
    const done = c.block()
    callFrozen(frame, func, pushArguments, result, done)
    pushArguments()
    frame.engine(c, "JS_CallInternal").set(result).end()
  } else {
    pushArguments()
    frame.helper(c, "callFunction").set(result)
  }
  freeSlots(frame, freed)
  frame.drop(func)
  if (self) frame.drop(self)
  checkException(frame, result)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/**
 * What JS_CallInternal does first, done here: a function with an id is called through the table. Goes to `done` then.
 */
function callFrozen(frame: Frame, func: Val, pushArguments: () => void, result: number, done: Label): void {
  const { code: c } = frame
  const p = frame.temp(I32)
  const other = c.block()
  frame.boxed(func).op(op.i32_wrap_i64).set(p)
  frame.boxed(func).i64(32n).op(op.i64_shr_u).i64(0xffff_ffffn).op(op.i64_ne).brIf(other)
  c.get(p).mem("i32_load16_u", JSObject.class_id).i32(JSClassID.BYTECODE_FUNCTION).op(op.i32_ne).brIf(other)
  c.get(p).mem("i32_load", JSObject.function_bytecode).mem("i32_load16_u", JSFunctionBytecode.unused).tee(p)
  c.op(op.i32_eqz).brIf(other)
  pushArguments()
  c.get(p).callIndirect(CALL_TYPE_INDEX).set(result).br(done).end()
  frame.release(p)
}

/** Leave when the value in `w` is the exception. The operands are those that are left of the instruction's. */
export function checkException(frame: Frame, w: number, operands: readonly Val[] = frame.state.stack): void {
  const { code: c } = frame
  isException(c.get(w)).if()
  throwOut(frame, operands)
  c.end()
}

/** `boxed ->`: a new object, or the exception, which leaves. */
function pushObject(frame: Frame): void {
  const w = frame.temp(I64)
  frame.code.set(w)
  checkException(frame, w)
  frame.push({ rep: "box", w, type: T.OBJECT, own: true })
}

export function emitNewObject(frame: Frame): void {
  setPc(frame)
  frame.engine(frame.code.i32(frame.realm), "JS_NewObject")
  pushObject(frame)
}

/** -> the object that the parent class's constructor made, for the default constructor of a derived class. */
export function emitInitConstructor(frame: Frame): void {
  const { code: c } = frame
  const [parent, result] = [frame.temp(I64), frame.temp(I64)]
  // The interpreter throws before it looks at its func parameter, which would be the frame here.
  c.get(param.newTarget).i64(UNDEFINED).op(op.i64_eq).if()
  exit(frame)
  c.end()
  setPc(frame)
  frame.engine(c.i32(frame.realm).get(param.func), "JS_GetPrototype").set(parent)
  checkException(frame, parent)
  c.i32(frame.realm).get(parent).get(param.newTarget).get(param.argc).get(param.argv)
  frame.engine(c, "JS_CallConstructor2").set(result)
  frame.helper(c.get(parent), "free")
  frame.release(parent)
  checkException(frame, result)
  frame.push({ rep: "box", w: result, type: T.OBJECT, own: true })
}

/** -> func values: a closure over this activation */
export function emitClosure(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "const") throw new Error(`${opcode} names no constant`)
  setPc(frame)
  c.i32(frame.realm).i64(frame.info.constants[operands.index]!.value)
  frame.helper(c, "dup")
  c.get(param.func)
    .op(op.i32_wrap_i64)
    .mem("i32_load", JSObject.var_refs)
    .get(frame.fp)
    .i32(FrozenFrame.frame)
    .op(op.i32_add)
  frame.engine(c, "js_closure")
  pushObject(frame)
}

/** func new_target args -> object */
export function emitConstruct(frame: Frame): void {
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "call") throw new Error(`${opcode} has no argument count`)
  const { code: c, layout } = frame
  needFrame(frame)
  const { first, freed } = argumentsToSlots(frame, operands.argCount)
  const newTarget = frame.pop()
  const func = frame.pop()
  setPc(frame)
  c.i32(frame.realm)
  frame.boxed(func)
  frame.boxed(newTarget).i32(operands.argCount).get(frame.fp).i32(layout.operand(first)).op(op.i32_add)
  frame.engine(c, "JS_CallConstructor2")
  const result = frame.temp(I64)
  c.set(result)
  freeSlots(frame, freed)
  frame.drop(func)
  frame.drop(newTarget)
  checkException(frame, result)
  frame.push({ rep: "box", w: result, type: T.OBJECT, own: true })
}

/** obj value -> obj, with a new property of an object literal */
export function emitDefineField(frame: Frame): void {
  const { code: c } = frame
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "atom") throw new Error(`${opcode} names no property`)
  const value = frame.pop()
  setPc(frame)
  c.i32(frame.realm)
  frame.boxed(frame.state.stack.at(-1)!, frame.depth - 1).i32(operands.name.atom)
  frame.owned(value).i32(DEFINE_FLAGS)
  frame.engine(c, "JS_DefinePropertyValue").i32(0).op(op.i32_lt_s).if()
  throwOut(frame)
  c.end()
}

/** JS_PROP_C_W_E | JS_PROP_THROW */
const DEFINE_FLAGS = 0x7 | JSPropertyFlags.THROW

/**
 * May the value be a rope? The engine joins a rope in place only when it has other owners, and a borrowed one would be
 * joined again at every call. So what is passed to a function is counted where it may be one.
 */
function mayBeRope(v: Val): boolean {
  return v.rep !== "const" && (v.type & T.STRING) !== 0
}

/** An operand that is passed to a function: counted if it may be a rope. */
function passed(frame: Frame, v: Val): Val {
  if (v.own || !mayBeRope(v) || v.rep === "slot") return v
  const w = frame.temp(I64)
  frame.helper(frame.boxed(v), "dup").set(w)
  frame.forget(v)
  return { rep: "box", w, type: v.type, own: true }
}

function freeSlots(frame: Frame, depths: readonly number[]): void {
  for (const depth of depths) {
    frame.helper(frame.code.get(frame.fp).mem("i64_load", frame.layout.operand(depth)), "free")
  }
}

/**
 * The top operands become arguments: they lie in their slots, borrowed or owned. Says where, and which slots are to be
 * freed.
 */
function argumentsToSlots(frame: Frame, count: number): { first: number; freed: number[] } {
  const first = frame.depth - count
  const freed: number[] = []
  for (let depth = first; depth < frame.depth; depth++) {
    const v = frame.state.stack[depth]!
    if (mayBeCounted(v) && (v.own || mayBeRope(v))) freed.push(depth)
    if (v.rep === "slot") continue
    frame.code.get(frame.fp)
    frame.boxed(v)
    if (!v.own && mayBeRope(v)) frame.helper(frame.code, "dup")
    frame.code.mem("i64_store", frame.layout.operand(depth))
  }
  for (const v of frame.state.stack.splice(first)) frame.forget(v)
  return { first, freed }
}

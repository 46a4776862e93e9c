// Calls: functions, methods, constructors of base classes, new objects.
import { callFlags } from "../engine/abi.ts"
import { param, mayBeCounted, type Frame, type Val } from "./frame.ts"
import { isException } from "./runtime.ts"
import { ANY, T, UNDEFINED } from "./types.ts"
import { I64, op } from "./wasm.ts"

/**
 * func args -> result, or this func args -> result. Arguments lie in their slots, which is where the callee reads them; it copies what it
 * keeps, so that borrowed values need no count.
 */
export function emitCall(frame: Frame): void {
  const { opcode, operands } = frame.instruction
  if (operands.kind !== "call") throw new Error(`${opcode} has no argument count`)
  const { code: c, layout } = frame
  const isMethod = opcode === "call_method" || opcode === "tail_call_method"
  const first = frame.depth - operands.argCount
  const freed: number[] = []
  for (let depth = first; depth < frame.depth; depth++) {
    const v = frame.state.stack[depth]!
    if (mayBeCounted(v) && v.own) freed.push(depth)
    if (v.rep === "slot") continue
    c.get(frame.fp)
    frame.boxed(v).mem("i64_store", layout.operand(depth))
  }
  const args = frame.state.stack.splice(first)
  for (const v of args) frame.forget(v)
  const func = frame.pop()
  const self: Val | undefined = isMethod ? frame.pop() : undefined
  frame.setPc()
  c.i32(frame.realm) // the callee's caller is this function, whatever context it was called from
  frame.boxed(func)
  if (self) frame.boxed(self)
  else c.i64(UNDEFINED)
  c.i64(UNDEFINED).i32(operands.argCount)
  c.get(frame.fp).i32(layout.operand(first)).op(op.i32_add).i32(callFlags.JS_CALL_FLAG_COPY_ARGV)
  frame.engine(c, "JS_CallInternal")
  const result = frame.temp(I64)
  c.set(result)
  for (const depth of freed) frame.helper(c.get(frame.fp).mem("i64_load", layout.operand(depth)), "free")
  frame.drop(func)
  if (self) frame.drop(self)
  checkException(frame, result)
  frame.push({ rep: "box", w: result, type: ANY, own: true })
}

/** Leave when the value in `w` is the exception. The operands are those that are left of the instruction's. */
export function checkException(frame: Frame, w: number): void {
  const { code: c } = frame
  isException(c.get(w)).if()
  frame.throwOut()
  c.end()
}

export function emitNewObject(frame: Frame): void {
  const { code: c } = frame
  frame.setPc()
  frame.engine(c.i32(frame.realm), "JS_NewObject")
  const w = frame.temp(I64)
  c.set(w)
  checkException(frame, w)
  frame.push({ rep: "box", w, type: T.OBJECT, own: true })
}

/** -> the object that the parent class's constructor made, for the default constructor of a derived class. */
export function emitInitConstructor(frame: Frame): void {
  const { code: c } = frame
  const [parent, result] = [frame.temp(I64), frame.temp(I64)]
  // The interpreter throws before it looks at its func parameter, which would be the frame here.
  c.get(param.newTarget).i64(UNDEFINED).op(op.i64_eq).if()
  frame.exit()
  c.end()
  frame.setPc()
  frame.engine(c.i32(frame.realm).get(param.func), "JS_GetPrototype").set(parent)
  checkException(frame, parent)
  c.i32(frame.realm).get(parent).get(param.newTarget).get(param.argc).get(param.argv)
  frame.engine(c, "JS_CallConstructor2").set(result)
  frame.helper(c.get(parent), "free")
  frame.release(parent)
  checkException(frame, result)
  frame.push({ rep: "box", w: result, type: T.OBJECT, own: true })
}

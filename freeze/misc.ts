// `this`, special objects, tests of tags.
import { tags } from "../engine/abi.ts"
import { truth } from "./control.ts"
import { param, type Frame } from "./frame.ts"
import { ANY, T, UNDEFINED } from "./types.ts"
import { I32, op } from "./wasm.ts"

/** In strict code `this` is what was passed; in sloppy code it may have to be made an object. */
export function emitThis(frame: Frame): void {
  if (frame.info.isStrict) frame.push({ rep: "box", w: param.this, type: ANY, own: false })
  else frame.step(0, [T.OBJECT])
}

/** OPSpecialObjectEnum of the engine's source: 2 is the function itself, 3 `new.target`. */
export function emitSpecialObject(frame: Frame): void {
  const { operands } = frame.instruction
  const which = operands.kind === "unsigned" ? operands.value : -1
  if (which === 2) frame.push({ rep: "box", w: param.func, type: T.OBJECT, own: false })
  else if (which === 3) frame.push({ rep: "box", w: param.newTarget, type: ANY, own: false })
  else frame.step(0, [T.OBJECT | T.UNDEFINED])
}

/** A class constructor that is called without `new`: the interpreter throws. */
export function emitCheckConstructor(frame: Frame): void {
  frame.code.get(param.newTarget).i64(UNDEFINED).op(op.i64_eq).if()
  frame.exit()
  frame.code.end()
}

export function emitNot(frame: Frame): void {
  truth(frame, frame.pop())
  frame.code.op(op.i32_eqz)
  frame.pushUnboxed("bool")
}

/** a -> bool */
export function emitTagTest(frame: Frame): void {
  const { code: c } = frame
  const { opcode } = frame.instruction
  const v = frame.pop()
  const tag = frame.temp(I32)
  frame.boxed(v).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).set(tag)
  frame.drop(v)
  const is = (number: number) => c.get(tag).i32(number).op(op.i32_eq)
  if (opcode !== "is_null") is(tags.JS_TAG_UNDEFINED)
  if (opcode !== "is_undefined") is(tags.JS_TAG_NULL)
  if (opcode === "is_undefined_or_null") c.op(op.i32_or)
  frame.release(tag)
  frame.pushUnboxed("bool")
}

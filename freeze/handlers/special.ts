// `this`, special objects, tests of tags, keys, and what iteration leaves on the stack.
import { tags } from "../../engine/abi.ts"
import { I32, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { flush, step, callStep, exit } from "../frame/handover.ts"
import { param } from "../helpers/signatures.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, FALSE, NUMBER, T, UNDEFINED } from "../types.ts"
import { truth } from "./truth.ts"

/** In strict code `this` is what was passed; in sloppy code it may have to be made an object. */
export function emitThis(frame: Frame): void {
  if (frame.info.isStrict) frame.push({ rep: "box", w: param.this, type: ANY, own: false })
  else step(frame, 0, [T.OBJECT])
}

/** OPSpecialObjectEnum of the engine's source: 2 is the function itself, 3 `new.target`. */
export function emitSpecialObject(frame: Frame): void {
  const { operands } = frame.instruction
  const which = operands.kind === "unsigned" ? operands.value : -1
  if (which === 2) frame.push({ rep: "box", w: param.func, type: T.OBJECT, own: false })
  else if (which === 3) frame.push({ rep: "box", w: param.newTarget, type: ANY, own: false })
  else step(frame, 0, [T.OBJECT | T.UNDEFINED])
}

/** A class constructor that is called without `new`: the interpreter throws. */
export function emitCheckConstructor(frame: Frame): void {
  frame.code.get(param.newTarget).i64(UNDEFINED).op(op.i64_eq).if()
  exit(frame)
  frame.code.end()
}

export function emitNot(frame: Frame): void {
  truth(frame, frame.pop())
  frame.code.op(op.i32_eqz)
  frame.pushUnboxed("bool")
}

/** a -> bool */
export function emitTagTest(frame: Frame, opcode: OpcodeOf<"tagTest">): void {
  const { code: c } = frame
  const v = frame.pop()
  const tested = opcode === "is_null" ? T.NULL : opcode === "is_undefined" ? T.UNDEFINED : T.NULL | T.UNDEFINED
  if ((v.type & tested) === 0 && (v.type & T.UNINITIALIZED) === 0) {
    frame.drop(v)
    frame.pushConst(FALSE)
    return
  }
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

/**
 * a -> key, or obj a -> obj key where null and undefined throw first. Numbers stay: what they are used for makes the
 * same key of them. Strings and symbols are keys already.
 */
export function emitToKey(frame: Frame, opcode: OpcodeOf<"toKey">): void {
  const { code: c } = frame
  const needsObject = opcode === "to_propkey2"
  const key = frame.state.stack.at(-1)!
  const object = needsObject ? frame.state.stack.at(-2)! : undefined
  const objectIsFine = object === undefined || (object.type & ~(T.OBJECT | T.STRING | NUMBER | T.BOOL)) === 0
  if (objectIsFine && (key.type & ~(NUMBER | T.STRING)) === 0) return
  // Both ways end with the key in its slot.
  flush(frame)
  const depth = frame.depth - 1
  const tag = frame.temp(I32)
  const done = c.block()
  const slow = c.block()
  if (!objectIsFine) {
    c.get(frame.fp)
      .mem("i32_load", frame.layout.operand(depth - 1) + 4)
      .i32(1)
      .op(op.i32_or)
      .i32(3)
      .op(op.i32_eq)
      .brIf(slow)
  }
  c.get(frame.fp)
    .mem("i32_load", frame.layout.operand(depth) + 4)
    .tee(tag)
    .op(op.i32_eqz)
    .brIf(done)
  // Strings are -7, symbols -8; doubles lie outside of -9 to 7.
  c.get(tag).i32(-8).op(op.i32_sub).i32(1).op(op.i32_le_u).brIf(done)
  c.get(tag).i32(9).op(op.i32_add).i32(17).op(op.i32_ge_u).brIf(done)
  c.end()
  callStep(frame, frame.depth)
  c.end()
  frame.release(tag)
  frame.state.stack[depth] = { rep: "slot", type: NUMBER | T.STRING | T.OTHER, own: true }
}

/**
 * iterator next catch_offset ... -> the same, value done. What lies between, the target of an assignment, is left
 * alone.
 */
export function emitForOfNext(frame: Frame): void {
  flush(frame)
  callStep(frame, frame.depth)
  frame.push({ rep: "slot", type: ANY, own: true })
  frame.push({ rep: "slot", type: T.BOOL, own: true })
}

/** catch_offset ... a -> a. How many operands go is known from the depth that the next instruction has. */
export function emitNipCatch(frame: Frame): void {
  const kept = frame.pop()
  const depth = frame.graph.depths[frame.index + 1]!
  while (frame.depth > depth - 1) frame.drop(frame.pop())
  frame.push(kept)
}

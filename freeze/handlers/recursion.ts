// A kernel's calls of itself: a direct call, or the function's body once more in place of the call, a few levels deep
// (inlining).
import { I32, I64, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import type { InPlace, Kernel } from "../frame/mode.ts"
import type { Val } from "../frame/operand.ts"
import { T, UNDEFINED } from "../types.ts"

/** `self args -> int` inside the kernel. */
export function callSelf(frame: Frame, kernel: Kernel, args: readonly Val[]): void {
  if (args.length !== frame.info.argCount || args.some((v) => v.type !== T.INT)) refuseCall(frame)
  else if (kernel.inline > 0 && kernel.writeInPlace) callInPlace(frame, kernel.writeInPlace, args)
  else callDirectly(frame, kernel, args)
}

/** Not the kernel's own function is called, or not with ints. */
export function refuseCall(frame: Frame): void {
  frame.refuse()
  frame.pushConst(UNDEFINED)
}

function callDirectly(frame: Frame, kernel: Kernel, args: readonly Val[]): void {
  const { code: c } = frame
  for (const v of args) frame.int(v)
  for (const v of args) frame.forget(v)
  const result = frame.temp(I64)
  c.get(kernel.levels).i32(1).op(op.i32_sub).call(kernel.index).tee(result).op(op.i64_extend32_s)
  c.get(result).op(op.i64_ne).if()
  c.get(result).op(op.return).end()
  c.get(result).op(op.i32_wrap_i64)
  frame.release(result)
  frame.pushUnboxed("i32")
}

function callInPlace(frame: Frame, writeInPlace: (place: InPlace) => boolean, args: readonly Val[]): void {
  const { code: c } = frame
  const locals = args.map((v) => {
    const w = c.local(I32)
    frame.int(v).set(w)
    return w
  })
  for (const v of args) frame.forget(v)
  const result = c.local(I32)
  const end = c.block()
  if (!writeInPlace({ code: c, args: locals, result, end })) return refuseCall(frame)
  c.op(op.unreachable).end().get(result)
  frame.pushUnboxed("i32")
}

// ToBoolean of an operand.
import { op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { selfValue } from "../frame/mode.ts"
import type { Val } from "../frame/operand.ts"

/** `-> i32`, not 0 when the operand is truthy. The operand is used up. */
export function truth(frame: Frame, v: Val): void {
  const { code: c } = frame
  if (v === selfValue) frame.refuse()
  switch (v.rep) {
    case "i32":
    case "bool":
      frame.int(v)
      frame.forget(v)
      return
    case "f64":
      // Neither 0 nor NaN.
      c.get(v.w).op(op.f64_abs).f64(0).op(op.f64_gt)
      frame.forget(v)
      return
    default: {
      c.i32(frame.realm)
      frame.helper(frame.boxed(v), "toBool")
      frame.drop(v)
    }
  }
}

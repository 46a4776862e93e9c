// & | ^ << >> >>> and ~.
import { tags } from "../../engine/abi.ts"
import { I32, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { NUMBER, numberOf, T, value } from "../types.ts"
import { emitOnAnything, operateOnAnything } from "./anything.ts"
import { isUnboxedInt, isNeverNumber, forgetAll, int32Or, resultAsInt } from "./numbers.ts"

const bitOps: Record<OpcodeOf<"bits">, number> = {
  not: op.i32_xor, // with -1
  and: op.i32_and,
  or: op.i32_or,
  xor: op.i32_xor,
  shl: op.i32_shl,
  sar: op.i32_shr_s,
  shr: op.i32_shr_u,
}

/** a b -> int, for & | ^ << >> >>>, and a -> int for ~. wasm's shifts take the count modulo 32, as JavaScript's do. */
export function emitBits(frame: Frame, opcode: OpcodeOf<"bits">): void {
  const { code: c } = frame
  const isNot = opcode === "not"
  const b: Val = isNot ? { rep: "const", value: value(tags.JS_TAG_INT, -1), type: T.INT, own: false } : frame.pop()
  const a = frame.pop()
  const pops = isNot ? 1 : 2
  const before = [...frame.state.stack, a, ...(isNot ? [] : [b])]
  if ([a, b].some((v) => isNeverNumber(v) && v.type !== T.BOOL)) {
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
  c.op(bitOps[opcode]).set(w)
  if (needsSlow) {
    c.br(end).end()
    operateOnAnything(frame, before, pops)
    resultAsInt(frame, before.slice(0, before.length - pops), w)
    c.end()
  }
  forgetAll(frame, a, b)
  const shift = b.rep === "const" ? (numberOf(b.value) ?? 0) & 31 : 0
  if (opcode !== "shr" || shift > 0) {
    frame.push({ rep: "i32", w, type: T.INT, own: false })
  } else {
    c.get(w).op(op.f64_convert_i32_u)
    frame.release(w)
    frame.pushUnboxed("f64")
  }
}

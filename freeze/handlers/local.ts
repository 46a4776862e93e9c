// Constants, locals, arguments and captured variables.
import { JSObject, JSVarRef, tags } from "../../engine/abi.ts"
import type { OpcodeName } from "../../opcodes/quickjs.generated.ts"
import { I32, I64, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { flush, step, callStep, exit } from "../frame/handover.ts"
import { localIndex, valOf, setLocal } from "../frame/locals.ts"
import { selfValue } from "../frame/mode.ts"
import type { Val } from "../frame/operand.ts"
import type { OpcodeOf } from "../patterns.ts"
import { ANY, FALSE, NULL, T, TRUE, typeOf, UNDEFINED, UNINITIALIZED, value } from "../types.ts"

export function emitConstant(frame: Frame, opcode: OpcodeOf<"constant">): void {
  const { operands } = frame.instruction
  switch (operands.kind) {
    case "int":
      frame.pushConst(
        opcode === "push_bigint_i32"
          ? value(tags.JS_TAG_SHORT_BIG_INT, operands.value)
          : value(tags.JS_TAG_INT, operands.value),
      )
      return
    case "const": {
      const boxed = frame.info.constants[operands.index]!.value
      frame.push({ rep: "const", value: boxed, type: typeOf(boxed), own: false })
      return
    }
    case "label": // catch
      frame.pushConst(value(tags.JS_TAG_CATCH_OFFSET, operands.target))
      return
    case "atom": {
      // The string of an atom stays where it is while the bytecode, which names it, is there.
      const pointer = operands.name.kind === "string" ? frame.options.atomString(operands.name.atom) : undefined
      if (pointer === undefined) step(frame, 0, [T.STRING | T.OTHER])
      else frame.push({ rep: "const", value: value(tags.JS_TAG_STRING, pointer), type: T.STRING, own: false })
      return
    }
    default:
      frame.pushConst(plain[opcode] ?? fail(opcode))
  }
}

const plain: Partial<Record<OpcodeOf<"constant">, bigint>> = {
  undefined: UNDEFINED,
  null: NULL,
  push_false: FALSE,
  push_true: TRUE,
}

function fail(opcode: OpcodeName): never {
  throw new Error(`${opcode} is not a constant`)
}

export function emitGetLocal(frame: Frame, opcode: OpcodeOf<"getLocal">): void {
  const i = localIndex(frame)
  if (opcode === "get_loc_check") checkInitialized(frame, i)
  pushLocal(frame, i)
}

export function emitGetTwoLocals(frame: Frame): void {
  pushLocal(frame, frame.info.argCount)
  pushLocal(frame, frame.info.argCount + 1)
}

function pushLocal(frame: Frame, i: number): void {
  if (!frame.isCaptured(i)) {
    frame.push(valOf(frame, i))
    return
  }
  // Anyone may write to it while the operand waits, so the operand counts for itself.
  frame.helper(frame.code.get(frame.fp).mem("i64_load", frame.layout.slot(i)), "dup")
  frame.pushBoxed(ANY)
}

/** A local read before its declaration: the interpreter throws at this very instruction. */
function checkInitialized(frame: Frame, i: number): void {
  const local = frame.state.locals[i]!
  if ((local.type & T.UNINITIALIZED) === 0) return
  if (local.rep === "const") {
    exit(frame)
    return
  }
  isUninitialized(frame, () => frame.boxed(valOf(frame, i)))
  frame.code.if()
  exit(frame)
  frame.code.end()
  if (!frame.isCaptured(i)) frame.state.locals[i] = { ...local, type: local.type & ~T.UNINITIALIZED }
}

function isUninitialized(frame: Frame, boxed: () => void): void {
  boxed()
  frame.code.i64(UNINITIALIZED).op(op.i64_eq)
}

export function emitPutLocal(frame: Frame, opcode: OpcodeOf<"putLocal">): void {
  const i = localIndex(frame)
  if (opcode === "put_loc_check") checkInitialized(frame, i)
  if (opcode === "put_loc_check_init") {
    // Only `this` of a derived constructor, which can be initialised once.
    const local = frame.state.locals[i]!
    if (local.type !== T.UNINITIALIZED) {
      isUninitialized(frame, () => frame.boxed(valOf(frame, i)))
      frame.code.op(op.i32_eqz).if()
      exit(frame)
      frame.code.end()
    }
  }
  setLocal(frame, i, frame.pop())
}

export function emitSetLocal(frame: Frame): void {
  const i = localIndex(frame)
  const v = frame.pop()
  if (frame.isCaptured(i)) {
    const kept = frame.copy(v)
    setLocal(frame, i, v)
    frame.push(kept)
  } else {
    setLocal(frame, i, v)
    frame.push(valOf(frame, i))
  }
}

export function emitUninitialized(frame: Frame): void {
  setLocal(frame, localIndex(frame), { rep: "const", value: UNINITIALIZED, type: T.UNINITIALIZED, own: false })
}

/**
 * The end of a scope: closures that captured the variable keep it as it is. Without such closures there is nothing to
 * do.
 */
export function emitCloseLocal(frame: Frame): void {
  const i = localIndex(frame)
  const { args, vars, argCount } = frame.info
  const variable = i < argCount ? args[i]! : vars[i - argCount]!
  const { code: c } = frame
  flush(frame)
  c.get(frame.fp).mem("i32_load", frame.layout.varRef(variable.varRefIndex)).if()
  callStep(frame, frame.depth)
  c.end()
}

/** `-> address`: where captured variable `index` of this closure has its value now. */
function varRefAddress(frame: Frame): void {
  const { operands } = frame.instruction
  if (operands.kind !== "var_ref") throw new Error(`${frame.instruction.opcode} names no captured variable`)
  frame.code.get(1).op(op.i32_wrap_i64).mem("i32_load", JSObject.var_refs)
  frame.code.mem("i32_load", 4 * operands.index).mem("i32_load", JSVarRef.pvalue)
}

export function emitGetVarRef(frame: Frame, opcode: OpcodeOf<"getVarRef">): void {
  const { code: c } = frame
  if (frame.mode.kind === "kernel") {
    frame.push(selfValue)
    return
  }
  varRefAddress(frame)
  c.mem("i64_load", 0)
  if (opcode === "get_var_ref_check") {
    const w = frame.temp(I64)
    c.set(w)
    isUninitialized(frame, () => c.get(w))
    c.if()
    exit(frame)
    c.end().get(w)
    frame.release(w)
  }
  frame.helper(c, "dup")
  frame.pushBoxed(ANY)
}

export function emitPutVarRef(frame: Frame, opcode: OpcodeOf<"putVarRef">): void {
  const { code: c } = frame
  const address = frame.temp(I32)
  varRefAddress(frame)
  c.set(address)
  if (opcode === "put_var_ref_check" || opcode === "put_var_ref_check_init") {
    isUninitialized(frame, () => c.get(address).mem("i64_load", 0))
    if (opcode === "put_var_ref_check_init") c.op(op.i32_eqz)
    c.if()
    exit(frame)
    c.end()
  }
  replaceAt(frame, address, frame.pop())
}

export function emitSetVarRef(frame: Frame): void {
  const address = frame.temp(I32)
  varRefAddress(frame)
  frame.code.set(address)
  const v = frame.pop()
  frame.push(frame.copy(v))
  replaceAt(frame, address, v)
}

function replaceAt(frame: Frame, address: number, v: Val): void {
  frame.code.get(address)
  frame.helper(frame.owned(v), "replace")
  frame.release(address)
}

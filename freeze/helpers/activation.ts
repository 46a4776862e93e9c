// Helpers that make frames, call functions, and hand a frame to the interpreter: for one instruction (a step) or for
// good (an exit).
import { JSClassID, JSContext, JSFunctionBytecode, JSObject, JSRuntime } from "../../engine/abi.ts"
import { nativePerShadow } from "../../engine/edit/nativestack.ts"
import { words } from "../../engine/words.ts"
import { I32, I64, op, type Code } from "../../wasm/code.ts"
import { EXCEPTION, UNDEFINED } from "../types.ts"
import { addCount, isCounted, isException } from "./counts.ts"
import {
  call,
  callEngine,
  callType,
  CALL_TYPE_INDEX,
  param,
  STACK_POINTER,
  type RuntimeAddresses,
} from "./signatures.ts"
import { FrozenFrame } from "./slots.ts"

/** Make a frame and link it: `-> frame`, or 0 with an exception. */
export function writeEnter(c: Code, a: RuntimeAddresses): void {
  const fp = c.local(I32)
  checkEntry(c, a, shape.size, fp, 0)
  makeFrame(c, a, fp)
}

/** The first half of it, for lean functions: `-> 0`, or 1 with an exception. */
export function writeMayEnter(c: Code, a: RuntimeAddresses): void {
  const fp = c.local(I32)
  checkEntry(c, a, 1, fp, 1)
  c.i32(0)
}

/** The second half: the frame that there is, given last, or a new one. */
export function writeNeedFrame(c: Code, a: RuntimeAddresses): void {
  const fp = 10
  c.get(fp).if()
  c.get(fp).op(op.return).end()
  c.getGlobal(STACK_POINTER).get(shape.size).op(op.i32_sub).set(fp)
  makeFrame(c, a, fp)
}

/** JS_CallInternal, with a short way to frozen functions. */
export function writeCallFunction(c: Code): void {
  const func = 1
  const p = c.local(I32)
  const other = c.block()
  c.get(func).i64(32n).op(op.i64_shr_u).i64(0xffff_ffffn).op(op.i64_ne).brIf(other)
  c.get(func).op(op.i32_wrap_i64).tee(p).mem("i32_load16_u", JSObject.class_id)
  c.i32(JSClassID.BYTECODE_FUNCTION).op(op.i32_ne).brIf(other)
  c.get(p).mem("i32_load", JSObject.function_bytecode).mem("i32_load16_u", JSFunctionBytecode.unused).tee(p)
  c.op(op.i32_eqz).brIf(other)
  for (let i = 0; i < callType.params.length; i++) c.get(i)
  c.get(p).callIndirect(CALL_TYPE_INDEX).op(op.return).end()
  for (let i = 0; i < callType.params.length; i++) c.get(i)
  callEngine(c, "JS_CallInternal")
}

/** (frame, end of its operands): the activation is over, and so is what its frame holds. */
export function writeAbandon(c: Code, a: RuntimeAddresses): void {
  callEngine(c.i32(a.runtime).get(0).i32(FrozenFrame.frame).op(op.i32_add), "close_var_refs")
  call(c.get(0).i32(FrozenFrame.slots).op(op.i32_add).get(1), "freeRange")
}

/** The interpreter executes the instruction at a stub: `-> 0` to go on, 1 when the activation is over. */
export function writeStep(c: Code, a: RuntimeAddresses): void {
  const result = c.local(I64)
  c.get(0).get(2).op(op.i32_add).set(2)
  resume(c, a, 0, 1, 2, () => c.i32(0)).set(result)
  c.get(0).mem("i32_load", FrozenFrame.curSp).if()
  isException(c.get(result)).op(op.i32_eqz).if()
  c.i32(a.runtime).get(0).i32(FrozenFrame.frame).op(op.i32_add).mem("i32_store", JSRuntime.current_stack_frame)
  c.i32(0).op(op.return).end()
  call(c.get(0).get(2), "abandon").end()
  c.get(0).get(result).mem("i64_store", FrozenFrame.result).i32(1)
}

/** The interpreter goes on at `pc` for good. */
export function writeExit(c: Code, a: RuntimeAddresses): void {
  const result = c.local(I64)
  c.get(0).get(2).op(op.i32_add).set(2)
  resume(c, a, 0, 1, 2, () => c.get(3)).set(result)
  c.get(0).mem("i32_load", FrozenFrame.curSp).if()
  call(c.get(0).get(2), "abandon").i64(EXCEPTION).set(result).end()
  c.get(0).get(result).mem("i64_store", FrozenFrame.result)
}

/** exit with the exception that the engine holds, at `cur_pc`. */
export function writeThrowOut(c: Code): void {
  call(c.get(0).get(0).mem("i32_load", FrozenFrame.curPc).get(1).i32(1), "exit")
}

/**
 * What every call does first: count down to the interrupt handler, and look at both stacks. Returns `failed` with an
 * exception. Sets `fp`.
 */
function checkEntry(c: Code, a: RuntimeAddresses, size: number, fp: number, failed: number): void {
  const ctx = 0
  const left = c.local(I32)
  // js_poll_interrupts(ctx), its common case inline
  c.get(ctx).mem("i32_load", JSContext.interrupt_counter).tee(left).i32(1).op(op.i32_le_s).if()
  callEngine(c.get(ctx), "js_poll_interrupts").if()
  c.i32(failed).op(op.return).end()
  c.else().get(ctx).get(left).i32(1).op(op.i32_sub).mem("i32_store", JSContext.interrupt_counter).end()
  c.getGlobal(STACK_POINTER).get(size).op(op.i32_sub).tee(fp)
  c.i32(a.runtime).mem("i32_load", JSRuntime.stack_limit).op(op.i32_lt_u)
  if (a.countsNativeStack) {
    c.i32(0).mem("i32_load", words.nativeStackUsed).i32(0).mem("i32_load", words.shadowStackBase).get(fp)
    c.op(op.i32_sub).i32(Math.log2(nativePerShadow)).op(op.i32_shl, op.i32_add)
    c.i32(0).mem("i32_load", words.nativeStackLimit).op(op.i32_gt_u, op.i32_or)
  }
  c.if()
  callEngine(c.get(ctx), "JS_ThrowStackOverflow").i32(failed).op(op.return).end()
}

/**
 * Parameters of `enter` and `needFrame` behind those of the function: the frame's size, and what countsOf and varsOf
 * say.
 */
const shape = { size: 7, counts: 8, vars: 9 } as const

/** Wasm locals of makeFrame. */
interface Making {
  fp: number
  /** How often a loop is still to run. */
  left: number
  /** Address of what is filled in next. */
  slot: number
  pointer: number
  value: number
}

/** Fill in the frame at `fp` and link it; leaves `fp`. The parameters are those of `enter`. */
function makeFrame(c: Code, a: RuntimeAddresses, fp: number): void {
  const [left, slot, pointer] = [c.local(I32), c.local(I32), c.local(I32)]
  const making = { fp, left, slot, pointer, value: c.local(I64) }
  c.get(fp).setGlobal(STACK_POINTER)
  fillState(c, fp)
  copyArguments(c, making)
  clearVariables(c, making)
  clearVarRefs(c, making)
  c.get(fp).i32(a.runtime).mem("i32_load", JSRuntime.current_stack_frame).mem("i32_store", FrozenFrame.prevFrame)
  c.i32(a.runtime).get(fp).i32(FrozenFrame.frame).op(op.i32_add).mem("i32_store", JSRuntime.current_stack_frame)
  c.get(fp)
}

/** The JSAsyncFunctionState, the JSStackFrame in it, and ours. */
function fillState(c: Code, fp: number): void {
  c.get(fp).get(param.this).mem("i64_store", FrozenFrame.this)
  c.get(fp).get(param.argc).mem("i32_store", FrozenFrame.argc)
  c.get(fp).get(param.func).mem("i64_store", FrozenFrame.curFunc)
  c.get(fp).get(param.newTarget).mem("i64_store", FrozenFrame.newTarget)
  c.get(fp).get(param.argv).mem("i32_store", FrozenFrame.argv)
  c.get(fp).get(param.context).mem("i32_store", FrozenFrame.context)
  c.get(fp).get(shape.counts).mem("i32_store", FrozenFrame.counts)
  c.get(fp).get(shape.vars).i32(16).op(op.i32_shr_u).i32(1).op(op.i32_and)
  c.get(param.flags).i32(1).op(op.i32_and).i32(8).op(op.i32_shl, op.i32_or)
  c.mem("i32_store16", FrozenFrame.modes)
  c.get(fp).i64(0n).mem("i64_store", FrozenFrame.curSp) // and cur_gc_obj
  c.get(fp).i32(0).mem("i32_store", FrozenFrame.curPc)
}

/** `left ->`: `first`, and then the body as often as that says; nothing when it is 0. */
function repeat(c: Code, left: number, body: () => void, first: () => void = () => {}): void {
  c.tee(left).if()
  first()
  const again = c.loop()
  body()
  c.get(left).i32(1).op(op.i32_sub).tee(left).brIf(again).end().end()
}

/** Copies that the frame owns, undefined where the caller has none. */
function copyArguments(c: Code, { fp, left, slot, pointer, value }: Making): void {
  const { argc, argv } = param
  c.get(fp).i32(FrozenFrame.slots).op(op.i32_add).set(slot)
  c.get(fp).get(slot).mem("i32_store", FrozenFrame.argBuf)
  repeat(c.get(shape.counts).i32(16).op(op.i32_shr_u), left, () => {
    c.i64(UNDEFINED).set(value)
    c.get(argc).i32(0).op(op.i32_gt_s).if()
    isCounted(c.get(argv).mem("i64_load", 0).tee(value)).if()
    c.get(value).op(op.i32_wrap_i64).set(pointer)
    addCount(c, pointer, 1).end().end()
    c.get(slot).get(value).mem("i64_store", 0)
    c.get(slot).i32(8).op(op.i32_add).set(slot).get(argv).i32(8).op(op.i32_add).set(argv)
    c.get(argc).i32(1).op(op.i32_sub).set(argc)
  })
}

function clearVariables(c: Code, { fp, left, slot }: Making): void {
  c.get(fp).get(slot).mem("i32_store", FrozenFrame.varBuf)
  repeat(c.get(shape.vars).i32(0xffff).op(op.i32_and), left, () => {
    c.get(slot).i64(UNDEFINED).mem("i64_store", 0)
    c.get(slot).i32(8).op(op.i32_add).set(slot)
  })
}

/** They lie behind the operands. */
function clearVarRefs(c: Code, { fp, left, slot }: Making): void {
  const first = () => {
    c.get(fp).get(slot).get(shape.vars).i32(17).op(op.i32_shr_u).i32(3).op(op.i32_shl, op.i32_add).tee(slot)
    c.mem("i32_store", FrozenFrame.varRefs)
  }
  const clear = () => {
    c.get(slot).i32(0).mem("i32_store", 0)
    c.get(slot).i32(4).op(op.i32_add).set(slot)
  }
  repeat(c.get(shape.counts).i32(0xffff).op(op.i32_and), left, clear, first)
}

/**
 * Hand the frame to the interpreter at `pc` with the operands below `sp`: `-> result`. The frame must be linked; it is
 * not afterwards.
 */
function resume(c: Code, a: RuntimeAddresses, fp: number, pc: number, sp: number, throwFlag: () => Code): Code {
  c.i32(a.runtime).get(fp).mem("i32_load", FrozenFrame.prevFrame).mem("i32_store", JSRuntime.current_stack_frame)
  c.get(fp).get(pc).mem("i32_store", FrozenFrame.curPc)
  c.get(fp).get(sp).mem("i32_store", FrozenFrame.curSp)
  c.get(fp)
  throwFlag().mem("i32_store8", FrozenFrame.throwFlag)
  c.get(fp).mem("i32_load", FrozenFrame.context)
  c.get(fp).op(op.i64_extend_i32_u)
  c.get(fp).mem("i64_load", FrozenFrame.this).get(fp).mem("i64_load", FrozenFrame.newTarget)
  c.get(fp).mem("i32_load", FrozenFrame.argc).get(fp).mem("i32_load", FrozenFrame.argv)
  return callEngine(c.i32(4), "JS_CallInternal")
}

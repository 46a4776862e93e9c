// Helpers that make frames, call functions, and hand a frame to the interpreter: for one instruction (a step) or for good (an exit).
import { JSClassID, JSContext, JSFunctionBytecode, JSObject, JSRuntime } from "../../engine/abi.ts"
import { nativePerShadow } from "../../engine/edit/nativestack.ts"
import { words } from "../../engine/words.ts"
import { EXCEPTION, UNDEFINED } from "../types.ts"
import { I32, I64, op, type Code } from "../../wasm/code.ts"
import { addCount, isCounted, isException } from "./counts.ts"
import { call, callEngine, callType, CALL_TYPE_INDEX, STACK_POINTER, type RuntimeAddresses } from "./signatures.ts"
import { at } from "./slots.ts"

/** Make a frame and link it: `-> frame`, or 0 with an exception. */
export function writeEnter(c: Code, a: RuntimeAddresses): void {
  const size = 7
  const fp = c.local(I32)
  checkEntry(c, a, size, fp, 0)
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
  const [size, fp] = [7, 10]
  c.get(fp).if()
  c.get(fp).op(op.return).end()
  c.getGlobal(STACK_POINTER).get(size).op(op.i32_sub).set(fp)
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
  callEngine(c.i32(a.runtime).get(0).i32(at.frame).op(op.i32_add), "close_var_refs")
  call(c.get(0).i32(at.slots).op(op.i32_add).get(1), "freeRange")
}

/** The interpreter executes the instruction at a stub: `-> 0` to go on, 1 when the activation is over. */
export function writeStep(c: Code, a: RuntimeAddresses): void {
  const result = c.local(I64)
  c.get(0).get(2).op(op.i32_add).set(2)
  resume(c, a, 0, 1, 2, () => c.i32(0)).set(result)
  c.get(0).mem("i32_load", at.curSp).if()
  isException(c.get(result)).op(op.i32_eqz).if()
  c.i32(a.runtime).get(0).i32(at.frame).op(op.i32_add).mem("i32_store", JSRuntime.current_stack_frame)
  c.i32(0).op(op.return).end()
  call(c.get(0).get(2), "abandon").end()
  c.get(0).get(result).mem("i64_store", at.result).i32(1)
}

/** The interpreter goes on at `pc` for good. */
export function writeExit(c: Code, a: RuntimeAddresses): void {
  const result = c.local(I64)
  c.get(0).get(2).op(op.i32_add).set(2)
  resume(c, a, 0, 1, 2, () => c.get(3)).set(result)
  c.get(0).mem("i32_load", at.curSp).if()
  call(c.get(0).get(2), "abandon").i64(EXCEPTION).set(result).end()
  c.get(0).get(result).mem("i64_store", at.result)
}

/** exit with the exception that the engine holds, at `cur_pc`. */
export function writeThrowOut(c: Code): void {
  call(c.get(0).get(0).mem("i32_load", at.curPc).get(1).i32(1), "exit")
}

/** What every call does first: count down to the interrupt handler, and look at both stacks. Returns `failed` with an exception. Sets `fp`. */
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

/** Fill in the frame at `fp` and link it; leaves `fp`. The parameters are those of `enter`. */
function makeFrame(c: Code, a: RuntimeAddresses, fp: number): void {
  const [ctx, func, self, newTarget, argc, argv, flags, counts, vars] = [0, 1, 2, 3, 4, 5, 6, 8, 9]
  const [left, slot, pointer] = [c.local(I32), c.local(I32), c.local(I32)]
  const value = c.local(I64)
  c.get(fp).setGlobal(STACK_POINTER)
  // the state and the frame
  c.get(fp).get(self).mem("i64_store", at.this)
  c.get(fp).get(argc).mem("i32_store", at.argc)
  c.get(fp).get(func).mem("i64_store", at.curFunc)
  c.get(fp).get(newTarget).mem("i64_store", at.newTarget)
  c.get(fp).get(argv).mem("i32_store", at.argv)
  c.get(fp).get(ctx).mem("i32_store", at.context)
  c.get(fp).get(counts).mem("i32_store", at.counts)
  c.get(fp).get(vars).i32(16).op(op.i32_shr_u).i32(1).op(op.i32_and)
  c.get(flags).i32(1).op(op.i32_and).i32(8).op(op.i32_shl, op.i32_or)
  c.mem("i32_store16", at.modes)
  c.get(fp).i64(0n).mem("i64_store", at.curSp) // and cur_gc_obj
  c.get(fp).i32(0).mem("i32_store", at.curPc)
  // arguments: copies that the frame owns
  c.get(fp).i32(at.slots).op(op.i32_add).set(slot)
  c.get(fp).get(slot).mem("i32_store", at.argBuf)
  c.get(counts).i32(16).op(op.i32_shr_u).tee(left).if()
  c.loop()
  c.i64(UNDEFINED).set(value)
  c.get(argc).i32(0).op(op.i32_gt_s).if()
  isCounted(c.get(argv).mem("i64_load", 0).tee(value)).if()
  c.get(value).op(op.i32_wrap_i64).set(pointer)
  addCount(c, pointer, 1).end().end()
  c.get(slot).get(value).mem("i64_store", 0)
  c.get(slot).i32(8).op(op.i32_add).set(slot).get(argv).i32(8).op(op.i32_add).set(argv)
  c.get(argc).i32(1).op(op.i32_sub).set(argc)
  c.get(left)
    .i32(1)
    .op(op.i32_sub)
    .tee(left)
    .brIf(c.height - 1)
    .end()
    .end()
  // variables
  c.get(fp).get(slot).mem("i32_store", at.varBuf)
  c.get(vars).i32(0xffff).op(op.i32_and).tee(left).if()
  c.loop()
  c.get(slot).i64(UNDEFINED).mem("i64_store", 0)
  c.get(slot).i32(8).op(op.i32_add).set(slot)
  c.get(left)
    .i32(1)
    .op(op.i32_sub)
    .tee(left)
    .brIf(c.height - 1)
    .end()
    .end()
  // var_refs, behind the operands
  c.get(counts).i32(0xffff).op(op.i32_and).tee(left).if()
  c.get(fp).get(slot).get(vars).i32(17).op(op.i32_shr_u).i32(3).op(op.i32_shl, op.i32_add).tee(slot)
  c.mem("i32_store", at.varRefs)
  c.loop()
  c.get(slot).i32(0).mem("i32_store", 0)
  c.get(slot).i32(4).op(op.i32_add).set(slot)
  c.get(left)
    .i32(1)
    .op(op.i32_sub)
    .tee(left)
    .brIf(c.height - 1)
    .end()
    .end()
  // link
  c.get(fp).i32(a.runtime).mem("i32_load", JSRuntime.current_stack_frame).mem("i32_store", at.prevFrame)
  c.i32(a.runtime).get(fp).i32(at.frame).op(op.i32_add).mem("i32_store", JSRuntime.current_stack_frame)
  c.get(fp)
}

/** Hand the frame to the interpreter at `pc` with the operands below `sp`: `-> result`. The frame must be linked; it is not afterwards. */
function resume(c: Code, a: RuntimeAddresses, fp: number, pc: number, sp: number, throwFlag: () => Code): Code {
  c.i32(a.runtime).get(fp).mem("i32_load", at.prevFrame).mem("i32_store", JSRuntime.current_stack_frame)
  c.get(fp).get(pc).mem("i32_store", at.curPc)
  c.get(fp).get(sp).mem("i32_store", at.curSp)
  c.get(fp)
  throwFlag().mem("i32_store8", at.throwFlag)
  c.get(fp).mem("i32_load", at.context)
  c.get(fp).op(op.i64_extend_i32_u)
  c.get(fp).mem("i64_load", at.this).get(fp).mem("i64_load", at.newTarget)
  c.get(fp).mem("i32_load", at.argc).get(fp).mem("i32_load", at.argv)
  return callEngine(c.i32(4), "JS_CallInternal")
}

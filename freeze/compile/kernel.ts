// The code around a kernel (flow/pure.ts): how it begins, and how the ordinary function tries it first.
import { JSContext, JSObject, JSRuntime, JSVarRef } from "../../engine/abi.ts"
import { nativePerShadow } from "../../engine/edit/nativestack.ts"
import { words } from "../../engine/words.ts"
import type { Pointer } from "../../engine/live.ts"
import { I32, I64, op, type Code, type Signature } from "../../wasm/code.ts"
import type { SelfVariable } from "../flow/pure.ts"
import { GAVE_UP, INTERRUPTED, type Kernel } from "../frame/mode.ts"
import type { FunctionInfo } from "../function.ts"
import { helperIndex, importIndex, param, STACK_POINTER, type RuntimeAddresses } from "../helpers/signatures.ts"
import { EXCEPTION, UNDEFINED } from "../types.ts"

/** Calls of a kernel that may give up before it is not tried again. */
const MAX_FAILURES = 20

export function kernelType(info: FunctionInfo): Signature {
  return { params: new Array<typeof I32>(info.argCount + 1).fill(I32), results: [I64] }
}

/** At the start of a kernel: give up when no level is left; every eighth level counts down to the interrupt handler. */
export function kernelPrologue(c: Code, kernel: Kernel, realm: number): void {
  const left = c.local(I32)
  // With a few levels in place of each call there is no need to skip any.
  c.get(kernel.levels)
    .i32(kernel.inline > 0 ? 0 : 7)
    .op(op.i32_and, op.i32_eqz)
    .if()
  c.get(kernel.levels).i32(0).op(op.i32_le_s).if()
  c.i64(GAVE_UP).op(op.return).end()
  c.i32(realm).i32(realm).mem("i32_load", JSContext.interrupt_counter).i32(1).op(op.i32_sub).tee(left)
  c.mem("i32_store", JSContext.interrupt_counter)
  c.get(left).i32(0).op(op.i32_le_s).if()
  c.i32(realm).call(importIndex("js_poll_interrupts")).if()
  c.i64(INTERRUPTED).op(op.return).end().end().end()
}

/** What the ordinary function must know of its kernel. */
export interface KernelCall {
  /** Function index of the kernel. */
  index: number
  self: SelfVariable
  /** Native stack that a level takes, in bytes. */
  levelBytes: number
  /** Address of a count of the times that it gave up. */
  failures: Pointer
}

/**
 * At the start of the ordinary function: when everything is as the kernel wants it, call it and return what it returns.
 */
export function tryKernel(c: Code, info: FunctionInfo, kernel: KernelCall, a: RuntimeAddresses): void {
  const { failures } = kernel
  const { func, newTarget, argc, argv } = param
  const result = c.local(I64)
  const no = c.block()
  c.i32(failures).mem("i32_load", 0).i32(MAX_FAILURES).op(op.i32_gt_u).brIf(no)
  c.get(argc).i32(info.argCount).op(op.i32_lt_s).brIf(no)
  for (let i = 0; i < info.argCount; i++) {
    c.get(argv).mem("i64_load", 8 * i)
    if (i > 0) c.op(op.i64_or)
  }
  c.i64(0xffff_ffffn).op(op.i64_gt_u).brIf(no)
  c.get(newTarget).i64(UNDEFINED).op(op.i64_ne).brIf(no)
  if ("captured" in kernel.self) {
    c.get(func)
      .op(op.i32_wrap_i64)
      .mem("i32_load", JSObject.var_refs)
      .mem("i32_load", 4 * kernel.self.captured)
    c.mem("i32_load", JSVarRef.pvalue).mem("i64_load", 0)
  } else {
    c.i32(info.realm).i32(kernel.self.global).call(helperIndex("getGlobal")).tee(result).call(helperIndex("free"))
    c.get(result)
  }
  c.get(func).op(op.i64_ne).brIf(no)
  for (let i = 0; i < info.argCount; i++) c.get(argv).mem("i32_load", 8 * i)
  levelsLeft(c, a, kernel.levelBytes)
  c.call(kernel.index).tee(result).op(op.i64_extend32_s).get(result).op(op.i64_eq).if()
  c.get(result).i64(0xffff_ffffn).op(op.i64_and, op.return).end()
  c.get(result).i64(INTERRUPTED).op(op.i64_eq).if()
  c.i64(EXCEPTION).op(op.return).end()
  c.i32(failures).i32(failures).mem("i32_load", 0).i32(1).op(op.i32_add).mem("i32_store", 0)
  c.end()
}

/** `-> i32`: levels that the native stack has room for. */
function levelsLeft(c: Code, a: RuntimeAddresses, levelBytes: number): void {
  if (a.countsNativeStack) {
    c.i32(0).mem("i32_load", words.nativeStackLimit).i32(0).mem("i32_load", words.nativeStackUsed).op(op.i32_sub)
    c.i32(0).mem("i32_load", words.shadowStackBase).getGlobal(STACK_POINTER).op(op.i32_sub)
    c.i32(Math.log2(nativePerShadow)).op(op.i32_shl, op.i32_sub)
  } else {
    c.getGlobal(STACK_POINTER).i32(a.runtime).mem("i32_load", JSRuntime.stack_limit).op(op.i32_sub)
  }
  c.i32(levelBytes).op(op.i32_div_s)
}

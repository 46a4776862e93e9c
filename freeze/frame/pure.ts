// Kernels: a function of ints that calls nothing but itself, as plain WebAssembly with int parameters.
//
//     function fib(n) { if (n < 2) return n; return fib(n - 1) + fib(n - 2) }     ->     (i32 n, i32 left) -> i64
//
// Such a function changes nothing before it returns, so whatever is not as assumed (a result that is no int, recursion deeper than `left`)
// can be met by giving up: the kernel returns GAVE_UP through all its levels, and the function runs again from its start, frozen in
// the ordinary way. The result is an int, sign-extended; what is no int has another meaning.
import { JSContext, JSObject, JSRuntime, JSVarRef } from "../../engine/abi.ts"
import { nativePerShadow, words } from "../../engine/edit/edits.ts"
import type { FlowGraph } from "../flow/blocks.ts"
import type { Frame, Val } from "./frame.ts"
import type { Atom, FunctionInfo } from "../function.ts"
import { patternOf } from "../patterns.ts"
import { helperIndex, importIndex, STACK_POINTER, type RuntimeAddresses } from "../helpers/signatures.ts"
import type { Structure } from "../flow/structure.ts"
import { EXCEPTION, T, UNDEFINED, UNINITIALIZED } from "../types.ts"
import { I32, I64, op, type Code, type Signature } from "../../wasm/code.ts"

/** The kernel cannot go on; nothing has happened. */
export const GAVE_UP = 1n << 40n
/** The interrupt handler has thrown. */
export const INTERRUPTED = 1n << 41n

/** Calls of a kernel that may give up before it is not tried again. */
const MAX_FAILURES = 20

/** The variable that holds the function itself: a captured one by its index, or a global one. */
export type SelfVariable = { captured: number } | { global: Atom }

/** What a kernel being written knows of itself; a Frame with one is pure. */
export interface Kernel {
  /** Function index of the kernel. */
  index: number
  self: SelfVariable
  /** Wasm local: levels left. */
  left: number
  /** Levels of calls that are still to be written in place of the call. */
  inline: number
  /** Native stack that a level takes, in bytes. */
  levelBytes: number
  /** Set in a body that is written in place of a call. */
  inlined?: { code: Code; args: number[]; result: number; end: number }
  /** Writes the function once more, in place of a call. */
  writeInlined?: (inlined: NonNullable<Kernel["inlined"]>) => void
}

/** Wasm of a kernel with calls written in place is at most so large, in bytes. */
export const maxInlinedBytes = 2500

/** Thrown when a function turns out not to be what a kernel can be. */
export class NotPure extends Error {}

/** The captured variable that a function calls itself by, when it could have a kernel at all; undefined otherwise. */
export function selfVariable(info: FunctionInfo, graph: FlowGraph, structure: Structure): SelfVariable | undefined {
  if (info.varRefCount > 0 || info.argCount === 0 || info.argCount > 6 || info.isDerivedClassConstructor)
    return undefined
  if (structure.isLoop.some((isLoop) => isLoop)) return undefined
  let self: SelfVariable | undefined
  for (const { opcode, operands } of graph.instructions) {
    if (!patternOf(opcode).kernel) return undefined
    let found: SelfVariable
    if (operands.kind === "var_ref") found = { captured: operands.index }
    else if (operands.kind === "atom") found = { global: operands.name.atom }
    else continue
    if (self !== undefined && JSON.stringify(self) !== JSON.stringify(found)) return undefined
    self = found
  }
  return self
}

export function kernelType(info: FunctionInfo): Signature {
  return { params: new Array<typeof I32>(info.argCount + 1).fill(I32), results: [I64] }
}

/** The function itself as an operand: only to be called. */
export const selfValue: Val = { rep: "const", value: UNINITIALIZED, type: T.OBJECT, own: false }

/** At the start of a kernel: give up when no level is left; every eighth level counts down to the interrupt handler. */
export function kernelPrologue(c: Code, kernel: Kernel, realm: number): void {
  const left = c.local(I32)
  // With a few levels in place of each call there is no need to skip any.
  c.get(kernel.left)
    .i32(kernel.inline > 0 ? 0 : 7)
    .op(op.i32_and, op.i32_eqz)
    .if()
  c.get(kernel.left).i32(0).op(op.i32_le_s).if()
  c.i64(GAVE_UP).op(op.return).end()
  c.i32(realm).i32(realm).mem("i32_load", JSContext.interrupt_counter).i32(1).op(op.i32_sub).tee(left)
  c.mem("i32_store", JSContext.interrupt_counter)
  c.get(left).i32(0).op(op.i32_le_s).if()
  c.i32(realm).call(importIndex("js_poll_interrupts")).if()
  c.i64(INTERRUPTED).op(op.return).end().end().end()
}

/** `self args -> int` inside the kernel. */
export function callSelf(frame: Frame, kernel: Kernel, args: readonly Val[]): void {
  const { code: c } = frame
  if (args.length !== frame.info.argCount) throw new NotPure()
  if (args.some((v) => v.type !== T.INT)) throw new NotPure()
  if (kernel.inline > 0 && kernel.writeInlined) {
    callInPlace(frame, kernel.writeInlined, args)
    return
  }
  for (const v of args) frame.int(v)
  for (const v of args) frame.forget(v)
  const result = frame.temp(I64)
  c.get(kernel.left).i32(1).op(op.i32_sub).call(kernel.index).tee(result).op(op.i64_extend32_s)
  c.get(result).op(op.i64_ne).if()
  c.get(result).op(op.return).end()
  c.get(result).op(op.i32_wrap_i64)
  frame.release(result)
  frame.pushUnboxed("i32")
}

function callInPlace(frame: Frame, write: NonNullable<Kernel["writeInlined"]>, args: readonly Val[]): void {
  const { code: c } = frame
  const locals = args.map((v) => {
    const w = c.local(I32)
    frame.int(v).set(w)
    return w
  })
  for (const v of args) frame.forget(v)
  const result = c.local(I32)
  const end = c.block()
  write({ code: c, args: locals, result, end })
  c.op(op.unreachable).end().get(result)
  frame.pushUnboxed("i32")
}

/**
 * At the start of the ordinary function: when everything is as the kernel wants it, call it and return what it returns. `failures` is the
 * address of a count of the times that it gave up.
 */
export function tryKernel(c: Code, info: FunctionInfo, kernel: Kernel, failures: number, a: RuntimeAddresses): void {
  const [func, newTarget, argc, argv] = [1, 3, 4, 5]
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

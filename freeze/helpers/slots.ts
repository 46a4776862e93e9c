// The frame of a frozen function, on the shadow stack.
//
//      0  JSAsyncFunctionState: what the interpreter needs to take the activation over
//     64  ours: the result of a step or an exit, and the original new_target, argv and context; two values of scratch
//    104  arguments, variables and operands, 8 bytes each, contiguous: the interpreter addresses one by the other
//     ..  the frame's var_refs, 4 bytes each
//
// The frame stays at one address for the whole activation, since open JSVarRefs point into it.
import { JSAsyncFunctionState, JSStackFrame } from "../../engine/abi.ts"
import { nativePerShadow } from "../../engine/edit/nativestack.ts"
import { I32, type Code } from "../../wasm/code.ts"
import type { FunctionInfo } from "../function.ts"

const frame = JSAsyncFunctionState.frame

/** Offsets from the frame's address, in bytes. */
export const FrozenFrame = {
  this: JSAsyncFunctionState.this_val,
  argc: JSAsyncFunctionState.argc,
  throwFlag: JSAsyncFunctionState.throw_flag,
  /** The JSStackFrame. */
  frame,
  prevFrame: frame + JSStackFrame.prev_frame,
  curFunc: frame + JSStackFrame.cur_func,
  argBuf: frame + JSStackFrame.arg_buf,
  varBuf: frame + JSStackFrame.var_buf,
  varRefs: frame + JSStackFrame.var_refs,
  curPc: frame + JSStackFrame.cur_pc,
  /** var_ref_count and arg_count, one u32. */
  counts: frame + JSStackFrame.var_ref_count,
  /** is_strict_mode and is_constructor, one u16. */
  modes: frame + JSStackFrame.is_strict_mode,
  curSp: frame + JSStackFrame.cur_sp,
  curGcObj: frame + JSStackFrame.cur_gc_obj,
  result: 64,
  newTarget: 72,
  argv: 80,
  context: 84,
  /** Two values for functions of the engine that take their operands from memory. */
  scratch: 88,
  slots: 104,
} as const

/** What is different from function to function. Sizes and offsets in bytes. */
export interface FrameLayout {
  /** The frame reaches as far as this, and may be larger (frameSize). */
  leastSize: number
  /** Offset of local `index`; arguments come first. */
  slot(index: number): number
  /** Offset of the operand at a depth. */
  operand(depth: number): number
  varRef(index: number): number
}

export function layoutOf(info: FunctionInfo): FrameLayout {
  const locals = info.argCount + info.varCount
  const varRefs = FrozenFrame.slots + 8 * (locals + info.stackSize)
  return {
    leastSize: varRefs + 4 * info.varRefCount,
    slot: (index) => FrozenFrame.slots + 8 * index,
    operand: (depth) => FrozenFrame.slots + 8 * (locals + depth),
    varRef: (index) => varRefs + 4 * index,
  }
}

/** Values on the wasm stack while a helper is called, beside the function's own operands. */
const passing = 16
/**
 * The most that was seen is a byte of stack for 17 bytes of wasm (`--no-liftoff`, V8 11), in loop bodies that read
 * hundreds of elements.
 */
const wasmBytesPerStackByte = 16

/**
 * Bytes of native stack that an activation is taken to use, at most. V8's baseline compiler gives every parameter, wasm
 * local and operand a slot of its size. Its optimising compiler has slots only for what is live across a call, but it
 * puts arithmetic off until the result is needed, and then much is live: that grows with the function.
 */
export function nativeFrame(info: FunctionInfo, code: Code): number {
  const locals = code.locals.reduce((sum, type) => sum + (type === I32 ? 4 : 8), 8 * code.params)
  return 64 + locals + 8 * (info.stackSize + passing) + Math.ceil(code.length / wasmBytesPerStackByte)
}

/**
 * The engine counts native stack by the shadow stack, so the frame there is made large enough to stand for `native`
 * bytes.
 */
export function frameSize(layout: FrameLayout, native: number): number {
  return (Math.max(layout.leastSize, native / nativePerShadow) + 15) & -16
}

/** What the helpers that make a frame are told of a function, in two words. */
export function countsOf(info: FunctionInfo): number {
  return info.varRefCount | (info.argCount << 16)
}

export function varsOf(info: FunctionInfo): number {
  return info.varCount | (info.isStrict ? 1 << 16 : 0) | (info.stackSize << 17)
}

// What every frozen library carries besides the frozen functions: entering and leaving frames, steps, exits, reference counts.
//
// All of it is WebAssembly written here, so that a library needs nothing but the engine. Signatures are in `helperTypes`; the
// addresses of the runtime and of the native stack's words are constants.
import {
  JSClassID,
  JSContext,
  JSFunctionBytecode,
  JSMallocBlockHeader,
  JSObject,
  JSRuntime,
  tags,
} from "../../engine/abi.ts"
import { nativePerShadow, words } from "../../engine/edit/edits.ts"
import { throwStrict } from "../../engine/edit/hook.ts"
import type { Pointer } from "../../engine/live.ts"
import { forgetShape, getMethodCached, getOwnCached, keepShape, putCached } from "./cache.ts"
import {
  getElement,
  getField,
  getGlobal,
  getLength,
  getPrivate,
  putElement,
  putField,
  putPrivate,
  SLOW,
  stringsEqual,
  stringsOrder,
  type Calls,
} from "./lookup.ts"
import { at } from "./slots.ts"
import { BOXED_NAN, EXCEPTION, FIRST_COUNTED, FLOAT_ADDEND, UNDEFINED } from "../types.ts"
import { Code, F64, I32, I64, op, type Signature } from "../../wasm/code.ts"

const sig = (params: Signature["params"], ...results: Signature["results"]): Signature => ({ params, results })

/** JS_CallInternal's type, and that of every frozen function. */
export const callType = sig([I32, I64, I64, I64, I32, I32, I32], I64)

/** Index of that type: libraries have it first. */
export const CALL_TYPE_INDEX = 0

/** Functions of the engine that libraries import. */
export const imports = {
  JS_CallInternal: callType,
  js_poll_interrupts: sig([I32], I32),
  close_var_refs: sig([I32, I32]),
  JS_ThrowStackOverflow: sig([I32]),
  JS_FreeValueRT: sig([I32, I64]),
  JS_ToBool: sig([I32, I64], I32),
  JS_GetPrototype: sig([I32, I64], I64),
  JS_CallConstructor2: sig([I32, I64, I64, I32, I32], I64),
  JS_NewObject: sig([I32], I64),
  js_add_slow: sig([I32, I32], I32),
  js_binary_logic_slow: sig([I32, I32, I32], I32),
  js_relational_slow: sig([I32, I32, I32], I32),
  js_unary_arith_slow: sig([I32, I32, I32], I32),
  js_eq_slow: sig([I32, I32, I32], I32),
  js_closure: sig([I32, I64, I32, I32], I64),
  JS_GetPropertyInternal: sig([I32, I64, I32, I64, I32], I64),
  JS_DefinePropertyValue: sig([I32, I64, I32, I64, I32], I32),
  JS_GetPropertyValue: sig([I32, I64, I64], I64),
  JS_SetPropertyValue: sig([I32, I64, I64, I64, I32], I32),
  JS_SetPropertyInternal2: sig([I32, I64, I32, I64, I64, I32], I32),
  js_free_shape: sig([I32, I32]),
} as const
export type ImportName = keyof typeof imports

/** Functions of the library's own, in the order of their indices after the imports. */
export const helperTypes = {
  // ctx func this new_target argc argv flags, frame size, var_ref_count | arg_count << 16,
  // var_count | strict << 16 | stack_size << 17 -> frame, or 0 with an exception
  enter: sig([I32, I64, I64, I64, I32, I32, I32, I32, I32, I32], I32),
  // The two halves of it, for lean functions.
  mayEnter: sig([I32, I32], I32), // ctx, frame size -> 0, or 1 with an exception
  // The frame that there is, given last, or a new one.
  needFrame: sig([I32, I64, I64, I64, I32, I32, I32, I32, I32, I32, I32], I32),
  callFunction: callType, // JS_CallInternal, with a short way to frozen functions
  free: sig([I64]),
  freeRange: sig([I32, I32]),
  dup: sig([I64], I64),
  abandon: sig([I32, I32]),
  // `sp` is an offset from the frame.
  step: sig([I32, I32, I32], I32), // frame stub sp -> 0: go on; 1: the activation is over
  exit: sig([I32, I32, I32, I32]), // frame pc sp throw_flag
  throwOut: sig([I32, I32]), // frame sp: exit with the exception, at cur_pc
  toBool: sig([I32, I64], I32),
  boxFloat: sig([F64], I64),
  toInt32: sig([F64], I32), // ToInt32
  replace: sig([I32, I64]), // slot value: free what the slot holds
  // heap.ts
  getField: sig([I32, I64, I32], I64), // context object atom -> value or exception
  // cache.ts: object atom site -> value or SLOW, object atom value site -> 1 or 0
  getOwnCached: sig([I64, I32, I32], I64),
  getMethodCached: sig([I64, I32, I32], I64),
  putCached: sig([I64, I32, I64, I32], I32),
  keepShape: sig([I32, I32]),
  forgetShape: sig([I32, I32]), // the hook of engine/edit/shapes.ts
  getGlobal: sig([I32, I32], I64),
  putField: sig([I64, I32, I64], I32),
  getPrivate: sig([I64, I64], I64),
  putPrivate: sig([I64, I64, I64], I32),
  getLength: sig([I64], I64),
  stringsEqual: sig([I64, I64], I32), // 0, 1, or 2: not decided here
  stringsOrder: sig([I64, I64], I32), // -1, 0, 1, or 2: not decided here
  getElement: sig([I64, I32], I64),
  putElement: sig([I64, I32, I64], I32),
  // The same by any key and on anything, with the context in front. They take key and value; below 0: an exception.
  putAnyField: sig([I32, I64, I32, I64], I32),
  getAnyElement: sig([I32, I64, I64], I64),
  putAnyElement: sig([I32, I64, I64, I64], I32),
} as const satisfies Record<string, Signature>
export type HelperName = keyof typeof helperTypes

const importNames = Object.keys(imports) as ImportName[]
const helperNames = Object.keys(helperTypes) as HelperName[]

/** Function index of an import. */
export function importIndex(name: ImportName): number {
  return importNames.indexOf(name)
}

/** Function index of a helper. */
export function helperIndex(name: HelperName): number {
  return importNames.length + helperNames.indexOf(name)
}

/** Function index of the first frozen function. */
export const firstFrozen = importNames.length + helperNames.length

/** Addresses that the helpers are written for. */
export interface RuntimeAddresses {
  runtime: Pointer
  /** Whether the engine counts native stack (engine/edit/edits.ts). */
  countsNativeStack: boolean
}

/** Global indices in every library. */
export const STACK_POINTER = 0

/** Write the helpers, in the order of `helperTypes`. */
export function writeHelpers(addresses: RuntimeAddresses): { type: Signature; body: Uint8Array }[] {
  return helperNames.map((name) => {
    const type: Signature = helperTypes[name]
    const code = new Code(type.params.length)
    code.height = 1
    bodies[name](code, addresses)
    return { type, body: code.finish() }
  })
}

const call = (c: Code, name: HelperName) => c.call(helperIndex(name))
const callEngine = (c: Code, name: ImportName) => c.call(importIndex(name))

/** `value -> is it counted?` */
export function isCounted(c: Code): Code {
  return c.i64(FIRST_COUNTED).op(op.i64_ge_u)
}

/** `value -> is it an exception?` */
export function isException(c: Code): Code {
  return c.i64(EXCEPTION).op(op.i64_eq)
}

/** Add `by` to the reference count of the object at the address in `local`. */
function addCount(c: Code, local: number, by: number): Code {
  c.get(local).i32(-JSMallocBlockHeader.ref_count).op(op.i32_sub).tee(local)
  return c.get(local).mem("i32_load", 0).i32(by).op(op.i32_add).mem("i32_store", 0)
}

const calls: Calls = {
  dup: (c) => call(c, "dup"),
  free: (c) => call(c, "free"),
  boxFloat: (c) => call(c, "boxFloat"),
  toInt32: (c) => call(c, "toInt32"),
  getPropertyInternal: (c) => callEngine(c, "JS_GetPropertyInternal"),
  freeShape: (c) => callEngine(c, "js_free_shape"),
  keepShape: (c) => call(c, "keepShape"),
}

type Body = (c: Code, a: RuntimeAddresses) => void

const bodies: Record<HelperName, Body> = {
  enter(c, a) {
    const size = 7
    const fp = c.local(I32)
    checkEntry(c, a, size, fp, 0)
    makeFrame(c, a, fp)
  },
  mayEnter(c, a) {
    const fp = c.local(I32)
    checkEntry(c, a, 1, fp, 1)
    c.i32(0)
  },
  needFrame(c, a) {
    const [size, fp] = [7, 10]
    c.get(fp).if()
    c.get(fp).op(op.return).end()
    c.getGlobal(STACK_POINTER).get(size).op(op.i32_sub).set(fp)
    makeFrame(c, a, fp)
  },
  callFunction(c) {
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
  },
  free(c, a) {
    const pointer = c.local(I32)
    isCounted(c.get(0)).if()
    c.get(0).op(op.i32_wrap_i64).i32(-JSMallocBlockHeader.ref_count).op(op.i32_sub).tee(pointer).mem("i32_load", 0)
    c.i32(1).op(op.i32_gt_s).if()
    c.get(pointer).get(pointer).mem("i32_load", 0).i32(1).op(op.i32_sub).mem("i32_store", 0)
    c.else()
    callEngine(c.i32(a.runtime).get(0), "JS_FreeValueRT").end().end()
  },
  freeRange(c) {
    const value = c.local(I64)
    c.block()
    c.loop()
    c.get(0)
      .get(1)
      .op(op.i32_ge_u)
      .brIf(c.height - 2)
    isCounted(c.get(0).mem("i64_load", 0).tee(value)).if()
    call(c.get(value), "free").end()
    c.get(0)
      .i32(8)
      .op(op.i32_add)
      .set(0)
      .br(c.height - 1)
      .end()
      .end()
  },
  dup(c) {
    const pointer = c.local(I32)
    isCounted(c.get(0)).if()
    c.get(0).op(op.i32_wrap_i64).set(pointer)
    addCount(c, pointer, 1).end()
    c.get(0)
  },
  abandon(c, a) {
    callEngine(c.i32(a.runtime).get(0).i32(at.frame).op(op.i32_add), "close_var_refs")
    call(c.get(0).i32(at.slots).op(op.i32_add).get(1), "freeRange")
  },
  step(c, a) {
    const result = c.local(I64)
    c.get(0).get(2).op(op.i32_add).set(2)
    resume(c, a, 0, 1, 2, () => c.i32(0)).set(result)
    c.get(0).mem("i32_load", at.curSp).if()
    isException(c.get(result)).op(op.i32_eqz).if()
    c.i32(a.runtime).get(0).i32(at.frame).op(op.i32_add).mem("i32_store", JSRuntime.current_stack_frame)
    c.i32(0).op(op.return).end()
    call(c.get(0).get(2), "abandon").end()
    c.get(0).get(result).mem("i64_store", at.result).i32(1)
  },
  exit(c, a) {
    const result = c.local(I64)
    c.get(0).get(2).op(op.i32_add).set(2)
    resume(c, a, 0, 1, 2, () => c.get(3)).set(result)
    c.get(0).mem("i32_load", at.curSp).if()
    call(c.get(0).get(2), "abandon").i64(EXCEPTION).set(result).end()
    c.get(0).get(result).mem("i64_store", at.result)
  },
  throwOut(c) {
    call(c.get(0).get(0).mem("i32_load", at.curPc).get(1).i32(1), "exit")
  },
  toBool(c) {
    const high = c.local(I32)
    c.get(1).i64(32n).op(op.i64_shr_u, op.i32_wrap_i64).tee(high).i32(tags.JS_TAG_UNDEFINED).op(op.i32_le_u).if(I32)
    c.get(1).op(op.i32_wrap_i64)
    c.else()
    callEngine(c.get(0).get(1), "JS_ToBool").end()
  },
  boxFloat(c) {
    const int = c.local(I32)
    const bits = c.local(I64)
    // An int where it is one: not -0, which equals 0 but has other bits.
    c.get(0).truncSat32().tee(int).op(op.f64_convert_i32_s, op.i64_reinterpret_f64)
    c.get(0).op(op.i64_reinterpret_f64).tee(bits).op(op.i64_eq).if(I64)
    c.get(int).op(op.i64_extend_i32_u)
    c.else()
    c.get(bits).i64(FLOAT_ADDEND).op(op.i64_sub).i64(BOXED_NAN).get(0).get(0).op(op.f64_eq, op.select).end()
  },
  toInt32(c) {
    const bits = c.local(I64)
    const shift = c.local(I32)
    // Below 2^63 the integer part has an i64, and its low word is the answer.
    c.get(0)
      .op(op.f64_abs)
      .f64(2 ** 63)
      .op(op.f64_lt)
      .if(I32)
    c.get(0).truncSat64().op(op.i32_wrap_i64)
    c.else()
    // From there on the value is mantissa << (exponent - 1075), of which 32 bits are left when that is below 32.
    c.get(0).op(op.i64_reinterpret_f64).tee(bits).i64(52n).op(op.i64_shr_u, op.i32_wrap_i64).i32(0x7ff).op(op.i32_and)
    c.i32(1075).op(op.i32_sub).tee(shift).i32(31).op(op.i32_gt_u).if(I32)
    c.i32(0) // infinities and NaN have the greatest exponent
    c.else()
    c.get(bits).op(op.i32_wrap_i64).get(shift).op(op.i32_shl)
    c.i32(0).get(bits).op(op.i32_wrap_i64).get(shift).op(op.i32_shl, op.i32_sub)
    c.get(bits).i64(0n).op(0x59, op.select).end().end() // i64.ge_s
  },
  getField: (c) => getField(c, calls),
  getGlobal: (c) => getGlobal(c, calls),
  putField: (c) => putField(c, calls),
  getPrivate: (c) => getPrivate(c, calls),
  putPrivate: (c) => putPrivate(c, calls),
  getLength: (c) => getLength(c),
  stringsEqual: (c) => stringsEqual(c),
  stringsOrder: (c) => stringsOrder(c),
  getElement: (c) => getElement(c, calls),
  putElement: (c) => putElement(c, calls),
  putAnyField(c) {
    call(c.get(1).get(2).get(3), "putField").if()
    c.i32(1).op(op.return).end()
    callEngine(c.get(0).get(1).get(2).get(3).get(1).i32(throwStrict), "JS_SetPropertyInternal2")
  },
  getAnyElement(c) {
    const value = c.local(I64)
    c.get(2).i64(0xffff_ffffn).op(op.i64_le_u).if()
    call(c.get(1).get(2).op(op.i32_wrap_i64), "getElement").tee(value).i64(SLOW).op(op.i64_ne).if()
    c.get(value).op(op.return).end().end()
    callEngine(c.get(0).get(1).get(2), "JS_GetPropertyValue")
  },
  putAnyElement(c) {
    c.get(2).i64(0xffff_ffffn).op(op.i64_le_u).if()
    call(c.get(1).get(2).op(op.i32_wrap_i64).get(3), "putElement").if()
    c.i32(1).op(op.return).end().end()
    callEngine(c.get(0).get(1).get(2).get(3).i32(throwStrict), "JS_SetPropertyValue")
  },
  getOwnCached: (c) => getOwnCached(c, calls),
  getMethodCached: (c) => getMethodCached(c, calls),
  putCached: (c) => putCached(c, calls),
  keepShape: (c, a) => keepShape(c, calls, a.runtime),
  forgetShape: (c) => forgetShape(c, calls),
  replace(c) {
    const old = c.local(I64)
    c.get(0).mem("i64_load", 0).set(old).get(0).get(1).mem("i64_store", 0)
    call(c.get(old), "free")
  },
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

// The functions that a library imports, those of its own that it carries besides frozen code, and what indices they
// have.
//
// It lies below their bodies (routines.ts), which call one another, and below all that writes calls of them. Library
// functions come in the order of `helperTypes`, behind the imports; frozen functions follow.
import type { Pointer } from "../../engine/live.ts"
import { F64, I32, I64, type Code, type Signature } from "../../wasm/code.ts"

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
  // lookup.ts
  getField: sig([I32, I64, I32], I64), // context object atom -> value or exception
  // cache.ts: object atom site -> value or SLOW, object atom value site -> 1 or 0
  getOwnCached: sig([I64, I32, I32], I64),
  getMethodCached: sig([I64, I32, I32], I64),
  putCached: sig([I64, I32, I64, I32], I32),
  keepShape: sig([I32, I32]),
  forgetShape: sig([I32, I32]), // the hook of engine/edit/shapehook.ts
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
export const helperNames = Object.keys(helperTypes) as HelperName[]

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
  /** Whether the engine counts native stack (engine/edit/nativestack.ts). */
  countsNativeStack: boolean
}

/** Global indices in every library. */
export const STACK_POINTER = 0

/** Parameters of every frozen function, by their positions in `callType`. */
export const param = { context: 0, func: 1, this: 2, newTarget: 3, argc: 4, argv: 5, flags: 6 } as const

/** Call one of the library's own functions; its arguments lie on the wasm stack. */
export function call(c: Code, name: HelperName): Code {
  return c.call(helperIndex(name))
}

/** Call a function of the engine. */
export function callEngine(c: Code, name: ImportName): Code {
  return c.call(importIndex(name))
}

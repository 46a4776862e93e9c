// Functions that frozen code needs and the engine does not export: each is found by where the interpreter calls it, and
// must be found exactly once.
import type { OpcodeName } from "../../opcodes/quickjs.generated.ts"
import { decode, type Instruction } from "../../wasm/body.ts"
import { Op } from "../../wasm/instructions.ts"
import { JSRuntime, JSShape, JSStackFrame } from "../abi.ts"
import { bodyOf, exportedFunction, typeText, type ModuleParts } from "../module.ts"
import { handlerFinder } from "./handlers.ts"

/** Functions of the engine that the hook exports for frozen code, by the names of its C source. */
export const hookExports = [
  "JS_CallInternal", // (ctx, func, this, new_target, argc, argv, flags) -> value: the wrapper
  "js_poll_interrupts", // (ctx) -> 0, or -1 with an exception
  "close_var_refs", // (rt, frame)
  "JS_ThrowStackOverflow", // (ctx)
  "js_closure", // (ctx, bytecode, var_refs, frame) -> function; takes the bytecode
  "JS_GetPropertyInternal", // (ctx, object, atom, receiver, throw_ref_error) -> value
  "js_add_slow", // (ctx, sp) -> 0, the sum in sp[-2]; or -1 with an exception; takes both operands
  "JS_SetPropertyInternal2", // (ctx, object, atom, value, receiver, flags) -> below 0 with an exception; takes the value
  // (ctx, sp, opcode) -> 0 with the result in sp[-2] (of one operand in sp[-1]); or -1 with an exception; take their
  // operands
  "js_binary_logic_slow",
  "js_relational_slow",
  "js_unary_arith_slow",
  "js_eq_slow", // the same, with 1 for != in place of the opcode
  "js_free_shape", // (rt, shape): gives a reference back
] as const
export type HookExport = (typeof hookExports)[number]

/**
 * JS_PROP_THROW_STRICT: a store that fails throws if the current frame's function is strict. What the interpreter
 * passes itself.
 */
export const throwStrict = 0x8000

/** Index of JS_CallInternal: JS_Call is one call to it. Throws a plain Error when the engine is built otherwise. */
export function findInterpreter(module: ModuleParts): number {
  const call = exportedFunction(module, "JS_Call")
  const calls = decode(bodyOf(module, call)).filter((i) => i.op === Op.call || i.op === Op.return_call)
  const { a } = only(calls, (count) => `JS_Call makes ${count} calls instead of one`)
  expectType(module, a, "i32,i64,i64,i64,i32,i32,i32->i64", "JS_CallInternal")
  return a
}

/** Find them all. Throws a plain Error when the engine is built otherwise. */
export function findInternals(
  module: ModuleParts,
  interpreter: number,
): Omit<Record<HookExport, number>, "JS_CallInternal"> {
  const body = bodyOf(module, interpreter)
  const code = decode(body)
  const poll = code.find((i) => i.op === Op.call)
  if (poll === undefined) throw refused("the interpreter calls nothing")
  const found = {
    js_poll_interrupts: poll.a,
    JS_ThrowStackOverflow: afterStackCheck(code),
    close_var_refs: closeVarRefs(code),
    js_closure: calledWith(module, code, "i32,i64,i32,i32->i64"),
    JS_GetPropertyInternal: calledWith(module, code, "i32,i64,i32,i64,i32->i64"),
    js_add_slow: addSlow(module, code),
    JS_SetPropertyInternal2: calledWith(module, code, "i32,i64,i32,i64,i64,i32->i32"),
    js_free_shape: freeShape(module),
    ...slowOperations(module, body, code),
  }
  for (const store of [found.JS_SetPropertyInternal2, exportedFunction(module, "JS_SetPropertyValue")])
    expectStrictStores(code, store)
  expectType(module, found.js_poll_interrupts, "i32->i32", "js_poll_interrupts")
  expectType(module, found.JS_ThrowStackOverflow, "i32->", "JS_ThrowStackOverflow")
  expectType(module, found.close_var_refs, "i32,i32->", "close_var_refs")
  return found
}

/** The interpreter passes the same flags to every store; frozen code will, too. */
function expectStrictStores(code: Instruction[], store: number): void {
  const before = code.flatMap((i, at) => (i.op === Op.call && i.a === store ? [code[at - 1]] : []))
  const flags = before.filter((i) => i?.op === Op.i32_const) // put_ref_value computes them
  if (flags.length === 0 || flags.some((i) => i?.a !== throwStrict)) throw refused("it stores with other flags")
}

/** `if (stack_limit > sp - size) JS_ThrowStackOverflow(caller_ctx)`: the interpreter has one check. */
function afterStackCheck(code: Instruction[]): number {
  const checks = code.flatMap((load, i) => (load.op === Op.i32_load && load.a === JSRuntime.stack_limit ? [i] : []))
  const check = only(checks, (count) => `${count} stack checks in the interpreter`)
  const branch = code.findIndex((i, at) => at > check && i.op === Op.if)
  const [argument, call] = [code[branch + 1], code[branch + 2]]
  if (argument?.op !== Op.local_get || call?.op !== Op.call) throw refused("the stack check throws in an unknown way")
  return call.a
}

/**
 * `+` of anything: of the functions (i32, i32) -> i32 that the interpreter calls, the one that concatenates strings
 * with a function that the interpreter calls as well (for `local += string`).
 */
function addSlow(module: ModuleParts, code: Instruction[]): number {
  const called = (type: string, from: Instruction[]) =>
    new Set(from.filter((i) => i.op === Op.call && typeText(module, i.a) === type).map((i) => i.a))
  const concatenating = called("i32,i64,i64->i64", code)
  const found = [...called("i32,i32->i32", code)].filter((index) =>
    [...called("i32,i64,i64->i64", decode(bodyOf(module, index)))].some((inner) => concatenating.has(inner)),
  )
  return only(found, (count) => `${count} functions look like js_add_slow`)
}

/**
 * Operations on anything: the first function of three ints that the handlers of their opcodes call, and all of them the
 * same. Arithmetic is not among them: it is part of the interpreter itself.
 */
function slowOperations(module: ModuleParts, body: Uint8Array, code: Instruction[]) {
  const handler = handlerFinder(module, body, code)
  const isSlow = (i: Instruction) => i.op === Op.call && typeText(module, i.a) === "i32,i32,i32->i32"
  const called = (...opcodes: OpcodeName[]): number => {
    const found = new Set(opcodes.map((opcode) => handler(opcode).find(isSlow)?.a))
    return only(found, () => `the handlers of ${opcodes} call different functions`)
  }
  return {
    js_binary_logic_slow: called("and", "or", "xor", "shl", "sar"),
    js_relational_slow: called("lt", "lte", "gt", "gte"),
    js_unary_arith_slow: called("neg", "plus", "inc", "dec"),
    js_eq_slow: called("eq", "neq"),
  }
}

/**
 * js_free_shape: of the functions (i32, i32), the one that reads a shape's fields and frees a value, atoms and memory;
 * js_free_shape0 is part of it.
 */
function freeShape(module: ModuleParts): number {
  const freeing = ["JS_FreeValueRT", "JS_FreeAtomRT", "js_free_rt"].map((name) => exportedFunction(module, name))
  const fields = [JSShape.proto, JSShape.prop_count, JSShape.prop_hash_mask]
  const found = module.bodies.flatMap((body, i) => {
    const index = i + module.importedFunctions
    if (typeText(module, index) !== "i32,i32->") return []
    const code = decode(body)
    const reads = fields.every((field) => code.some(({ op, a }) => op === Op.i32_load && a === field))
    const frees = freeing.every((free) => code.some(({ op, a }) => op === Op.call && a === free))
    return reads && frees ? [index] : []
  })
  return only(found, (count) => `${count} functions look like js_free_shape`)
}

/** The one function of a type that the interpreter calls. */
function calledWith(module: ModuleParts, code: Instruction[], signature: string): number {
  const found = new Set(code.filter((i) => i.op === Op.call && typeText(module, i.a) === signature).map((i) => i.a))
  return only(found, (count) => `the interpreter calls ${count} functions ${signature}`)
}

/** `if (sf->var_ref_count != 0) close_var_refs(rt, sf)`, in the epilogue. */
function closeVarRefs(code: Instruction[]): number {
  const shape = [Op.i32_load16_u, Op.if, Op.local_get, Op.local_get, Op.call, Op.end]
  const places = code.flatMap((load, i) =>
    load.a === JSStackFrame.var_ref_count && shape.every((op, k) => code[i + k]?.op === op) ? [i] : [],
  )
  return code[only(places, (count) => `close_var_refs is called in ${count} places instead of one`) + 4]!.a
}

/** The one that was found, or a refusal. */
function only<T>(found: Iterable<T | undefined>, problem: (count: number) => string): T {
  const all = [...found]
  if (all.length !== 1 || all[0] === undefined) throw refused(problem(all.length))
  return all[0]
}

function expectType(module: ModuleParts, index: number, signature: string, name: string): void {
  const actual = typeText(module, index)
  if (actual !== signature) throw refused(`${name} should be ${signature}, but what was found is ${actual}`)
}

function refused(reason: string): Error {
  return new Error(
    `the engine cannot be hooked: ${reason}. Its interpreter has changed; engine/edit/internals.ts needs a look.`,
  )
}

// The hook: frozen functions are called wherever the interpreter would have been.
//
// Every call of a function in QuickJS ends in JS_CallInternal. It moves to the end of the code section, and in its place comes
//
//     if func is an object of class 13 and the u16 at function_bytecode + 10, its id, is not 0
//       call through the table at the id, with the same seven arguments
//     else
//       the interpreter, with the same seven arguments
//
// so that no caller and no index changes. Frozen code also needs a few functions that the engine does not export: each is
// found by where the interpreter calls it, and must be found exactly once.
import {
  appendEntries,
  findSection,
  makeSection,
  parseCode,
  replaceSection,
  SectionId,
  writeBody,
  writeExport,
  writeModule,
  writeVector,
  Writer,
} from "../wizer/sections.ts"
import { JSFunctionBytecode, JSClassID, JSObject, JSRuntime, JSStackFrame } from "./abi.ts"
import { decode, Op, type Instruction } from "./code.ts"
import { exportedFunction, parseModule, type ModuleParts } from "./module.ts"

/** Functions of the engine that the hook exports for frozen code, by the names of its C source. */
export const hookExports = [
  "JS_CallInternal", // (ctx, func, this, new_target, argc, argv, flags) -> value: the wrapper
  "js_poll_interrupts", // (ctx) -> 0, or -1 with an exception
  "close_var_refs", // (rt, frame)
  "JS_ThrowStackOverflow", // (ctx)
] as const
export type HookExport = (typeof hookExports)[number]

/** What the hook found and made. Function indices. */
export interface Hook {
  /** Where the interpreter was: now the wrapper. */
  wrapper: number
  /** Where the interpreter is. */
  interpreter: number
  exports: Record<HookExport, number>
}

/** Index of JS_CallInternal: JS_Call is one call to it. Throws a plain Error when the engine is built otherwise. */
export function findInterpreter(module: ModuleParts): number {
  const call = exportedFunction(module, "JS_Call")
  const calls = decode(bodyOf(module, call)).filter((i) => i.op === Op.call || i.op === 0x12)
  const [only] = calls
  if (only === undefined || calls.length !== 1) throw refused(`JS_Call makes ${calls.length} calls instead of one`)
  expectType(module, only.a, "i32,i64,i64,i64,i32,i32,i32->i64", "JS_CallInternal")
  return only.a
}

/** Put the wrapper in, in place: one more function, three more exports. */
export function hookInterpreter(module: ModuleParts): Hook {
  const wrapper = findInterpreter(module)
  const body = bodyOf(module, wrapper)
  const found = findInternals(module, decode(body))
  const interpreter = module.importedFunctions + module.bodies.length
  const type = module.typeOf(wrapper)
  module.bodies.push(body)
  module.functionTypes.push(type)
  module.bodies[wrapper - module.importedFunctions] = wrapperBody(type, interpreter)
  const exports = { JS_CallInternal: wrapper, ...found }
  for (const name of hookExports) module.exports.push({ kind: "func", name, index: exports[name] })
  return { wrapper, interpreter, exports }
}

/** The same for a module in bytes. */
export function hookEngine(wasm: Uint8Array): Uint8Array {
  const module = parseModule(wasm)
  const hook = hookInterpreter(module)
  let { sections } = module
  sections = appendEntries(sections, SectionId.Function, [new Writer().u32(module.typeOf(hook.wrapper)).finish()])
  const bodies = parseCode(findSection(sections, SectionId.Code))
  bodies[hook.wrapper - module.importedFunctions] = bodyOf(module, hook.wrapper)
  bodies.push(bodyOf(module, hook.interpreter))
  sections = replaceSection(sections, makeSection(SectionId.Code, writeVector(bodies.map(writeBody))))
  const exports = hookExports.map((name) => writeExport({ kind: "func", name, index: hook.exports[name] }))
  return writeModule(appendEntries(sections, SectionId.Export, exports))
}

/** The wrapper, as a body. All seven arguments go on unchanged. */
function wrapperBody(type: number, interpreter: number): Uint8Array {
  const out = new Writer().u8(1).u8(1).u8(0x7f) // one local: i32 7, the id
  const args = () => {
    for (let i = 0; i < 7; i++) out.u8(Op.local_get).u8(i)
  }
  out.u8(Op.block).u8(0x40)
  out.u8(Op.local_get).u8(1).u8(Op.i64_const).s64(32n).u8(0x88) // i64.shr_u
  out.u8(Op.i64_const).s64(0xffff_ffffn).u8(0x52).u8(Op.br_if).u8(0) // i64.ne
  out.u8(Op.local_get).u8(1).u8(0xa7).u8(0x2f).u8(1).u32(JSObject.class_id) // i32.wrap_i64, i32.load16_u
  out.u8(Op.i32_const).s32(JSClassID.BYTECODE_FUNCTION).u8(Op.i32_ne).u8(Op.br_if).u8(0)
  out.u8(Op.local_get).u8(1).u8(0xa7).u8(Op.i32_load).u8(2).u32(JSObject.function_bytecode)
  out.u8(0x2f).u8(1).u32(JSFunctionBytecode.unused).u8(Op.local_tee).u8(7)
  out.u8(0x45).u8(Op.br_if).u8(0) // i32.eqz
  args()
  out.u8(Op.local_get).u8(7).u8(Op.call_indirect).u32(type).u8(0).u8(Op.return)
  out.u8(Op.end)
  args()
  return out.u8(Op.call).u32(interpreter).u8(Op.end).finish()
}

function findInternals(module: ModuleParts, code: Instruction[]): Omit<Record<HookExport, number>, "JS_CallInternal"> {
  const poll = code.find((i) => i.op === Op.call)
  if (poll === undefined) throw refused("the interpreter calls nothing")
  const found = {
    js_poll_interrupts: poll.a,
    JS_ThrowStackOverflow: afterStackCheck(code),
    close_var_refs: closeVarRefs(code),
  }
  expectType(module, found.js_poll_interrupts, "i32->i32", "js_poll_interrupts")
  expectType(module, found.JS_ThrowStackOverflow, "i32->", "JS_ThrowStackOverflow")
  expectType(module, found.close_var_refs, "i32,i32->", "close_var_refs")
  return found
}

/** `if (stack_limit > sp - size) JS_ThrowStackOverflow(caller_ctx)`: the interpreter has one check. */
function afterStackCheck(code: Instruction[]): number {
  const checks = code.flatMap((load, i) => (load.op === Op.i32_load && load.b === JSRuntime.stack_limit ? [i] : []))
  const [check] = checks
  if (check === undefined || checks.length !== 1) throw refused(`${checks.length} stack checks in the interpreter`)
  const branch = code.findIndex((i, at) => at > check && i.op === Op.if)
  const [argument, call] = [code[branch + 1], code[branch + 2]]
  if (argument?.op !== Op.local_get || call?.op !== Op.call) throw refused("the stack check throws in an unknown way")
  return call.a
}

/** `if (sf->var_ref_count != 0) close_var_refs(rt, sf)`, in the epilogue. */
function closeVarRefs(code: Instruction[]): number {
  const shape = [0x2f, Op.if, Op.local_get, Op.local_get, Op.call, Op.end]
  const places = code.flatMap((load, i) =>
    load.b === JSStackFrame.var_ref_count && shape.every((op, k) => code[i + k]?.op === op) ? [i] : [],
  )
  const call = places.length === 1 ? code[(places[0] ?? 0) + 4] : undefined
  if (call === undefined) throw refused(`close_var_refs is called in ${places.length} places instead of one`)
  return call.a
}

function bodyOf(module: ModuleParts, index: number): Uint8Array {
  const body = module.bodies[index - module.importedFunctions]
  if (body === undefined) throw refused(`function ${index} is not defined in the engine`)
  return body
}

function expectType(module: ModuleParts, index: number, signature: string, name: string): void {
  const type = module.types[module.typeOf(index)]
  const actual = type ? `${type.params}->${type.results}` : "nothing"
  if (actual !== signature) throw refused(`${name} should be ${signature}, but what was found is ${actual}`)
}

function refused(reason: string): Error {
  return new Error(`the engine cannot be hooked: ${reason}. Its interpreter has changed; engine/hook.ts needs a look.`)
}

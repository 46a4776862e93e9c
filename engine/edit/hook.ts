// The hook: frozen functions are called wherever the interpreter would have been.
//
// Every call of a function in QuickJS ends in JS_CallInternal. In front of its own code comes
//
//     if func is an object of class 13 and the u16 at function_bytecode + 10, its id, is not 0
//       return call through the table at the id, with the same seven arguments
//
// so that no caller and no index changes, and a call of an interpreted function pays for a test and not for a call
// more. The functions that frozen code needs and the engine does not export are found in internals.ts.
import { Instructions } from "../../wasm/body.ts"
import { I32, Op } from "../../wasm/code.ts"
import { JSClassID, JSFunctionBytecode, JSObject } from "../abi.ts"
import { bodyOf, setBody, type ModuleParts } from "../module.ts"
import { findInternals, findInterpreter, hookExports, type HookExport } from "./internals.ts"
import { addLocals, withLocals } from "./addlocals.ts"

/** What the hook found. Function indices. */
export interface Hook {
  /** JS_CallInternal. */
  interpreter: number
  exports: Record<HookExport, number>
}

/** Put the hook in, in place: nothing moves, and the internals are exported. */
export function hookInterpreter(module: ModuleParts): Hook {
  const interpreter = findInterpreter(module)
  const exports = { JS_CallInternal: interpreter, ...findInternals(module, interpreter) }
  setBody(module, interpreter, withHook(bodyOf(module, interpreter), module.typeOf(interpreter)))
  for (const name of hookExports) module.exports.push({ kind: "func", name, index: exports[name] })
  return { interpreter, exports }
}

const parameters = 7

/** The interpreter's body with the hook in front, and one more local: i32, the id. */
function withHook(body: Uint8Array, type: number): Uint8Array {
  const code = new Instructions(body)
  const [id] = addLocals(code, parameters, [I32]) as [number]
  const out = withLocals(code, [I32])
  const outside = out.block()
  out.get(1).i64(32n).op(Op.i64_shr_u).i64(0xffff_ffffn).op(Op.i64_ne).brIf(outside)
  out.get(1).op(Op.i32_wrap_i64).mem("i32_load16_u", JSObject.class_id)
  out.i32(JSClassID.BYTECODE_FUNCTION).op(Op.i32_ne).brIf(outside)
  out.get(1).op(Op.i32_wrap_i64).mem("i32_load", JSObject.function_bytecode)
  out.mem("i32_load16_u", JSFunctionBytecode.unused).tee(id).op(Op.i32_eqz).brIf(outside)
  for (let i = 0; i < parameters; i++) out.get(i)
  out.get(id).callIndirect(type).op(Op.return).end()
  return out.copy(body.subarray(code.start)).instructions()
}

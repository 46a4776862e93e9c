// Functions out of a live engine's memory: function object or bytecode pointer -> FunctionInfo, a plain value.
//
// The engine compiled the app, so its functions lie in linear memory and atoms and constants are addresses already.
// Every pointer, count and operand is checked all the same: what is wrong ends in a problem that names the function.
import {
  JSClassID,
  JSClosureType,
  JSClosureVar,
  JSFloat64,
  JSFunctionBytecode,
  JSFunctionFlags,
  JSFunctionKind,
  JSGCObjectType,
  JSMallocBlockHeader,
  JSModuleDef,
  JSObject,
  JSVarDef,
  JSVarKind,
  tags,
} from "../../engine/abi.ts"
import type { JSValue, LiveEngine, Pointer } from "../../engine/live.ts"
import { unreadableFunction } from "../errors.ts"
import type {
  AtomName,
  ClosureType,
  ClosureVarInfo,
  Constant,
  FunctionInfo,
  FunctionKind,
  VarInfo,
  VarKind,
} from "../function.ts"
import { atomReader, readBigInt, readRope, readString } from "./atoms.ts"
import { checkOperands, decode } from "./decode.ts"

export type * from "../function.ts"

/** Reads functions of one engine. Atoms are remembered, so it is good for as long as no function is freed. */
export interface FunctionReader {
  /**
   * Read the function whose JSFunctionBytecode lies at `pointer`. Throws a problem when there is none or it is damaged.
   */
  read(pointer: Pointer): FunctionInfo
  /**
   * Read a function and all functions that are nested in it, parents before children, in the order of the constant
   * pools.
   */
  readAll(root: Pointer): FunctionInfo[]
}

export function functionReader(engine: LiveEngine, runtime = engine.call("qjs_get_runtime_ptr")): FunctionReader {
  const nameOf = atomReader(runtime)
  const read = (pointer: Pointer): FunctionInfo => {
    try {
      return readFunctionAt(engine.view(), pointer, nameOf)
    } catch (error) {
      if (error instanceof RangeError) throw unreadableFunction(pointer, error.message)
      throw error
    }
  }
  const readAll = (root: Pointer): FunctionInfo[] => {
    const found = new Map<Pointer, FunctionInfo>()
    const waiting = [root]
    for (let pointer = waiting.pop(); pointer !== undefined; pointer = waiting.pop()) {
      if (found.has(pointer)) continue
      const info = read(pointer)
      found.set(pointer, info)
      for (const constant of info.constants.toReversed())
        if (constant.kind === "function") waiting.push(constant.pointer)
    }
    return [...found.values()]
  }
  return { read, readAll }
}

/** Read one function; see FunctionReader for many. */
export function readFunction(engine: LiveEngine, pointer: Pointer): FunctionInfo {
  return functionReader(engine).read(pointer)
}

/**
 * The JSFunctionBytecode of a JSValue: of a function object (bytecode function, generator, async), or of what the
 * engine returns when it only compiles (a script or a module). Undefined for anything else, C functions and bound
 * functions included.
 */
export function bytecodeOf(engine: LiveEngine, value: JSValue): Pointer | undefined {
  const pointer = Number(value & 0xffff_ffffn)
  try {
    return bytecodeIn(engine.view(), tagOf(value), pointer)
  } catch (error) {
    if (error instanceof RangeError) throw unreadableFunction(pointer, "the address lies outside memory")
    throw error
  }
}

const withBytecode: readonly number[] = [
  JSClassID.BYTECODE_FUNCTION,
  JSClassID.GENERATOR_FUNCTION,
  JSClassID.ASYNC_FUNCTION,
  JSClassID.ASYNC_GENERATOR_FUNCTION,
]

function bytecodeIn(view: DataView, tag: number, pointer: Pointer): Pointer | undefined {
  if (tag === tags.JS_TAG_FUNCTION_BYTECODE) return pointer
  if (tag === tags.JS_TAG_MODULE) {
    const inner = view.getBigUint64(pointer + JSModuleDef.func_obj, true)
    if (tagOf(inner) === tags.JS_TAG_MODULE) return undefined
    return bytecodeIn(view, tagOf(inner), Number(inner & 0xffff_ffffn))
  }
  if (tag !== tags.JS_TAG_OBJECT) return undefined
  if (!withBytecode.includes(view.getUint16(pointer + JSObject.class_id, true))) return undefined
  return view.getUint32(pointer + JSObject.function_bytecode, true) || undefined
}

/** The source text that `Function.prototype.toString` gives, undefined when it was stripped. */
export function readSource(engine: LiveEngine, { sourcePointer, sourceLength }: FunctionInfo): string | undefined {
  if (sourcePointer === 0) return undefined
  return new TextDecoder().decode(engine.bytes().subarray(sourcePointer, sourcePointer + sourceLength))
}

type NameOf = (view: DataView, atom: number) => AtomName

function readFunctionAt(view: DataView, pointer: Pointer, nameOf: NameOf): FunctionInfo {
  checkIsFunction(view, pointer)
  const u16 = (offset: number): number => view.getUint16(pointer + offset, true)
  const u32 = (offset: number): number => view.getUint32(pointer + offset, true)
  const atomName = (atom: number): AtomName => nameOf(view, atom)
  const f = JSFunctionBytecode
  const flags = u16(f.flags)
  const has = (bit: number): boolean => (flags & bit) !== 0
  const [argCount, varCount] = [u16(f.arg_count), u16(f.var_count)]
  const variables = readVariables(view, u32(f.vardefs), argCount + varCount, atomName)
  const code = bytesAt(view, u32(f.byte_code_buf), u32(f.byte_code_len))
  const info: FunctionInfo = {
    pointer,
    name: atomName(u32(f.func_name)).text,
    nameAtom: atomName(u32(f.func_name)),
    filename: atomName(u32(f.filename)).text,
    line: u32(f.line_num),
    column: u32(f.col_num),
    kind: kinds[(flags >> JSFunctionFlags.func_kind_shift) & 3]!,
    isStrict: has(JSFunctionFlags.is_strict_mode),
    hasPrototype: has(JSFunctionFlags.has_prototype),
    hasSimpleParameterList: has(JSFunctionFlags.has_simple_parameter_list),
    isDerivedClassConstructor: has(JSFunctionFlags.is_derived_class_constructor),
    needHomeObject: has(JSFunctionFlags.need_home_object),
    newTargetAllowed: has(JSFunctionFlags.new_target_allowed),
    superCallAllowed: has(JSFunctionFlags.super_call_allowed),
    superAllowed: has(JSFunctionFlags.super_allowed),
    argumentsAllowed: has(JSFunctionFlags.arguments_allowed),
    backtraceBarrier: has(JSFunctionFlags.backtrace_barrier),
    frozenId: u16(f.unused),
    argCount,
    varCount,
    definedArgCount: u16(f.defined_arg_count),
    stackSize: u16(f.stack_size),
    varRefCount: u16(f.var_ref_count),
    args: variables.slice(0, argCount),
    vars: variables.slice(argCount),
    closureVars: readClosureVars(view, u32(f.closure_var), u16(f.closure_var_count), atomName),
    constants: readConstants(view, u32(f.cpool), u32(f.cpool_count)),
    constantsPointer: u32(f.cpool_count) === 0 ? 0 : u32(f.cpool),
    realm: u32(f.realm),
    codePointer: u32(f.byte_code_buf),
    code,
    instructions: decode(code, atomName),
    lineTablePointer: u32(f.pc2line_buf),
    lineTable: u32(f.pc2line_buf) === 0 ? undefined : bytesAt(view, u32(f.pc2line_buf), u32(f.pc2line_len)),
    sourcePointer: u32(f.source),
    sourceLength: u32(f.source) === 0 ? 0 : u32(f.source_len),
  }
  checkOperands(info.instructions, {
    varCount,
    argCount,
    closureVarCount: info.closureVars.length,
    constantCount: info.constants.length,
  })
  return info
}

function checkIsFunction(view: DataView, pointer: Pointer): void {
  if (pointer % 8 !== 0 || pointer === 0) throw new RangeError("the address is not one of an object")
  const type = view.getUint8(pointer + JSMallocBlockHeader.gc_obj_type) & 0x7f
  if (type !== JSGCObjectType.FUNCTION_BYTECODE) throw new RangeError(`there is an object of type ${type}`)
  if (view.getInt32(pointer + JSMallocBlockHeader.ref_count, true) <= 0) throw new RangeError("it has been freed")
}

function bytesAt(view: DataView, at: Pointer, length: number): Uint8Array {
  if (at + length > view.byteLength) throw new RangeError(`${length} bytes at ${at} lie outside memory`)
  return new Uint8Array(view.buffer, view.byteOffset + at, length).slice()
}

/** Index: the engine's number. */
function byNumber<T extends string>(numbers: Record<T, number>): T[] {
  const names: T[] = []
  for (const [name, number] of Object.entries(numbers) as [T, number][]) names[number] = name
  return names
}

const kinds: FunctionKind[] = byNumber(JSFunctionKind)
const varKinds: VarKind[] = byNumber(JSVarKind)
const closureTypes: ClosureType[] = byNumber(JSClosureType)

function varKindOf(number: number): VarKind {
  const kind = varKinds[number]
  if (kind === undefined) throw new RangeError(`a variable of the unknown kind ${number}`)
  return kind
}

function closureTypeOf(number: number): ClosureType {
  const type = closureTypes[number]
  if (type === undefined) throw new RangeError(`a captured variable of the unknown type ${number}`)
  return type
}

function readVariables(view: DataView, start: Pointer, count: number, atomName: (atom: number) => AtomName): VarInfo[] {
  const variables: VarInfo[] = []
  for (let i = 0; i < count; i++) {
    const at = start + i * JSVarDef.size
    const flags = view.getUint8(at + JSVarDef.flags)
    variables.push({
      name: atomName(view.getUint32(at + JSVarDef.var_name, true)),
      kind: varKindOf(flags >> JSVarDef.var_kind_shift),
      isConst: (flags & JSVarDef.is_const) !== 0,
      isLexical: (flags & JSVarDef.is_lexical) !== 0,
      isCaptured: (flags & JSVarDef.is_captured) !== 0,
      varRefIndex: view.getUint16(at + JSVarDef.var_ref_idx, true),
      scopeLevel: view.getInt32(at + JSVarDef.scope_level, true),
      scopeNext: view.getInt32(at + JSVarDef.scope_next, true),
    })
  }
  return variables
}

function readClosureVars(
  view: DataView,
  start: Pointer,
  count: number,
  atomName: (atom: number) => AtomName,
): ClosureVarInfo[] {
  const variables: ClosureVarInfo[] = []
  for (let i = 0; i < count; i++) {
    const at = start + i * JSClosureVar.size
    const flags = view.getUint8(at + JSClosureVar.flags)
    variables.push({
      name: atomName(view.getUint32(at + JSClosureVar.var_name, true)),
      type: closureTypeOf(flags & JSClosureVar.closure_type_mask),
      kind: varKindOf(view.getUint8(at + JSClosureVar.var_kind) & 0xf),
      isConst: (flags & JSClosureVar.is_const) !== 0,
      isLexical: (flags & JSClosureVar.is_lexical) !== 0,
      varIndex: view.getUint16(at + JSClosureVar.var_idx, true),
    })
  }
  return variables
}

function readConstants(view: DataView, start: Pointer, count: number): Constant[] {
  if (start + 8 * count > view.byteLength) throw new RangeError(`${count} constants at ${start} lie outside memory`)
  return Array.from({ length: count }, (_, i) => decodeValue(view, view.getBigUint64(start + 8 * i, true)))
}

/** The tag of a JSValue, signed; a float's tag is any number that abi.ts does not name. */
export function tagOf(value: JSValue): number {
  return Number(BigInt.asIntN(32, value >> 32n))
}

const floatBits = new DataView(new ArrayBuffer(8))

/** Decode a JSValue as far as it is plain; objects stay pointers. Throws RangeError when it points outside memory. */
export function decodeValue(view: DataView, value: JSValue): Constant {
  const tag = tagOf(value)
  const low = Number(value & 0xffff_ffffn)
  switch (tag) {
    case tags.JS_TAG_INT:
      return { value, kind: "int", number: low | 0 }
    case tags.JS_TAG_BOOL:
      return { value, kind: "bool", bool: low !== 0 }
    case tags.JS_TAG_NULL:
      return { value, kind: "null" }
    case tags.JS_TAG_UNDEFINED:
      return { value, kind: "undefined" }
    case tags.JS_TAG_UNINITIALIZED:
      return { value, kind: "uninitialized" }
    case tags.JS_TAG_SHORT_BIG_INT:
      return { value, kind: "bigint", bigint: BigInt(low | 0) }
    case tags.JS_TAG_BIG_INT:
      return { value, kind: "bigint", bigint: readBigInt(view, low) }
    case tags.JS_TAG_STRING:
      return { value, kind: "string", text: readString(view, low), pointer: low }
    case tags.JS_TAG_STRING_ROPE:
      return { value, kind: "string", text: readRope(view, low), pointer: low }
    case tags.JS_TAG_FUNCTION_BYTECODE:
      return { value, kind: "function", pointer: low }
    case tags.JS_TAG_OBJECT:
      return { value, kind: "object", pointer: low }
    case tags.JS_TAG_SYMBOL:
      return { value, kind: "symbol", pointer: low }
    case tags.JS_TAG_MODULE:
      return { value, kind: "module", pointer: low }
    default:
      if (tag >= tags.JS_TAG_BIG_INT && tag <= tags.JS_TAG_SHORT_BIG_INT) return { value, kind: "other", tag }
      // Every high word outside the range of tags is a double's; see JSFloat64.
      floatBits.setBigUint64(0, BigInt.asUintN(64, value + (BigInt(JSFloat64.addend) << 32n)))
      return { value, kind: "float", number: floatBits.getFloat64(0) }
  }
}

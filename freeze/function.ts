// What the reader makes of a function in the engine's memory: plain values, no views into memory except where said.
import type { JSValue, Pointer } from "../engine/live.ts"
import type { OpcodeFormat, OpcodeName } from "../opcodes/quickjs.generated.ts"

/** A JSAtom: an index into the engine's atom table, or an integer with the top bit set. */
export type Atom = number

/**
 * A name as the engine holds it: the atom, and what it says. Symbols and private names have their description as text.
 */
export interface AtomName {
  atom: Atom
  text: string
  kind: "string" | "integer" | "symbol" | "private" | "null"
}

/** A JSValue that lies in a constant pool, decoded as far as it is plain. */
export type Constant = { value: JSValue } & (
  | { kind: "int" | "float"; number: number }
  | { kind: "bool"; bool: boolean }
  | { kind: "null" | "undefined" | "uninitialized" }
  | { kind: "string"; text: string; pointer: Pointer }
  | { kind: "bigint"; bigint: bigint }
  | { kind: "symbol" | "object" | "module"; pointer: Pointer }
  | { kind: "function"; pointer: Pointer } // a nested function's JSFunctionBytecode
  | { kind: "other"; tag: number }
)

export type FunctionKind = "normal" | "generator" | "async" | "async_generator"

/** JSVarKindEnum: what declared a variable. */
export type VarKind =
  | "normal"
  | "function_decl"
  | "new_function_decl"
  | "catch"
  | "function_name"
  | "private_field"
  | "private_method"
  | "private_getter"
  | "private_setter"
  | "private_getter_setter"
  | "using"
  | "using_method"

/** JSClosureTypeEnum: where a captured variable comes from. */
export type ClosureType =
  | "local" // a variable of the parent function
  | "arg" // an argument of the parent function
  | "ref" // a captured variable of the parent function
  | "module_decl"
  | "module_import"

/** One argument or local variable (JSVarDef). */
export interface VarInfo {
  name: AtomName
  kind: VarKind
  isConst: boolean
  isLexical: boolean
  /** Some closure may hold on to it: its value must then lie in the frame, behind `varRefs[varRefIndex]`. */
  isCaptured: boolean
  varRefIndex: number
  scopeLevel: number
  /** Index of the next variable in the same or the enclosing scope; negative at the end. */
  scopeNext: number
}

/** One captured variable (JSClosureVar): `varRefs[i]` of the function object. */
export interface ClosureVarInfo {
  name: AtomName
  type: ClosureType
  kind: VarKind
  isConst: boolean
  isLexical: boolean
  /** Index among the parent's locals, arguments or captured variables, as `type` says. */
  varIndex: number
}

/**
 * Operands, by what they mean rather than by how they are written: `get_loc`, `get_loc8` and `get_loc0` all have `loc`.
 * `get_loc0_loc1` has index 0 and also reads local 1.
 */
export type Operands =
  | { kind: "none" }
  | { kind: "int"; value: number } // none_int, i8, i16, i32
  | { kind: "loc" | "arg" | "var_ref"; index: number }
  | { kind: "const"; index: number }
  | { kind: "label"; target: number } // an offset in the code
  | { kind: "label_u16"; target: number; value: number }
  | { kind: "unsigned"; value: number } // u8, u16, u32
  | { kind: "u32x2"; first: number; second: number }
  | { kind: "call"; argCount: number } // npop, npopx
  | { kind: "call_scope"; argCount: number; scope: number } // npop_u16
  | { kind: "atom"; name: AtomName }
  | { kind: "atom_value"; name: AtomName; value: number } // atom_u8, atom_u16
  | { kind: "atom_label"; name: AtomName; target: number; value: number } // atom_label_u8, atom_label_u16

/** One instruction of finished bytecode. */
export interface Instruction {
  /** Of the opcode byte, from the start of the code. */
  offset: number
  size: number
  opcode: OpcodeName
  format: OpcodeFormat
  operands: Operands
}

/** A function as compiled: JSFunctionBytecode. Many function objects (closures) may share one. */
export interface FunctionInfo {
  pointer: Pointer
  /** Empty for a function without a name. */
  name: string
  nameAtom: AtomName
  filename: string
  /** Where the function begins, from 1 on. */
  line: number
  column: number
  kind: FunctionKind
  isStrict: boolean
  /** `new` works: the function object gets a `prototype` property. */
  hasPrototype: boolean
  hasSimpleParameterList: boolean
  isDerivedClassConstructor: boolean
  needHomeObject: boolean
  newTargetAllowed: boolean
  superCallAllowed: boolean
  superAllowed: boolean
  argumentsAllowed: boolean
  backtraceBarrier: boolean
  /** The id of its frozen code, 0 when it has none: the two bytes that the engine does not use. */
  frozenId: number
  argCount: number
  varCount: number
  /** What `length` of the function says. */
  definedArgCount: number
  /** Most values on the operand stack. */
  stackSize: number
  /** Locals and arguments that closures may capture: length of the frame's `var_refs`. */
  varRefCount: number
  /** `argCount` of them. */
  args: VarInfo[]
  /** `varCount` of them. */
  vars: VarInfo[]
  closureVars: ClosureVarInfo[]
  constants: Constant[]
  /** Address of constant 0; constants are JSValues, 8 bytes apart. 0 when there are none. */
  constantsPointer: Pointer
  /** The context that the function was compiled in, or 0. */
  realm: Pointer
  codePointer: Pointer
  /** A copy of the bytecode. */
  code: Uint8Array
  instructions: Instruction[]
  /** A copy of the pc2line table (lines.ts reads it), undefined when debug information was stripped. */
  lineTable: Uint8Array | undefined
  /** Address of the pc2line table, or 0. */
  lineTablePointer: Pointer
  /** Where the source text lies, UTF-8; both 0 when it was stripped. */
  sourcePointer: Pointer
  sourceLength: number
}

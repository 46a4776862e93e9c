// Where things lie in the engine's memory, and which numbers it uses.
//
// These are what our code was written for, not what an engine is trusted to have: engine/probe/probe.ts finds every
// number of this file out on a live engine and refuses one that differs. Names are those of the engine's C source.
// Offsets and sizes are in bytes; unless said otherwise a field is an i32 or a pointer.

/** High word of a JSValue, as a signed number. Tags below zero belong to values with a reference count. */
export const tags = {
  JS_TAG_BIG_INT: -9, // JSBigInt
  JS_TAG_SYMBOL: -8, // JSString whose atom_type is a symbol's
  JS_TAG_STRING: -7, // JSString
  JS_TAG_STRING_ROPE: -6, // JSStringRope
  JS_TAG_MODULE: -3,
  JS_TAG_FUNCTION_BYTECODE: -2, // JSFunctionBytecode, in constant pools
  JS_TAG_OBJECT: -1, // JSObject
  JS_TAG_INT: 0,
  JS_TAG_BOOL: 1,
  JS_TAG_NULL: 2,
  JS_TAG_UNDEFINED: 3,
  JS_TAG_UNINITIALIZED: 4,
  JS_TAG_CATCH_OFFSET: 5,
  JS_TAG_EXCEPTION: 6,
  JS_TAG_SHORT_BIG_INT: 7, // the low word is the BigInt, as an i32
} as const

/**
 * A tag that is none of the above is a float's: the JSValue is the double's bits less `addend << 32`. The only NaN is
 * `nan`.
 */
export const JSFloat64 = {
  addend: 0x7ff8000a,
  /** High word of NaN as a signed number; its low word is 0. */
  nan: -10,
} as const

/** The header before every allocation of the engine; offsets from the address that an allocation has. */
export const JSMallocBlockHeader = {
  gc_obj_type: -5, // u8: type in the low 7 bits, mark in the top bit
  ref_count: -4,
} as const

/** Values of `gc_obj_type`. */
export const JSGCObjectType = {
  JS_OBJECT: 0,
  FUNCTION_BYTECODE: 1,
  SHAPE: 2,
  VAR_REF: 3,
  ASYNC_FUNCTION: 4,
  JS_CONTEXT: 5,
} as const

export const JSFunctionBytecode = {
  flags: 8, // u16, JSFunctionFlags
  unused: 10, // u16: zero at birth; EdgeBox keeps the frozen function's id here
  byte_code_buf: 12,
  byte_code_len: 16,
  func_name: 20, // JSAtom
  vardefs: 24, // JSVarDef[arg_count + var_count]
  closure_var: 28, // JSClosureVar[closure_var_count]
  arg_count: 32, // u16
  var_count: 34, // u16
  defined_arg_count: 36, // u16
  stack_size: 38, // u16
  var_ref_count: 40, // u16
  closure_var_count: 42, // u16
  cpool_count: 44,
  realm: 48, // JSContext
  cpool: 52, // JSValue[cpool_count]
  filename: 56, // JSAtom
  line_num: 60,
  col_num: 64,
  source_len: 68,
  pc2line_len: 72,
  pc2line_buf: 76,
  source: 80,
} as const

/** Bits of JSFunctionBytecode.flags. `func_kind` is two bits wide. */
export const JSFunctionFlags = {
  is_strict_mode: 0x1,
  has_prototype: 0x2,
  has_simple_parameter_list: 0x4,
  is_derived_class_constructor: 0x8,
  need_home_object: 0x10,
  func_kind_shift: 5,
  new_target_allowed: 0x80,
  super_call_allowed: 0x100,
  super_allowed: 0x200,
  arguments_allowed: 0x400,
  backtrace_barrier: 0x800,
} as const

/** Values of `func_kind`. */
export const JSFunctionKind = { normal: 0, generator: 1, async: 2, async_generator: 3 } as const

export const JSVarDef = {
  size: 20,
  var_name: 0, // JSAtom
  scope_level: 4,
  scope_next: 8,
  flags: 12, // u8: the bits below, and var_kind in the high half
  is_const: 0x1,
  is_lexical: 0x2,
  is_captured: 0x4,
  var_kind_shift: 4,
  var_ref_idx: 14, // u16
} as const

export const JSClosureVar = {
  size: 8,
  flags: 0, // u8: closure_type in the low 3 bits, then the bits below
  closure_type_mask: 0x7,
  is_lexical: 0x8,
  is_const: 0x10,
  var_kind: 1, // u8, low 4 bits
  var_idx: 2, // u16
  var_name: 4, // JSAtom
} as const

/** Values of JSClosureVar.closure_type. */
export const JSClosureType = {
  local: 0,
  arg: 1,
  ref: 2,
  module_decl: 6,
  module_import: 7,
} as const

/** Values of `var_kind`, of variables and captured variables. */
export const JSVarKind = {
  normal: 0,
  function_decl: 1,
  new_function_decl: 2,
  catch: 3,
  function_name: 4,
  private_field: 5,
  private_method: 6,
  private_getter: 7,
  private_setter: 8,
  private_getter_setter: 9,
  using: 10,
  using_method: 11,
} as const

/** JSObject; the fields from +24 on depend on the class. */
export const JSObject = {
  size: 40,
  flags: 8, // u16, JSObjectFlags
  class_id: 10, // u16
  shape: 12,
  prop: 16, // JSProperty[shape.prop_size]
  opaque: 24, // the class's own data: generator, map, regexp, buffer, …
  // bytecode functions, generator functions, async functions
  function_bytecode: 24,
  var_refs: 28, // JSVarRef*[closure_var_count]
  home_object: 32,
  // C functions
  realm: 24,
  c_function: 28, // table slot
  length: 32, // u8
  cproto: 33, // u8
  magic: 34, // i16
  // arrays, arguments, typed arrays (fast_array)
  array_size: 24, // Array: JSValues allocated
  typed_array: 24, // typed arrays: JSTypedArray
  values: 28, // Array and arguments: JSValue[count]; mapped arguments: JSVarRef*[count]; typed arrays: the data
  count: 32,
  // Number, String, Boolean, Symbol, Date, BigInt objects
  object_data: 24, // JSValue
} as const

/** Bits of JSObject.flags. */
export const JSObjectFlags = {
  extensible: 0x2,
  is_exotic: 0x8,
  fast_array: 0x10,
  is_constructor: 0x20,
  is_uncatchable_error: 0x40,
} as const

/** Values of JSObject.class_id. */
export const JSClassID = {
  OBJECT: 1,
  ARRAY: 2,
  ERROR: 3,
  NUMBER: 4,
  STRING: 5,
  BOOLEAN: 6,
  SYMBOL: 7,
  ARGUMENTS: 8,
  MAPPED_ARGUMENTS: 9,
  DATE: 10,
  C_FUNCTION: 12,
  BYTECODE_FUNCTION: 13,
  BOUND_FUNCTION: 14,
  C_FUNCTION_DATA: 15,
  GENERATOR_FUNCTION: 17,
  REGEXP: 19,
  ARRAY_BUFFER: 20,
  UINT8C_ARRAY: 22,
  INT8_ARRAY: 23,
  UINT8_ARRAY: 24,
  INT16_ARRAY: 25,
  UINT16_ARRAY: 26,
  INT32_ARRAY: 27,
  UINT32_ARRAY: 28,
  BIG_INT64_ARRAY: 29,
  BIG_UINT64_ARRAY: 30,
  FLOAT16_ARRAY: 31,
  FLOAT32_ARRAY: 32,
  FLOAT64_ARRAY: 33,
  DATAVIEW: 34,
  BIG_INT: 35,
  MAP: 36,
  SET: 37,
  ARRAY_ITERATOR: 46,
  STRING_ITERATOR: 47,
  GENERATOR: 49,
  PROXY: 51,
  PROMISE: 52,
  ASYNC_FUNCTION: 55,
  ASYNC_GENERATOR_FUNCTION: 59,
} as const

/** JSObject.cproto: how a C function is called. */
export const JSCFunctionType = {
  generic: 0,
  generic_magic: 1,
  f_f: 6, // double -> double
  f_f_f: 7, // double, double -> double
  iterator_next: 12,
} as const

/**
 * JSShape: the hash table of `prop_hash_mask + 1` words, then the properties in the order in which they were added. How
 * atoms are hashed is the engine's own affair: we look through the properties.
 */
export const JSShape = {
  is_hashed: 8, // u8
  prop_hash_mask: 16,
  prop_size: 20,
  prop_count: 24, // includes deleted ones
  deleted_prop_count: 28,
  proto: 36, // JSObject or 0
  hash_table: 40,
} as const

export const JSShapeProperty = {
  size: 8,
  hash_next_and_flags: 0, // u32: hash_next below, flags from bit flags_shift on
  flags_shift: 26,
  atom: 4,
} as const

/** One slot of JSObject.prop. */
export const JSProperty = {
  size: 8,
  value: 0, // JSValue
  getter: 0, // JSObject or 0
  setter: 4,
  var_ref: 0, // JSVarRef
} as const

/** Property flags, in shapes and in the C API. */
export const JSPropertyFlags = {
  CONFIGURABLE: 0x1,
  WRITABLE: 0x2,
  ENUMERABLE: 0x4,
  LENGTH: 0x8,
  TMASK: 0x30,
  NORMAL: 0x00,
  GETSET: 0x10,
  VARREF: 0x20,
  AUTOINIT: 0x30,
  THROW: 0x4000, // only in the C API: what cannot be done throws
} as const

export const JSVarRef = {
  size: 24,
  is_detached: 8, // u8: 1 once the variable has left its frame
  is_coro: 11, // u8
  pvalue: 12, // JSValue*
  value: 16, // JSValue, when detached
  var_ref_idx: 16, // u16, when not detached: index in the frame's var_refs
  stack_frame: 20, // JSStackFrame, when not detached
} as const

export const JSStackFrame = {
  size: 48,
  prev_frame: 0,
  cur_func: 8, // JSValue
  arg_buf: 16, // JSValue[]
  var_buf: 20, // JSValue[]
  var_refs: 24, // JSVarRef*[var_ref_count]
  cur_pc: 28,
  var_ref_count: 32, // u16
  arg_count: 34, // u16
  is_strict_mode: 36, // u8
  is_constructor: 37, // u8
  cur_sp: 40, // 0 while the function runs
  cur_gc_obj: 44,
} as const

export const JSAsyncFunctionState = {
  size: 64,
  this_val: 0, // JSValue
  argc: 8,
  throw_flag: 12, // u8
  frame: 16, // JSStackFrame
} as const

/** A module: what a value with JS_TAG_MODULE points at. */
export const JSModuleDef = {
  func_obj: 80, // JSValue: bytecode while it is only compiled, a function object later
} as const

/** JSObject.opaque of a generator. */
export const JSGeneratorData = { state: 0, func_state: 8 } as const

/** JSString; the characters follow unless `kind` says otherwise. */
export const JSString = {
  len_and_wide: 0, // u32: length in characters; top bit: 16-bit characters
  hash_kind_type: 4, // u32: hash in the low 28 bits
  kind_shift: 28, // 2 bits, JSStringKind
  atom_type_shift: 30, // 2 bits, JSAtomType; 0 when the string is no atom
  hash_private: 1, // the hash of a private name, which has a symbol's type
  hash_next: 8, // atoms: the next of the same hash; symbols: the atom itself
  characters: 24,
  slice_parent: 24, // JSString
  slice_start: 28, // bytes into the parent's characters
  indirect: 24, // address of the characters
} as const

export const JSStringKind = { NORMAL: 0, SLICE: 1, INDIRECT: 2 } as const

export const JSAtomType = { STRING: 1, GLOBAL_SYMBOL: 2, SYMBOL: 3 } as const

/** An atom with this bit is the number in its other bits; every other atom is an index into JSRuntime.atom_array. */
export const JS_ATOM_TAG_INT = 0x8000_0000

/** A concatenation that has not been done yet. */
export const JSStringRope = { len: 0, is_wide_char: 4, left: 8, right: 16 } as const

/** A BigInt that does not fit into the value: two's complement limbs, 32 bits each, lowest first. */
export const JSBigInt = { len: 0, tab: 4 } as const

/** JSObject.typed_array. */
export const JSTypedArray = {
  obj: 8,
  buffer: 12, // JSObject of the ArrayBuffer
  offset: 16, // bytes
  length: 20, // bytes
  track_rab: 24, // u8: the length follows a resizable buffer
} as const

/** JSObject.opaque of an ArrayBuffer. */
export const JSArrayBuffer = {
  byte_length: 0,
  max_byte_length: 4, // -1: not resizable
  detached: 8, // u8
  immutable: 9, // u8
  shared: 10, // u8
  data: 12,
} as const

export const JSContext = {
  rt: 8,
  std_array_prototype: 24, // u32, bit std_array_prototype_bit: the array prototypes have no getter, setter or read-only element
  std_array_prototype_bit: 31,
  array_shape: 28,
  class_proto: 48, // JSValue[class_count]
  function_proto: 56, // JSValue
  array_ctor: 72, // JSValue
  regexp_ctor: 80, // JSValue
  promise_ctor: 88, // JSValue
  native_error_proto: 96, // JSValue[9]
  array_proto_values: 232, // JSValue
  global_obj: 256, // JSValue
  global_var_obj: 264, // JSValue: global let, const and class
  time_origin: 272, // f64
  random_state: 280, // u64
  interrupt_counter: 292, // counts down; at zero the interrupt handler is asked
} as const

/** What `interrupt_counter` is set to. */
export const JS_INTERRUPT_COUNTER_INIT = 10000

/**
 * The atom `length`, which is the same in every runtime. Frozen code leaves it, and the atoms below it, to the engine.
 */
export const JS_ATOM_length = 51

export const JSRuntime = {
  malloc_limit: 28, // 0: none
  atom_size: 556,
  atom_array: 568, // JSString*[atom_size]; an odd entry is free
  class_array: 584, // JSClass[]
  gc_obj_list: 596, // list_head
  malloc_gc_threshold: 624,
  stack_size: 636,
  stack_top: 640,
  stack_limit: 644,
  current_exception: 648, // JSValue; JS_TAG_UNINITIALIZED when there is none
  current_stack_frame: 660,
  interrupt_handler: 664, // table slot or 0
  interrupt_opaque: 668,
  dump_flags: 752, // u32
  dump_flags_shift: 8, // its lowest bit that is a flag
} as const

/** One entry of JSRuntime.class_array. */
export const JSClass = { size: 24, class_id: 0, class_name: 4, call: 16 } as const

/** Flags of JS_CallInternal. */
export const callFlags = { JS_CALL_FLAG_CONSTRUCTOR: 1, JS_CALL_FLAG_COPY_ARGV: 2 } as const

/**
 * The flag of JS_CallInternal that resumes the JSAsyncFunctionState its function argument points at. No exported
 * function takes it, so the probe cannot see it; frozen code that leaves in the middle of a function tests it.
 */
export const JS_CALL_FLAG_GENERATOR = 4

/** Flags of JS_Eval. */
export const evalFlags = {
  JS_EVAL_TYPE_GLOBAL: 0,
  JS_EVAL_TYPE_MODULE: 1,
  JS_EVAL_FLAG_STRICT: 8,
  JS_EVAL_FLAG_COMPILE_ONLY: 32,
  JS_EVAL_FLAG_BACKTRACE_BARRIER: 64,
} as const

/** Flags of JS_SetDumpFlags; they say what the engine prints while it compiles. Only tests look at that. */
export const dumpFlags = {
  JS_DUMP_BYTECODE_FINAL: 0x1,
  JS_DUMP_BYTECODE_PC2LINE: 0x20,
  JS_DUMP_BYTECODE_STACK: 0x40,
} as const

/** What the probe finds out, as one value. */
export const abi = {
  tags,
  JSFloat64,
  JSMallocBlockHeader,
  JSGCObjectType,
  JSFunctionBytecode,
  JSFunctionFlags,
  JSFunctionKind,
  JSVarDef,
  JSClosureVar,
  JSClosureType,
  JSVarKind,
  JSObject,
  JSObjectFlags,
  JSClassID,
  JSCFunctionType,
  JSShape,
  JSShapeProperty,
  JSProperty,
  JSPropertyFlags,
  JSVarRef,
  JSStackFrame,
  JSAsyncFunctionState,
  JSModuleDef,
  JSGeneratorData,
  JSString,
  JSStringKind,
  JSAtomType,
  JSStringRope,
  JSBigInt,
  JSTypedArray,
  JSArrayBuffer,
  JSContext,
  JSRuntime,
  JSClass,
  callFlags,
  evalFlags,
  constants: { JS_ATOM_TAG_INT, JS_ATOM_length, JS_INTERRUPT_COUNTER_INIT },
} as const

/** The layout as numbers that may differ: what a probe finds, or a test pretends to expect. */
export type Abi = { [Group in keyof typeof abi]: { [Field in keyof (typeof abi)[Group]]: number } }

// What freeze does with each opcode. One row per opcode, in the engine's order: leaving one out, or misspelling one, is a
// type error. Sizes and stack effects are not repeated here; they come from opcodes/quickjs.generated.ts.
import { opcodeByName, type OpcodeName } from "../opcodes/quickjs.generated.ts"
import { emitOnAnything } from "./handlers/anything.ts"
import { emitAddLocal, emitLocalStep } from "./handlers/accumulate.ts"
import { emitBinary } from "./handlers/arith.ts"
import { emitBits } from "./handlers/bits.ts"
import { emitCompare } from "./handlers/compare.ts"
import { emitUnary } from "./handlers/unary.ts"
import { popsOf, stackPictures } from "./flow/blocks.ts"
import {
  emitCall,
  emitClosure,
  emitConstruct,
  emitDefineField,
  emitInitConstructor,
  emitNewObject,
} from "./handlers/call.ts"
import type { Frame } from "./frame/frame.ts"
import {
  emitCloseLocal,
  emitConstant,
  emitGetLocal,
  emitGetTwoLocals,
  emitGetVarRef,
  emitPutLocal,
  emitPutVarRef,
  emitSetLocal,
  emitSetVarRef,
  emitUninitialized,
} from "./handlers/local.ts"
import { emitCheckConstructor, emitNot, emitSpecialObject, emitTagTest, emitThis, emitToKey } from "./handlers/misc.ts"
import {
  emitGetElement,
  emitGetField,
  emitGetGlobal,
  emitGetLength,
  emitGetPrivate,
  emitPutPrivate,
  emitPutElement,
  emitPutField,
} from "./handlers/property.ts"
import { ANY, NUMBER, T } from "./types.ts"

export type Pattern =
  /** Written inline; what is not expected is stepped or leaves. */
  | { kind: "emit"; emit: (f: Frame) => void }
  /** Only moves operands: stackPictures says how. */
  | { kind: "stack" }
  /** The interpreter executes it. `results` are the kinds of what it pushes; `locals`: it reads locals of the frame. */
  | { kind: "step"; results?: readonly number[]; locals?: true }
  /** Ends a block: control.ts. */
  | { kind: "end" }
  /** A function using it stays in bytecode. */
  | { kind: "keep"; why: string }

const emit = (f: (frame: Frame) => void): Pattern => ({ kind: "emit", emit: f })
const step = (...results: number[]): Pattern => (results.length > 0 ? { kind: "step", results } : { kind: "step" })
const stack: Pattern = { kind: "stack" }
const end: Pattern = { kind: "end" }
const keep = (why: string): Pattern => ({ kind: "keep", why })

const suspends = "it can be suspended"
const sees = "direct eval can see every local"
const scoped = "`with` or a direct eval decides at run time what a name means"

export const patterns = {
  invalid: keep("it has an invalid opcode"),
  push_i32: emit(emitConstant),
  push_const: emit(emitConstant),
  fclosure: emit(emitClosure),
  push_atom_value: emit(emitConstant),
  private_symbol: step(T.OTHER),
  undefined: emit(emitConstant),
  null: emit(emitConstant),
  push_this: emit(emitThis),
  push_false: emit(emitConstant),
  push_true: emit(emitConstant),
  object: emit(emitNewObject),
  special_object: emit(emitSpecialObject),
  rest: step(T.OBJECT),
  drop: stack,
  nip: stack,
  nip1: stack,
  dup: stack,
  dup1: stack,
  dup2: stack,
  dup3: stack,
  insert2: stack,
  insert3: stack,
  insert4: stack,
  perm3: stack,
  perm4: stack,
  perm5: stack,
  swap: stack,
  swap2: stack,
  rot3l: stack,
  rot3r: stack,
  rot4l: stack,
  rot5l: stack,
  call_constructor: emit(emitConstruct),
  call: emit(emitCall),
  tail_call: end,
  call_method: emit(emitCall),
  tail_call_method: end,
  array_from: step(T.OBJECT),
  apply: step(),
  return: end,
  return_undef: end,
  check_ctor_return: step(ANY, T.BOOL),
  check_ctor: emit(emitCheckConstructor),
  init_ctor: emit(emitInitConstructor),
  check_brand: step(),
  add_brand: step(),
  return_async: keep(suspends),
  throw: end,
  throw_error: end,
  eval: keep(sees),
  apply_eval: keep(sees),
  regexp: step(T.OBJECT),
  get_super: step(),
  import: step(T.OBJECT),
  get_var_undef: step(),
  get_var: emit(emitGetGlobal),
  put_var: step(),
  put_var_init: step(),
  get_ref_value: step(),
  put_ref_value: step(),
  define_var: step(),
  check_define_var: step(),
  define_func: step(),
  get_field: emit(emitGetField),
  get_field2: emit(emitGetField),
  put_field: emit(emitPutField),
  get_private_field: emit(emitGetPrivate),
  put_private_field: emit(emitPutPrivate),
  define_private_field: step(),
  get_array_el: emit(emitGetElement),
  get_array_el2: emit(emitGetElement),
  put_array_el: emit(emitPutElement),
  get_super_value: step(),
  put_super_value: step(),
  define_field: emit(emitDefineField),
  set_name: step(),
  set_name_computed: step(),
  set_proto: step(),
  set_home_object: step(),
  define_array_el: step(),
  append: step(),
  copy_data_properties: step(),
  define_method: step(),
  define_method_computed: step(),
  define_class: step(),
  define_class_computed: step(),
  get_loc: emit(emitGetLocal),
  put_loc: emit(emitPutLocal),
  set_loc: emit(emitSetLocal),
  get_arg: emit(emitGetLocal),
  put_arg: emit(emitPutLocal),
  set_arg: emit(emitSetLocal),
  get_var_ref: emit(emitGetVarRef),
  put_var_ref: emit(emitPutVarRef),
  set_var_ref: emit(emitSetVarRef),
  set_loc_uninitialized: emit(emitUninitialized),
  get_loc_check: emit(emitGetLocal),
  put_loc_check: emit(emitPutLocal),
  put_loc_check_init: emit(emitPutLocal),
  get_var_ref_check: emit(emitGetVarRef),
  put_var_ref_check: emit(emitPutVarRef),
  put_var_ref_check_init: emit(emitPutVarRef),
  close_loc: emit(emitCloseLocal),
  if_false: end,
  if_true: end,
  goto: end,
  catch: emit(emitConstant),
  gosub: end,
  ret: end,
  nip_catch: emit(emitNipCatch),
  check_object: step(),
  to_object: step(),
  to_propkey: emit(emitToKey),
  to_propkey2: emit(emitToKey),
  with_get_var: keep(scoped),
  with_put_var: keep(scoped),
  with_delete_var: keep(scoped),
  with_make_ref: keep(scoped),
  with_get_ref: keep(scoped),
  with_get_ref_undef: keep(scoped),
  make_loc_ref: keep(scoped),
  make_arg_ref: keep(scoped),
  make_var_ref_ref: keep(scoped),
  make_var_ref: step(),
  for_in_start: step(),
  for_of_start: step(ANY, ANY, T.CATCH),
  for_await_of_start: keep(suspends),
  for_in_next: step(),
  for_of_next: emit(emitForOfNext),
  iterator_get_value_done: step(),
  iterator_close: step(),
  iterator_next: step(),
  iterator_call: step(),
  initial_yield: keep(suspends),
  yield: keep(suspends),
  yield_star: keep(suspends),
  async_yield_star: keep(suspends),
  await: keep(suspends),
  neg: emit(emitUnary),
  plus: emit(emitUnary),
  dec: emit(emitUnary),
  inc: emit(emitUnary),
  post_dec: emit(emitUnary),
  post_inc: emit(emitUnary),
  dec_loc: emit(emitLocalStep),
  inc_loc: emit(emitLocalStep),
  add_loc: emit(emitAddLocal),
  not: emit(emitBits),
  lnot: emit(emitNot),
  typeof: step(T.STRING),
  delete: step(T.BOOL),
  delete_var: step(T.BOOL),
  mul: emit(emitBinary),
  div: emit(emitBinary),
  mod: emit(emitBinary),
  add: emit(emitBinary),
  sub: emit(emitBinary),
  shl: emit(emitBits),
  sar: emit(emitBits),
  shr: emit(emitBits),
  and: emit(emitBits),
  xor: emit(emitBits),
  or: emit(emitBits),
  pow: emit((frame) => emitOnAnything(frame, 2, NUMBER | T.OTHER)),
  lt: emit(emitCompare),
  lte: emit(emitCompare),
  gt: emit(emitCompare),
  gte: emit(emitCompare),
  instanceof: step(T.BOOL),
  in: step(T.BOOL),
  eq: emit(emitCompare),
  neq: emit(emitCompare),
  strict_eq: emit(emitCompare),
  strict_neq: emit(emitCompare),
  is_undefined_or_null: emit(emitTagTest),
  private_in: step(T.BOOL),
  push_bigint_i32: emit(emitConstant),
  using_dispose_init: step(),
  using_dispose: { kind: "step", locals: true },
  using_dispose_async: keep(suspends),
  using_dispose_merge: step(),
  using_dispose_end: step(),
  using_check: step(),
  nop: emit(() => {}),
  push_minus1: emit(emitConstant),
  push_0: emit(emitConstant),
  push_1: emit(emitConstant),
  push_2: emit(emitConstant),
  push_3: emit(emitConstant),
  push_4: emit(emitConstant),
  push_5: emit(emitConstant),
  push_6: emit(emitConstant),
  push_7: emit(emitConstant),
  push_i8: emit(emitConstant),
  push_i16: emit(emitConstant),
  push_const8: emit(emitConstant),
  fclosure8: emit(emitClosure),
  push_empty_string: step(T.STRING),
  get_loc8: emit(emitGetLocal),
  put_loc8: emit(emitPutLocal),
  set_loc8: emit(emitSetLocal),
  get_loc0_loc1: emit(emitGetTwoLocals),
  get_loc0: emit(emitGetLocal),
  get_loc1: emit(emitGetLocal),
  get_loc2: emit(emitGetLocal),
  get_loc3: emit(emitGetLocal),
  put_loc0: emit(emitPutLocal),
  put_loc1: emit(emitPutLocal),
  put_loc2: emit(emitPutLocal),
  put_loc3: emit(emitPutLocal),
  set_loc0: emit(emitSetLocal),
  set_loc1: emit(emitSetLocal),
  set_loc2: emit(emitSetLocal),
  set_loc3: emit(emitSetLocal),
  get_arg0: emit(emitGetLocal),
  get_arg1: emit(emitGetLocal),
  get_arg2: emit(emitGetLocal),
  get_arg3: emit(emitGetLocal),
  put_arg0: emit(emitPutLocal),
  put_arg1: emit(emitPutLocal),
  put_arg2: emit(emitPutLocal),
  put_arg3: emit(emitPutLocal),
  set_arg0: emit(emitSetLocal),
  set_arg1: emit(emitSetLocal),
  set_arg2: emit(emitSetLocal),
  set_arg3: emit(emitSetLocal),
  get_var_ref0: emit(emitGetVarRef),
  get_var_ref1: emit(emitGetVarRef),
  get_var_ref2: emit(emitGetVarRef),
  get_var_ref3: emit(emitGetVarRef),
  put_var_ref0: emit(emitPutVarRef),
  put_var_ref1: emit(emitPutVarRef),
  put_var_ref2: emit(emitPutVarRef),
  put_var_ref3: emit(emitPutVarRef),
  set_var_ref0: emit(emitSetVarRef),
  set_var_ref1: emit(emitSetVarRef),
  set_var_ref2: emit(emitSetVarRef),
  set_var_ref3: emit(emitSetVarRef),
  get_length: emit(emitGetLength),
  if_false8: end,
  if_true8: end,
  goto8: end,
  goto16: end,
  call0: emit(emitCall),
  call1: emit(emitCall),
  call2: emit(emitCall),
  call3: emit(emitCall),
  is_undefined: emit(emitTagTest),
  is_null: emit(emitTagTest),
  typeof_is_undefined: step(T.BOOL),
  typeof_is_function: step(T.BOOL),
} satisfies Record<OpcodeName, Pattern>

/** Write one instruction that does not end its block. */
export function emitInstruction(frame: Frame): void {
  const { instruction } = frame
  const pattern: Pattern = patterns[instruction.opcode]
  switch (pattern.kind) {
    case "emit":
      pattern.emit(frame)
      return
    case "stack":
      moveOperands(frame, stackPictures[instruction.opcode]!)
      return
    case "step": {
      const { pushes } = opcodeByName[instruction.opcode]
      if (pattern.locals) frame.spillLocals()
      frame.step(popsOf(instruction), pattern.results ?? new Array<number>(pushes).fill(ANY | T.UNINITIALIZED))
      return
    }
    case "end":
    case "keep":
      throw new Error(`${instruction.opcode} cannot be written as a plain instruction`)
    default:
      pattern satisfies never
  }
}

/** `abc>bca`: operands a b c (c on top) become b c a. */
function moveOperands(frame: Frame, picture: string): void {
  const [taken, left] = picture.split(">") as [string, string]
  const operands = [...taken].map(() => frame.pop()).reverse()
  const used = new Set<number>()
  for (const letter of left) {
    const from = taken.indexOf(letter)
    const v = operands[from]!
    frame.push(used.has(from) ? frame.copy(v) : v)
    used.add(from)
  }
  operands.forEach((v, i) => !used.has(i) && frame.drop(v))
}

/** iterator next catch_offset ... -> the same, value done. What lies between, the target of an assignment, is left alone. */
function emitForOfNext(frame: Frame): void {
  frame.flush()
  frame.callStep(frame.depth)
  frame.push({ rep: "slot", type: ANY, own: true })
  frame.push({ rep: "slot", type: T.BOOL, own: true })
}

/** catch_offset ... a -> a. How many operands go is known from the depth that the next instruction has. */
function emitNipCatch(frame: Frame): void {
  const kept = frame.pop()
  const depth = frame.graph.depths[frame.index + 1]!
  while (frame.depth > depth - 1) frame.drop(frame.pop())
  frame.push(kept)
}

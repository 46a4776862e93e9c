// What freezing knows of each opcode: one row has all of it. Rows are in the engine's order; leaving one out, or
// misspelling one, is a type error. Sizes and stack effects are not repeated here; they come from
// opcodes/quickjs.generated.ts.
//
//     add: emit("binary", { … })      written by the handler `binary`, which handlers/instruction.ts has
//     dup: move("a>aa")               only moves operands
//     in: step({ … })                 the interpreter executes it
//     goto: end("goto")               ends its block
//     await: keep("…")                a function that has it stays in bytecode
//
// The table lies at the bottom: it imports nothing of freezing but the kinds of values, so that reading, the flow
// graph, the plan and the handlers can all ask it (`patternOf`), and no list of opcodes is kept beside it. Short forms
// share the row of the long form.
import type { OpcodeName } from "../opcodes/quickjs.generated.ts"
import { ANY, T } from "./types.ts"

/** What is known of an opcode, whatever is done with it. */
export interface Facts {
  /** How it ends its block, by the name of the long form; without it, control goes on to the next instruction. */
  ends?: Ending
  /** How it moves operands: `abc>bca` takes a b c (c on top) and leaves b c a; x is something new. */
  picture?: string
  /** It pushes a catch offset: where an exception goes on, or of an iterator that is to be closed then. */
  opens?: "catch" | "iterator"
  /** It takes a catch offset away from within the stack. */
  closes?: "catch" | "iterator"
  /**
   * It takes the catch offset of an iterator, when that is on top, and something else lies in its place until
   * `iterator_get_value_done` puts it back (engine/edit/forawait.ts).
   */
  covers?: "iterator"
  /** Values that it pushes more when it branches than when it falls through. */
  branchPushes?: number
  /**
   * The frame must be there for it, for certain: a lean function has few of them (flow/lean.ts). A step always needs
   * it.
   */
  needsFrame?: "always" | "in sloppy code"
  /** It writes to an argument, which a lean function borrows. */
  writesArgument?: true
  /** A kernel may have it (flow/pure.ts). */
  kernel?: true
  /** Arithmetic, which is what freezing pays for (plan.ts). */
  computes?: true
  /** What it wants of each operand (flow/demand.ts): only ToInt32 of it, or that it is a number. */
  wants?: "int32" | "number"
  /** It adds up: an operand is a part of the result. */
  sums?: true
  /** The engine's function that does it with operands of any kind (handlers/anything.ts); without one it is a step. */
  engine?: EngineOperation
  /** A function that is made right before it gets the name that it has as its operand (read/naming.ts). */
  names?: true
}

export type Ending =
  "if_true" | "if_false" | "goto" | "return" | "return_undef" | "tail_call" | "throw" | "gosub" | "ret"

export type EngineOperation =
  "js_add_slow" | "js_binary_logic_slow" | "js_relational_slow" | "js_eq_slow" | "js_unary_arith_slow"

export type Pattern = Facts &
  (
    | { /** Written inline, by a handler; what is not expected is stepped or leaves. */ kind: "emit"; by: string }
    /** Only moves operands. */
    | { kind: "move"; picture: string }
    /** The interpreter executes it. `results` are the kinds of what it pushes; `readsLocals`: of the frame. */
    | { kind: "step"; results?: readonly number[]; readsLocals?: true }
    /** Ends a block: handlers/control.ts. */
    | { kind: "end"; ends: Ending }
    /** A function using it stays in bytecode. `saysMost`: where there are several, this is the reason to name. */
    | { kind: "keep"; why: string; saysMost?: true }
  )

const emit = <const H extends string>(by: H, facts: Facts = {}) => ({ ...facts, kind: "emit", by }) as const
const move = (picture: string, facts: Facts = {}) => ({ ...facts, kind: "move", picture }) as const
const step = (facts: Facts & { results?: readonly number[]; readsLocals?: true } = {}) =>
  ({ ...facts, kind: "step" }) as const
const end = <const E extends Ending>(ends: E, facts: Facts = {}) => ({ ...facts, kind: "end", ends }) as const
const keep = (why: string, facts: Facts & { saysMost?: true } = {}) => ({ ...facts, kind: "keep", why }) as const

const suspends = "it can be suspended"
const sees = "direct eval can see every local"
const scoped = "`with` or a direct eval decides at run time what a name means"

// Rows of families.
const constant = emit("constant")
const kernelConstant = emit("constant", { kernel: true })
const getLocal = emit("getLocal", { kernel: true })
const putLocal = emit("putLocal", { kernel: true })
const setLocal = emit("setLocal", { kernel: true })
const putArgument = emit("putLocal", { kernel: true, writesArgument: true })
const setArgument = emit("setLocal", { kernel: true, writesArgument: true })
const getVarRef = emit("getVarRef", { kernel: true })
const putVarRef = emit("putVarRef")
const setVarRef = emit("setVarRef")
const call = emit("call", { kernel: true, needsFrame: "always" })
const goTo = end("goto", { kernel: true })
const ifTrue = end("if_true", { kernel: true })
const ifFalse = end("if_false", { kernel: true })

export const patterns = {
  invalid: keep("it has an invalid opcode"),
  push_i32: kernelConstant,
  push_const: constant,
  fclosure: emit("closure", { needsFrame: "always" }),
  push_atom_value: constant,
  private_symbol: step({ results: [T.OTHER] }),
  undefined: constant,
  null: constant,
  push_this: emit("this", { needsFrame: "in sloppy code" }),
  push_false: kernelConstant,
  push_true: kernelConstant,
  object: emit("newObject", { needsFrame: "always" }),
  special_object: emit("specialObject"),
  rest: step({ results: [T.OBJECT] }),
  drop: move("a>", { kernel: true }),
  nip: move("ab>b"),
  nip1: move("abc>bc"),
  dup: move("a>aa", { kernel: true }),
  dup1: move("ab>aab"),
  dup2: move("ab>abab"),
  dup3: move("abc>abcabc"),
  insert2: move("ab>bab"),
  insert3: move("abc>cabc"),
  insert4: move("abcd>dabcd"),
  perm3: move("abc>bac"),
  perm4: move("abcd>cabd"),
  perm5: move("abcde>dabce"),
  swap: move("ab>ba"),
  swap2: move("abcd>cdab"),
  rot3l: move("abc>bca"),
  rot3r: move("abc>cab"),
  rot4l: move("abcd>bcda"),
  rot5l: move("abcde>bcdea"),
  call_constructor: emit("construct", { needsFrame: "always" }),
  call: call,
  tail_call: end("tail_call", { kernel: true, needsFrame: "always" }),
  call_method: emit("call", { needsFrame: "always" }),
  tail_call_method: end("tail_call", { needsFrame: "always" }),
  array_from: step({ results: [T.OBJECT] }),
  apply: step(),
  return: end("return", { kernel: true }),
  return_undef: end("return_undef"),
  check_ctor_return: step({ results: [ANY, T.BOOL] }),
  check_ctor: emit("checkConstructor"),
  init_ctor: emit("initConstructor", { needsFrame: "always" }),
  check_brand: step(),
  add_brand: step(),
  return_async: keep(suspends, { ends: "return" }),
  throw: end("throw"),
  throw_error: end("throw"),
  eval: keep(sees, { saysMost: true }),
  apply_eval: keep(sees, { saysMost: true }),
  regexp: step({ results: [T.OBJECT] }),
  get_super: step(),
  import: step({ results: [T.OBJECT] }),
  get_var_undef: step(),
  get_var: emit("getGlobal", { kernel: true }),
  put_var: step(),
  put_var_init: step(),
  get_ref_value: step(),
  put_ref_value: step(),
  define_var: step(),
  check_define_var: step(),
  define_func: step(),
  get_field: emit("getField"),
  get_field2: emit("getField"),
  put_field: emit("putField"),
  get_private_field: emit("getPrivate"),
  put_private_field: emit("putPrivate"),
  define_private_field: step(),
  get_array_el: emit("getElement"),
  get_array_el2: emit("getElement"),
  put_array_el: emit("putElement"),
  get_super_value: step(),
  put_super_value: step(),
  define_field: emit("defineField", { needsFrame: "always", names: true }),
  set_name: step({ names: true }),
  set_name_computed: step(),
  set_proto: step(),
  set_home_object: step(),
  define_array_el: step(),
  append: step(),
  copy_data_properties: step(),
  define_method: step({ names: true }),
  define_method_computed: step(),
  define_class: step({ names: true }),
  define_class_computed: step(),
  get_loc: getLocal,
  put_loc: putLocal,
  set_loc: setLocal,
  get_arg: getLocal,
  put_arg: putArgument,
  set_arg: setArgument,
  get_var_ref: getVarRef,
  put_var_ref: putVarRef,
  set_var_ref: setVarRef,
  set_loc_uninitialized: emit("uninitialized", { kernel: true }),
  get_loc_check: getLocal,
  put_loc_check: putLocal,
  put_loc_check_init: emit("putLocal"),
  get_var_ref_check: getVarRef,
  put_var_ref_check: putVarRef,
  put_var_ref_check_init: putVarRef,
  close_loc: emit("closeLocal"),
  if_false: ifFalse,
  if_true: ifTrue,
  goto: goTo,
  catch: emit("constant", { opens: "catch" }),
  gosub: end("gosub"),
  ret: end("ret"),
  nip_catch: emit("nipCatch", { closes: "catch" }),
  check_object: step(),
  to_object: step(),
  to_propkey: emit("toKey"),
  to_propkey2: emit("toKey"),
  with_get_var: keep(scoped, { branchPushes: 1 }),
  with_put_var: keep(scoped, { branchPushes: -1 }),
  with_delete_var: keep(scoped, { branchPushes: 1 }),
  with_make_ref: keep(scoped, { branchPushes: 2 }),
  with_get_ref: keep(scoped, { branchPushes: 2 }),
  with_get_ref_undef: keep(scoped, { branchPushes: 2 }),
  make_loc_ref: keep(scoped),
  make_arg_ref: keep(scoped),
  make_var_ref_ref: keep(scoped),
  make_var_ref: step(),
  for_in_start: step(),
  for_of_start: step({ results: [ANY, ANY, T.CATCH], opens: "iterator" }),
  for_await_of_start: keep(suspends, { opens: "iterator" }),
  for_in_next: step(),
  for_of_next: emit("forOfNext", { picture: "abc>abcxx" }),
  iterator_get_value_done: step(),
  iterator_close: step({ closes: "iterator" }),
  iterator_next: step({ picture: "abcx>abcx" }),
  iterator_call: step({ picture: "abcx>abcxx" }),
  initial_yield: keep(suspends),
  yield: keep(suspends),
  yield_star: keep(suspends),
  async_yield_star: keep(suspends),
  await: keep(suspends),
  neg: emit("unary", { kernel: true, computes: true, wants: "number", engine: "js_unary_arith_slow" }),
  plus: emit("unary", { engine: "js_unary_arith_slow" }),
  dec: emit("unary", { kernel: true, computes: true, wants: "number", engine: "js_unary_arith_slow" }),
  inc: emit("unary", { kernel: true, computes: true, wants: "number", engine: "js_unary_arith_slow" }),
  post_dec: emit("unary", { kernel: true, computes: true, wants: "number" }),
  post_inc: emit("unary", { kernel: true, computes: true, wants: "number" }),
  dec_loc: emit("localStep", { kernel: true, computes: true }),
  inc_loc: emit("localStep", { kernel: true, computes: true }),
  add_loc: emit("addLocal", { kernel: true, computes: true }),
  not: emit("bits", { kernel: true, computes: true, wants: "int32" }),
  lnot: emit("not", { kernel: true }),
  typeof: step({ results: [T.STRING] }),
  delete: step({ results: [T.BOOL] }),
  delete_var: step({ results: [T.BOOL] }),
  mul: emit("binary", { kernel: true, computes: true, wants: "number" }),
  div: emit("binary", { computes: true, wants: "number" }),
  mod: emit("binary", { kernel: true, computes: true, wants: "number" }),
  add: emit("binary", { kernel: true, computes: true, sums: true, engine: "js_add_slow" }),
  sub: emit("binary", { kernel: true, computes: true, sums: true, wants: "number" }),
  shl: emit("bits", { kernel: true, computes: true, wants: "int32", engine: "js_binary_logic_slow" }),
  sar: emit("bits", { kernel: true, computes: true, wants: "int32", engine: "js_binary_logic_slow" }),
  shr: emit("bits", { kernel: true, computes: true, wants: "int32" }),
  and: emit("bits", { kernel: true, computes: true, wants: "int32", engine: "js_binary_logic_slow" }),
  xor: emit("bits", { kernel: true, computes: true, wants: "int32", engine: "js_binary_logic_slow" }),
  or: emit("bits", { kernel: true, computes: true, wants: "int32", engine: "js_binary_logic_slow" }),
  pow: emit("power"),
  lt: emit("compare", { kernel: true, computes: true, engine: "js_relational_slow" }),
  lte: emit("compare", { kernel: true, computes: true, engine: "js_relational_slow" }),
  gt: emit("compare", { kernel: true, computes: true, engine: "js_relational_slow" }),
  gte: emit("compare", { kernel: true, computes: true, engine: "js_relational_slow" }),
  instanceof: step({ results: [T.BOOL] }),
  in: step({ results: [T.BOOL] }),
  eq: emit("compare", { kernel: true, engine: "js_eq_slow" }),
  neq: emit("compare", { kernel: true, engine: "js_eq_slow" }),
  strict_eq: emit("compare", { kernel: true }),
  strict_neq: emit("compare", { kernel: true }),
  is_undefined_or_null: emit("tagTest", { covers: "iterator" }),
  private_in: step({ results: [T.BOOL] }),
  push_bigint_i32: constant,
  using_dispose_init: step(),
  using_dispose: step({ readsLocals: true }),
  using_dispose_async: keep(suspends),
  using_dispose_merge: step(),
  using_dispose_end: step(),
  using_check: step(),
  nop: emit("nothing"),
  push_minus1: kernelConstant,
  push_0: kernelConstant,
  push_1: kernelConstant,
  push_2: kernelConstant,
  push_3: kernelConstant,
  push_4: kernelConstant,
  push_5: kernelConstant,
  push_6: kernelConstant,
  push_7: kernelConstant,
  push_i8: kernelConstant,
  push_i16: kernelConstant,
  push_const8: constant,
  fclosure8: emit("closure", { needsFrame: "always" }),
  push_empty_string: step({ results: [T.STRING] }),
  get_loc8: getLocal,
  put_loc8: putLocal,
  set_loc8: setLocal,
  get_loc0_loc1: emit("getTwoLocals", { kernel: true }),
  get_loc0: getLocal,
  get_loc1: getLocal,
  get_loc2: getLocal,
  get_loc3: getLocal,
  put_loc0: putLocal,
  put_loc1: putLocal,
  put_loc2: putLocal,
  put_loc3: putLocal,
  set_loc0: setLocal,
  set_loc1: setLocal,
  set_loc2: setLocal,
  set_loc3: setLocal,
  get_arg0: getLocal,
  get_arg1: getLocal,
  get_arg2: getLocal,
  get_arg3: getLocal,
  put_arg0: putArgument,
  put_arg1: putArgument,
  put_arg2: putArgument,
  put_arg3: putArgument,
  set_arg0: setArgument,
  set_arg1: setArgument,
  set_arg2: setArgument,
  set_arg3: setArgument,
  get_var_ref0: getVarRef,
  get_var_ref1: getVarRef,
  get_var_ref2: getVarRef,
  get_var_ref3: getVarRef,
  put_var_ref0: putVarRef,
  put_var_ref1: putVarRef,
  put_var_ref2: putVarRef,
  put_var_ref3: putVarRef,
  set_var_ref0: setVarRef,
  set_var_ref1: setVarRef,
  set_var_ref2: setVarRef,
  set_var_ref3: setVarRef,
  get_length: emit("getLength"),
  if_false8: ifFalse,
  if_true8: ifTrue,
  goto8: goTo,
  goto16: goTo,
  call0: call,
  call1: call,
  call2: call,
  call3: call,
  is_undefined: emit("tagTest"),
  is_null: emit("tagTest"),
  typeof_is_undefined: step({ results: [T.BOOL] }),
  typeof_is_function: step({ results: [T.BOOL] }),
} satisfies Record<OpcodeName, Pattern>

// Over the rows that there are, so that one that is missing is one error, not one in each place that asks.
type Rows = typeof patterns
type Row = Rows[keyof Rows]

/** The handlers that rows name. */
export type HandlerName = Extract<Row, { kind: "emit" }>["by"]

/** The opcodes that a handler writes. */
export type OpcodeOf<H extends HandlerName> = { [O in keyof Rows]: Rows[O] extends { by: H } ? O : never }[keyof Rows]

export function patternOf(opcode: OpcodeName): Row {
  return (patterns as Record<OpcodeName, Row>)[opcode]
}

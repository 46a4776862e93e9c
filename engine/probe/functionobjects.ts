// Experiments on function bytecode: functions whose counts, names, constants and flags are known, and where those lie.
import {
  bitOffset,
  offset16,
  offset32,
  only,
  path,
  pointerOf,
  Unfound,
  isAddress,
  type Lab,
  type Sample,
} from "./lab.ts"
import type { Notebook } from "./notebook.ts"
import { valueOf } from "./objects.ts"

export function probeFunctions(lab: Lab, book: Notebook): void {
  book.attempt(() => probePlace(lab, book))
  const functions = countedFunctions.map((counts) => ({
    ...counts,
    at: bytecodeOf(lab, book, lab.object(sourceOf(counts))),
  }))
  book.attempt(() => probeCounts(lab, book, functions))
  book.attempt(() => probeTables(lab, book, functions))
  book.attempt(() => probeFunctionFlags(lab, book))
  probeUnused(
    lab,
    book,
    functions.map((f) => f.at),
  )
}

/** Address of the bytecode of a function object. */
export function bytecodeOf(lab: Lab, book: Notebook, object: number): number {
  return lab.u32(object + book.get("JSObject", "function_bytecode"))
}

function probePlace(lab: Lab, book: Notebook): void {
  const find = (): [number, number] => {
    const names = ["probeAlpha", "probeBeta", "probeGamma"]
    return path(
      lab,
      names.map((name) => [lab.object(`function ${name}() {}`), lab.atom(name)] as const),
      [8, 40],
      [8, 96],
    )
  }
  book.note("JSObject", "function_bytecode", () => find()[0])
  book.note("JSFunctionBytecode", "func_name", () => find()[1])
}

interface Counts {
  name: string
  args: number
  vars: number
  /** Variables that an inner function captures, the first ones. */
  captured: number
  /** Variables of an outer function that are used. */
  free: number
  /** Arguments of a call; the call's function is one more operand. */
  operands: number
  constants: number
}

// No two numbers of a function are the same, nor all of any two kinds between the functions.
const countedFunctions: Counts[] = [
  { name: "A", args: 3, vars: 11, captured: 4, free: 7, operands: 20, constants: 5 },
  { name: "B", args: 5, vars: 6, captured: 2, free: 1, operands: 33, constants: 9 },
  { name: "C", args: 9, vars: 13, captured: 1, free: 3, operands: 41, constants: 2 },
]

function sourceOf({ name, args, vars, captured, free, operands, constants }: Counts): string {
  const list = (count: number, prefix: string): string =>
    Array.from({ length: count }, (_, i) => `${prefix}${i}`).join(", ")
  const numbers = Array.from({ length: constants }, (_, i) => `${i}.5`).join("; ")
  return `(function () {
    let ${list(free, `free${name}`)}
    return function probe${name}(${list(args, `arg${name}`)}) {
      var ${list(vars, `var${name}`)}
      probeCalled(${Array.from({ length: operands }, () => "1").join(", ")})
      ${numbers
        .split("; ")
        .map((n) => `var${name}0 = ${n}`)
        .join("; ")}
      var${name}0 = () => [${list(captured, `var${name}`)}]
      ${list(free, `free${name}`).replaceAll(",", ";")}
    }
  })()`
}

type Counted = Counts & { at: number }

function probeCounts(lab: Lab, book: Notebook, functions: readonly Counted[]): void {
  const defaults = ["(a, b = 1, c) => a", "(a, b, c, d = 2) => a"].map((e) => bytecodeOf(lab, book, lab.object(e)))
  const note = (
    field: Parameters<typeof book.get<"JSFunctionBytecode">>[1],
    value: (f: Counted) => number,
    more: Sample<number>[] = [],
  ) =>
    book.note("JSFunctionBytecode", field, () =>
      offset16(lab, [...functions.map((f) => [f.at, value(f)] as const), ...more]),
    )
  note("arg_count", (f) => f.args, [
    [defaults[0]!, 3],
    [defaults[1]!, 4],
  ])
  note("defined_arg_count", (f) => f.args, [
    [defaults[0]!, 1],
    [defaults[1]!, 3],
  ])
  note("var_count", (f) => f.vars)
  note("var_ref_count", (f) => f.captured)
  note("closure_var_count", (f) => f.free)
  note("stack_size", (f) => f.operands + 1)
  book.note("JSFunctionBytecode", "cpool_count", () =>
    offset32(
      lab,
      functions.map((f) => [f.at, f.constants + 1] as const),
      8,
      96,
    ),
  )
}

function probeTables(lab: Lab, book: Notebook, functions: readonly Counted[]): void {
  /** [pointer, first name, stride] of a table whose entries hold these atoms. */
  const table = (names: (f: Counted) => string[]): [number, number, number] => {
    const found: [number, number, number][] = []
    for (let pointer = 8; pointer < 96; pointer += 4) {
      if (!functions.every((f) => isAddress(lab, lab.u32(f.at + pointer), 1024))) continue
      for (let stride = 4; stride <= 64; stride += 4) {
        for (let first = 0; first < stride; first += 4) {
          const holds = functions.every((f) =>
            names(f).every((name, i) => lab.u32(lab.u32(f.at + pointer) + first + stride * i) === lab.atom(name)),
          )
          if (holds) found.push([pointer, first, stride])
        }
      }
    }
    if (found.length !== 1) throw new Unfound(`in ${found.length} places`)
    return found[0]!
  }
  const list = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`)
  const variables = () => table((f) => [...list(f.args, `arg${f.name}`), ...list(f.vars, `var${f.name}`)])
  const closure = () => table((f) => list(f.free, `free${f.name}`))
  book.note("JSFunctionBytecode", "vardefs", () => variables()[0])
  book.noteAll("JSVarDef", ["var_name", "size"], () => variables().slice(1))
  book.note("JSFunctionBytecode", "closure_var", () => closureTable()[0])
  book.noteAll("JSClosureVar", ["var_name", "size"], () => closureTable().slice(1))
  book.note("JSFunctionBytecode", "cpool", () => path(lab, constantFunctions(lab, book), [8, 96], [0, 8])[0])
  book.note("JSFunctionBytecode", "realm", () =>
    offset32(
      lab,
      functions.map((f) => [f.at, lab.context] as const),
      8,
      96,
    ),
  )

  // One captured variable fits many strides; it takes a function that has two.
  function closureTable(): [number, number, number] {
    const several = functions.filter((f) => f.free > 1)
    if (several.length === functions.length) return closure()
    functions = several
    return closure()
  }
}

/** Functions whose first constant is known. */
function constantFunctions(lab: Lab, book: Notebook): Sample<bigint>[] {
  return [11.25, 12.75].map((n) => [bytecodeOf(lab, book, lab.object(`function () { return ${n} }`)), valueOf(lab, n)])
}

/** Which flags functions of each kind have. What is not said does not matter. */
const flaggedFunctions: [source: string, flags: Partial<Record<FlagName, boolean>>][] = [
  [
    "function () {}",
    {
      strict: false,
      prototype: true,
      simple: true,
      derived: false,
      home: false,
      target: true,
      call: false,
      super: false,
      args: true,
    },
  ],
  [
    "function () { 'use strict' }",
    {
      strict: true,
      prototype: true,
      simple: true,
      derived: false,
      home: false,
      target: true,
      call: false,
      super: false,
      args: true,
    },
  ],
  [
    "function (a = 1) {}",
    {
      strict: false,
      prototype: true,
      simple: false,
      derived: false,
      home: false,
      target: true,
      call: false,
      super: false,
      args: true,
    },
  ],
  [
    "() => 1",
    {
      strict: false,
      prototype: false,
      simple: true,
      derived: false,
      home: false,
      target: false,
      call: false,
      super: false,
    },
  ],
  [
    "({ m() { return super.x } }).m",
    {
      strict: false,
      prototype: false,
      simple: true,
      derived: false,
      home: true,
      target: true,
      call: false,
      super: true,
      args: true,
    },
  ],
  [
    "class extends Object { constructor() { super() } }",
    { strict: true, simple: true, derived: true, target: true, call: true, super: true, args: true },
  ],
  [
    "class { constructor() { } }",
    { strict: true, simple: true, derived: false, target: true, call: false, super: true, args: true },
  ],
  [
    "({ m() { return () => super.x } }).m()",
    { strict: false, prototype: false, derived: false, home: false, target: true, call: false, super: true },
  ],
  [
    "new (class extends Object { constructor() { super(); this.f = () => super.x } })().f",
    { strict: true, derived: false, home: false, call: true, super: true },
  ],
  [
    "new (class { f = () => 1 })().f",
    { strict: true, prototype: false, simple: true, derived: false, call: false, super: true, args: false },
  ],
  [
    "(class { static m(a = 2) {} }).m",
    { strict: true, prototype: false, simple: false, derived: false, call: false, super: true, args: true },
  ],
]
type FlagName = "strict" | "prototype" | "simple" | "derived" | "home" | "target" | "call" | "super" | "args"

function probeFunctionFlags(lab: Lab, book: Notebook): void {
  const functions = flaggedFunctions.map(([source, flags]) => ({
    at: bytecodeOf(lab, book, lab.object(source)),
    flags,
  }))
  // Flags come before anything else that was found, in two bytes.
  const bit = (name: FlagName): number =>
    bitOffset(
      lab,
      functions.flatMap(({ at, flags }) => (flags[name] === undefined ? [] : [[at, flags[name]] as const])),
      8,
      12,
    )
  book.note("JSFunctionBytecode", "flags", () => (bit("strict") >> 4) << 1)
  const note = (field: Parameters<typeof book.get<"JSFunctionFlags">>[1], find: () => number): void =>
    book.note("JSFunctionFlags", field, () => 2 ** (find() - 8 * book.get("JSFunctionBytecode", "flags")))
  note("is_strict_mode", () => bit("strict"))
  note("has_prototype", () => bit("prototype"))
  note("has_simple_parameter_list", () => bit("simple"))
  note("is_derived_class_constructor", () => bit("derived"))
  note("need_home_object", () => bit("home"))
  note("new_target_allowed", () => bit("target"))
  note("super_call_allowed", () => bit("call"))
  note("super_allowed", () => bit("super"))
  note("arguments_allowed", () => bit("args"))
  note("backtrace_barrier", () => {
    const compileOnly = book.get("evalFlags", "JS_EVAL_FLAG_COMPILE_ONLY")
    const [plain, barred] = [0, book.get("evalFlags", "JS_EVAL_FLAG_BACKTRACE_BARRIER")].map((flag) =>
      pointerOf(lab.evaluate("1", compileOnly | flag)),
    )
    return bitOffset(
      lab,
      [
        [plain!, false],
        [barred!, true],
      ],
      8,
      12,
    )
  })
  probeFunctionKinds(lab, book)
}

function probeFunctionKinds(lab: Lab, book: Notebook): void {
  const kinds = ["function () {}", "function* () {}", "async function () {}", "async function* () {}"].map((e) =>
    bytecodeOf(lab, book, lab.object(e)),
  )
  const word = (at: number): number => lab.u16(at + book.get("JSFunctionBytecode", "flags"))
  // Two bits: async and generator each have one, an async generator both.
  book.note("JSFunctionFlags", "func_kind_shift", () =>
    only(
      (shift) => {
        const [normal, generator, async, both] = kinds.map((at) => (word(at) >> shift) & 3) as [
          number,
          number,
          number,
          number,
        ]
        return normal === 0 && generator !== async && generator * async === 2 && both === 3
      },
      0,
      15,
      1,
    ),
  )
  const names = ["normal", "generator", "async", "async_generator"] as const
  names.forEach((name, i) =>
    book.note("JSFunctionKind", name, () => (word(kinds[i]!) >> book.get("JSFunctionFlags", "func_kind_shift")) & 3),
  )
}

/** The two bytes that belong to no other field, are zero in every function, and that the engine leaves alone. */
function probeUnused(lab: Lab, book: Notebook, functions: readonly number[]): void {
  book.note("JSFunctionBytecode", "unused", () => {
    const f = lab.evaluate("(function probeUnused(n) { return n < 2 ? n : probeUnused(n - 1) })")
    const at = bytecodeOf(lab, book, pointerOf(f))
    const all = [
      ...functions,
      at,
      ...["function* () {}", "class {}", "async () => 1"].map((e) => bytecodeOf(lab, book, lab.object(e))),
    ]
    const offset = only(
      (o) => o !== book.get("JSFunctionBytecode", "flags") && all.every((x) => lab.u16(x + o) === 0),
      8,
      12,
      2,
    )
    const mark = 0x5aa5
    lab.engine.view().setUint16(at + offset, mark, true)
    const result = lab.apply(f, [lab.evaluate("5")])
    lab.engine.call("JS_RunGC", lab.runtime)
    const kept = lab.u16(at + offset)
    lab.engine.view().setUint16(at + offset, 0, true)
    if (pointerOf(result) !== 1 || kept !== mark) throw new Unfound("the engine uses the bytes")
    return offset
  })
}

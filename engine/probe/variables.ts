// Experiments on variables: those that functions declare (JSVarDef) and those that they capture (JSClosureVar).
import { bytecodeOf } from "./functionobjects.ts"
import { bitOffset, hasBit, offset16, offset32, only, pointerOf, tagOf, Unfound, type Lab, type Sample } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

export function probeVariables(lab: Lab, book: Notebook): void {
  book.attempt(() => probeVarDefs(lab, book))
  book.attempt(() => probeVarKinds(lab, book))
  book.attempt(() => probeClosureVars(lab, book))
}

/** Address of the JSVarDef called `name` in a function's table. */
export function variableOf(lab: Lab, book: Notebook, at: number, name: string): number {
  const start = lab.u32(at + book.get("JSFunctionBytecode", "vardefs"))
  const count =
    lab.u16(at + book.get("JSFunctionBytecode", "arg_count")) +
    lab.u16(at + book.get("JSFunctionBytecode", "var_count"))
  const atom = lab.atom(name)
  for (let i = 0; i < count; i++) {
    const entry = start + i * book.get("JSVarDef", "size")
    if (lab.u32(entry + book.get("JSVarDef", "var_name")) === atom) return entry
  }
  throw new Unfound(`no variable ${name}`)
}

function probeVarDefs(lab: Lab, book: Notebook): void {
  const at = bytecodeOf(
    lab,
    book,
    lab.object(`function (arg) {
      var plain; let a; const fixed = 1
      { let b; { let c; (() => [b, arg, fixed])() } }
    }`),
  )
  const variable = (name: string): number => variableOf(lab, book, at, name)
  const words = (values: Record<string, number>): Sample<number>[] =>
    Object.entries(values).map(([name, value]) => [variable(name), value])
  const note = (field: Parameters<typeof book.get<"JSVarDef">>[1], find: () => number): void =>
    book.note("JSVarDef", field, find)
  // The scope of the body is 1; a variable of `var` and an argument have none.
  note("scope_level", () => offset32(lab, words({ arg: 0, plain: 0, a: 1, fixed: 1, b: 2, c: 3 }), 0, 20))
  // Locals are 0 plain, 1 a, 2 fixed, 3 b, 4 c. The last of a scope comes first in its list.
  note("scope_next", () => offset32(lab, words({ a: -1, fixed: 1, b: 2, c: 3 }), 0, 20))
  note("var_ref_idx", () => {
    // Captured variables are numbered in the order of their capture, all in one scope.
    const names = ["d", "b", "arg", "a"]
    const f = bytecodeOf(lab, book, lab.object(`function (arg) { let a, b, c, d; return () => [${names.join(", ")}] }`))
    const entries = names.map((name) => variableOf(lab, book, f, name))
    return only(
      (o) =>
        entries
          .map((x) => lab.u16(x + o))
          .sort()
          .join() === "0,1,2,3",
      0,
      book.get("JSVarDef", "size"),
      2,
    )
  })
  const bits = (flags: Record<string, boolean>): Sample<boolean>[] =>
    Object.entries(flags).map(([name, on]) => [variable(name), on])
  // The flags lie where nothing else was found.
  const captured = (): number => {
    const samples = bits({ arg: true, fixed: true, b: true, a: false, plain: false, c: false })
    const claimed = (["var_name", "scope_level", "scope_next"] as const).map((field) => book.get("JSVarDef", field))
    const index = book.get("JSVarDef", "var_ref_idx")
    const free = (bit: number): boolean =>
      bit >> 4 !== index >> 1 && claimed.every((start) => bit < 8 * start || bit >= 8 * start + 32)
    return only((bit) => free(bit) && samples.every(([at, on]) => hasBit(lab, at, bit) === on), 0, 8 * 16, 1)
  }
  note("flags", () => captured() >> 3)
  note("is_captured", () => 2 ** (captured() & 7))
  // The other flags lie in the same byte.
  const flag = (flags: Record<string, boolean>): number => {
    const start = book.get("JSVarDef", "flags")
    return 2 ** (bitOffset(lab, bits(flags), start, start + 1) & 7)
  }
  note("is_lexical", () => flag({ a: true, b: true, c: true, fixed: true, arg: false, plain: false }))
  note("is_const", () => flag({ fixed: true, a: false, b: false, c: false, arg: false, plain: false }))
}

/** Functions that declare a variable of each kind. */
const kindSources: Record<string, [source: string, name: string]> = {
  normal: ["function () { let x }", "x"],
  function_decl: ["function () { 'use strict'; { function g() {} } }", "g"],
  new_function_decl: ["function () { 'use strict'; { async function g() {} } }", "g"],
  catch: ["function () { try {} catch (e) { e } }", "e"],
  function_name: ["function self() { return () => self }", "self"],
  private_field: ["function () { class A { #a } }", "#a"],
  private_method: ["function () { class A { #a() {} } }", "#a"],
  private_getter: ["function () { class A { get #a() {} } }", "#a"],
  private_setter: ["function () { class A { set #a(v) {} } }", "#a"],
  private_getter_setter: ["function () { class A { get #a() {} set #a(v) {} } }", "#a"],
  using: ["function () { using x = null }", "x"],
}

function probeVarKinds(lab: Lab, book: Notebook): void {
  const flagsAt = (): number => book.get("JSVarDef", "flags")
  const kinds = Object.keys(kindSources) as (keyof typeof kindSources)[]
  const entries = new Map(
    kinds.map((kind) => {
      try {
        const [source, name] = kindSources[kind]!
        return [kind, variableOf(lab, book, bytecodeOf(lab, book, lab.object(source)), name)]
      } catch {
        return [kind, undefined]
      }
    }),
  )
  const flags = (kind: string): number => {
    const entry = entries.get(kind)
    if (entry === undefined) throw new Unfound("no such variable")
    return lab.u8(entry + flagsAt())
  }
  // The kinds that are found are numbers of their own, as low as can be: the lowest bit is in use.
  book.note("JSVarDef", "var_kind_shift", () =>
    only(
      (shift) => {
        const numbers = kinds.map((kind) => flags(kind) >> shift)
        return new Set(numbers).size === numbers.length && numbers.some((n) => n % 2 === 1) && numbers[0] === 0
      },
      3,
      8,
      1,
    ),
  )
  const numberOf = (kind: string): number => flags(kind) >> book.get("JSVarDef", "var_kind_shift")
  for (const kind of kinds) book.note("JSVarKind", kind as "normal", () => numberOf(kind))
  // The variable after one that `using` declares holds its dispose method.
  book.note("JSVarKind", "using_method", () => {
    const next = entries.get("using")! + book.get("JSVarDef", "size")
    return lab.u8(next + flagsAt()) >> book.get("JSVarDef", "var_kind_shift")
  })
}

type EntryOf = (f: number, name: string) => number

function probeClosureVars(lab: Lab, book: Notebook): void {
  // The pads give the variables indexes of their own.
  const make = `(function (pad0, arg, arg2) {
    let pad1, pad2, pad3, local; const fixed = 1; var old; let local2; const fixed2 = 2; var old2
    return () => { const f = () => [old, fixed, arg]; return [local, arg, fixed, f, old, old2, arg2, fixed2, local2] }
  })()`
  // Bits that mean nothing are not cleared and differ from one function to the next.
  const functions = Array.from({ length: 8 }, () => bytecodeOf(lab, book, lab.object(make)))
  const inner = bytecodeOf(lab, book, lab.object(`(${make})()[3]`))
  const size = (): number => book.get("JSClosureVar", "size")
  const entry: EntryOf = (f, name) => {
    const start = lab.u32(f + book.get("JSFunctionBytecode", "closure_var"))
    const count = lab.u16(f + book.get("JSFunctionBytecode", "closure_var_count"))
    for (let i = 0; i < count; i++) {
      const x = start + i * size()
      if (lab.u32(x + book.get("JSClosureVar", "var_name")) === lab.atom(name)) return x
    }
    throw new Unfound(`no captured variable ${name}`)
  }
  const note = (field: Parameters<typeof book.get<"JSClosureVar">>[1], find: () => number): void =>
    book.note("JSClosureVar", field, find)
  const indexes = { local: 3, arg: 1, fixed: 4, old: 5, local2: 6, arg2: 2, fixed2: 7, old2: 8 }
  note("var_idx", () => {
    const samples = Object.entries(indexes).map(([name, index]) => [entry(functions[0]!, name), index] as const)
    return offset16(lab, samples, 0, size())
  })
  const names = Object.keys(indexes)
  const bit = (on: (name: string) => boolean, from: number, to: number): number =>
    bitOffset(
      lab,
      functions.flatMap((f) => names.map((name) => [entry(f, name), on(name)] as const)),
      from,
      to,
    )
  const lexical = (): number => bit((name) => /local|fixed/.test(name), 0, 4)
  note("flags", () => lexical() >> 3)
  note("is_lexical", () => 2 ** (lexical() & 7))
  note("is_const", () => {
    const start = book.get("JSClosureVar", "flags")
    return 2 ** (bit((name) => name.startsWith("fixed"), start, start + 1) & 7)
  })
  note("var_kind", () => {
    const kinds = [
      ["function self() { return () => self }", "self", "function_name"],
      ["function other(a) { return () => [a, other] }", "other", "function_name"],
      ["function () { 'use strict'; { function g() {} return () => g } }", "g", "function_decl"],
      ["function () { let x; return () => x }", "x", "normal"],
    ] as const
    const samples = kinds.map(([source, name, kind]) => {
      const f = bytecodeOf(lab, book, lab.object(`(${source})()`))
      return [entry(f, name), book.get("JSVarKind", kind)] as const
    })
    return only((o) => samples.every(([at, kind]) => (lab.u8(at + o) & 0xf) === kind), 0, size(), 1)
  })
  book.attempt(() => probeClosureTypes(lab, book, entry, functions[0]!, inner))
}

function probeClosureTypes(lab: Lab, book: Notebook, entry: EntryOf, outer: number, inner: number): void {
  const flags = (f: number, name: string): number => lab.u8(entry(f, name) + book.get("JSClosureVar", "flags"))
  // The bits below the first flag.
  const mask = (): number => Math.min(book.get("JSClosureVar", "is_lexical"), book.get("JSClosureVar", "is_const")) - 1
  const note = (field: Parameters<typeof book.get<"JSClosureType">>[1], find: () => number): void =>
    book.note("JSClosureType", field, () => find() & mask())
  book.note("JSClosureVar", "closure_type_mask", () => mask())
  note("local", () => flags(outer, "local"))
  note("arg", () => flags(outer, "arg"))
  note("ref", () => flags(inner, "old"))
  note("module_decl", () => flags(moduleFunction(lab, book).at, "declared"))
  note("module_import", () => flags(moduleFunction(lab, book).at, "imported"))
  book.note("JSModuleDef", "func_obj", () => moduleFunction(lab, book).place)
}

/** The function of a module that declares and imports; it imports from itself, so that no other module is needed. */
function moduleFunction(lab: Lab, book: Notebook): { place: number; at: number } {
  const { engine, runtime } = lab
  engine.call("JS_SetModuleLoaderFunc", runtime, 0, 0, 0)
  const flags = book.get("evalFlags", "JS_EVAL_TYPE_MODULE") | book.get("evalFlags", "JS_EVAL_FLAG_COMPILE_ONLY")
  const source = "import { declared as imported } from './probe.mjs'; export let declared = () => imported"
  const module = pointerOf(lab.evaluate(source, flags, "./probe.mjs"))
  const bytecode = book.get("tags", "JS_TAG_FUNCTION_BYTECODE")
  const place = only((offset) => tagOf(lab.u64(module + offset)) === bytecode, 0, 160, 8)
  return { place, at: pointerOf(lab.u64(module + place)) }
}

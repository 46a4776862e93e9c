// Experiments on running functions: stack frames, captured variables, generators, catch offsets.
//
// A hook is called in the middle of a function; while it runs, the frames of the function and of the hook lie on the shadow
// stack. What must be compared later is copied, because a frame is gone when its function returns.
import { opcodeByName } from "../../opcodes/quickjs.generated.ts"
import { bytecodeOf } from "./functionobjects.ts"
import {
  isAddress,
  offset16,
  offset32,
  offset64,
  offset8,
  only,
  path,
  pointerOf,
  tagOf,
  UNDEFINED,
  Unfound,
  type Lab,
  type Sample,
} from "./lab.ts"
import type { Notebook } from "./notebook.ts"
import { variableOf } from "./variables.ts"

const FRAME_BYTES = 64

export function probeFrames(lab: Lab, book: Notebook): void {
  book.attempt(() => probeVarRefs(lab, book))
  book.attempt(() => probeFramePlace(lab, book))
  book.attempt(() => probeGeneratorPlace(lab, book))
  book.attempt(() => probeFrameFields(lab, book))
  book.attempt(() => probeCatchOffset(lab, book))
  book.attempt(() => probeGeneratorFields(lab, book))
  book.attempt(() => probeOpenVarRefs(lab, book))
}

function probeVarRefs(lab: Lab, book: Notebook): void {
  const closures = [21.5, 22.5].map((n) => ({ at: lab.object(`(x => () => x)(${n})`), value: lab.evaluate(String(n)) }))
  // JSObject.var_refs -> array -> JSVarRef -> pvalue -> the value; detached, the value lies in the JSVarRef itself.
  const find = (): { refs: number; pvalue: number; value: number } => {
    const found: { refs: number; pvalue: number; value: number }[] = []
    for (let refs = 24; refs < 40; refs += 4) {
      const variables = closures.map(({ at }) => (isAddress(lab, lab.u32(at + refs)) ? lab.u32(lab.u32(at + refs)) : 0))
      if (!variables.every((v) => isAddress(lab, v))) continue
      for (let pvalue = 8; pvalue < 32; pvalue += 4) {
        const offsets = closures.map(({ value }, i) => {
          const target = lab.u32(variables[i]! + pvalue)
          return isAddress(lab, target) && lab.u64(target) === value ? target - variables[i]! : -1
        })
        if (offsets[0]! >= 0 && offsets[0]! < 32 && offsets[0] === offsets[1])
          found.push({ refs, pvalue, value: offsets[0]! })
      }
    }
    if (found.length !== 1) throw new Unfound(`in ${found.length} places`)
    return found[0]!
  }
  book.note("JSObject", "var_refs", () => find().refs)
  book.noteAll("JSVarRef", ["pvalue", "value"], () => [find().pvalue, find().value])
  book.note("JSVarRef", "size", () =>
    lab.engine.call("js_malloc_usable_size", lab.context, varRefOf(lab, book, closures[0]!.at)),
  )
  book.note("JSObject", "size", () => lab.engine.call("js_malloc_usable_size", lab.context, closures[0]!.at))
  book.note("JSObject", "home_object", () => {
    const samples = ["{ m() { return super.x } }", "{ other: 1, m() { return super.y } }"].map((e) => {
      const holder = lab.evaluate(`(${e})`)
      return [pointerOf(lab.apply(lab.evaluate("(o => o.m)"), [holder])), pointerOf(holder)] as const
    })
    return offset32(lab, samples, 24, 40)
  })
}

/** The first JSVarRef of a function object. */
function varRefOf(lab: Lab, book: Notebook, object: number): number {
  return lab.u32(lab.u32(object + book.get("JSObject", "var_refs")))
}

/** Call `f` with a hook as first argument, and `look` while the hook runs. */
function duringCall(lab: Lab, f: bigint, look: (hook: bigint, args: bigint[]) => void, more: bigint[] = []): void {
  let failure: unknown
  const hook = lab.functionOf((_self, args) => {
    try {
      look(hook, args)
    } catch (error) {
      failure = error
    }
    return lab.evaluate("0")
  })
  lab.apply(f, [hook, ...more])
  if (failure !== undefined) throw failure
}

function probeFramePlace(lab: Lab, book: Notebook): void {
  const caller = lab.evaluate("(function probeCaller(hook) { hook(); return 1 })")
  // JSRuntime.current_stack_frame -> the hook's frame -> cur_func; its prev_frame -> the caller's frame.
  const find = (): { current: number; cur_func: number; prev: number } => {
    const results: string[][] = []
    for (let times = 0; times < 2; times++) {
      duringCall(lab, caller, (hook) => {
        const found: string[] = []
        for (let current = 0; current < 800; current += 4) {
          const frame = lab.u32(lab.runtime + current)
          if (!isAddress(lab, frame) || frame < lab.engine.stackPointer.value) continue
          for (let cur_func = 0; cur_func < FRAME_BYTES; cur_func += 8) {
            if (lab.u64(frame + cur_func) !== hook) continue
            for (let prev = 0; prev < FRAME_BYTES; prev += 4) {
              const before = lab.u32(frame + prev)
              if (isAddress(lab, before) && lab.u64(before + cur_func) === caller)
                found.push(`${current} ${cur_func} ${prev}`)
            }
          }
        }
        results.push(found)
      })
    }
    const both = results[0]!.filter((x) => results[1]!.includes(x))
    if (both.length !== 1) throw new Unfound(`in ${both.length} places`)
    const [current, cur_func, prev] = both[0]!.split(" ").map(Number)
    return { current: current!, cur_func: cur_func!, prev: prev! }
  }
  book.note("JSRuntime", "current_stack_frame", () => find().current)
  book.noteAll("JSStackFrame", ["cur_func", "prev_frame"], () => [find().cur_func, find().prev])
}

/** The frame of the function that called the hook; only while the hook runs. */
function callerFrame(lab: Lab, book: Notebook): number {
  const hookFrame = lab.u32(lab.runtime + book.get("JSRuntime", "current_stack_frame"))
  return lab.u32(hookFrame + book.get("JSStackFrame", "prev_frame"))
}

/** A copy of the frame of the function `source`, taken while it calls the hook. `call` says how it is called. */
function copyOfFrame(lab: Lab, book: Notebook, source: string, call = "f(hook)"): number {
  const copy = lab.engine.malloc(FRAME_BYTES)
  let frame = 0
  const hook = lab.functionOf(() => {
    frame = callerFrame(lab, book)
    lab.engine.bytes().copyWithin(copy, frame, frame + FRAME_BYTES)
    return UNDEFINED
  })
  lab.apply(lab.evaluate(`((f, hook) => { ${call} })`), [lab.evaluate(source), hook])
  if (frame === 0) throw new Unfound("the function was not called")
  return copy
}

function probeFrameFields(lab: Lab, book: Notebook): void {
  const size = book.get("JSStackFrame", "size")
  const note = (field: Parameters<typeof book.get<"JSStackFrame">>[1], find: () => number): void =>
    book.note("JSStackFrame", field, find)
  const source = "(function probeFrame(hook, a) { var x = 51.5; var y = () => [x, a]; hook(y); return 1 })"
  const withPlaces = (look: (frame: number, inner: bigint, hook: bigint, f: bigint) => number): number => {
    let result = -1
    const f = lab.evaluate(source)
    duringCall(lab, f, (hook, [inner]) => (result = look(callerFrame(lab, book), inner!, hook, f)), [
      lab.evaluate("52.5"),
    ])
    return result
  }
  note("arg_buf", () => withPlaces((frame, _i, hook) => path(lab, [[frame, hook]], [0, size], [0, 8])[0]))
  note("var_buf", () => withPlaces((frame) => path(lab, [[frame, lab.evaluate("51.5")]], [0, size], [0, 8])[0]))
  note("var_refs", () =>
    withPlaces((frame, inner) => {
      // The function captures x and a; one of the two lies first in the frame's list.
      const refs = lab.u32(pointerOf(inner) + book.get("JSObject", "var_refs"))
      const wanted = [lab.u32(refs), lab.u32(refs + 4)]
      return only(
        (o) => {
          const list = lab.u32(frame + o)
          return isAddress(lab, list) && [lab.u32(list), lab.u32(list + 4)].sort().join() === [...wanted].sort().join()
        },
        0,
        size,
        4,
      )
    }),
  )
  note("cur_pc", () =>
    withPlaces((frame, _i, _h, f) => {
      const at = bytecodeOf(lab, book, pointerOf(f))
      const start = lab.u32(at + book.get("JSFunctionBytecode", "byte_code_buf"))
      const length = lab.u32(at + book.get("JSFunctionBytecode", "byte_code_len"))
      return only(
        (o) => {
          const pc = lab.u32(frame + o)
          return pc > start && pc < start + length && lab.u8(pc - 1) === opcodeByName.call1.code
        },
        0,
        size,
        4,
      )
    }),
  )
  const captures = ["", "a", "a, b", "a, b, c", "a, b, c, d"].map((list) =>
    copyOfFrame(lab, book, `(function (hook) { let a, b, c, d; const f = () => [${list}]; hook(f) })`),
  )
  note("var_ref_count", () =>
    offset16(
      lab,
      captures.map((frame, i) => [frame, i] as const),
      0,
      size,
    ),
  )
  // Only a call from JavaScript passes its arguments on as they are.
  const passed = ["", ", 1", ", 1, 2", ", 1, 2, 3, 4, 5"].map((more) =>
    copyOfFrame(lab, book, "(function (hook) { hook() })", `f(hook${more})`),
  )
  note("arg_count", () =>
    offset16(
      lab,
      passed.map((frame, i) => [frame, [1, 2, 3, 6][i]!] as const),
      0,
      size,
    ),
  )
  const strict = [false, true, false, true].map((on) =>
    copyOfFrame(lab, book, `(function (hook) { ${on ? "'use strict'; " : ""}hook() })`),
  )
  note("is_strict_mode", () =>
    offset8(
      lab,
      strict.map((frame, i) => [frame, i % 2] as const),
      0,
      size,
    ),
  )
  const constructed = ["f(hook)", "new f(hook)", "f(hook)", "new f(hook)"].map((call) =>
    copyOfFrame(lab, book, "(function (hook) { hook() })", call),
  )
  note("is_constructor", () =>
    offset8(
      lab,
      constructed.map((frame, i) => [frame, i % 2] as const),
      0,
      size,
    ),
  )
}

function probeCatchOffset(lab: Lab, book: Notebook): void {
  book.note("tags", "JS_TAG_CATCH_OFFSET", () => {
    let value = 0n
    const f = lab.evaluate("(function (hook) { var x; try { hook() } catch (e) { x = e } })")
    duringCall(lab, f, () => {
      const variables = lab.u32(callerFrame(lab, book) + book.get("JSStackFrame", "var_buf"))
      const at = bytecodeOf(lab, book, pointerOf(f))
      value = lab.u64(variables + 8 * lab.u16(at + book.get("JSFunctionBytecode", "var_count")))
    })
    const code = lab.u32(bytecodeOf(lab, book, pointerOf(f)) + book.get("JSFunctionBytecode", "byte_code_buf"))
    const at = only(
      (o) => lab.u8(code + o) === opcodeByName.catch.code && o + 1 + lab.u32(code + o + 1) === pointerOf(value),
      0,
      16,
      1,
    )
    if (at < 0) throw new Unfound("no catch")
    return tagOf(value)
  })
}

interface Generators {
  made: Generator[]
  make(args: number): Generator
  /** Call next, throw or return; gives the value. */
  advance(generator: Generator, method: "next" | "throw" | "return"): bigint
  /** Its JSGeneratorData. */
  data(generator: Generator): number
  /** `this` of every call. */
  self: bigint
}

interface Generator {
  f: bigint
  at: number
  args: number
}

/** Generators with 1, 3 and 4 arguments, each waiting at its `yield` inside of `try`. */
function makeGenerators(lab: Lab, book: Notebook): Generators {
  const source =
    "(function* probeGenerator(a) { var x = 61.5; const f = () => x; for (;;) try { yield f } catch (e) { yield e } })"
  const self = lab.evaluate("({ self: true })")
  const step = lab.evaluate("((g, method) => g[method](7).value)")
  const make = (count: number): Generator => {
    const f = lab.evaluate(source)
    const args = Array.from({ length: count }, (_, i) => lab.evaluate(String(i)))
    return { f, at: pointerOf(lab.apply(f, args, self)), args: count }
  }
  const generators: Generators = {
    made: [make(1), make(3), make(4)],
    make,
    advance: (g, method) => lab.apply(step, [objectValue(book, g.at), lab.evaluate(`'${method}'`)]),
    data: (g) => lab.u32(g.at + book.get("JSObject", "opaque")),
    self,
  }
  for (const g of generators.made) generators.advance(g, "next")
  return generators
}

/** Where state and frame of a generator lie, and how large they are. */
function probeGeneratorPlace(lab: Lab, book: Notebook): void {
  const { made, make, advance, data, self } = makeGenerators(lab, book)
  book.note("JSGeneratorData", "func_state", () =>
    offset64(
      lab,
      made.map((g) => [data(g), self] as const),
      0,
      64,
    ),
  )
  book.note("JSGeneratorData", "state", () => {
    const [fresh, done] = [make(1), make(1)]
    advance(done, "return")
    return offset32(
      lab,
      [
        [data(fresh), 0],
        [data(made[0]!), 1],
        [data(done), 4],
      ],
      0,
      8,
    )
  })
  const note = (field: Parameters<typeof book.get<"JSAsyncFunctionState">>[1], find: () => number): void =>
    book.note("JSAsyncFunctionState", field, find)
  // Everything in a state is counted from `this_val`, its first field.
  const state = (g: Generator): number => data(g) + book.get("JSGeneratorData", "func_state")
  note("this_val", () =>
    offset64(
      lab,
      made.map((g) => [state(g), self] as const),
      0,
      64,
    ),
  )
  note("argc", () =>
    offset32(
      lab,
      made.map((g) => [state(g), g.args] as const),
      0,
      16,
    ),
  )
  note(
    "frame",
    () =>
      offset64(
        lab,
        made.map((g) => [state(g), g.f] as const),
        0,
        64,
      ) - book.get("JSStackFrame", "cur_func"),
  )
  note("size", () => {
    const bytes = lab.engine.call("js_malloc_usable_size", lab.context, data(made[0]!))
    return bytes - book.get("JSGeneratorData", "func_state")
  })
  note("throw_flag", () => {
    const thrown = make(1)
    advance(thrown, "next")
    advance(thrown, "throw")
    return offset8(lab, [[state(thrown), 1], ...made.map((g) => [state(g), 0] as const)], 9, 16)
  })
  book.note(
    "JSStackFrame",
    "size",
    () => book.get("JSAsyncFunctionState", "size") - book.get("JSAsyncFunctionState", "frame"),
  )
}

/** The fields of a frame that only a waiting function uses. */
function probeGeneratorFields(lab: Lab, book: Notebook): void {
  const { made, advance, data } = makeGenerators(lab, book)
  const size = book.get("JSStackFrame", "size")
  const frame = (g: Generator): number =>
    data(g) + book.get("JSGeneratorData", "func_state") + book.get("JSAsyncFunctionState", "frame")
  book.note("JSStackFrame", "cur_gc_obj", () =>
    offset32(
      lab,
      made.map((g) => [frame(g), g.at] as const),
      0,
      size,
    ),
  )
  // While a generator waits, its operand stack holds a catch offset; the yielded value was taken.
  book.note("JSStackFrame", "cur_sp", () =>
    only(
      (o) =>
        made.every((g) => {
          const at = bytecodeOf(lab, book, pointerOf(g.f))
          const variables = lab.u32(frame(g) + book.get("JSStackFrame", "var_buf"))
          const start = variables + 8 * lab.u16(at + book.get("JSFunctionBytecode", "var_count"))
          const sp = lab.u32(frame(g) + o)
          return sp > start && sp < start + 8 * lab.u16(at + book.get("JSFunctionBytecode", "stack_size"))
        }),
      0,
      size,
      4,
    ),
  )
  book.note("JSVarRef", "is_coro", () => {
    const waiting = made.map((g) => varRefOf(lab, book, pointerOf(advance(g, "next"))))
    const plain = [1, 2].map((n) => varRefOf(lab, book, lab.object(`(x => () => x)(${n})`)))
    return offset8(lab, [...waiting.map((v) => [v, 1] as const), ...plain.map((v) => [v, 0] as const)], 8, 16)
  })
}

function objectValue(book: Notebook, at: number): bigint {
  return BigInt.asUintN(64, (BigInt(book.get("tags", "JS_TAG_OBJECT")) << 32n) | BigInt(at))
}

/** Captured variables while their function runs: they point into its frame. */
function probeOpenVarRefs(lab: Lab, book: Notebook): void {
  const bytes = book.get("JSVarRef", "size")
  const copies: { copy: number; frame: number; index: number }[] = []
  const f = lab.evaluate("(function (hook) { let a = 1, b = 2, c = 3; const f = () => [a, b, c]; hook(f) })")
  const at = bytecodeOf(lab, book, pointerOf(f))
  duringCall(lab, f, (_hook, [inner]) => {
    const refs = lab.u32(pointerOf(inner!) + book.get("JSObject", "var_refs"))
    ;["a", "b", "c"].forEach((name, i) => {
      const copy = lab.engine.malloc(bytes)
      const ref = lab.u32(refs + 4 * i)
      lab.engine.bytes().copyWithin(copy, ref, ref + bytes)
      const index = lab.u16(variableOf(lab, book, at, name) + book.get("JSVarDef", "var_ref_idx"))
      copies.push({ copy, frame: callerFrame(lab, book), index })
    })
  })
  const detached = [1, 2, 3].map((n) => varRefOf(lab, book, lab.object(`(x => () => x)(${n})`)))
  const open = (value: (c: (typeof copies)[0]) => number): Sample<number>[] => copies.map((c) => [c.copy, value(c)])
  const note = (field: Parameters<typeof book.get<"JSVarRef">>[1], find: () => number): void =>
    book.note("JSVarRef", field, find)
  note("stack_frame", () =>
    offset32(
      lab,
      open((c) => c.frame),
      8,
      bytes,
    ),
  )
  note("var_ref_idx", () =>
    offset16(
      lab,
      open((c) => c.index),
      12,
      bytes,
    ),
  )
  note("is_detached", () => offset8(lab, [...open(() => 0), ...detached.map((v) => [v, 1] as const)], 8, 12))
}

// Experiments on generators: where their state lies, and the fields of a frame that only a waiting function uses.
import { bytecodeOf } from "./functionobjects.ts"
import { offset32, offset64, offset8, only, pointerOf, type Lab, type Sample } from "./lab.ts"
import type { Notebook } from "./notebook.ts"
import { varRefOf } from "./varrefs.ts"

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
export function probeGeneratorPlace(lab: Lab, book: Notebook): void {
  const generators = makeGenerators(lab, book)
  const { made, make, advance, data, self } = generators
  const selves = made.map((g) => [data(g), self] as const)
  book.note("JSGeneratorData", "func_state", () => offset64(lab, selves, 0, 64))
  book.note("JSGeneratorData", "state", () => {
    const [fresh, done] = [make(1), make(1)]
    advance(done, "return")
    const samples: Sample<number>[] = [
      [data(fresh), 0],
      [data(made[0]!), 1],
      [data(done), 4],
    ]
    return offset32(lab, samples, 0, 8)
  })
  probeFunctionState(lab, book, generators)
  book.note(
    "JSStackFrame",
    "size",
    () => book.get("JSAsyncFunctionState", "size") - book.get("JSAsyncFunctionState", "frame"),
  )
}

/** Everything in a JSAsyncFunctionState is counted from `this_val`, its first field. */
function probeFunctionState(lab: Lab, book: Notebook, { made, make, advance, data, self }: Generators): void {
  const note = (field: Parameters<typeof book.get<"JSAsyncFunctionState">>[1], find: () => number): void =>
    book.note("JSAsyncFunctionState", field, find)
  const state = (g: Generator): number => data(g) + book.get("JSGeneratorData", "func_state")
  const samples = <T>(value: (g: Generator) => T): Sample<T>[] => made.map((g) => [state(g), value(g)])
  const [selves, functions, counts] = [samples(() => self), samples((g) => g.f), samples((g) => g.args)]
  note("this_val", () => offset64(lab, selves, 0, 64))
  note("argc", () => offset32(lab, counts, 0, 16))
  note("frame", () => offset64(lab, functions, 0, 64) - book.get("JSStackFrame", "cur_func"))
  note("size", () => {
    const bytes = lab.engine.call("js_malloc_usable_size", lab.context, data(made[0]!))
    return bytes - book.get("JSGeneratorData", "func_state")
  })
  note("throw_flag", () => {
    const thrown = make(1)
    advance(thrown, "next")
    advance(thrown, "throw")
    return offset8(lab, [[state(thrown), 1], ...samples(() => 0)], 9, 16)
  })
}

/** The fields of a frame that only a waiting function uses. */
export function probeGeneratorFields(lab: Lab, book: Notebook): void {
  const { made, advance, data } = makeGenerators(lab, book)
  const size = book.get("JSStackFrame", "size")
  const frame = (g: Generator): number =>
    data(g) + book.get("JSGeneratorData", "func_state") + book.get("JSAsyncFunctionState", "frame")
  const objects = (): Sample<number>[] => made.map((g) => [frame(g), g.at])
  book.note("JSStackFrame", "cur_gc_obj", () => offset32(lab, objects(), 0, size))
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

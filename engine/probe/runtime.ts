// Experiments on runtime, context and the header of allocations.
import { isAddress, offset32, offset64, only, pointerOf, Unfound, UNDEFINED, type Lab } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

/** Further than the runtime or the context reach. */
const END = 800

/** What can be found without knowing anything else. */
export function probeRuntime(lab: Lab, book: Notebook): void {
  const { engine, context, runtime } = lab
  const note = (field: Parameters<typeof book.get<"JSRuntime">>[1], find: () => number): void =>
    book.note("JSRuntime", field, find)
  // A field is where the argument of its setter turns up, twice.
  const set = (setter: (value: number) => void, values: [number, number]): number =>
    only((o) => values.every((value) => (setter(value), lab.u32(runtime + o) === value)), 0, END, 4)

  note("malloc_limit", () => {
    const found = set((value) => engine.call("JS_SetMemoryLimit", runtime, value), [0x7654_3218, 0x7123_4560])
    engine.call("JS_SetMemoryLimit", runtime, 0)
    return found
  })
  note("malloc_gc_threshold", () => {
    const old = engine.call("JS_GetGCThreshold", runtime)
    const found = set((value) => engine.call("JS_SetGCThreshold", runtime, value), [0x654_3218, 0x712_3450])
    engine.call("JS_SetGCThreshold", runtime, old)
    return found
  })
  book.attempt(() => probeStackLimits(lab, book))
  note("interrupt_handler", () => handlerPlaces(lab)[0]!)
  note("interrupt_opaque", () => handlerPlaces(lab)[1]!)
  book.noteAll("JSRuntime", ["dump_flags", "dump_flags_shift"], () => dumpFlagsPlace(lab))
  note("class_array", () =>
    only(
      (o) => {
        const array = lab.u32(runtime + o)
        if (array % 4 !== 0 || array < 1024 || array + 4096 > engine.memory.buffer.byteLength) return false
        const strides = [4, 8, 12, 16, 20, 24, 28, 32, 36, 40]
        return strides.some((stride) =>
          Array.from({ length: 20 }, (_, i) => lab.u32(array + stride * (i + 1))).every((id, i) => id === i + 1),
        )
      },
      0,
      END,
      4,
    ),
  )
  note("current_exception", () => {
    const thrown = ["({ first: 1 })", "({ second: 2 })"].map((e) => lab.evaluate(e))
    return only(
      (o) =>
        thrown.every((value) => {
          engine.callValue("JS_DupValue", context, value)
          engine.callValue("JS_Throw", context, value)
          const there = lab.u64(runtime + o) === value
          engine.callValue("JS_GetException", context)
          return there
        }),
      0,
      END,
      8,
    )
  })
  book.attempt(() => probeContext(lab, book))
}

function probeStackLimits(lab: Lab, book: Notebook): void {
  const { engine, runtime } = lab
  // Setting the size also sets the limit, which is as far below the top.
  const words = (size: number): number[] => {
    engine.call("JS_SetMaxStackSize", runtime, size)
    return Array.from({ length: END / 4 }, (_, i) => lab.u32(runtime + 4 * i))
  }
  book.noteAll("JSRuntime", ["stack_size", "stack_limit", "stack_top"], () => {
    const [a, b] = [0x4_1230, 0x5_4320]
    const old = words(a)
    const now = words(b)
    const size = only((o) => old[o / 4] === a && now[o / 4] === b, 0, END, 4)
    const limit = only((o) => o !== size && old[o / 4]! - now[o / 4]! === b - a, 0, END, 4)
    const top = only((o) => old[o / 4] === old[limit / 4]! + a && now[o / 4] === now[limit / 4]! + b, 0, END, 4)
    return [size, limit, top]
  })
  // Half the stack is still ample for what follows.
  engine.call("JS_SetMaxStackSize", runtime, 512 << 10)
}

function handlerPlaces(lab: Lab): number[] {
  const { engine, runtime } = lab
  const before = Array.from({ length: END / 4 }, (_, i) => lab.u32(runtime + 4 * i))
  const places = [
    [0x6123_4561, 0x6765_4321],
    [0x6223_4562, 0x6865_4322],
  ].map((values) => {
    engine.call("JS_SetInterruptHandler", runtime, ...values)
    return values.map((value) => only((o) => lab.u32(runtime + o) === value, 0, END, 4))
  })
  // Nothing may be called there: put back what was there.
  for (const o of places[0]!) lab.write32(runtime + o, before[o / 4]!)
  if (places[0]!.join() !== places[1]!.join()) throw new Unfound("the handler lies in different places")
  return places[0]!
}

function dumpFlagsPlace(lab: Lab): [number, number] {
  const { engine, runtime } = lab
  const words = (flags: bigint): number[] => {
    engine.call("JS_SetDumpFlags", runtime, flags)
    return Array.from({ length: END / 4 }, (_, i) => lab.u32(runtime + 4 * i))
  }
  // Flags that only matter when a runtime is freed.
  const [none, some] = [words(0n), words(0xff000n)]
  words(0n)
  const place = only((o) => none[o / 4] !== some[o / 4], 0, END, 4)
  const difference = (none[place / 4]! ^ some[place / 4]!) >>> 0
  const shift = only((s) => 0xff000 * 2 ** s === difference, 0, 16, 1)
  return [place, shift]
}

function probeContext(lab: Lab, book: Notebook): void {
  const { engine, context } = lab
  const note = (field: Parameters<typeof book.get<"JSContext">>[1], find: () => number): void =>
    book.note("JSContext", field, find)
  const value = (expression: string) => (): number =>
    offset64(lab, [[context, lab.evaluate(`(${expression})`)]], 0, 400)
  note("rt", () => only((o) => lab.u32(context + o) === lab.runtime, 8, 16, 4))
  note("function_proto", value("Function.prototype"))
  note("array_ctor", value("Array"))
  note("regexp_ctor", value("RegExp"))
  note("promise_ctor", value("Promise"))
  note("native_error_proto", () => {
    const errors = ["EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError"].map((e) =>
      lab.evaluate(`${e}.prototype`),
    )
    return only((o) => errors.every((error, i) => lab.u64(context + o + 8 * i) === error), 0, 400, 8)
  })
  note("array_proto_values", value("Array.prototype.values"))
  note("global_obj", value("globalThis"))
  note("class_proto", () =>
    only(
      (o) => {
        const protos = lab.u32(context + o)
        const classes = ["({})", "[]", "new Map()", "/x/"].map((e) => lab.evaluate(e))
        if (protos % 8 !== 0 || protos < 1024 || protos + 1024 > engine.memory.buffer.byteLength) return false
        return classes.every((object) => {
          const id = engine.call("JS_GetClassID", object)
          return lab.u64(protos + 8 * id) === engine.callValue("JS_GetClassProto", context, id)
        })
      },
      0,
      400,
      4,
    ),
  )
  probeRandom(lab, book)
  probeTime(lab, book)
  probeCounter(lab, book)
}

/** The state is the 8 bytes that Math.random() changes, and that make it say the same again when they are put back. */
function probeRandom(lab: Lab, book: Notebook): void {
  book.note("JSContext", "random_state", () => {
    const random = (): bigint => lab.evaluate("Math.random()")
    const words = (): bigint[] => Array.from({ length: 50 }, (_, i) => lab.u64(lab.context + 8 * i))
    random()
    return only(
      (o) => {
        const before = words()
        const first = random()
        if (lab.u64(lab.context + o) === before[o / 8]) return false
        if (changesWithoutRandom(lab, o)) return false
        lab.write64(lab.context + o, before[o / 8]!)
        return random() === first && random() !== first
      },
      0,
      400,
      8,
    )
  })
}

function changesWithoutRandom(lab: Lab, offset: number): boolean {
  const before = lab.u64(lab.context + offset)
  lab.evaluate("Math.abs(1)")
  return lab.u64(lab.context + offset) !== before
}

/** The origin is the double that performance.now() counts from. */
function probeTime(lab: Lab, book: Notebook): void {
  book.note("JSContext", "time_origin", () => {
    const now = (): bigint => lab.evaluate("Math.round(performance.now())")
    const bits = new DataView(new ArrayBuffer(8))
    return only(
      (o) => {
        const old = lab.u64(lab.context + o)
        bits.setBigUint64(0, old)
        const number = bits.getFloat64(0)
        // Only a place that holds the property's value can be it; writing anywhere else could break the context.
        if (lab.evaluate(`performance.timeOrigin === ${number}`) !== lab.evaluate("true")) return false
        const before = now()
        bits.setFloat64(0, number - 5_000_000)
        lab.write64(lab.context + o, bits.getBigUint64(0))
        const after = now()
        lab.write64(lab.context + o, old)
        const passed = Number(BigInt.asIntN(32, after)) - Number(BigInt.asIntN(32, before))
        return passed >= 5_000_000 && passed < 5_100_000
      },
      200,
      400,
      8,
    )
  })
}

/** Every call counts one down. */
function probeCounter(lab: Lab, book: Notebook): void {
  const calls = lab.evaluate("(function (n, f) { for (var i = 0; i < n; i++) f() })")
  const f = lab.evaluate("(function () {})")
  const words = (): number[] => Array.from({ length: 100 }, (_, i) => lab.i32(lab.context + 4 * i))
  const spent = (count: number): number[] => {
    const before = words()
    lab.apply(calls, [lab.evaluate(String(count)), f])
    return words().map((word, i) => before[i]! - word)
  }
  const find = (): number => {
    const [few, many] = [spent(10), spent(300)]
    // A jump may count as well as a call.
    return only((o) => [290, 580, 870, 1160].includes(many[o / 4]! - few[o / 4]!), 0, 400, 4)
  }
  book.note("JSContext", "interrupt_counter", () => {
    try {
      return find()
    } catch {
      return find() // the counter was set again in the middle; that happens once in thousands of calls
    }
  })
  book.note("constants", "JS_INTERRUPT_COUNTER_INIT", () => {
    const at = lab.context + book.get("JSContext", "interrupt_counter")
    const old = lab.i32(at)
    // The next poll finds it spent and sets it again; the calls after it are few.
    lab.write32(at, 1)
    lab.engine.call("JS_FreeValue", lab.context, UNDEFINED)
    lab.apply(f, [])
    const after = lab.i32(at)
    lab.write32(at, old)
    return after
  })
}

/** What takes knowledge of objects and shapes. */
export function probeRuntimeObjects(lab: Lab, book: Notebook): void {
  const { engine, context, runtime } = lab
  const shapeOf = (object: number): number => lab.u32(object + book.get("JSObject", "shape"))
  book.note("JSContext", "array_shape", () => offset32(lab, [[context, shapeOf(lab.object("[]"))]], 8, 400))
  book.note("JSContext", "global_var_obj", () => {
    lab.evaluate(`let probeLexical${engine.table.length} = 71.5`) // no two probes of an engine have the same table
    const value = lab.evaluate("71.5")
    const wanted = BigInt.asUintN(32, BigInt(book.get("tags", "JS_TAG_OBJECT")))
    // The object whose properties hold the value of a global `let`; the global object has no such property.
    return only(
      (o) => {
        const at = lab.u32(context + o)
        if (lab.u64(context + o) >> 32n !== wanted || at % 8 !== 0) return false
        const slots = lab.u32(at + book.get("JSObject", "prop"))
        const count = lab.u32(shapeOf(at) + book.get("JSShape", "prop_count"))
        for (let i = 0; i < count; i++) if (lab.u64(slots + 8 * i) === value) return true
        return false
      },
      40,
      400,
      8,
    )
  })
  // A module's namespace refers to the module's variables.
  book.note("JSProperty", "var_ref", () => {
    const module = pointerOf(
      lab.evaluate(
        "export let first = 81.5",
        book.get("evalFlags", "JS_EVAL_TYPE_MODULE") | book.get("evalFlags", "JS_EVAL_FLAG_COMPILE_ONLY"),
        "probe-refs.mjs",
      ),
    )
    engine.callValue(
      "JS_EvalFunction",
      context,
      BigInt.asUintN(64, (BigInt(book.get("tags", "JS_TAG_MODULE")) << 32n) | BigInt(module)),
    )
    const space = pointerOf(engine.callValue("JS_GetModuleNamespace", context, module))
    const slots = lab.u32(space + book.get("JSObject", "prop"))
    const value = lab.evaluate("81.5")
    return only(
      (o) => {
        const ref = lab.u32(slots + o)
        if (!isAddress(lab, ref)) return false
        const target = lab.u32(ref + book.get("JSVarRef", "pvalue"))
        return isAddress(lab, target) && lab.u64(target) === value
      },
      0,
      8,
      4,
    )
  })
  book.note("JSRuntime", "gc_obj_list", () => {
    // A new object is last in the list: the next is the list's head, which lies in the runtime.
    const heads = [1, 2].map(() => {
      const at = pointerOf(engine.callValue("JS_NewObject", context))
      return [lab.u32(at), lab.u32(at + 4)].filter((link) => link > runtime && link < runtime + END)
    })
    const offsets = heads.map((list) => list[0]! - runtime)
    if (heads.some((list) => list.length !== 1) || offsets[0] !== offsets[1]) throw new Unfound("not in the runtime")
    return offsets[0]!
  })
  book.attempt(() => probeHeader(lab, book))
  book.attempt(() => probeStdArray(lab, book))
}

function probeHeader(lab: Lab, book: Notebook): void {
  const { engine, context } = lab
  book.note("JSMallocBlockHeader", "ref_count", () => {
    const objects = ["{}", "[]", "() => 1"].map((e) => lab.evaluate(`(${e})`))
    return only(
      (o) =>
        objects.every((value) => {
          const before = lab.i32(pointerOf(value) + o)
          for (let i = 0; i < 3; i++) engine.callValue("JS_DupValue", context, value)
          return lab.i32(pointerOf(value) + o) === before + 3
        }),
      -32,
      0,
      4,
    )
  })
  const kinds = () => gcObjects(lab, book)
  // One byte has the same low bits in everything of a kind, and others in every other kind.
  book.note("JSMallocBlockHeader", "gc_obj_type", () => {
    const all = Object.values(kinds())
    return only(
      (o) => {
        const types = all.map((list) => new Set(list.map((at) => lab.u8(at + o) & 0x7f)))
        return types.every((t) => t.size === 1) && new Set(types.map((t) => [...t][0])).size === all.length
      },
      -16,
      0,
      1,
    )
  })
  for (const kind of ["JS_OBJECT", "FUNCTION_BYTECODE", "SHAPE", "VAR_REF", "ASYNC_FUNCTION", "JS_CONTEXT"] as const) {
    book.note(
      "JSGCObjectType",
      kind,
      () => lab.u8(kinds()[kind]![0]! + book.get("JSMallocBlockHeader", "gc_obj_type")) & 0x7f,
    )
  }
}

/** Objects that the collector knows, of every kind and of several sizes. */
function gcObjects(lab: Lab, book: Notebook): Record<string, number[]> {
  const objects = ["{}", "[1]", "() => 1", "{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8 }"].map((e) =>
    lab.object(e),
  )
  const functions = [
    "() => 1",
    "function () { return [1.5, 2.5, 3.5, 4.5, 5.5, 6.5] }",
    "a => { let b = a; return c => [a, b, c] }",
  ].map((e) => lab.object(e))
  const closures = ["(x => () => x)(1)", "(x => () => x)('two')"].map((e) => lab.object(e))
  const promise = lab.object(
    "(async function probeAsync(a) { let x = a; globalThis.probeAwaits = () => x; await new Promise(() => {}) })(1), probeAwaits",
  )
  const variable = lab.u32(lab.u32(promise + book.get("JSObject", "var_refs")))
  const frame = lab.u32(variable + book.get("JSVarRef", "stack_frame"))
  return {
    JS_OBJECT: objects,
    FUNCTION_BYTECODE: functions.map((f) => lab.u32(f + book.get("JSObject", "function_bytecode"))),
    SHAPE: objects.map((o) => lab.u32(o + book.get("JSObject", "shape"))),
    VAR_REF: closures.map((f) => lab.u32(lab.u32(f + book.get("JSObject", "var_refs")))),
    ASYNC_FUNCTION: [lab.u32(frame + book.get("JSStackFrame", "cur_gc_obj"))],
    JS_CONTEXT: [lab.context],
  }
}

/**
 * The bit that goes when an array prototype gets an element with a getter. Tried on a context of its own, because it
 * never comes back.
 */
function probeStdArray(lab: Lab, book: Notebook): void {
  const { engine } = lab
  book.noteAll("JSContext", ["std_array_prototype", "std_array_prototype_bit"], () => {
    const other = engine.call("JS_NewContext", lab.runtime)
    const words = (): number[] => Array.from({ length: 100 }, (_, i) => lab.u32(other + 4 * i))
    const evaluate = (source: string): void => {
      engine.withString(source, (at, length) =>
        engine.withString("probe.js", (name) => engine.callValue("JS_Eval", other, at, length, name, 0)),
      )
    }
    evaluate("1")
    const before = words()
    evaluate("Object.defineProperty(Array.prototype, 3, { get() {} })")
    const after = words()
    const changed = only(
      (o) =>
        isOneBit(before[o / 4]! ^ after[o / 4]!) &&
        before[o / 4]! > after[o / 4]! &&
        o !== book.get("JSContext", "interrupt_counter"),
      0,
      400,
      4,
    )
    const difference = (before[changed / 4]! ^ after[changed / 4]!) >>> 0
    return [changed, Math.log2(difference)]
  })
}

function isOneBit(word: number): boolean {
  const unsigned = word >>> 0
  return unsigned !== 0 && (unsigned & (unsigned - 1)) === 0
}

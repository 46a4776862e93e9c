// Experiments on objects: shape, properties, flags, arrays, C functions.
import {
  bitOffset,
  offset16,
  offset32,
  offset64,
  offset8,
  only,
  path,
  pointerOf,
  UNDEFINED,
  Unfound,
  type Lab,
  type Sample,
} from "./lab.ts"
import type { Notebook } from "./notebook.ts"

export function probeObjects(lab: Lab, book: Notebook): void {
  book.attempt(() => probeShapes(lab, book))
  book.attempt(() => probeProperties(lab, book))
  book.attempt(() => probeObjectFlags(lab, book))
  book.attempt(() => probeArrays(lab, book))
  book.attempt(() => probeCFunctions(lab, book))
}

interface Shaped {
  names: string[]
  object: number
}

/** Objects with 1, 3, 4, 5 and 20 properties of fresh names. */
function shapedObjects(lab: Lab): Shaped[] {
  return [1, 3, 4, 5, 20].map((count, sample) => {
    const names = Array.from({ length: count }, (_, i) => `probe${sample}x${i}`)
    return { names, object: lab.object(`{ ${names.map((name, i) => `${name}: ${100 * sample + i}`).join(", ")} }`) }
  })
}

function probeShapes(lab: Lab, book: Notebook): void {
  const objects = shapedObjects(lab)
  // A shape is the pointer under which all the object's names lie, one stride after the other.
  const layout = (): { shape: number; stride: number; starts: number[] } => {
    const found: { shape: number; stride: number; starts: number[] }[] = []
    for (let shape = 8; shape < 40; shape += 4) {
      for (const stride of [4, 8, 12, 16]) {
        const starts = objects.map(({ names, object }) => namesUnder(lab, lab.u32(object + shape), names, stride))
        if (starts.every((start) => start !== undefined)) found.push({ shape, stride, starts: starts as number[] })
      }
    }
    if (found.length !== 1) throw new Unfound(`in ${found.length} places`)
    return found[0]!
  }
  book.note("JSObject", "shape", () => layout().shape)
  book.note("JSShapeProperty", "size", () => layout().stride)
  const shapeOf = (object: number): number => lab.u32(object + book.get("JSObject", "shape"))
  const shapes = (values: number[]): Sample<number>[] => objects.map(({ object }, i) => [shapeOf(object), values[i]!])

  book.note("JSShape", "prop_hash_mask", () => offset32(lab, shapes([3, 3, 3, 7, 31]), 8, 48))
  const deleted = (): number =>
    lab.object("(o => { delete o.p1; delete o.p3; return o })({ p0: 0, p1: 1, p2: 2, p3: 3, p4: 4 })")
  book.note("JSShape", "prop_count", () => offset32(lab, [...shapes([1, 3, 4, 5, 20]), [shapeOf(deleted()), 5]], 8, 48))
  book.note("JSShape", "deleted_prop_count", () => {
    const only1 = lab.object("(o => { delete o.p1; return o })({ p0: 0, p1: 1, p2: 2, p3: 3, p4: 4 })")
    return offset32(lab, [...shapes([0, 0, 0, 0, 0]), [shapeOf(deleted()), 2], [shapeOf(only1), 1]], 8, 48)
  })
  // Room for properties grows from 2 by half.
  book.note("JSShape", "prop_size", () => offset32(lab, shapes([2, 3, 4, 6, 28]).slice(0, 4), 8, 48))
  book.note("JSShape", "proto", () => {
    const make = lab.evaluate("(p => Object.create(p))")
    const protos = ["{}", "[]", "() => 1"].map((e) => lab.evaluate(`(${e})`))
    return offset32(
      lab,
      protos.map((p) => [shapeOf(pointerOf(lab.apply(make, [p]))), pointerOf(p)] as const),
      8,
      48,
    )
  })
  // The shape of an object that lost a property is its own and not looked up by others.
  book.note("JSShape", "is_hashed", () =>
    offset8(lab, [...objects.map(({ object }) => [shapeOf(object), 1] as const), [shapeOf(deleted()), 0]], 8, 48),
  )
  probeHashTable(lab, book, objects, () => layout().starts)
}

/** Offset under `shape` of the first name's atom, when all names lie there one stride after the other. */
function namesUnder(lab: Lab, shape: number, names: readonly string[], stride: number): number | undefined {
  if (shape % 8 !== 0 || shape < 1024 || shape + 1024 > lab.engine.memory.buffer.byteLength) return undefined
  const atoms = names.map((name) => lab.atom(name))
  for (let start = 8; start < 400; start += 4) {
    if (atoms.every((atom, i) => lab.u32(shape + start + stride * i) === atom)) return start
  }
  return undefined
}

/** The word beside a property's atom that holds its flags says on which side of the atom a property begins. */
function probeHashTable(lab: Lab, book: Notebook, objects: readonly Shaped[], starts: () => number[]): void {
  const shapeOf = (object: number): number => lab.u32(object + book.get("JSObject", "shape"))
  book.noteAll("JSShapeProperty", ["atom", "hash_next_and_flags", "flags_shift"], () => {
    const size = book.get("JSShapeProperty", "size")
    const names = ["probeFlags1", "probeFlags2", "probeFlags3", "probeFlags4"]
    const attributes = ["writable: true", "enumerable: true", "configurable: true", "writable: true, enumerable: true"]
    const fields = names.map((name, i) => `${name}: { value: 1, ${attributes[i]} }`)
    const shape = shapeOf(lab.object(`Object.defineProperties({}, { ${fields.join(", ")} })`))
    const first = namesUnder(lab, shape, names, size)
    if (first === undefined) throw new Unfound("no names")
    const found: [number, number, number][] = []
    for (let side = 4 - size; side < size; side += 4) {
      for (let shift = 20; shift < 32; shift++) {
        // Three attributes are three bits: all different, and the last is the sum of the first two. Above them there is
        // nothing.
        const [w, e, c, both] = names.map((_, i) => lab.u32(shape + first + size * i + side) >>> shift) as [
          number,
          number,
          number,
          number,
        ]
        if (w !== e && e !== c && w !== c && w * e * c === 8 && both === w + e)
          found.push([Math.max(0, -side), Math.max(0, side), shift])
      }
    }
    if (found.length !== 1) throw new Unfound(`in ${found.length} places`)
    return found[0]!
  })
  book.note("JSShape", "hash_table", () => {
    const tables = objects.map(({ object }, i) => {
      const mask = lab.u32(shapeOf(object) + book.get("JSShape", "prop_hash_mask"))
      return starts()[i]! - book.get("JSShapeProperty", "atom") - 4 * (mask + 1)
    })
    if (new Set(tables).size !== 1) throw new Unfound(`at ${tables.join(", ")}`)
    return tables[0]!
  })
}

/** Flags that an object's shape gives the property `name`. */
function flagsOf(lab: Lab, book: Notebook, object: number, name: string): number {
  const shape = lab.u32(object + book.get("JSObject", "shape"))
  const mask = lab.u32(shape + book.get("JSShape", "prop_hash_mask"))
  const count = lab.u32(shape + book.get("JSShape", "prop_count"))
  const size = book.get("JSShapeProperty", "size")
  const properties = shape + book.get("JSShape", "hash_table") + 4 * (mask + 1)
  const atom = lab.atom(name)
  for (let i = 0; i < count; i++) {
    const at = properties + size * i
    if (lab.u32(at + book.get("JSShapeProperty", "atom")) === atom) {
      return (
        lab.u32(at + book.get("JSShapeProperty", "hash_next_and_flags")) >>> book.get("JSShapeProperty", "flags_shift")
      )
    }
  }
  throw new Unfound(`no property ${name}`)
}

function probeProperties(lab: Lab, book: Notebook): void {
  book.noteAll("JSObject", ["prop"], () => {
    const objects = ["{ a: 11.5, b: 12.5 }", "{ c: 13.5, d: 14.5 }"].map((e) => lab.object(e))
    return [
      path(
        lab,
        objects.map((o, i) => [o, valueOf(lab, 11.5 + 2 * i)] as const),
        [8, 40],
        [0, 8],
      )[0],
    ]
  })
  const slots = (object: number): number => lab.u32(object + book.get("JSObject", "prop"))
  book.note("JSProperty", "size", () => {
    const object = lab.object("{ a: 11.5, b: 12.5, c: 13.5 }")
    return only(
      (step) =>
        lab.u64(slots(object) + step) === valueOf(lab, 12.5) &&
        lab.u64(slots(object) + 2 * step) === valueOf(lab, 13.5),
      4,
      32,
      4,
    )
  })
  book.note("JSProperty", "value", () =>
    offset64(lab, [[slots(lab.object("{ a: 11.5, b: 1 }")), valueOf(lab, 11.5)]], 0, 8),
  )
  book.noteAll("JSProperty", ["getter", "setter"], () => {
    const getter = lab.evaluate("(function get() {})")
    const setter = lab.evaluate("(function set() {})")
    const define = lab.evaluate("((get, set) => Object.defineProperty({}, 'a', { get, set }))")
    const at = slots(pointerOf(lab.apply(define, [getter, setter])))
    return [offset32(lab, [[at, pointerOf(getter)]], 0, 8), offset32(lab, [[at, pointerOf(setter)]], 0, 8)]
  })

  const flags = (expression: string, name = "a"): number => flagsOf(lab, book, lab.object(expression), name)
  const defined = (attributes: string): string => `Object.defineProperty({}, 'a', { ${attributes} })`
  const note = (field: Parameters<typeof book.get<"JSPropertyFlags">>[1], find: () => number): void =>
    book.note("JSPropertyFlags", field, find)
  note("CONFIGURABLE", () => flags(defined("value: 1, configurable: true")))
  note("WRITABLE", () => flags(defined("value: 1, writable: true")))
  note("ENUMERABLE", () => flags(defined("value: 1, enumerable: true")))
  note("NORMAL", () => flags(defined("value: 1")))
  note("GETSET", () => flags(defined("get() {}")))
  note("LENGTH", () => flags("[]", "length") & ~flags(defined("value: 1, writable: true")))
  note("AUTOINIT", () => flags("function () {}", "prototype") & ~flags(defined("value: 1, writable: true")))
  // A frozen object takes no property: the function returns 0, or -1 when it is to throw.
  note("THROW", () => {
    const frozen = lab.evaluate("Object.freeze({})")
    const define = (flags: number): number =>
      lab.engine.call("JS_DefinePropertyValue", lab.context, frozen, lab.atom("a"), UNDEFINED, flags)
    const bit = only((shift) => (define(1 << shift) | 0) < 0, 0, 24, 1)
    lab.engine.callValue("JS_GetException", lab.context)
    return 1 << bit
  })
  note("VARREF", () => {
    const flagsOfModule =
      book.get("evalFlags", "JS_EVAL_TYPE_MODULE") | book.get("evalFlags", "JS_EVAL_FLAG_COMPILE_ONLY")
    const module = lab.evaluate("export let a = 1", flagsOfModule)
    lab.engine.callValue("JS_EvalFunction", lab.context, module)
    const space = lab.engine.callValue("JS_GetModuleNamespace", lab.context, pointerOf(module))
    const all = flags(defined("value: 1, writable: true, enumerable: true"))
    return flagsOf(lab, book, pointerOf(space), "a") & ~all
  })
  note(
    "TMASK",
    () =>
      book.get("JSPropertyFlags", "GETSET") |
      book.get("JSPropertyFlags", "VARREF") |
      book.get("JSPropertyFlags", "AUTOINIT"),
  )
}

function probeObjectFlags(lab: Lab, book: Notebook): void {
  // Bits that mean nothing are what was in memory before: several objects of each kind, so that none fits by chance.
  const often = Array.from({ length: 12 })
  const bits = (samples: Record<string, boolean>): Sample<boolean>[] =>
    Object.entries(samples).flatMap(([expression, on]) => often.map(() => [lab.object(expression), on] as const))
  // All flags lie in the 16 bits before or after the class; count from where the first one lies.
  const at = (samples: Record<string, boolean>): number => bitOffset(lab, bits(samples), 8, 16)
  const base = (): number => at({ "{}": true, "Object.freeze({})": false, "Object.freeze([])": false, "[]": true })
  book.note("JSObject", "flags", () => (base() >> 4) << 1)
  const note = (field: Parameters<typeof book.get<"JSObjectFlags">>[1], find: () => number): void =>
    book.note("JSObjectFlags", field, () => 2 ** (find() - 8 * book.get("JSObject", "flags")))
  const within = (samples: Record<string, boolean>): number => {
    const start = book.get("JSObject", "flags")
    return bitOffset(lab, bits(samples), start, start + 2)
  }
  note("extensible", base)
  note("is_exotic", () =>
    within({ "[]": true, "Object('s')": true, "new Proxy({}, {})": true, "{}": false, "() => 1": false }),
  )
  note("fast_array", () =>
    within({
      "[1, 2]": true,
      "(a => { a[1e6] = 1; return a })([])": false,
      "new Int8Array(1)": true,
      "Object('s')": false,
      "{}": false,
    }),
  )
  note("is_constructor", () =>
    within({
      "function () {}": true,
      "class {}": true,
      "() => 1": false,
      "{ m() {} }.m": false,
      Map: true,
      "Math.sin": false,
    }),
  )
  note("is_uncatchable_error", () => {
    const samples = often.map((_, i) => {
      const error = lab.evaluate("new Error()")
      if (i % 2 === 0) lab.engine.call("JS_SetUncatchableError", lab.context, error)
      return [pointerOf(error), i % 2 === 0] as const
    })
    const start = book.get("JSObject", "flags")
    return bitOffset(lab, samples, start, start + 2)
  })
}

function probeArrays(lab: Lab, book: Notebook): void {
  const arrays = ["[1.5, 2.5, 3.5, 4.5, 5.5]", "[6.5, 7.5]", "[8.5, 9.5, 10.5]"].map((e) => lab.object(e))
  const pushed = lab.object("(a => { a.push(1); return a })([1, 2, 3, 4, 5])")
  book.note(
    "JSObject",
    "values",
    () =>
      path(
        lab,
        arrays.map((a, i) => [a, valueOf(lab, [1.5, 6.5, 8.5][i]!)] as const),
        [8, 40],
        [0, 8],
      )[0],
  )
  const counts = [5, 2, 3]
  book.note("JSObject", "count", () =>
    offset32(lab, [...arrays.map((a, i) => [a, counts[i]!] as const), [pushed, 6]], 8, 40),
  )
  book.note("JSObject", "array_size", () =>
    only(
      (o) =>
        arrays.every((a, i) => lab.u32(a + o) === counts[i]) && lab.u32(pushed + o) > 6 && lab.u32(pushed + o) < 16,
      8,
      40,
      4,
    ),
  )
  book.note("JSObject", "object_data", () =>
    offset64(
      lab,
      [
        [lab.object("Object(1.25)"), valueOf(lab, 1.25)],
        [lab.object("Object(2.5)"), valueOf(lab, 2.5)],
      ],
      8,
      40,
    ),
  )
}

function probeCFunctions(lab: Lab, book: Notebook): void {
  const { engine, context } = lab
  const slots = [0, 1, 2].map(() => lab.classCall(() => 0n))
  const samples = slots.map((slot, i) => {
    const [length, cproto, magic] = [
      [201, 0, 1234],
      [77, 1, -5],
      [3, 12, 999],
    ][i] as [number, number, number]
    const f = engine.withString("probe", (name) =>
      engine.callValue("JS_NewCFunction2", context, slot, name, length, cproto, magic),
    )
    return { f: pointerOf(f), slot, length, cproto, magic }
  })
  const f = (value: (s: (typeof samples)[0]) => number): Sample<number>[] => samples.map((s) => [s.f, value(s)])
  book.note("JSObject", "realm", () =>
    offset32(
      lab,
      f(() => context),
      8,
      40,
    ),
  )
  book.note("JSObject", "c_function", () =>
    offset32(
      lab,
      f((s) => s.slot),
      8,
      40,
    ),
  )
  book.note("JSObject", "length", () =>
    offset8(
      lab,
      f((s) => s.length),
      8,
      40,
    ),
  )
  book.note("JSObject", "cproto", () =>
    offset8(
      lab,
      f((s) => s.cproto),
      12,
      40,
    ),
  )
  book.note("JSObject", "magic", () =>
    offset16(
      lab,
      f((s) => s.magic & 0xffff),
      12,
      40,
    ),
  )
  // The kind of a built-in function, and that its wasm function takes what that kind takes.
  const kinds = {
    generic: ["isFinite", 4],
    generic_magic: ["Math.max", 5],
    f_f: ["Math.sin", 1],
    f_f_f: ["Math.atan2", 2],
    iterator_next: ["Object.getPrototypeOf([].values()).next", 6],
  } as const
  for (const [kind, [expression, parameters]] of Object.entries(kinds)) {
    book.note("JSCFunctionType", kind as keyof typeof kinds, () => {
      const at = lab.object(expression)
      const code = engine.table.get(lab.u32(at + book.get("JSObject", "c_function"))) as (...args: unknown[]) => unknown
      if (code.length !== parameters) throw new Unfound(`${expression} takes ${code.length} parameters`)
      return lab.u8(at + book.get("JSObject", "cproto"))
    })
  }
}

/** A double as a JSValue, made by the engine. */
export function valueOf(lab: Lab, number: number): bigint {
  return lab.evaluate(String(number))
}

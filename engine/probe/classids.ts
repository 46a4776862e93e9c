// Experiments on classes: their numbers, the runtime's table of them, and how objects of a class are called.
import { offset16, offset32, pointerOf, Unfound, type Lab, type Sample } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

/** How to make an object of each class. */
const makers = {
  OBJECT: "{}",
  ARRAY: "[1]",
  ERROR: "new Error('probe')",
  NUMBER: "Object(1)",
  STRING: "Object('s')",
  BOOLEAN: "Object(true)",
  SYMBOL: "Object(Symbol())",
  ARGUMENTS: "(function () { 'use strict'; return arguments })(1)",
  MAPPED_ARGUMENTS: "(function (a) { return arguments })(1)",
  DATE: "new Date(0)",
  C_FUNCTION: "Math.sqrt",
  BYTECODE_FUNCTION: "function () {}",
  BOUND_FUNCTION: "(function () {}).bind()",
  C_FUNCTION_DATA: "Promise.withResolvers().promise.finally.constructor && Proxy.revocable({}, {}).revoke",
  GENERATOR_FUNCTION: "function* () {}",
  REGEXP: "/x/",
  ARRAY_BUFFER: "new ArrayBuffer(8)",
  UINT8C_ARRAY: "new Uint8ClampedArray(1)",
  INT8_ARRAY: "new Int8Array(1)",
  UINT8_ARRAY: "new Uint8Array(1)",
  INT16_ARRAY: "new Int16Array(1)",
  UINT16_ARRAY: "new Uint16Array(1)",
  INT32_ARRAY: "new Int32Array(1)",
  UINT32_ARRAY: "new Uint32Array(1)",
  BIG_INT64_ARRAY: "new BigInt64Array(1)",
  BIG_UINT64_ARRAY: "new BigUint64Array(1)",
  FLOAT16_ARRAY: "new Float16Array(1)",
  FLOAT32_ARRAY: "new Float32Array(1)",
  FLOAT64_ARRAY: "new Float64Array(1)",
  DATAVIEW: "new DataView(new ArrayBuffer(8))",
  BIG_INT: "Object(1n)",
  MAP: "new Map()",
  SET: "new Set()",
  ARRAY_ITERATOR: "[].values()",
  STRING_ITERATOR: "''[Symbol.iterator]()",
  GENERATOR: "(function* () {})()",
  PROXY: "new Proxy({}, {})",
  PROMISE: "Promise.resolve()",
  ASYNC_FUNCTION: "async function () {}",
  ASYNC_GENERATOR_FUNCTION: "async function* () {}",
} as const

export function probeClasses(lab: Lab, book: Notebook): void {
  const names = Object.keys(makers) as (keyof typeof makers)[]
  const ids = new Map<keyof typeof makers, Sample<number>>()
  for (const name of names) {
    book.note("JSClassID", name, () => {
      const value = lab.evaluate(`(${makers[name]})`)
      const id = lab.engine.call("JS_GetClassID", value)
      ids.set(name, [pointerOf(value), id])
      return id
    })
  }
  book.note("JSObject", "class_id", () => offset16(lab, [...ids.values()], 0, 40))
  book.noteAll("JSClass", ["size", "class_id"], () => {
    const array = classArray(lab, book)
    const wanted = [...ids.values()].map(([, id]) => id)
    const found: [number, number][] = []
    for (let size = 4; size <= 64; size += 4) {
      for (let offset = 0; offset < size; offset += 4) {
        if (wanted.every((id) => lab.u32(array + size * id + offset) === id)) found.push([size, offset])
      }
    }
    if (found.length !== 1) throw new Unfound(`in ${found.length} places`)
    return found[0]!
  })
  const entry = (id: number): number => classArray(lab, book) + book.get("JSClass", "size") * id
  book.note("JSClass", "class_name", () =>
    offset32(
      lab,
      [...ids.values()].map(([, id]) => [entry(id), lab.engine.call("JS_GetClassName", lab.runtime, id)] as const),
      0,
      64,
    ),
  )
  // Registering a class says where its functions go.
  book.note("JSClass", "call", () => {
    const slot = lab.classCall(() => 0n)
    return offset32(lab, [[entry(newClass(lab, slot)), slot]], 0, 64)
  })
  probeCallFlags(lab, book)
}

/** Found by the pointer that JSRuntime holds to entries that say their own number. */
function classArray(lab: Lab, book: Notebook): number {
  return lab.u32(lab.runtime + book.get("JSRuntime", "class_array"))
}

/** Make a class whose objects are called through a table slot. */
function newClass(lab: Lab, call: number): number {
  const { engine, runtime } = lab
  const at = engine.malloc(32)
  engine.bytes().fill(0, at, at + 32)
  const id = engine.call("JS_NewClassID", runtime, at)
  engine.withString("Probe", (name) => {
    // JSClassDef: class_name, finalizer, gc_mark, call, exotic
    lab.write32(at + 4, name)
    lab.write32(at + 16, call)
    engine.call("JS_NewClass", runtime, id, at + 4)
  })
  return id
}

function probeCallFlags(lab: Lab, book: Notebook): void {
  let seen = 0
  const make = (): bigint => {
    const id = newClass(
      lab,
      lab.classCall((_self, _args, flags) => ((seen = flags), lab.evaluate("({})"))),
    )
    return lab.engine.callValue("JS_NewObjectClass", lab.context, id)
  }
  book.note("callFlags", "JS_CALL_FLAG_COPY_ARGV", () => {
    lab.apply(make(), [])
    return seen
  })
  book.note("callFlags", "JS_CALL_FLAG_CONSTRUCTOR", () => {
    const object = make()
    lab.engine.call("JS_SetConstructorBit", lab.context, object, 1)
    lab.apply(lab.evaluate("(f => new f())"), [object])
    return seen
  })
}

// Experiments on array buffers and typed arrays.
import { bitsOf, offset32, offset8, path, pointerOf, type Lab, type Sample } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

export function probeBuffers(lab: Lab, book: Notebook): void {
  const note = (field: Parameters<typeof book.get<"JSArrayBuffer">>[1], find: () => number): void =>
    book.note("JSArrayBuffer", field, find)
  const buffers = [
    ["new ArrayBuffer(1237, { maxByteLength: 4321 })", 1237, 4321],
    ["new ArrayBuffer(771, { maxByteLength: 990 })", 771, 990],
    ["new ArrayBuffer(555)", 555, -1],
  ] as const
  const objects = buffers.map(([expression]) => lab.object(expression))
  const found = () =>
    path(
      lab,
      objects.map((o, i) => [o, buffers[i]![1]] as const),
      [8, 40],
      [0, 32],
    )
  book.note("JSObject", "opaque", () => found()[0])
  note("byte_length", () => found()[1])
  const data = (object: number): number => lab.u32(object + book.get("JSObject", "opaque"))
  note("max_byte_length", () =>
    offset32(
      lab,
      objects.map((o, i) => [data(o), buffers[i]![2]] as const),
      0,
      32,
    ),
  )
  note("data", () => {
    const filled = [41.5, 42.5].map((n) => lab.object(`new Float64Array([${n}]).buffer`))
    return path(
      lab,
      filled.map((o, i) => [data(o), bitsOf(41.5 + i)] as const),
      [0, 32],
      [0, 8],
    )[0]
  })
  note("detached", () => {
    const gone = lab.evaluate("new ArrayBuffer(8)")
    lab.engine.call("JS_DetachArrayBuffer", lab.context, gone)
    return offset8(lab, [[data(pointerOf(gone)), 1], ...objects.map((o) => [data(o), 0] as const)], 8, 12)
  })
  note("immutable", () => {
    const fixed = lab.evaluate("new ArrayBuffer(8)")
    lab.engine.call("JS_SetImmutableArrayBuffer", fixed, 1)
    return offset8(lab, [[data(pointerOf(fixed)), 1], ...objects.map((o) => [data(o), 0] as const)], 8, 12)
  })
  note("shared", () => {
    // Not every build can make one; a bit that nothing can set is taken from its place between `immutable` and `data`.
    const shared = lab.object("new SharedArrayBuffer(8)")
    return offset8(lab, [[data(shared), 1], ...objects.map((o) => [data(o), 0] as const)], 8, 12)
  })
  book.attempt(() => probeTypedArrays(lab, book))
}

function probeTypedArrays(lab: Lab, book: Notebook): void {
  const make = lab.evaluate("((buffer, offset, length) => new Uint16Array(buffer, offset, length))")
  const samples = [
    [10, 7],
    [22, 33],
  ].map(([offset, length]) => {
    const buffer = lab.evaluate("new ArrayBuffer(100, { maxByteLength: 200 })")
    const array = lab.apply(make, [buffer, BigInt(offset!), BigInt(length!)])
    return { buffer: pointerOf(buffer), array: pointerOf(array), offset: offset!, length: length! }
  })
  const found = () =>
    path(
      lab,
      samples.map((s) => [s.array, s.buffer] as const),
      [8, 40],
      [0, 32],
    )
  book.note("JSObject", "typed_array", () => found()[0])
  book.note("JSTypedArray", "buffer", () => found()[1])
  const data = (array: number): number => lab.u32(array + book.get("JSObject", "typed_array"))
  const words = (value: (s: (typeof samples)[0]) => number): Sample<number>[] =>
    samples.map((s) => [data(s.array), value(s)])
  book.note("JSTypedArray", "obj", () =>
    offset32(
      lab,
      words((s) => s.array),
      0,
      32,
    ),
  )
  book.note("JSTypedArray", "offset", () =>
    offset32(
      lab,
      words((s) => s.offset),
      0,
      32,
    ),
  )
  book.note("JSTypedArray", "length", () =>
    offset32(
      lab,
      words((s) => 2 * s.length),
      0,
      32,
    ),
  )
  book.note("JSTypedArray", "track_rab", () => {
    const tracking = lab.object("new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))")
    const fixed = lab.object("new Uint8Array(new ArrayBuffer(9, { maxByteLength: 16 }), 0, 8)")
    return offset8(lab, [[data(tracking), 1], [data(fixed), 0], ...words(() => 0)], 20, 28)
  })
}

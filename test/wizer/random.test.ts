// For random modules: "snapshot, instantiate, main" and "instantiate, init, main" agree in results, traps, memories,
// tables and globals, bit for bit. `npm run test:all` tries 20,000; SEED=n repeats a run.
import { expect, test } from "vitest"
import { runJob } from "../../wizer/node/job.ts"
import { isProblem } from "../../wizer/snapshot.ts"
import { randomFrom, seedOf } from "../random.ts"
import { assemble, exposed, start, stateOf } from "../wasm.ts"

const seed = seedOf("wizer/random")
const count = process.env["EDGEBOX_ALL"] === "1" ? 20_000 : 400

type Random = (below: number) => number
const types = ["i32", "i64", "f32", "f64", "v128"] as const

interface Shape {
  pages: number
  maximum: number
  tables: { min: number; max: number }[]
  globals: string[]
  passiveData: number
  passiveElements: number
  functions: number
}

function constant(type: string, random: Random): string {
  const bits = () => (random(3) === 0 ? random(2 ** 32) : random(2) ? random(256) : 2 ** 32 - 1 - random(256))
  switch (type) {
    case "i32":
      return `(i32.const ${bits() | 0})`
    case "i64":
      return `(i64.const ${(BigInt(bits()) << 32n) | BigInt(bits())})`
    case "f32":
      return random(3)
        ? `(f32.const ${random(1000) / 8})`
        : `(f32.const ${random(2) ? "" : "-"}nan:0x${(1 + random(0x7ffffe)).toString(16)})`
    case "f64":
      return random(3)
        ? `(f64.const ${random(1000) / 8})`
        : `(f64.const ${random(2) ? "" : "-"}nan:0x${(1 + random(2 ** 50)).toString(16)})`
    default:
      return `(v128.const i32x4 ${[1, 2, 3, 4].map(() => bits() | 0).join(" ")})`
  }
}

/** An address, mostly inside, sometimes at an end, rarely outside. */
function address({ pages }: Shape, random: Random): string {
  const end = pages * 65536
  if (random(60) === 0) return `(i32.const ${end - random(4)})`
  if (random(8) === 0) return `(i32.const ${Math.max(0, end - 16 - random(40))})`
  return `(i32.const ${random(3) ? random(Math.max(1, end - 16)) : random(400)})`
}

function statement(shape: Shape, random: Random, depth: number): string {
  const table = random(Math.max(1, shape.tables.length))
  const slot = () => `(i32.const ${random(random(30) === 0 ? 40 : Math.max(1, shape.tables[table]?.min ?? 1))})`
  const withTable = shape.tables.length > 0
  const func = () => (random(4) ? `(ref.func $f${random(shape.functions)})` : "(ref.null func)")
  const byCase: (() => string)[] = [
    () => `(i32.store ${address(shape, random)} ${constant("i32", random)})`,
    () => `(i64.store ${address(shape, random)} ${constant("i64", random)})`,
    () => `(f64.store ${address(shape, random)} ${constant("f64", random)})`,
    () => `(v128.store ${address(shape, random)} ${constant("v128", random)})`,
    () => `(i32.store8 ${address(shape, random)} (i32.load ${address(shape, random)}))`,
    () => `(memory.fill ${address(shape, random)} (i32.const ${random(3)}) (i32.const ${random(300)}))`,
    () => `(memory.copy ${address(shape, random)} ${address(shape, random)} (i32.const ${random(300)}))`,
    () => (random(6) ? "" : `(drop (memory.grow (i32.const ${random(3)})))`),
    () => {
      const g = random(Math.max(1, shape.globals.length))
      const type = shape.globals[g]
      return type ? `(global.set $g${g} ${constant(type, random)})` : ""
    },
    () =>
      shape.passiveData
        ? `(memory.init $d${random(shape.passiveData)} ${address(shape, random)} (i32.const ${random(2)}) (i32.const ${random(3)}))`
        : "",
    () => (shape.passiveData && random(4) === 0 ? `(data.drop $d${random(shape.passiveData)})` : ""),
    () => (withTable ? `(table.set $t${table} ${slot()} ${func()})` : ""),
    () => (withTable ? `(table.fill $t${table} ${slot()} ${func()} (i32.const ${random(3)}))` : ""),
    () => (withTable && random(3) === 0 ? `(drop (table.grow $t${table} ${func()} (i32.const ${random(4)})))` : ""),
    () =>
      withTable
        ? `(table.copy $t${table} $t${random(shape.tables.length)} ${slot()} ${slot()} (i32.const ${random(2)}))`
        : "",
    () =>
      withTable && shape.passiveElements
        ? `(table.init $t${table} $e${random(shape.passiveElements)} ${slot()} (i32.const ${random(2)}) (i32.const ${random(2)}))`
        : "",
    () => (shape.passiveElements && random(4) === 0 ? `(elem.drop $e${random(shape.passiveElements)})` : ""),
    () => (random(3) ? "" : `(global.set $r ${func()})`),
    () => `(global.set $n (i32.add (global.get $n) (i32.const ${random(9)})))`,
    () =>
      withTable && depth === 0
        ? `(global.set $n (i32.xor (global.get $n) (call_indirect $t${table} (result i32) ${slot()})))`
        : "",
    () => (random(80) ? "" : "(unreachable)"),
    () => `(if (i32.and (global.get $n) (i32.const 1)) (then ${depth < 2 ? statement(shape, random, depth + 1) : ""}))`,
  ]
  return byCase[random(byCase.length)]!()
}

function statements(shape: Shape, random: Random): string {
  return Array.from({ length: 1 + random(14) }, () => statement(shape, random, 0)).join("\n    ")
}

function randomModule(random: Random): string {
  const pages = 1 + random(3)
  const shape: Shape = {
    pages,
    maximum: pages + random(4),
    tables: Array.from({ length: random(3) }, () => {
      const min = 1 + random(8)
      return { min, max: min + random(6) }
    }),
    globals: Array.from({ length: random(6) }, () => types[random(types.length)]!),
    passiveData: random(3),
    passiveElements: random(3),
    functions: 3,
  }
  const some = () => Array.from({ length: 1 + random(4) }, () => `$f${random(shape.functions)}`).join(" ")
  const text = () => `"${Array.from({ length: 1 + random(20) }, () => (random(3) ? "x" : "\\00")).join("")}"`
  return `(module
  (memory (export "memory") ${pages} ${random(2) ? shape.maximum : ""})
  ${shape.tables.map(({ min, max }, i) => `(table $t${i} ${min} ${random(2) ? max : ""} funcref)`).join("\n  ")}
  (global $n (mut i32) (i32.const ${random(5)})) (global $r (mut funcref) (ref.null func))
  ${shape.globals.map((type, i) => `(global $g${i} ${random(3) ? `(export "g${i}") ` : ""}(mut ${type}) ${constant(type, random)})`).join("\n  ")}
  (global $fixed i64 ${constant("i64", random)})
  ${Array.from({ length: random(4) }, () => `(data (i32.const ${random(2000)}) ${text()})`).join("\n  ")}
  ${Array.from({ length: shape.passiveData }, (_, i) => `(data $d${i} ${text()})`).join("\n  ")}
  ${Array.from({ length: shape.passiveElements }, (_, i) => `(elem $e${i} func ${some()})`).join("\n  ")}
  ${shape.tables.map(({ min }, i) => (min > 3 && random(2) ? `(elem (table $t${i}) (i32.const ${random(min - 3)}) func ${some().split(" ").slice(0, 3).join(" ")})` : "")).join("\n  ")}
  (elem declare func $f0 $f1 $f2)
  ${Array.from({ length: shape.functions }, (_, i) => `(func $f${i} (result i32) (i32.add (global.get $n) (i32.const ${i})))`).join("\n  ")}
  ${random(2) ? `(func $start ${statements(shape, random)}) (start $start)` : ""}
  ${random(3) ? "" : `(func (export "_initialize") ${statements(shape, random)})`}
  (func (export "wizer-initialize")
    ${statements(shape, random)})
  ${shape.globals.map((type, i) => bitsOf(type, i)).join("\n  ")}
  (func (export "main") (result i32)
    ${statements(shape, random)}
    (i32.add (global.get $n) (i32.load (i32.const 8)))))`
}

/** Functions that tell the bits of a global, NaN payloads and all. */
function bitsOf(type: string, i: number): string {
  const get = `(global.get $g${i})`
  const bits: Record<string, string[]> = {
    i32: [`(i64.extend_i32_u ${get})`],
    i64: [get],
    f32: [`(i64.extend_i32_u (i32.reinterpret_f32 ${get}))`],
    f64: [`(i64.reinterpret_f64 ${get})`],
    v128: [`(i64x2.extract_lane 0 ${get})`, `(i64x2.extract_lane 1 ${get})`],
  }
  return (bits[type] ?? []).map((body, k) => `(func (export "bits${i}.${k}") (result i64) ${body})`).join(" ")
}

/** Everything that an instance holds. */
function whole({ instance, call }: ReturnType<typeof start>): Record<string, unknown> {
  const bits = Object.keys(instance.exports).filter((name) => name.startsWith("bits"))
  return { ...stateOf(instance), ...Object.fromEntries(bits.map((name) => [name, call(name)])) }
}

/** Start, `_initialize` and initialiser of a fresh instance, or why not. */
function initialise(bytes: Uint8Array) {
  try {
    const fresh = start(exposed(bytes))
    for (const name of ["_initialize", "wizer-initialize"]) {
      if (fresh.instance.exports[name] && "trap" in fresh.call(name)) return undefined
    }
    return fresh
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return undefined // a trap in start
    throw error
  }
}

test("snapshot, instantiate, main = instantiate, init, main", async () => {
  const next = randomFrom(seed)
  const random: Random = (below) => Math.floor(next() * below)
  let went = 0
  for (let i = 0; i < count; i++) {
    const text = randomModule(random)
    const bytes = assemble(text)
    const fresh = initialise(bytes)
    const limited = random(3) === 0 ? { maxMemory: 2 ** 30 } : {}
    let wasm: Uint8Array
    try {
      wasm = (await runJob({ input: bytes, options: limited, preloads: [] })).wasm
    } catch (error) {
      // It has to be the initialiser's own trap.
      if (!isProblem(error) || error.code !== "EB302" || fresh)
        throw new Error(`module ${i} of seed ${seed}:\n${text}`, { cause: error })
      continue
    }
    const snapshotted = start(exposed(wasm))
    const where = `module ${i} of seed ${seed}:\n${text}`
    if (!fresh) throw new Error(`the initialiser trapped only without the snapshot, ${where}`)
    expect(whole(snapshotted), where).toEqual(whole(fresh))
    expect(snapshotted.call("main"), where).toEqual(fresh.call("main"))
    expect(whole(snapshotted), where).toEqual(whole(fresh))
    went++
  }
  expect(went).toBeGreaterThan(count / 4)
  console.log(`wizer-random: ${went} snapshots agreed, ${count - went} initialisers trapped`)
})

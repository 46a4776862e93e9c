// The custom section "edgebox": what a host reads in it, and what it does with it. All bytes in it may be hostile.
import { expect, test } from "vitest"
import wabt from "wabt"
import { runInProcess } from "../../runtime/run.ts"
import { problemText } from "../failures.ts"
import { integersFrom, seedOf } from "../random.ts"

/** Exits with the i32 at 1024, divided by 1000. Initially 5,000,000. */
const program = `(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "\\40\\4b\\4c\\00")
  (func (export "_start") (call $proc_exit (i32.div_s (i32.load (i32.const 1024)) (i32.const 1000)))))`

const { parseWat } = await wabt()
const plain = new Uint8Array(parseWat("program.wat", program).toBinary({}).buffer)

function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]
}

/** The program with a custom section after its others. */
function withSection(text: string | Uint8Array, name = "edgebox"): Uint8Array {
  const encoded = new TextEncoder().encode(name)
  const body = typeof text === "string" ? new TextEncoder().encode(text) : text
  const content = [...leb(encoded.length), ...encoded, ...body]
  return new Uint8Array([...plain, 0, ...leb(content.length), ...content])
}

const section = (stackBudget: unknown) => JSON.stringify({ version: 1, engine: "quickjs-wasi 3.6.2", stackBudget })

test("the stack budget is written before the program starts", () => {
  expect(runInProcess(withSection(section({ address: 1024 })), { stackBytes: 123_000 }).exitCode).toBe(123)
  // A compiled module keeps the section.
  const module = new WebAssembly.Module(withSection(section({ address: 1024 })) as Uint8Array<ArrayBuffer>)
  expect(runInProcess(module, { stackBytes: 123_000 }).exitCode).toBe(123)
})

test("it is an i32", () => {
  const wasm = withSection(section({ address: 1024 }))
  expect(runInProcess(wasm, { stackBytes: 2 ** 40 }).exitCode).toBe(Math.floor(0x7fff_ffff / 1000))
  expect(runInProcess(wasm, { stackBytes: -5 }).exitCode).toBe(0)
})

test("the program's own value stays where the host says nothing, or the program does not ask", () => {
  expect(runInProcess(withSection(section({ address: 1024 }))).exitCode).toBe(5000)
  expect(runInProcess(withSection(section(undefined)), { stackBytes: 1000 }).exitCode).toBe(5000)
  expect(runInProcess(plain, { stackBytes: 1000 }).exitCode).toBe(5000)
  expect(runInProcess(withSection(section({ address: 1024 }), "edgeboX"), { stackBytes: 1000 }).exitCode).toBe(5000)
})

test("fields that this version does not know are left to others", () => {
  const text = JSON.stringify({ version: 1, stackBudget: { address: 1024, unit: "bytes" }, later: [1, 2] })
  expect(runInProcess(withSection(text), { stackBytes: 7000 }).exitCode).toBe(7)
})

test("the first section of that name counts, and it may come first in the module", () => {
  const content = [
    ...leb(7),
    ...new TextEncoder().encode("edgebox"),
    ...new TextEncoder().encode(section({ address: 1024 })),
  ]
  const first = new Uint8Array([...plain.slice(0, 8), 0, ...leb(content.length), ...content, ...plain.slice(8)])
  expect(runInProcess(first, { stackBytes: 9000 }).exitCode).toBe(9)
})

const refused: [string, string | Uint8Array, RegExp][] = [
  ["not JSON", "{", /EB716: .*it is not JSON/],
  ["nothing", "", /it is not JSON/],
  ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), /it is not JSON/],
  ["an array", "[]", /it is not a JSON object/],
  ["null", "null", /it is not a JSON object/],
  ["no version", "{}", /its version is missing/],
  ["another version", '{"version":2}', /its version is 2, this edgebox reads version 1/],
  ["an engine that is no text", '{"version":1,"engine":3}', /"engine" is not a string/],
  ["no address", section({}), /not an address/],
  ["null for the budget", section(null), /not an address/],
  ["a text for the address", section({ address: "1024" }), /not an address/],
  ["a fraction", section({ address: 0.5 }), /not an address/],
  ["a negative address", section({ address: -4 }), /not an address/],
  ["an address outside memory", section({ address: 65_536 }), /65536 lies outside the memory/],
  ["an address at memory's edge", section({ address: 65_533 }), /65533 lies outside the memory/],
  ["an enormous address", section({ address: 2 ** 52 }), /lies outside the memory/],
  ["an enormous section", `{"version":1,"x":"${"x".repeat(70_000)}"}`, /it has \d+ bytes/],
]

for (const [what, text, message] of refused) {
  test(`${what} is refused with a sentence`, async () => {
    expect(await problemText(() => runInProcess(withSection(text), { stackBytes: 1000 }))).toMatch(message)
  })
}

test("a section whose name or size is a lie never reads beyond the file", async () => {
  const lies = [
    [0, 0x80], // a size that does not end
    [0, 0xff, 0xff, 0xff, 0xff, 0x0f], // 4 GB
    [0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], // more than 32 bits
    [0, 3, 7, 0x65, 0x64], // a name longer than the section
    [0, 1, 0x80], // a name whose length does not end
    [0, 0], // no name
    [0],
  ]
  for (const lie of lies) {
    expect(await problemText(() => runInProcess(new Uint8Array([...plain, ...lie])))).toMatch(/^EB70[89]: "app\.wasm"/)
  }
})

test("every truncation of an artifact is refused or runs, and is never a crash", async () => {
  const whole = withSection(section({ address: 1024 }))
  for (let length = 0; length < whole.length; length++) {
    let message = ""
    try {
      // Cut between two sections it is a whole module, without its data perhaps.
      expect([0, 5000]).toContain(runInProcess(whole.slice(0, length)).exitCode)
    } catch (error) {
      message = await problemText(() => {
        throw error
      })
      expect(message).toMatch(/^EB7(0[4-9]|1[0-9])/)
    }
  }
})

test("modules with random bytes changed are refused, trap or run, and nothing else", () => {
  const random = integersFrom(seedOf("runtime/artifact"))
  const whole = withSection(section({ address: 1024 }))
  for (let i = 0; i < 3000; i++) {
    const changed = whole.slice()
    for (let k = 0; k <= i % 3; k++) changed[random(changed.length)] = random(256)
    try {
      expect(runInProcess(changed, { stackBytes: 1000 }).exitCode).toBeTypeOf("number")
    } catch (error) {
      const { code, stack } = error as { code?: string; stack?: string }
      if (!/^EB7\d\d$/.test(code ?? "")) throw new Error(`change ${i}: ${stack}`, { cause: error })
    }
  }
})

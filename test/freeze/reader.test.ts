import { readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { describe, expect, test } from "vitest"
import { JSFunctionBytecode as B, JSObject, JSVarDef } from "../../engine/abi.ts"
import { flowGraph } from "../../freeze/flow/blocks.ts"
import { decodeLines, encodeLines, lineAt } from "../../freeze/read/lines.ts"
import { bytecodeOf, functionReader, readFunction, readSource, type FunctionInfo } from "../../freeze/read/reader.ts"
import { opcodes } from "../../opcodes/quickjs.generated.ts"
import { problemText } from "../failures.ts"
import { packageScript, typescriptScript } from "./corpus.ts"
import {
  compileDumping,
  engineFunctions,
  engineStacks,
  FINAL,
  formatDouble,
  ourFunctions,
  ourStacks,
  STACK,
  startDumpingEngine,
} from "./dump.ts"
import { opcodePrograms, randomProgram } from "./programs.ts"

const all = process.env["EDGEBOX_ALL"] === "1"
const seed = Number(process.env["SEED"] ?? 1)

/** Why no program has these. */
const neverEmitted: Record<string, string> = {
  invalid: "stands for no opcode",
  nip1: "the compiler has no use for it",
  with_get_ref_undef: "the compiler has no use for it",
  nop: "taken out before the code is finished",
}

/** Compile as a script, or as a module when the text says so. */
function compile(text: string, flags: number) {
  const isModule = text.startsWith("module ")
  return compileDumping(isModule ? text.slice(7) : text, flags, isModule ? 33 : 32)
}

/** Ours and the engine's account of a program must be the same, to the letter. Returns its functions. */
function agree(text: string, name: string): FunctionInfo[] {
  const compiled = compile(text, FINAL)
  if (compiled === undefined) return []
  const ours = ourFunctions(compiled.functions, compiled.engine)
  const theirs = engineFunctions(compiled.dump)
  expect(ours.length, name).toBe(theirs.length)
  const different = ours.findIndex((text, i) => text !== theirs[i])
  if (different >= 0) expect(ours[different], name).toBe(theirs[different])
  for (const f of compiled.functions) checkLines(f)
  return compiled.functions
}

/** Depths of the stack and handlers as the engine computed them while it compiled. */
function agreeOnStacks(text: string, name: string): number {
  const compiled = compile(text, STACK)
  if (compiled === undefined) return 0
  const ours = ourStacks(compiled.functions.map(flowGraph))
  const theirs = engineStacks(compiled.dump)
  expect(ours.length, name).toBe(theirs.length)
  const different = ours.findIndex((text, i) => text !== theirs[i])
  if (different >= 0) expect(ours[different], name).toBe(theirs[different])
  return ours.length
}

/** Writing a line table that was read gives the same bytes. */
function checkLines(f: FunctionInfo): void {
  if (f.lineTable === undefined) return
  const again = encodeLines(decodeLines(f.lineTable, f), f)
  expect(Buffer.compare(again, f.lineTable)).toBe(0)
}

const counts = new Map<string, number>()
function count(functions: readonly FunctionInfo[]): number {
  for (const f of functions) for (const { opcode } of f.instructions) counts.set(opcode, (counts.get(opcode) ?? 0) + 1)
  return functions.length
}

describe("agreement with the engine's own disassembly", () => {
  test("programs that use every opcode", () => {
    opcodePrograms.forEach((text, i) => {
      const functions = agree(text, `program ${i}`)
      expect(functions.length, `program ${i} does not compile:\n${text.slice(0, 300)}`).toBeGreaterThan(0)
      count(functions)
      expect(agreeOnStacks(text, `program ${i}`)).toBe(functions.length)
    })
    const missing = opcodes.map(({ name }) => name).filter((name) => !counts.has(name))
    expect(missing.sort()).toEqual(Object.keys(neverEmitted).sort())
  })

  test.each(["acorn", "marked", "zod"])("%s", (name) => {
    const text = packageScript(name)
    const functions = agree(text, name)
    expect(functions.length).toBeGreaterThan(100)
    count(functions)
    expect(agreeOnStacks(text, name)).toBe(functions.length)
  })

  test("random programs", () => {
    let functions = 0
    for (let i = seed; i < seed + (all ? 60 : 4); i++) {
      const text = randomProgram(i, 8)
      functions += agree(text, `SEED=${i}`).length
      agreeOnStacks(text, `SEED=${i}`)
    }
    expect(functions).toBeGreaterThan(1000)
    console.log(`${functions} random functions, from SEED=${seed}`)
  })

  test.skipIf(!all)("typescript, more than 20,000 functions", () => {
    const text = typescriptScript()
    const functions = agree(text, "typescript")
    expect(functions.length).toBeGreaterThan(20_000)
    expect(agreeOnStacks(text, "typescript")).toBe(functions.length)
  })

  test("docs/opcodes.md says what the corpus covers", () => {
    const path = resolve(import.meta.dirname, "../../docs/opcodes.md")
    const text = readFileSync(path, "utf8")
    const rows = opcodes.map(({ name, code, size, pops, pushes, format }) => {
      const seen = counts.get(name)
      const more = format.startsWith("npop") ? " + n" : ""
      const covered = seen === undefined ? `never: ${neverEmitted[name]}` : String(seen)
      return `| ${code} | \`${name}\` | ${size} | ${format} | ${pops}${more} → ${pushes} | ${covered} |`
    })
    const head = text.slice(0, text.indexOf("| code |"))
    const table = [
      "| code | opcode | bytes | operands | stack | in the corpus |",
      "| --- | --- | --- | --- | --- | --- |",
    ]
    const wanted = `${head}${[...table, ...rows].join("\n")}\n`
    if (process.env["UPDATE"] === "1") writeFileSync(path, wanted)
    expect(normalised(readFileSync(path, "utf8"))).toBe(normalised(wanted))
  })
})

/** prettier pads table cells; the padding says nothing. */
function normalised(markdown: string): string {
  return markdown.replace(/ *\| */g, "|").replace(/-{3,}/g, "---")
}

/** Compile and read; the function called `name`, or the first nested one. */
function functionOf(text: string, name = "f"): { info: FunctionInfo } & ReturnType<typeof startDumpingEngine> {
  const compiled = compile(text, 0)
  if (compiled === undefined) throw new Error(`does not compile: ${text}`)
  const info = compiled.functions.find((f) => f.name === name)
  if (info === undefined) throw new Error(`no function ${name}`)
  return { ...compiled, info }
}

describe("what is read", () => {
  test("names, places, counts and flags", () => {
    const { info, engine } = functionOf("\n  function f(a, b = 1, ...c) { 'use strict2'; var v; return () => [a, v] }")
    expect(info).toMatchObject({
      name: "f",
      filename: "corpus.js",
      line: 2,
      column: 3,
      kind: "normal",
      isStrict: false,
    })
    expect(info).toMatchObject({ argCount: 3, definedArgCount: 1, hasPrototype: true, hasSimpleParameterList: false })
    expect(info.args.map((a) => [a.name.text, a.isCaptured])).toEqual([
      ["a", true],
      ["b", false],
      ["c", false],
    ])
    expect(readSource(engine, info)).toMatch(/^function f\(a, b = 1, \.\.\.c\) \{.*\}$/)
    const inner = readFunction(
      engine,
      (info.constants.find((c) => c.kind === "function") as { pointer: number }).pointer,
    )
    expect(inner.closureVars.map((v) => [v.name.text, v.type])).toContainEqual(["a", "arg"])
  })

  test.each([
    ["function* f() {}", "generator"],
    ["async function f() {}", "async"],
    ["async function* f() {}", "async_generator"],
  ])("%s is %s", (text, kind) => expect(functionOf(text).info.kind).toBe(kind))

  test("constants", () => {
    const { info } = functionOf(
      "function f() { return [1.5, -0, 10n ** 1n, 123456789012345678901234567890n, -1n << 64n, -98765432109876543210n, f => f] }",
    )
    const plain = info.constants.map((c) => {
      if (c.kind === "bigint") return c.bigint
      return c.kind === "float" ? c.number : c.kind
    })
    expect(plain).toEqual(
      expect.arrayContaining([1.5, 123456789012345678901234567890n, 98765432109876543210n, "function"]),
    )
  })

  test("a long string, a slice of one and a rope are read the same", () => {
    const { engine, context } = startDumpingEngine()
    const text = "0123456789".repeat(400)
    const run = (source: string): bigint =>
      engine.withString(source, (at, length) =>
        engine.withString("x.js", (name) => engine.callValue("JS_Eval", context, at, length, name, 0)),
      )
    // Put each into a function's constant pool, where the reader looks.
    const f = run("(function () { return 2.5 })")
    const root = bytecodeOf(engine, f)!
    const pool = engine.view().getUint32(root + B.cpool, true)
    const sources = {
      [`"${text}"`]: text,
      [`"${text}".slice(7, 3000)`]: text.slice(7, 3000),
      "'a'.repeat(9000) + '\u20ac'.repeat(9000) + 'b'.repeat(9000)":
        "a".repeat(9000) + "\u20ac".repeat(9000) + "b".repeat(9000),
    }
    for (const [source, wanted] of Object.entries(sources)) {
      engine.view().setBigUint64(pool, run(source), true)
      expect(readFunction(engine, root).constants[0]).toMatchObject({ kind: "string", text: wanted })
    }
  })

  test("function objects and compiled scripts have bytecode; nothing else has", () => {
    const { engine, context } = startDumpingEngine()
    const run = (source: string, flags = 0): bigint =>
      engine.withString(source, (at, length) =>
        engine.withString("x.js", (name) => engine.callValue("JS_Eval", context, at, length, name, flags)),
      )
    for (const source of ["(function () {})", "(() => 1)", "(function* () {})", "(async () => 1)", "(class {})"]) {
      expect(bytecodeOf(engine, run(source)), source).toBeGreaterThan(0)
    }
    expect(bytecodeOf(engine, run("1", 32))).toBeGreaterThan(0)
    expect(bytecodeOf(engine, run("export let x = 1", 33))).toBeGreaterThan(0)
    for (const source of [
      "1",
      "'text'",
      "({})",
      "[]",
      "Math.sin",
      "(function () {}).bind()",
      "null",
      "1.5",
      "new Proxy(() => 1, {})",
    ]) {
      expect(bytecodeOf(engine, run(source)), source).toBeUndefined()
    }
  })
})

describe("blocks", () => {
  const graphOf = (text: string) => {
    const { info } = functionOf(text)
    const graph = flowGraph(info)
    return { info, graph, opcodeAt: (i: number) => info.instructions[i]!.opcode }
  }

  test("a loop: entry, body, condition, end", () => {
    const { graph } = graphOf("function f(n) { var s = 0; while (n) s += n--; return s }")
    const edges = graph.blocks.map((b) => b.successors.map((e) => e.block).sort())
    expect(graph.blocks.every((b) => b.depth === 0)).toBe(true)
    expect(edges.flat().some((to, i) => to <= i)).toBe(true)
    graph.blocks.forEach((block, i) => {
      for (const { block: to } of block.successors) expect(graph.blocks[to]!.predecessors).toContain(i)
    })
  })

  test("a catch handler starts with the exception in the slot of its catch offset", () => {
    const { graph, opcodeAt } = graphOf("function f(g) { try { g() } catch (e) { return e } return 1 }")
    const handler = graph.handlers.find((h) => h.kind === "catch")!
    const target = graph.blocks.find((b) => b.offset === handler.target)!
    expect(target.depth).toBe(handler.slot + 1)
    expect(opcodeAt(handler.instruction)).toBe("catch")
    const call = graph.instructions.findIndex((i) => i.opcode.startsWith("call") || i.opcode === "tail_call")
    expect(graph.handlers[graph.handlerOf[call]!]).toBe(handler)
    expect(graph.handlerOf[handler.instruction]).toBe(-1)
  })

  test("an iterator is closed before the handler outside of its loop is reached", () => {
    const { graph } = graphOf("function f(a, g) { try { for (const x of a) g(x) } catch (e) { return e } }")
    const iterator = graph.handlers.find((h) => h.kind === "iterator")!
    expect(graph.handlers[iterator.outer]!.kind).toBe("catch")
    const close = graph.instructions.findIndex((i) => i.opcode === "iterator_close")
    expect(graph.handlers[graph.handlerOf[close]!]!.kind).toBe("catch")
    expect(graph.blocks.some((b) => b.exceptionTargets.length === 1)).toBe(true)
  })

  test("ret goes back to after every gosub of its finally block", () => {
    const { graph } = graphOf(
      "function f(g) { for (;;) { try { if (g()) break; if (g(1)) continue; return 2 } finally { g(3) } } }",
    )
    const gosubs = graph.instructions.flatMap((x, i) => (x.opcode === "gosub" ? [i] : []))
    const ret = graph.blocks.find((b) => graph.instructions[b.end - 1]!.opcode === "ret")!
    const returns = ret.successors.filter((e) => e.kind === "return").map((e) => graph.blocks[e.block]!.start)
    expect(returns.sort((a, b) => a - b)).toEqual(gosubs.filter((i) => graph.depths[i]! >= 0).map((i) => i + 1))
  })

  test("code that contradicts itself is a problem", async () => {
    const { info } = functionOf("function f(a) { return a ? 1 : 2 }")
    expect(await problemText(() => flowGraph({ ...info, stackSize: info.stackSize + 1 }))).toMatch(
      /^EB601: .*stack_size/,
    )
    const noReturn = info.instructions.filter((i) => i.opcode !== "return")
    expect(await problemText(() => flowGraph({ ...info, instructions: noReturn }))).toMatch(/^EB601/)
    const underflow = [{ ...info.instructions[0]!, opcode: "drop" as const, operands: { kind: "none" as const } }]
    expect(await problemText(() => flowGraph({ ...info, instructions: underflow }))).toMatch(/takes 1 of 0 values/)
  })
})

describe("line tables", () => {
  test("what the table says is what a trace says", () => {
    const { engine, context } = startDumpingEngine()
    const source =
      "function f(g) {\n  g;\n\n      return [1,\n   g(2),\n3].map(x =>\n\n x.y.z)\n}\ntry { f(() => undefined) } catch (e) { e.stack }"
    const value = engine.withString(source, (at, length) =>
      engine.withString("x.js", (name) => engine.callValue("JS_Eval", context, at, length, name, 0)),
    )
    const text = engine.readCString(engine.call("JS_ToCStringLen2", context, 0, value, 0))
    const compiled = compile(source, 0)!
    const places = compiled.functions.flatMap((f) =>
      decodeLines(f.lineTable ?? new Uint8Array(), f).map((e) => `${e.line}:${e.column}`),
    )
    const lines = [...text.matchAll(/x\.js:(\d+:\d+)/g)].map((m) => m[1]!)
    expect(lines.length).toBeGreaterThan(1)
    for (const place of lines) expect(places).toContain(place)
  })

  test("any entries survive writing and reading", () => {
    const start = { line: 7, column: 3 }
    let state = seed
    const random = (n: number): number => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) % n
    for (let round = 0; round < 200; round++) {
      let offset = 0
      const entries = Array.from({ length: random(30) }, () => {
        offset += random(4) === 0 ? random(100000) : random(60)
        return { offset, line: random(3) === 0 ? random(1_000_000) : 5 + random(8), column: random(5000) }
      })
      const told = entries.filter((e, i) => {
        const before = entries[i - 1] ?? start
        return e.line !== before.line || e.column !== before.column
      })
      expect(decodeLines(encodeLines(entries, start), start), `SEED=${seed}, round ${round}`).toEqual(told)
    }
  })

  test("lineAt finds the last entry at or before an offset", () => {
    const entries = [
      { offset: 4, line: 2, column: 1 },
      { offset: 9, line: 3, column: 5 },
    ]
    const start = { line: 1, column: 1 }
    expect([0, 3, 4, 8, 9, 100].map((offset) => lineAt(entries, offset, start).line)).toEqual([1, 1, 2, 2, 3, 3])
  })

  test("a table that is cut short is damaged", () => {
    expect(() => decodeLines(Uint8Array.from([0, 0x80]), { line: 1, column: 1 })).toThrow(RangeError)
    expect(() => decodeLines(Uint8Array.from([0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]), { line: 1, column: 1 })).toThrow(
      RangeError,
    )
  })
})

describe("memory that is not as it should be", () => {
  const source =
    "function f(a, b) { let c = [1.5, 'text', 10n ** 30n]; try { c.d(a) } catch (e) { return e } return () => [a, c] }"

  test("addresses at which there is no function", async () => {
    const { engine, info } = functionOf(source)
    for (const at of [
      0,
      8,
      12345,
      info.pointer + 8,
      info.pointer + 1,
      engine.bytes().length,
      0xffff_fff8,
      info.realm,
    ]) {
      expect(await problemText(() => readFunction(engine, at)), String(at)).toMatch(/^EB601/)
    }
  })

  test("values that point outside memory", async () => {
    const { engine } = functionOf(source)
    for (const tag of [-1, -3]) {
      const value = BigInt.asUintN(64, (BigInt(tag) << 32n) | 0xffff_fff0n)
      expect(await problemText(() => bytecodeOf(engine, value)), String(tag)).toMatch(/^EB601/)
    }
  })

  test("any word of a function replaced: an answer or a problem, and soon", async () => {
    const { engine, info } = functionOf(source)
    const tables = [
      info.pointer,
      engine.view().getUint32(info.pointer + B.vardefs, true),
      info.constantsPointer,
      info.codePointer,
    ]
    const lengths = [88, 2 * JSVarDef.size, 8 * info.constants.length, info.code.length]
    for (const [i, start] of tables.entries()) {
      for (let at = start; at + 4 <= start + lengths[i]!; at += 4) {
        const old = engine.view().getUint32(at, true)
        for (const bad of [
          0,
          1,
          0xffff_ffff,
          0x7fff_ffff,
          0x8000_0000,
          old ^ 0x1000,
          info.pointer,
          engine.bytes().length - 4,
        ]) {
          engine.view().setUint32(at, bad >>> 0, true)
          try {
            flowGraph(readFunction(engine, info.pointer))
          } catch (error) {
            expect((error as { code?: string }).code, `${bad} at ${at - start}\n${(error as Error).stack}`).toBe(
              "EB601",
            )
          }
        }
        engine.view().setUint32(at, old, true)
      }
    }
    expect(readFunction(engine, info.pointer)).toEqual(info)
  })

  test("functions that contain each other are each read once", () => {
    const { engine, info, functions } = { ...functionOf(source), functions: [] as FunctionInfo[] }
    expect(functions).toEqual([])
    const pool = info.constantsPointer
    const inner = info.constants.find((c) => c.kind === "function")!
    engine.view().setBigUint64(pool, (inner.value & ~0xffff_ffffn) | BigInt(info.pointer), true)
    const found = functionReader(engine).readAll(info.pointer)
    expect(new Set(found.map((f) => f.pointer)).size).toBe(found.length)
  })

  test("a rope that contains itself", async () => {
    const { engine, context, info } = functionOf(source)
    const rope = engine.withString("'a'.repeat(9000) + 'b'.repeat(9000)", (at, length) =>
      engine.withString("x.js", (name) => engine.callValue("JS_Eval", context, at, length, name, 0)),
    )
    engine.view().setBigUint64(Number(rope & 0xffff_ffffn) + 8, rope, true)
    engine.view().setBigUint64(info.constantsPointer, rope, true)
    expect(await problemText(() => readFunction(engine, info.pointer))).toMatch(/^EB601: .*rope without end/)
  })
})

test("doubles are printed as the engine prints them", () => {
  expect(
    [1.5, 0.1, 1e21, -1e-7, 123456789012345680, 5e-324, 0.0001, 1e14, 99999999999999.99].map(formatDouble),
  ).toEqual([
    "1.5",
    "0.1",
    "1e+21",
    "-1e-07",
    "1.2345678901235e+17",
    "4.9406564584125e-324",
    "0.0001",
    "1e+14",
    "1e+14",
  ])
})

// Both say where a function object keeps what the reader follows.
test("a closure's bytecode is where the layout says", () => {
  const { engine, context } = startDumpingEngine()
  const f = engine.withString("(x => () => x)(1)", (at, length) =>
    engine.withString("x.js", (name) => engine.callValue("JS_Eval", context, at, length, name, 0)),
  )
  const pointer = Number(f & 0xffff_ffffn)
  expect(bytecodeOf(engine, f)).toBe(engine.view().getUint32(pointer + JSObject.function_bytecode, true))
})

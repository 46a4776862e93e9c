import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { readEnginePackage } from "../../engine/package.ts"
import { parseTable, renderTable, tableDifferences } from "../../opcodes/gen.ts"
import { readHeaderTable } from "../../opcodes/header.ts"
import { engineHash, engineVersion, opcodeByName, opcodes, temporaries } from "../../opcodes/quickjs.generated.ts"
import { formatSize, type OpcodeTable } from "../../opcodes/table.ts"
import { readEngineTable } from "../../opcodes/extract.ts"
import { cases } from "../cases.ts"
import { problemText } from "../failures.ts"
import { integersFrom } from "../random.ts"

const engine = readEnginePackage()
const generated = resolve(import.meta.dirname, "../../opcodes/quickjs.generated.ts")
const table = readEngineTable(engine.wasm)
const folder = mkdtempSync(join(tmpdir(), "edgebox-opcodes-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Run gen-opcodes as a user does. */
function genOpcodes(...args: string[]): { status: number | null; out: string; err: string } {
  const cli = resolve(import.meta.dirname, "../../dist/gen-opcodes.js")
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" })
  return { status, out: stdout, err: stderr }
}

describe("the generated table", () => {
  test("belongs to the installed engine", () => {
    expect(renderTable(table, engine)).toBe(readFileSync(generated, "utf8"))
    expect([engineVersion, engineHash]).toEqual([engine.version, engine.hash])
  })

  test("has 252 opcodes and 19 temporaries, by code and by name", () => {
    expect([opcodes.length, temporaries.length]).toEqual([252, 19])
    opcodes.forEach((info, code) => {
      expect(info.code).toBe(code)
      expect(opcodeByName[info.name]).toBe(info)
      expect(info.size).toBe(1 + formatSize[info.format])
    })
    expect(temporaries[0]).toBe("enter_scope")
    expect(temporaries.at(-1)).toBe("source_loc")
    expect(opcodeByName.push_minus1.code).toBe(opcodeByName.nop.code + 1)
  })

  test("reads back as it was written", () => {
    expect(parseTable(renderTable(table, engine))).toEqual({
      table,
      source: { version: engine.version, hash: engine.hash },
    })
  })
})

/** An engine after an update: one opcode more in the middle, one gone, and one that does something else. */
function updated(): OpcodeTable {
  const opcodes = table.opcodes
    .filter((row) => row.name !== "nip1")
    .map((row) => (row.name === "swap2" ? { ...row, pushes: 5 } : row))
  const at = opcodes.findIndex((row) => row.name === "typeof")
  return {
    ...table,
    opcodes: opcodes.toSpliced(at, 0, { name: "typeof_of", size: 3, pops: 1, pushes: 1, format: "u16" }),
  }
}

describe("the command", () => {
  const path = join(folder, "table.ts")

  test("--check says nothing when the file is up to date", () => {
    const out = expect.stringMatching(/quickjs\.generated\.ts belongs to quickjs-wasi 3\.6\.2, which is installed\n$/)
    expect(genOpcodes("--check")).toEqual({ status: 0, out, err: "" })
  })

  test("--check fails for a table of another engine, and says how they differ", () => {
    writeFileSync(path, renderTable(updated(), { version: "3.5.0", hash: "0".repeat(64) }))
    const { status, err } = genOpcodes("--check", "--table", path)
    expect(status).toBe(1)
    expect(err).toMatch(/^EB507: .*does not belong to the installed engine/)
    expect(err).toMatch(/read from quickjs-wasi 3\.5\.0, installed is \d/)
    expect(err).toMatch(/removed +typeof_of \(was /)
    expect(err).toMatch(/added +nip1 \(16\)/)
    expect(err).toMatch(/changed +swap2: .*puts 5 -> .*puts 4/)
    expect(err).toMatch(/renumbered dup 16 -> 17/)
    expect(err).toMatch(/Run: npm run gen-opcodes/)
  })

  test("--check fails for a file that was edited by hand", () => {
    writeFileSync(path, `${renderTable(table, engine)}// mine\n`)
    expect(genOpcodes("--check", "--table", path).err).toMatch(/EB507[^]*edited by hand/)
  })

  test("writing says what changed and what to do next, and the same engine gives the same file", () => {
    writeFileSync(path, renderTable(updated(), { version: "3.5.0", hash: "0".repeat(64) }))
    const { status, out } = genOpcodes("--table", path)
    expect(status).toBe(0)
    expect(out).toMatch(/252 opcodes of quickjs-wasi/)
    expect(out).toMatch(/Next: npm run check/)
    expect(readFileSync(path, "utf8")).toBe(readFileSync(generated, "utf8"))
    expect(genOpcodes("--table", path).out).not.toMatch(/Next/)
  })

  test("another engine's file is compared like a header", () => {
    const wasm = join(folder, "engine.wasm")
    writeFileSync(wasm, engine.wasm)
    expect(genOpcodes(wasm).out).toMatch(/the same table as quickjs-wasi/)
  })

  test("--check with a source fails when the source differs", () => {
    const header = (name: string) =>
      cases("opcodes")
        .find((c) => c.name === name)!
        .path("quickjs-opcode.h")
    expect(genOpcodes("--check", header("same")).status).toBe(0)
    const { status, out } = genOpcodes("--check", header("next-version"))
    expect(status).toBe(1)
    expect(out).toMatch(/differences? from quickjs-wasi/)
    expect(genOpcodes(header("next-version")).status).toBe(0)
  })

  test("files that cannot be read or written", () => {
    expect(genOpcodes(join(folder, "missing.h"))).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^EB501: .*there is no such file/),
    })
    expect(genOpcodes(folder)).toMatchObject({ status: 1, err: expect.stringMatching(/^EB501: .*it is a folder/) })
    const nowhere = join(folder, "no", "such", "table.ts")
    expect(genOpcodes("--check", "--table", nowhere)).toMatchObject({ status: 1, err: expect.stringMatching(/^EB509/) })
    expect(genOpcodes("--table", folder)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^EB501: .*it is a folder/),
    })
    expect(genOpcodes("--table", nowhere)).toMatchObject({
      status: 1,
      err: expect.stringMatching(/^EB510: .*there is no such file/),
    })
  })

  test("wrong usage exits 2", () => {
    expect(genOpcodes("--nonsense").status).toBe(2)
    expect(genOpcodes("--help").status).toBe(0)
  })

  // A new opcode must be a type error wherever one row per opcode is promised, and a renumbered one must not.
  test("an opcode without a row is a type error that names it", () => {
    const moved = table.opcodes.filter((row) => row.name !== "swap2")
    const swap2 = table.opcodes.find((row) => row.name === "swap2")!
    const fake = { ...table, opcodes: moved.toSpliced(40, 0, swap2, { ...swap2, name: "swap3" }) }
    const text = typeErrors(renderTable(fake, engine))
    expect(text).toMatch(/^\S*patterns\.ts\(\d+,\d+\): error TS\d+: [^]*'swap3' is missing/m)
    expect(text).not.toMatch(/'(?!swap3)\w+' (is missing|does not exist)/)
    expect(typeErrors(renderTable({ ...fake, opcodes: moved.toSpliced(40, 0, swap2) }, engine))).toBe("")

    // The type checker's own list breaks off after four.
    const names = ["swap3", "swap4", "swap5", "swap6", "swap7", "swap8", "add_two", "_odd"]
    const many = { ...table, opcodes: table.opcodes.concat(names.map((name) => ({ ...swap2, name }))) }
    const last = typeErrors(renderTable(many, engine)).trimEnd().split("\n").slice(-3).join("\n")
    expect(last).toMatch(/"give each of these a row in freeze\/patterns\.ts"/)
    for (const name of names) expect(last).toContain(`"no ${name}"`)
  })
})

/** What the type checker says about freeze/patterns.ts, its handlers left out, with another opcode table. */
function typeErrors(generatedText: string): string {
  const root = resolve(import.meta.dirname, "../..")
  for (const name of ["opcodes", "freeze"]) mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, "opcodes", "table.ts"), readFileSync(join(root, "opcodes", "table.ts")))
  writeFileSync(join(folder, "opcodes", "errors.ts"), readFileSync(join(root, "opcodes", "errors.ts")))
  writeFileSync(join(folder, "problem.ts"), readFileSync(join(root, "problem.ts")))
  writeFileSync(join(folder, "opcodes", "quickjs.generated.ts"), generatedText)
  const text = readFileSync(join(root, "freeze", "patterns.ts"), "utf8")
  const rows = /^export const patterns = \{\n[^]*?^\} satisfies Record<OpcodeName, Pattern>$/m.exec(text)![0]
  const patterns = join(folder, "freeze", "patterns.ts")
  const anyRow = rows.replace(/^( {2}\w+): [^]*?(?=^ {2}\w+: |^\})/gm, "$1: 1,\n")
  writeFileSync(
    patterns,
    `import type { OpcodeName } from "../opcodes/quickjs.generated.ts"\ntype Pattern = number\n${anyRow}\n`,
  )
  const every = join(folder, "freeze", "rows.ts")
  writeFileSync(every, readFileSync(join(root, "freeze", "rows.ts")))
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc")
  const flags = "--noEmit --strict --target es2022 --allowImportingTsExtensions --module nodenext".split(" ")
  const { stdout } = spawnSync(process.execPath, [tsc, ...flags, patterns, every], { encoding: "utf8", cwd: folder })
  return stdout
}

describe("headers", () => {
  for (const c of cases("opcodes")) {
    test(c.name, async () => {
      const read = () =>
        readHeaderTable(c.text("quickjs-opcode.h"), "quickjs-opcode.h", c.options["define"] as string[] | undefined)
      if (c.bad) await c.expectProblem("error.txt", read)
      else c.expectText("differences.txt", tableDifferences(table, read()).join("\n") || "none")
    })
  }
})

test("a header cut short anywhere: a problem, or only its end was missing", async () => {
  const text = cases("opcodes")
    .find((c) => c.name === "same")!
    .text("quickjs-opcode.h")
  for (let length = 0; length < text.length; length += 97) {
    const read = () => readHeaderTable(text.slice(0, length), "quickjs-opcode.h")
    expect(await problemText(read), `${length}`).toMatch(/^EB50[56]/)
  }
  const windows = text.replaceAll("\n", "\r\n")
  expect(readHeaderTable(windows, "quickjs-opcode.h")).toEqual(readHeaderTable(text, "quickjs-opcode.h"))
  const without = text.replace(/^DEF\( *nip1,.*$/m, (row) => `#if 0\n${row}\n#endif`)
  expect(tableDifferences(table, readHeaderTable(without.replaceAll("\n", "\r\n"), "x"))).toContain(
    "removed    nip1 (was 16)",
  )
})

test("a header that is made to keep us busy", async () => {
  for (const text of [
    "/*".repeat(500_000),
    `DEF(${" ".repeat(1_000_000)}`,
    "DEF(".repeat(250_000),
    "#if A\n".repeat(150_000),
    "x".repeat(2 << 20),
  ]) {
    expect(await problemText(() => readHeaderTable(text, "quickjs-opcode.h"))).toMatch(/^EB506/)
  }
})

describe("an engine that is not one", () => {
  test("no wasm", async () => {
    expect(await problemText(() => readEngineTable(new Uint8Array()))).toMatch(/^EB502/)
    expect(await problemText(() => readEngineTable(new TextEncoder().encode("a text that is long enough")))).toMatch(
      /^EB502/,
    )
  })

  test("wasm without the table", async () => {
    const empty = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
    expect(await problemText(() => readEngineTable(empty))).toMatch(/^EB503/)
  })

  test("data that claims to lie far out", async () => {
    const far = [0x41, 0xff, 0xff, 0xff, 0xff, 0x07, 0x0b, 1, 0]
    const wasm = Uint8Array.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 11, far.length + 2, 1, 0, ...far])
    expect(await problemText(() => readEngineTable(wasm))).toMatch(/^EB502/)
  })

  test("the table twice", async () => {
    const { wasm, at } = tableInEngine()
    // Copy the first two records over the padding of a data segment that is long enough: over other opcodes, further
    // on.
    const twice = wasm.slice()
    twice.set(wasm.subarray(at, at + 16), at + 80 * 8)
    expect(await problemText(() => readEngineTable(twice))).toMatch(/^EB504: There are 2 places/)
  })

  test("a format that nobody knows", async () => {
    const { wasm, at } = tableInEngine()
    const other = wasm.slice()
    other[at + 8 * opcodeByName.add.code + 7] = 99
    expect(await problemText(() => readEngineTable(other))).toMatch(/^EB505: .*`add` has the unknown operand format 99/)
  })

  test("a size that does not fit the format", async () => {
    const { wasm, at } = tableInEngine()
    const other = wasm.slice()
    other[at + 8 * opcodeByName.add.code + 4] = 2
    expect(await problemText(() => readEngineTable(other))).toMatch(/^EB505: .*`add` has 2 bytes/)
  })

  // Without any one of the short forms the rest would still be a table.
  test("a damaged record anywhere: a problem, never a shorter table", async () => {
    const { wasm, at } = tableInEngine()
    const other = wasm.slice()
    for (let i = 0; i < opcodes.length + temporaries.length; i++) {
      const record = at + 8 * i
      other.fill(0, record, record + 8)
      expect(await problemText(() => readEngineTable(other)), `record ${i}`).toMatch(/^EB50[35]/)
      other.set(wasm.subarray(record, record + 8), record)
    }
    expect(readEngineTable(other)).toEqual(table)
  })

  test("a table shorter than what the interpreter executes, and an interpreter without a jump table", async () => {
    const { wasm, at } = tableInEngine()
    const end = at + 8 * (opcodes.length + temporaries.length)
    const shorter = wasm.slice().fill(0, end - 8, end)
    expect(await problemText(() => readEngineTable(shorter))).toMatch(
      /^EB505: .*names 251 opcodes, .* executes 252\.\n/,
    )
    // The jump table ends with the last handlers, in order, and then where `invalid` goes, for the codes from 252 on.
    const words = Buffer.from(wasm.buffer, wasm.byteOffset)
    const isEnd = (at: number) =>
      [1, 2, 3, 4, 4, 4, 4].every((more, i) => words.readUInt32LE(at + 4 * i + 4) === words.readUInt32LE(at) + more)
    let last = end
    while (words[last] === 0 || !isEnd(last)) last++
    const jumpless = wasm.slice()
    jumpless[last + 28]! ^= 1
    expect(await problemText(() => readEngineTable(jumpless))).toMatch(/^EB505: .*no jump table/)
  })

  test("cut short anywhere: a problem, and never anything else", async () => {
    const step = Math.floor(engine.wasm.length / 60)
    for (let length = 0; length < engine.wasm.length; length += step) {
      expect(await problemText(() => readEngineTable(engine.wasm.subarray(0, length)))).toMatch(/^EB50[235]/)
    }
  })

  test("bytes flipped anywhere: a table or a problem", async () => {
    const seed = Number(process.env["SEED"] ?? 1)
    const random = integersFrom(seed)
    for (let i = 0; i < 60; i++) {
      const wasm = engine.wasm.slice()
      for (let flips = 0; flips < 20; flips++) {
        wasm[random(wasm.length)]! ^= 1 << random(8)
      }
      let result: unknown
      try {
        result = readEngineTable(wasm)
      } catch (error) {
        expect((error as { code?: string }).code, `seed ${seed}, round ${i}`).toMatch(/^EB50/)
        continue
      }
      expect(result).toBeDefined()
    }
  })
})

/** The engine's bytes, and where in them the table begins. */
function tableInEngine(): { wasm: Uint8Array; at: number } {
  const { wasm } = engine
  // Sizes, pops, pushes of `invalid`, `push_i32`, `push_const`, `fclosure`, with the name pointers between them.
  for (let at = 0; at + 40 < wasm.length; at++) {
    const sizes = [0, 1, 2, 3].map((i) => wasm[at + 8 * i + 4])
    const pushes = [0, 1, 2, 3].map((i) => wasm[at + 8 * i + 6])
    if (sizes.join() === "1,5,5,5" && pushes.join() === "0,1,1,1" && wasm[at + 7] === 0 && wasm[at + 3] === 0)
      return { wasm, at }
  }
  throw new Error("the table's bytes are not in the file")
}

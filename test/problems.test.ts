// What every problem owes: a code of its own that was never another's, whole sentences, and lines that stay lines.
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { spawnSync } from "node:child_process"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { describe, expect, test } from "vitest"
import { makePages } from "../docs/pages.ts"
import { folders, problemsPage, readProblems } from "../docs/problems.ts"
import { faultText, placed, printable, Problem, problemText } from "../problem.ts"
import { assemble } from "./wasm.ts"

const root = resolve(import.meta.dirname, "..")
const problems = readProblems(root)

describe("the errors.ts files", () => {
  test("are all known to docs/errors.md", () => {
    const there = readdirSync(root).filter((folder) => existsSync(join(root, folder, "errors.ts")))
    expect(folders.map(({ folder }) => folder).sort()).toEqual(there)
  })

  test("each code has one problem, and none is used again", () => {
    const codes = [...problems.rows, ...problems.retired].map(({ code }) => code)
    expect(codes.filter((code, i) => codes.indexOf(code) !== i)).toEqual([])
  })

  test("codes are sorted, in the hundreds of their folder", () => {
    for (const { folder, hundreds } of folders) {
      const codes = problems.rows.filter((row) => row.folder === folder).map(({ code }) => code)
      expect(codes.length, folder).toBeGreaterThan(0)
      expect(codes, folder).toEqual(codes.toSorted())
      for (const code of codes) expect(hundreds, code).toContain(Number(code[2]))
    }
  })

  test("messages are sentences: they begin with a capital, a name or a code, and end with a full stop", () => {
    for (const { code, message } of problems.rows) {
      if (message === "‹message›") continue // wrong usage: commander's words
      expect(message, code).toMatch(/^(?:[A-Z"‹]|--).*\.$/)
    }
  })

  test("a code that is gone has to be noted", () => {
    expect(() => problemsPage({ rows: [], retired: [] }, "| EB999 | It is gone. |")).toThrow("what was EB999")
  })
})

test("generated pages are what the source says", async () => {
  for (const { file, text } of await makePages(root))
    expect(readFileSync(join(root, file), "utf8"), "npm run docs").toBe(text)
})

const evil = "a\nEB999: \x1b[2J\u202etxt.\u009b\u2028b\r"

describe("what is printed", () => {
  test("a name starts no line and moves no cursor, wherever it stands", () => {
    const problem = new Problem("EB101", `There is no "${evil}".`, {
      at: ["one.ts:1:2", evil],
      detail: ["  table", evil],
      hint: ["First.", `Not ${evil}.`],
    })
    const tame = String.raw`a\u{a}EB999: \u{1b}[2J\u{202e}txt.\u{9b}\u{2028}b\u{d}`
    expect(problemText(problem)).toBe(
      [`EB101: There is no "${tame}".`, "  at one.ts:1:2", `  at ${tame}`, "  table", tame]
        .concat("  First.", `  Not ${tame}.`)
        .join("\n"),
    )
    expect(problemText(placed(problem, evil))).toContain(`\n  at ${tame}\n`)
    expect(faultText(new Error(evil), { name: "edgeboxc", version: "1.2.3" })).not.toMatch(/[\x1b\u202e\u009b\u2028]/)
  })

  test("colours of diagnostics stay, other sequences do not", () => {
    const detail = ["\x1b[31mred\x1b[0m", "\x1b[1A\x1b]0;title\x07"]
    expect(new Problem("EB200", "No.", { detail }).detail).toEqual([
      "\x1b[31mred\x1b[0m",
      String.raw`\u{1b}[1A\u{1b}]0;title\u{7}`,
    ])
  })

  test("names of megabytes are cut, and what is printable stays as it is", () => {
    expect(printable("x".repeat(1_000_000)).length).toBeLessThan(1000)
    for (const text of [evil, "x".repeat(10_000), "😀".repeat(1000)]) {
      const once = printable(text)
      expect(printable(once)).toBe(once)
    }
  })

  test("edgeboxc snapshot and inspect print no name of a hostile module as it is", () => {
    const folder = mkdtempSync(join(tmpdir(), "edgebox-names-"))
    const name = String.raw`a\0aEB999: \1b[2J\e2\80\aetxt`
    const wat = `(module (import "${name}" "${name}" (func $f)) (func (export "${name}") call $f) (@custom "${name}" "x")
      (func $g (export "wizer-initialize") call $f))`
    writeFileSync(join(folder, "evil.wasm"), assemble(wat, true))
    const run = (...args: string[]) => {
      const { stdout, stderr } = spawnSync(process.execPath, [join(root, "dist/edgeboxc.js"), ...args], {
        cwd: folder,
        encoding: "utf8",
      })
      expect(stdout + stderr).not.toMatch(/^EB999|\x1b|\u202e/m)
      return stdout + stderr
    }
    expect(run("snapshot", "evil.wasm", "out.wasm")).toMatch(/^EB307: .*\\u\{a\}EB999/)
    expect(run("snapshot", "evil.wasm", "out.wasm", "-f", "nothing")).toContain("EB303")
    expect(run("inspect", "evil.wasm")).toContain("\\u{202e}txt")
    // a note that says it is ours, and is not
    for (const sizes of ["null", "[]", '{"engine":-1}', '"x"']) {
      const note = `{"version":1,"engine":"e","edgebox":"1","sizes":${sizes}}`.replaceAll('"', String.raw`\22`)
      writeFileSync(join(folder, "note.wasm"), assemble(`(module (@custom "edgebox" "${note}"))`, true))
      expect(run("inspect", "note.wasm")).toContain("not made by EdgeBox")
    }
    expect(JSON.parse(run("inspect", "evil.wasm", "--json"))).toMatchObject({
      imports: [{ name: "a\nEB999: \x1b[2J\u202etxt" }],
    })
  })
})

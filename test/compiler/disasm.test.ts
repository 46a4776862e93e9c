import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { disassembleApp } from "../../compiler/commands/disasm-command.ts"
import { cases } from "../cases.ts"
import { problemText } from "../failures.ts"

// What the bundler puts around an app may change with its version; the cases look at the app's own functions.
for (const c of cases("disasm")) {
  test(c.name, async () => {
    const wanted = c.options["functions"] as string[]
    if (c.bad) await c.expectProblem("error.txt", () => disassembleApp(join(c.folder, "app.js"), wanted))
    else c.expectText("out.txt", await disassembleApp(join(c.folder, "app.js"), wanted))
  })
}

test("names and texts of an app do not reach the terminal as they are", async () => {
  const folder = mkdtempSync(join(tmpdir(), "edgebox-disasm-"))
  const nasty = "\\x1b[2J\\x9b31m\\u202e"
  writeFileSync(
    join(folder, "app.js"),
    `export const x = { "${nasty}": function () { return "${nasty}" + x["${nasty}"] } }`,
  )
  const text = await disassembleApp(join(folder, "app.js"))
  rmSync(folder, { recursive: true })
  expect(text).toContain("u202e")
  expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
})

test("an unknown name comes with the nearest one, or with a way to see all", async () => {
  const app = cases("disasm").find((c) => c.name === "control")!
  expect(await problemText(() => disassembleApp(app.path("app.js"), ["nothingLikeIt"]))).toMatch(/without --function/i)
})

test("functions without a name are asked for by what the listing calls them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "edgebox-disasm-"))
  writeFileSync(
    join(folder, "app.js"),
    "export const list = [function () { return 41 }, function named() { return 42 }]",
  )
  const text = await disassembleApp(join(folder, "app.js"), ["(anonymous)"])
  rmSync(folder, { recursive: true })
  expect(text).toContain("push_i8                41")
  expect(text).not.toContain("push_i8                42")
})

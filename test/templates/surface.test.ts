// What programs can see of the guest's modules and globals: names, lengths and flags stay what they are, however the
// guest is built. What is new is not compared until UPDATE=1 has added it.
import { expect, test } from "vitest"
import { partNames, parts } from "../../templates/parts.ts"
import { openCase } from "../cases.ts"
import { run } from "./live-guest.ts"

/** "node:fs" of "node:fs.readFileSync: function readFileSync/2". */
const ownerOf = (line: string) => /^(?:node:)?[^.:( ]+/.exec(line)?.[0]

test("modules and globals look as they did", async () => {
  const c = openCase(".", "surface")
  const names = {
    globals: ["console", "queueMicrotask", "global", ...partNames.flatMap((name) => parts[name].globals ?? [])],
    modules: partNames.flatMap((name) => parts[name].modules ?? []),
  }
  const script = `const names = ${JSON.stringify(names)}; ${c.text("program.cjs")}`
  const { stdout, stderr } = await run(`(function (require) {${script}\n})`, {
    parts: [...partNames],
    keepSource: true,
  })
  expect(stderr).toBe("")
  const known = new Set(c.text("surface.txt").split("\n").map(ownerOf))
  const lines = stdout.split("\n").filter((line) => process.env["UPDATE"] === "1" || known.has(ownerOf(line)))
  c.expectText("surface.txt", lines.join("\n"))
})

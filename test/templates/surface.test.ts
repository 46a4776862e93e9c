// What programs can see of the guest's modules and globals: names, lengths and flags stay what they are, however the guest is built.
import { expect, test } from "vitest"
import { partNames, parts } from "../../templates/parts.ts"
import { openCase } from "../cases.ts"
import { run } from "./live-guest.ts"

test("modules and globals look as they did", async () => {
  const c = openCase("surface", "guest")
  const names = {
    globals: ["console", "queueMicrotask", "global", ...partNames.flatMap((name) => parts[name].globals ?? [])],
    modules: partNames.flatMap((name) => parts[name].modules ?? []),
  }
  const script = `const names = ${JSON.stringify(names)}; ${c.text("index.cjs")}`
  const { stdout, stderr } = await run(`(function (require) {${script}\n})`, {
    parts: [...partNames],
    keepSource: true,
  })
  expect(stderr).toBe("")
  c.expectText("surface.txt", stdout)
})

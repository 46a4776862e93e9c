import { join } from "node:path"
import { expect, test } from "vitest"
import { disassembleApp } from "../compiler/disasm.ts"
import { cases, problemText } from "./cases.ts"

// What the bundler puts around an app may change with its version; the cases look at the app's own functions.
for (const c of cases("disasm")) {
  test(c.name, async () => {
    const wanted = c.options["functions"] as string[]
    if (c.bad) await c.expectProblem("error.txt", () => disassembleApp(join(c.folder, "app.js"), wanted))
    else c.expectText("out.txt", await disassembleApp(join(c.folder, "app.js"), wanted))
  })
}

test("an unknown name comes with the nearest one, or with a way to see all", async () => {
  const app = cases("disasm").find((c) => c.name === "control")!
  expect(await problemText(() => disassembleApp(app.path("app.js"), ["nothingLikeIt"]))).toMatch(/without --function/i)
})

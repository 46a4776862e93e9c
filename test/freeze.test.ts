// Frozen functions do what the interpreter does: every program under fixtures/freeze prints the same in Node, interpreted and frozen.
import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { cases } from "./cases.ts"
import { casePrintsInNode, caseRuns } from "./freeze-cases.ts"

const programs = cases("freeze")

describe.each(programs.map((c) => [c.name, c] as const))("%s", (_, c) => {
  const program = readFileSync(c.path("program.js"), "utf8")

  // Node's word is what is expected, unless it lacks something that the engine has.
  test.skipIf(c.options["node"] !== undefined)("in Node", () => {
    c.expectText("expected.txt", casePrintsInNode(program).join("\n"))
  })

  test("interpreted, frozen, and collecting garbage at every allocation", () => {
    const interpreted = caseRuns(program, {})
    const frozen = caseRuns(program, { freeze: { which: "all" } })
    const stressed = caseRuns(program, { freeze: { which: "all" }, gcStress: true })
    if (c.options["node"] === undefined) expect(`${interpreted.trace.join("\n")}\n`).toBe(c.text("expected.txt"))
    else c.expectText("expected.txt", interpreted.trace.join("\n"))
    expect(frozen.detailed).toEqual(interpreted.detailed)
    expect(stressed.detailed).toEqual(interpreted.detailed)
    expect([interpreted.leaks, frozen.leaks, stressed.leaks]).toEqual(["", "", ""])
    expect(frozen.frozen).toBeGreaterThan(0)
  })
})

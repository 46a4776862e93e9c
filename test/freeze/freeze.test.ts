// Frozen functions do what the interpreter does: every program under fixtures/freeze prints the same in Node,
// interpreted and frozen.
import { describe, expect, test } from "vitest"
import { cases } from "../cases.ts"
import { casePrintsInNode, caseRuns, programOf } from "./freeze-cases.ts"

const programs = cases("freeze")

describe.each(programs.map((c) => [c.name, c] as const))("%s", (_, c) => {
  const program = programOf(c)

  // Node's word is what is expected, unless it lacks something that the engine has.
  test.skipIf(c.options["node"] !== undefined)("in Node", async () => {
    c.expectText("expected.txt", (await casePrintsInNode(program)).join("\n"))
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

// Frozen code ends when it has to: the interrupt handler stops it, recursion without end is a RangeError, and nothing is left behind.
import { expect, test } from "vitest"
import { World } from "./world.ts"

const endless = {
  "a loop of ints": "let i = 0; for (;;) i = (i + 1) | 0",
  "a loop that only steps": "for (;;) typeof globalThis",
  "a loop with a call": "const f = (x) => x; for (;;) f(1)",
  "a loop in try": "try { for (;;) {} } catch { print('caught') } finally { print('finally') }",
  "recursion of ints": "function f(n) { if (n < 1) return 1; return f(n - 1) + f(n - 1) - f(n - 1) } return f(60)",
  "calls of calls": "const g = (n) => { if (n > 0) { g(n - 1); g(n - 1) } }; g(80)",
}

test.each(Object.entries(endless))("stopped by the interrupt handler: %s", (_, body) => {
  const world = new World({ freeze: { which: "all" }, interrupts: 20 })
  const outcome = world.run(`(function () { ${body} })()`)
  expect(outcome).toMatch(/^threw InternalError: interrupted/)
  expect(world.stopped).toBe(true)
  expect(world.printed).toEqual([])
  expect(world.currentFrame()).toBe(0)
  expect(world.leaks()).toBe("")
})

test("recursion without end is caught, and the stack is as it was", () => {
  const world = new World({ freeze: { which: "all" } })
  const program = `(function () {
    let caught = 0
    function down(n) { return [n].map(() => down(n + 1)) }
    function ints(n) { return ints(n + 1) + 1 }
    for (let i = 0; i < 4; i++) for (const f of [down, ints]) try { f(0) } catch (e) { if (e instanceof RangeError) caught++ }
    return caught
  })()`
  const before = world.engine.stackPointer.value
  expect(world.run(program)).toBe("8")
  expect(world.engine.stackPointer.value).toBe(before)
  expect(world.currentFrame()).toBe(0)
  expect(world.leaks()).toBe("")
})

test("what is frozen, what is kept, and why", () => {
  const source = `function plain(a) { return a + 1 } function* generator() {} async function later() {}
    function sees() { return eval("1") } function scoped(o) { with (o) return x } function loop(n) { for (;;) if (n-- < 0) return }`
  const reportOf = (freeze: ConstructorParameters<typeof World>[0] & object) => {
    const world = new World(freeze)
    world.run(source)
    return Object.fromEntries(world.frozen[0]!.functions.map((f) => [f.name, f.why ?? "frozen"]))
  }
  expect(reportOf({ freeze: { which: "all" } })).toMatchObject({
    plain: "frozen",
    generator: "it is a generator",
    later: "it is an async function",
    sees: expect.stringContaining("direct eval"),
    scoped: expect.stringContaining("`with`"),
    loop: "frozen",
  })
  expect(reportOf({ freeze: { which: "auto" } })).toMatchObject({
    plain: expect.stringMatching(/^auto: /),
    loop: "frozen",
  })
  expect(reportOf({ freeze: { which: "none", only: ["plain"] } })).toMatchObject({ plain: "frozen" })
  expect(reportOf({ freeze: { which: "all", except: ["plain"] } })).toMatchObject({
    plain: "it is named by --freeze-except",
    loop: "frozen",
  })
})

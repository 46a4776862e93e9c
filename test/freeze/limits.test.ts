// Frozen code ends when it has to: the interrupt handler stops it, recursion without end is a RangeError, and nothing
// is left behind.
import { expect, test } from "vitest"
import { World } from "../world.ts"

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

/** Run a script in which everything is frozen, and interpreted: the same outcome. What became of its functions. */
function sameFrozen(source: string) {
  const frozen = new World({ freeze: { which: "all" } })
  expect(frozen.run(source)).toBe(new World().run(source))
  expect(frozen.leaks()).toBe("")
  return Object.fromEntries(frozen.frozen[0]!.functions.map((f) => [f.name, f.why ?? "frozen"]))
}

const numbered = (count: number, text: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => text(i)).join("")

test.each([
  ["cases", (n: number) => `switch (x) { ${numbered(n, (i) => `case ${200 + i}: return ${i};`)} } return -1`],
  [
    "cases that go on",
    (n: number) => `let r = 0; switch (x) { ${numbered(n, (i) => `case ${200 + i}: r += ${i % 7};`)} } return r`,
  ],
  ["ifs", (n: number) => `${numbered(n, (i) => `if (x < ${i}) return ${i};`)} return -1`],
  ["ifs with else", (n: number) => `let r = 0; ${numbered(n, (i) => `if (x < ${i}) r++; else r ^= x;`)} return r`],
  ["conditions", (n: number) => `return ${numbered(n, (i) => `x === ${i} ? ${i} : `)} -1`],
  ["alternatives", (n: number) => `return ${numbered(n, (i) => `x === ${i} || `)} x`],
  ["comparisons that all hold", (n: number) => `return ${numbered(n, (i) => `x > ${i} && `)} x`],
  ["mixed comparisons", (n: number) => `return ${numbered(n, (i) => `x > ${i} && x !== ${i} || `)} x`],
  ["optional chains", (n: number) => `return ${numbered(n, (i) => `x?.${"xy"[i & 1]} ?? `)} x`],
])("a function with thousands of %s in a row is frozen", (_, body) => {
  const source = `function f(x) { ${body(2000)} } [0, 3, 200, 1000, 2199, 5000].map(f).join()`
  expect(sameFrozen(source)).toMatchObject({ f: "frozen" })
})

test("a function whose frame would have more slots than fit is kept", () => {
  const call = (count: number) =>
    `(function () { const k = { n: 1 }; const g = () => k; function f() { return arguments.length + g().n }
      return f(${numbered(count, () => "0,")} 0) + (g() === k) })()`
  const world = new World({ freeze: { which: "all" }, nativeStackBytes: 1 << 26 })
  world.run(call(33_000))
  const [outer] = world.frozen[0]!.functions.filter(({ bytecode }) => bytecode > 33_000)
  expect(outer).toMatchObject({ frozen: false, why: expect.stringContaining("more than 32767") as string })
})

test("functions are picked by the names that they have in the source", () => {
  const source = `class Q { #a = 1; get a() { return this.#a } add(n) { this.#a += n; return this } static s() { return 1 } }
    const arrow = (x) => x + 1; const o = { method() {}, value: function () {} }; function plain() {}`
  for (const name of ["a", "add", "s", "arrow", "method", "value", "plain", "Q"]) {
    const world = new World({ freeze: { which: "none", only: [name] } })
    world.run(source)
    expect(world.frozen[0]!.functions.filter((f) => f.frozen).map((f) => f.name)).toEqual([name])
  }
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

// What ends frozen code from outside, and frozen code in odd places: the interrupt handler, the stack, exceptions that
// cannot be caught.
import { describe, expect, test } from "vitest"
import { World, type WorldOptions } from "../world.ts"

const ways: [string, WorldOptions][] = [
  ["interpreted", {}],
  ["frozen", { freeze: { which: "all" } }],
  ["frozen, collecting", { freeze: { which: "all" }, gcStress: true }],
]

describe.each(ways)("%s", (_, options) => {
  test.each([
    ["an empty loop", "function f() { for (;;) ; } f()"],
    ["a loop of ints", "function f() { let i = 0; while (true) i = (i + 1) | 0 } f()"],
    ["a loop of calls", "function g(x) { return x + 1 } function f() { let i = 0; do { i = g(i) } while (i > 0) } f()"],
    ["recursion", "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } fib(200)"],
    ["a loop in a catch", "function f() { for (;;) { try { throw 1 } catch { } finally { } } } f()"],
    ["continue in finally", "function f() { for (;;) { try { continue } finally { } } } f()"],
    ["an iterator without end", "function* g() { for (;;) yield 1 } function f() { for (const x of g()) ; } f()"],
    ["typed arrays", "function f() { const t = new Int32Array(8); for (let i = 0; ; i++) t[i & 7] += i } f()"],
  ])("the interrupt handler stops %s", (_, source) => {
    const world = new World({ ...options, interrupts: 20 })
    // `catch` and `finally` must not see it.
    const outcome = world.run(`try { ${source} } catch (e) { print("caught") } finally { print("finally") }`)
    expect(outcome).toMatch(/^threw InternalError: interrupted/)
    expect(world.stopped).toBe(true)
    expect(world.printed).toEqual([])
    expect(world.leaks()).toBe("")
  })

  test.each([
    ["plain", "function f() { return 1 + f() } f()"],
    ["ints", "function f(n) { return n < 0 ? n : f(n + 1) + f(n + 2) } f(0)"],
    ["methods", "const o = { m() { return this.m() + 1 } }; o.m()"],
    ["getters", "const o = { get x() { return this.x + 1 } }; o.x"],
    ["constructors", "class A { constructor() { this.a = new A() } } new A()"],
    ["derived", "class A { constructor() { new B() } } class B extends A { constructor() { super() } } new B()"],
    ["through natives", "function f() { return [1].map(f) } f()"],
    ["valueOf", "const o = { valueOf() { return o + 1 } }; o + 1"],
    ["generators", "function* g() { yield* g() } for (const x of g()) ;"],
    ["two functions", "let a = (n) => b(n) + 1, b = (n) => a(n) + 1; a(1)"],
    ["with finally", "function f() { try { return f() + 1 } finally { count++ } } var count = 0; f()"],
    ["many arguments", "function f(...a) { return f(...a, 1) + 1 } f()"],
  ])("recursion without end is a RangeError: %s", (_, source) => {
    const world = new World({ ...options, nativeStackBytes: 200_000, gcStress: false })
    const attempt = `try { ${source} } catch (e) { print(e instanceof RangeError, e.message) }`
    for (let i = 0; i < 3; i++) expect(world.run(`(function () { ${attempt} })()`)).toBe("undefined")
    expect(world.printed).toEqual(Array.from({ length: 3 }, () => "true Maximum call stack size exceeded"))
    expect(world.run("[1, 2].map((x) => x * 2).join()")).toBe("2,4")
    expect(world.leaks()).toBe("")
  })
})

test("what is frozen and what is not call each other, in any mixture", () => {
  const source = `function a(n) { return n <= 0 ? [] : [..."a", ...b(n - 1)] }
function b(n) { try { return n <= 0 ? [] : [..."b", ...c(n - 1)] } finally { n = 0 } }
function c(n) { let r; for (const x of [n]) r = [..."c", ...a(x - 1)]; return r }
function fails(n) { if (n === 0) throw new Error("end"); return n & 1 ? fails(n - 1) : (() => fails(n - 1))() }
let stack; try { fails(4) } catch (e) { stack = e.stack }
a(10).join("") + stack`
  const names = ["a", "b", "c", "fails"]
  const expected = new World().run(source)
  for (let mask = 0; mask < 16; mask++) {
    const except = names.filter((_, i) => (mask >> i) & 1)
    const world = new World({ freeze: { which: "all", except } })
    expect(world.run(source), except.join()).toBe(expected)
    expect(world.frozen[0]!.functions.filter((f) => !f.frozen).map((f) => f.name)).toEqual(
      expect.arrayContaining(except),
    )
    expect(world.leaks()).toBe("")
  }
})

// Programs for the reader's corpus: small ones that between them use every opcode that the engine's compiler can emit,
// and random ones that put the same constructs together in ever new ways.
import { randomFrom } from "../random.ts"

/** Each is a script of its own; those that begin with "module" are modules. */
export const opcodePrograms: readonly string[] = [
  // constants
  `function f() { return [0, 1, 2, 3, 4, 5, 6, 7, -1, 100, -100, 1000, -1000, 100000, -100000, 1.5, -0, 1e300, NaN, 1n, -5n, 123456789012345678901234567890n, -98765432109876543210n, 4294967296n] }`,
  `function f() { return ["", "text", "wide \\u20ac", "line\\nbreak \\"quoted\\" \\\\", null, undefined, true, false, /re[a-z]+/giu, this] }`,
  `function f() { return [${Array.from({ length: 300 }, (_, i) => `${i}.25`).join(", ")}, ${Array.from({ length: 300 }, (_, i) => `() => ${i}`).join(", ")}] }`,
  // locals, arguments, captured variables, in short and long forms
  `function f(a0, a1, a2, a3, a4, a5) { a0 = 1; a1 = 2; a2 = 3; a3 = 4; a4 = 5; a5 = 6; var r = a0 = a1 = a2 = a3 = a4 = a5; return [a0, a1, a2, a3, a4, a5, r] }`,
  `function f() { var ${list("v", 300)}; v0 = v1 + v2; v3 = v2; v1 = v3; v2 = v0; v9 = v8; v299 = v298; var x = v0 = v1 = v2 = v3 = v4 = v299 = 1; v5++; v6--; ++v7; v200++; v201--; v8 += x; v250 += x; return v0 + v1 }`,
  `function f() { let ${list("w", 8)}; const g = () => { w0 = 1; w1 = 2; w2 = 3; w3 = 4; w4 = 5; var x = w0 = w1 = w2 = w3 = w4 = 9; w5++; return [w0, w1, w2, w3, w4, x] }; return g }`,
  `function f() { var ${list("w", 8)}; const g = () => { w0 = 1; w1 = 2; w2 = 3; w3 = 4; w4 = 5; var x = w0 = w1 = w2 = w3 = w4 = 9; w5++; return [w0, w1, w2, w3, w4, x] }; return g }`,
  `function f() { for (let i = 0; i < 3; i++) { setTimeout(() => i) } let late = () => before; let before = 1; before = 2; { let before = late; before() } }`,
  `function f(a = 1, { b, ...c } = {}, [d, , e = 2, ...g] = []) { return [a, b, c, d, e, g, arguments, arguments.length] }`,
  `function f() { "use strict"; return arguments[0] }; function g(...rest) { return rest }; function h(a) { arguments[0] = 2; return () => a }`,
  // globals
  `var g0 = 1; let g1 = 2; const g2 = 3; function g3() {} class g4 {} g0 = g1; g1 = g0; g5 = 1; typeof g6; delete g7; g8++; g9 += 1; async function g10() {} function* g11() {}`,
  `"use strict"; undeclared = 1; typeof undeclared; undeclared++; undeclared ||= 2; undeclared &&= 3; undeclared ??= 4`,
  // operators
  `function f(a, b) { return [+a, -a, ~a, !a, typeof a, void a, a + b, a - b, a * b, a / b, a % b, a ** b, a << b, a >> b, a >>> b, a & b, a | b, a ^ b] }`,
  `function f(a, b) { return [a < b, a <= b, a > b, a >= b, a == b, a != b, a === b, a !== b, a in b, a instanceof b, a && b, a || b, a ?? b, (a, b), a ? b : a] }`,
  `function f(a, b) { a.x++; a[b]++; --a.x; --a[b]; a.x += 1; a[b] **= 2; a.x ??= b; a[b] ||= b; a.x &&= b; return [a.x--, a[b]--, a.x = b, a[b] = b] }`,
  `function f(a) { return [a === undefined, a === null, a !== undefined, a == null, typeof a === "undefined", typeof a === "function", typeof a == "undefined", typeof a !== "function", void 0 === a] }`,
  `function f(a) { if (typeof a === "function") return 1; if (typeof a !== "undefined") return 2; if (a === null) return 3; if (a === undefined) return 4; if (!(a == null)) return 5 }`,
  `function f(a, b) { delete a.b; delete a[b]; delete a; delete this; return [a?.b, a?.[b], a?.(b), a?.b.c(b), delete a?.b, a.length, a.b.length, b["length"]] }`,
  // calls
  `function f(g, o) { g(); g(1); g(1, 2); g(1, 2, 3); g(1, 2, 3, 4); o.m(1); o[g](1); new g; new g(1); new o.m(1, 2); g(...o); o.m(...o); new g(...o); return g(1) }`,
  `function f(g, o) { if (o) return g(1, 2, 3, 4, 5); return o.m(1) } function* h(g, o) { return o.m(1) } var t = g => g(); var u = (g, o) => o.m(g); var w = g => g\`a\${g}b\`; var z = o => o.m\`x\``,
  `function f() { return eval("1") } function g() { "use strict"; let x = 1; return eval("x", 2) } function h(...a) { return eval(...a) } var k = () => eval("this")`,
  `function f() { return new.target } class A { constructor() { return () => new.target } } function g() { return import("x") } function h() { return import("x", { with: {} }) }`,
  // objects and arrays
  `function f(a, b) { return { a, b: 1, "c d": 2, [a]: 3, 4: 5, m() {}, get x() { return 1 }, set x(v) {}, [a + b]() {}, get [a]() { return 2 }, set [b](v) {}, ...a, __proto__: b, async n() {}, *g() {}, f: function () {}, h: () => 1, [b]: function () {}, [a]: class {} } }`,
  `function f(a) { return [1, , 2, ...a, 3, , ...a, , ] } function g() { return [${Array.from({ length: 70 }, (_, i) => `x${i}`).join(", ")}] } function h() { return [, ] }`,
  `function f(o) { var { a, b: c = 1, [a]: d, ...rest } = o; var x, y; [x, y = 2, ...rest] = o; ({ x, y: o.z, ...o.r } = o); [o.x, o[x], ...o.y] = rest; return [...rest] }`,
  `function f(o) { for (var [a, { b }] of o) a(b); for (const { c } of o) c(); for (o.x of o); for (o[0] in o); for (let [x] in o) x }`,
  // classes
  `class A { x = 1; static y = 2; #p = 3; static #q = 4; #m() { return this.#p } get #g() { return 1 } set #g(v) {} static #s() {} static { this.z = A.#q; A.#s() } t() { this.#p = 1; this.#p++; this.#m(); this.#g = this.#g; return #p in this } }`,
  `class B extends A { constructor(...a) { super(...a); super.m(); super.x = super.y; super[a] = super[a]; super.x++; super.m(...a) } static n() { return super.n() } get v() { return super.v } async m() { return await super.m() } }`,
  `class C extends Object {} class D extends null { constructor() { return {} } } var E = class {}; var F = class G { static self = G }; class H { [x] = 1; static [y]() {} ['a' + 'b'] = 2; get [z]() {} }`,
  `class I { constructor() { super.x } ; "quoted" = 1; 5 = 2; async *[Symbol.iterator]() {} ; static async m() {} }`,
  `class J extends I { constructor(a) { if (a) super(); else return a; const f = () => { super(); return this } } } class K extends I { constructor() { try { super() } finally { this.x } } }`,
  `var o = { m() { return super.m }, n() { return super[this] }, set x(v) { super.x = v; super[v] = v } }; class L { accessor; get; set; static; async; #a; b = () => this.#a; static c = this }`,
  `class M { #x; static has(o) { return #x in o } static set(o, v) { [o.#x] = v; o.#x &&= v; o?.#x; return delete o.y } }`,
  // control flow
  `function f(a) { for (var i = 0; i < 9; i++) { if (i == a) continue; if (i > a) break } while (a--) ; do { a++ } while (a < 5); for (;;) { break } a: { break a } b: for (;;) { for (;;) { continue b } } }`,
  `function f(a) { switch (a) { case 1: return 1; case 2: { let x = a; a = () => x } case "3": a = 2; break; default: a = 4 } for (const k in a) { if (k) continue; a = k } for (const v of a) { if (v) break; a = v } }`,
  `function f(a) { try { a() } catch (e) { a = e } finally { a = 3 } try { throw a } catch { return 1 } try { return a } finally { a++ } for (;;) { try { if (a) break; else continue } finally { a() } } }`,
  `function f(a) { for (const x of a) { try { if (x) return x; if (a) continue } catch ({ message }) { return message } finally { for (const y of x) { if (y) return y } } } l: for (const z of a) { for (const y of z) { if (y) continue l; else break l } } }`,
  `function f(a) { try { try { a() } finally { return 1 } } catch (e) { throw e } finally { while (a) { try { a() } finally { break } } } }`,
  `function f(o) { with (o) { x; x = 1; x(); x++; typeof x; delete x; x.y = 2; x ||= 3; var z = () => x; [x] = o; for (x of o); return y } }`,
  `function f(o) { with (o) { with (x) { y(z); y.z(); eval("y"); function inner() { return y } } } } with ({}) { globalThing; globalThing = 1; globalThing() }`,
  `function f(a, o) { let v = 1; with (o) { a = 1; a++; v = 2; v += 3; } return () => { with (o) { a = 1; v = 2; a ||= 3; v-- } } }`,
  `class N extends A { m(o, k) { ({ a: super.x, [k]: super.y, b: o[k], [k]: o[k], [k]: o.p } = o); [super.x, super[k]] = o; for (super.z of o); for (super[k] in o); } }`,
  `const k = 1; function f() { k = 2; const z = 1; z = 2; z++; return () => { z = 3; k++ } } function h() { "use strict"; h = 1 } var e = function named() { named = 1; return () => (named = 2) }`,
  `var s = function named() { "use strict"; named = 1 }; function t() { undefined = 1; return x => { x = undefined; this.y } } ; ${"if (a) b(); ".repeat(40)} while (a) { ${"c(); ".repeat(400)} }`,
  `function f(a) { if (a) { ${"b(1, 2, 3); ".repeat(30)} } else { ${"c(); ".repeat(60)} } while (a) { ${"d(a, 1000000, 'x'); ".repeat(2200)} } return a || (${"e(), ".repeat(5000)}1) }`,
  // generators and async
  `function* g(a) { var x = yield; var y = yield a; yield* a; try { yield 1 } finally { yield 2 } return x + y } function* h() { for (const x of yield) { yield x; return x } }`,
  `async function f(a) { await a; for await (const x of a) { if (x) break; if (a) return x; await x } try { await a } catch (e) { return await e } finally { await 1 } return a } const g = async x => await x, h = async (x, y = 1) => { for await (x.y of a) ; }`,
  `async function* g(a) { yield a; yield await a; yield* a; for await (const x of a) yield x; try { return a } finally { yield 3 } } async function* h() { return await 1 } async function* k(a) { for await (const [x] of a) { try { return x } finally { await x } } }`,
  `async function f(a) { for await (const x of a) { for (const y of x) { if (y) continue; return y } } l: for await (const x of a) { for await (const z of x) { continue l } break l } }`,
  // using
  `function f(a) { using x = a; { using y = a, z = x; y(z) } for (using w of a) w(); for (using v = a; v; ) { break } if (a) return x }`,
  `async function f(a) { await using x = a; { await using y = a; using z = a; await y } for await (await using w of a) w(); for (await using v of a) { if (v) return v } return x }`,
  `function f(a) { using x = a; try { using y = a; return y } finally { using z = a; z() } } function* g(a) { using x = a; yield x } async function* h(a) { await using x = a; yield x }`,
  `{ using top = null; top }`,
  // direct eval makes variables visible by name
  `function f(a) { var b; let c; { let d; eval("a + b + c + d"); var e = () => eval("d") } return e } function g() { eval("var x = 1"); return x + typeof y + (x = 2) + delete x } function h(a = eval("1"), b = () => a) { var a; return b }`,
  `function f(a, b = () => eval("a")) { eval("var q = 1"); q(); q = 2; q++; typeof q; delete q; with (a) { q } return () => q } function g(a = 1) { var a = 2, b = 3; { function b() {} } return () => a }`,
  `module import d, { x as b, y as c } from "corpus.js"; import * as ns from "corpus.js"; export let x = b; export default function () { return [d, c, ns.q, ns] } export { c as z }; export * from "corpus.js"; x = import.meta; export class K {} export const y = () => { x++; return b() }`,
  `module const v = await import("x"); export default await v; for await (const w of v) w(); await using r = v; export var f = async () => { await v; x = 1 }; let x`,
  `module export default class { static m() { return import.meta.url } } export const { a, b: [c] } = globalThis; import { g as q } from "corpus.js"; q(); q\`t\`; export function* g() { yield q }`,
]

function list(prefix: string, count: number): string {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`).join(", ")
}

/**
 * A random program: functions of every kind with random bodies. It compiles; what it would do if it ran does not
 * matter.
 */
export function randomProgram(seed: number, functions = 12): string {
  const random = randomFrom(seed)
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)]!
  const names = ["a", "b", "c", "d", "e", "x", "y", "z"]
  let unique = 0
  interface Scope {
    loop: boolean
    generator: boolean
    async: boolean
    depth: number
  }
  const bindings = () =>
    pick([pick(names), `{ ${pick(names)}: q${unique++} }`, `[q${unique++}, r${unique++} = 1, ...s${unique++}]`])

  const expression = (s: Scope): string => {
    const inner = { ...s, depth: s.depth - 1 }
    const e = (): string =>
      s.depth <= 0
        ? pick([...names, "1", "2.5", "'s'", "null", "this", "300", "-70000", "7n", "/r/g"])
        : expression(inner)
    const forms: (() => string)[] = [
      e,
      () =>
        `(${e()} ${pick(["+", "-", "*", "/", "%", "<", ">", "<=", ">=", "==", "===", "!=", "!==", "&", "|", "^", "<<", ">>", ">>>", "in", "instanceof", "&&", "||", "??"])} ${e()})`,
      () => `(${pick(["+", "-", "!", "~", "typeof ", "void "])} ${e()})`,
      () => `(${pick(names)} ${pick(["=", "+=", "-=", "**=", "||=", "&&=", "??=", ">>>="])} ${e()})`,
      () => `(${e()}, ${e()})[${e()}]`,
      () => `(delete (${e()})${pick([".p", "[1]"])})`,
      () => `(${e()} ? ${e()} : ${e()})`,
      () => `${pick(names)}.p${pick(["", "++", "--", " = 1", " += 2", " ??= 3"])}`.replace(/^(.*[+=-].*)$/, "($1)"),
      () => `${pick(names)}(${pick(["", e(), `${e()}, ${e()}`, `...${e()}`])})`,
      () => `${pick(names)}.m${pick(["", "?."])}(${e()}, ${e()}, ${e()}, ${e()})`,
      () => `(${pick(names)}?.[${e()}]?.p)`,
      () => `new (${e()})(${e()})`,
      () => `[${e()}, , ...${e()}, ${e()}]`,
      () =>
        `({ ${pick(names)}, k: ${e()}, [${e()}]: ${e()}, ...${e()}, m() { ${statement({ ...inner, loop: false, generator: false, async: false })} } })`,
      () => `\`t\${${e()}}u\${${e()}}\``,
      () =>
        `(${pick(["", "async "])}(${pick(names)}${unique++}, [w${unique++}] = []) => ${e().replace(/^\{/, "({")})`.replace(
          /await |yield /g,
          "",
        ),
      () => functionText({ ...inner, loop: false }),
      () =>
        `(class ${pick(["", `extends (${e()}) `])}{ #f = 1; static [${e()}] = 2; m() { return this.#f } static { ${pick(names)} = this } })`.replace(
          /await |yield /g,
          "",
        ),
    ]
    if (s.generator)
      forms.push(
        () => `(yield ${e()})`,
        () => `(yield* ${e()})`,
      )
    if (s.async) forms.push(() => `(await ${e()})`)
    return pick(forms)()
  }
  const statement = (s: Scope): string => {
    if (s.depth <= 0) return `${expression({ ...s, depth: 1 })};`
    const inner = { ...s, depth: s.depth - 1 }
    const body = (scope: Scope = inner): string =>
      `{ ${Array.from({ length: 1 + Math.floor(random() * 3) }, () => statement(scope)).join(" ")} }`
    const e = (): string => expression({ ...s, depth: 2 })
    const forms: (() => string)[] = [
      () => `;${e()};`,
      () => `${pick(["let", "const", "var"])} v${unique++} = ${e()};`,
      () => `var ${pick(["{ p: w1, ...w2 }", "[w1, w2 = 2]"])} = ${e()};`,
      () => `if (${e()}) ${body()} else ${body()}`,
      () => `for (let i${unique} = 0; i${unique} < 3; i${unique++}++) ${body({ ...inner, loop: true })}`,
      () => `for (const ${bindings()} of ${e()}) ${body({ ...inner, loop: true })}`,
      () =>
        `for (${pick(["const k", "let k", `var k${unique++}`, "x.k", "[x]"])} in ${e()}) ${body({ ...inner, loop: true })}`,
      () => `while (${e()}) ${body({ ...inner, loop: true })}`,
      () => `do ${body({ ...inner, loop: true })} while (${e()});`,
      () => `try ${body()} catch (err) ${body()}${pick(["", ` finally ${body()}`])}`,
      () => `try ${body()} finally ${body()}`,
      () =>
        `switch (${e()}) { case 1: ${statement(inner)} case "k": ${statement(inner)} ${pick(["", "break;"])} default: ${statement(inner)} }`,
      () => `throw ${e()};`,
      () => `return ${e()};`,
      () => `{ using u${unique++} = ${pick(names)}; ${statement(inner)} }`,
    ]
    if (s.loop)
      forms.push(
        () => "break;",
        () => "continue;",
        () => `if (${e()}) break;`,
      )
    if (s.async) forms.push(() => `for await (const ${bindings()} of ${e()}) ${body({ ...inner, loop: true })}`)
    return pick(forms)()
  }
  const functionText = (s: Scope): string => {
    const kind = pick([
      { head: "function", generator: false, async: false },
      { head: "function*", generator: true, async: false },
      { head: "async function", generator: false, async: true },
      { head: "async function*", generator: true, async: true },
    ])
    const scope = { loop: false, generator: kind.generator, async: kind.async, depth: Math.max(0, s.depth) }
    const parameters = pick(["", "a", "a, b, c", "a, b = 1", "...c", "{ a }, [b]"])
    const body = Array.from({ length: 2 + Math.floor(random() * 3) }, () => statement(scope)).join("\n  ")
    return `(${kind.head} f${unique++}(${parameters}) {\n  ${body}\n})`
  }
  const start = { loop: false, generator: false, async: false, depth: 3 }
  return `var a, b, c, d, e, x, y, z;\n${Array.from({ length: functions }, () => `${functionText(start)};`).join("\n")}`
}

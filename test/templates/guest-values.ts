// Values for the comparison with Node: each line is an expression, printed on both sides.

/** Expressions that Node and the guest print alike. */
export const values = String.raw`
0
-0
1.5
NaN
-Infinity
123456789n
true
null
undefined
"plain"
"it's"
'say "hi"'
'it\'s "both"'
'all \' " \` three'
'all \' " \` and \${x}'
"tab\tnew\nline\\ back\x00\x1b\x7f\x9f"
"\ud83d lone"
"pair 😀"
["a'b", 'c"d', "e\nf"]
Symbol()
Symbol("desc")
Symbol.iterator
[]
[1, 2, 3]
[undefined, null]
[[]]
[[[[]]]]
[[[[1]]]]
{a:{b:{c:{d:1}}}}
{a:{b:{c:{}}}}
{a:{b:{c:[]}}}
{a:{b:{c:[1]}}}
{}
{a: 1}
{a: 1, b: "x", c: [1, 2], d: {e: null}}
{"a-b": 1, "0": 2, "a b": 3, "": 4, "é": 5, valid_1: 6, $x: 7}
{[Symbol("s")]: 1, [Symbol()]: 2}
{["__proto__"]: 1}
[1,2,3,4,5,6,7]
Array.from({length: 27}, (_, i) => i * 37)
Array.from({length: 101}, (_, i) => i)
Array.from({length: 102}, (_, i) => i)
Array.from({length: 200}, (_, i) => "item" + i)
Array.from({length: 30}, (_, i) => "x".repeat(i))
Array.from({length: 10}, (_, i) => ({i}))
Array.from({length: 10}, (_, i) => i / 3)
Array.from({length: 10}, (_, i) => -i)
Array.from({length: 10}, (_, i) => BigInt(i) ** 5n)
Array.from({length: 8}, (_, i) => [i, i])
Array.from({length: 12}, (_, i) => i % 2 ? "odd" : i)
["a","b","c","d","e","f","g"]
["apple","banana","cherry","dragonfruit","elderberry","fig","grape","honeydew"]
[,1]
[1,,3]
[1,,,4,,]
new Array(5)
Object.assign([1,2], {x: 1, y: "z"})
Object.assign([], {x: 1})
Object.assign([1,2], {"-1": 1})
[undefined, , null]
new Map()
new Map([["a", 1], [{k: 1}, [1, 2]]])
new Map([[new Map(), new Set()]])
new Set()
new Set([1, "a", {b: 1}])
new Set([[1, 2], [3]])
Object.assign(new Map([[1, 2]]), {extra: true})
Object.assign(new Set([1]), {extra: true})
new Map(Array.from({length: 105}, (_, i) => [i, i]))
new Set(Array.from({length: 105}, (_, i) => i))
new Date(0)
new Date(NaN)
Object.assign(new Date(0), {x: 1})
/a+b/gi
Object.assign(/x/, {y: 1})
function f() {}
() => {}
(function () {})
async function g() {}
function* h() {}
async function* k() {}
class A {}
class B extends Array {}
class extends null {}
class { static x = 1; static #p = 2 }
Object.assign(function named() {}, {a: 1})
Object.assign(() => {}, {a: {b: {c: {}}}})
Object.setPrototypeOf(function foo() {}, null)
Math.max
Map
Object
Array.prototype.map
Symbol
parseInt
Math
JSON
Reflect
new (class Foo { constructor() { this.x = 1 } })
new (class Foo {})
new (class extends Map {})([[1, 2]])
new (class MySet extends Set {})([1])
new (class Arr extends Array {})(1, 2, 3)
new (class Arr extends Array {})()
new (class D extends Date {})(0)
new (class R extends RegExp {})("x", "g")
new (class P extends Promise {})(() => {})
new (class F { get [Symbol.toStringTag]() { return "tagged" } })
({[Symbol.toStringTag]: "T"})
({[Symbol.toStringTag]: "T", a: 1})
Object.create(null)
Object.assign(Object.create(null), {a: 1})
Object.create({})
Object.create({a: 1})
Object.create(Object.create(null))
Object.create(class Foo {}.prototype)
Object.setPrototypeOf([1, 2], null)
Object.setPrototypeOf(new Map([[1, 2]]), null)
Object.setPrototypeOf(new Set([1]), null)
Object.setPrototypeOf(/a/g, null)
({get a() { return 1 }})
({set a(v) {}})
({get a() { return 1 }, set a(v) {}})
({get a() { throw new Error("never") }})
Object.defineProperty({}, "hidden", {value: 1})
Object.defineProperty({v: 1}, "hidden", {value: 1})
Object.defineProperty([1], "1", {get() { return 1 }, enumerable: true})
new Number(3)
new Number(-0)
new String("abc")
new Boolean(false)
Object(Symbol("s"))
Object(10n)
Object.assign(new String("abc"), {x: 1})
Object.assign(new Number(1), {x: 1})
new (class N extends Number {})(5)
new Uint8Array([1, 2, 3])
new Uint8Array()
new Float64Array([1.5, -0, NaN])
new BigInt64Array([1n, -2n])
new Uint8Array(200)
new Uint8ClampedArray(3)
new ArrayBuffer(4)
new ArrayBuffer(0)
new ArrayBuffer(100)
new Uint8Array([222, 173, 190, 239]).buffer
new DataView(new ArrayBuffer(2))
Object.assign(new ArrayBuffer(1), {x: 1})
Promise.resolve(1)
Promise.resolve({a: 1})
new Promise(() => {})
Object.assign(Promise.resolve(1), {x: 1})
new WeakMap()
new WeakSet()
(function () { return arguments })(1, "a")
(function () { return arguments })()
(function* () {})()
(async function* () {})()
new Proxy({a: 1}, {})
new Proxy([1, 2], {})
new Proxy(function f() {}, {})
new Proxy(new Map([[1, 2]]), {get() { throw 1 }})
(() => { const r = Proxy.revocable({}, {}); r.revoke(); return r.proxy })()
(() => { const o = {a: 1}; o.self = o; return o })()
(() => { const o = {a: {}}; o.a.up = o; o.a.me = o.a; return o })()
(() => { const a = [1]; a.push(a); return a })()
(() => { const m = new Map(); m.set("self", m); return m })()
(() => { const o = {}; o.x = {o}; o.y = [o, o]; return o })()
({a: "x".repeat(80)})
({a: "x".repeat(60), b: 1})
({a: "x".repeat(61), b: 1})
({a: "x".repeat(50), b: "y".repeat(20)})
["x".repeat(30), "y".repeat(30)]
["x".repeat(36), "y".repeat(36)]
["line one\nline two", "z"]
({text: "first line of a longer text\nsecond line of that longer text, with some more words\nthird"})
({aaaaaaaaaa: 1, bbbbbbbbbb: 2, cccccccccc: 3, dddddddddd: 4, eeeeeeeeee: 5})
({aaaaaaaaaa: 1, bbbbbbbbbb: 2, cccccccccc: 3, dddddddddd: 4, eeeeeeeeee: 5, ffffffffff: 6})
({a: {b: 1}, c: {d: {e: 2}}})
({a: {b: {c: 1}}, z: 1})
({a: {b: {c: {}}}})
({a: [{b: 1}, {c: 2}]})
[{a: 1, b: 2}, {a: 3, b: 4}]
[[1, 2, [3, 4, [5, [6]]]]]
({f() {}, g: () => {}, h: class {}, i: Symbol("x"), j: /r/, k: new Date(0)})
({m: new Map([["k", {deep: {deeper: {deepest: 1}}}]])})
({a: undefined, b: null, c: NaN, d: -0})
({user: {name: "Ann", age: 30, tags: ["a", "b"], address: {street: "Main", city: "X", geo: {lat: 1, lng: 2}}}})
Array.from({length: 3}, (_, i) => ({id: i, name: "name" + i, nested: {value: i, list: [1, 2, 3]}}))
({[Symbol.for("nodejs.util.inspect.custom")]() { return "CUSTOM" }})
({[Symbol.for("nodejs.util.inspect.custom")](d, o, i) { return {d, t: typeof i, s: o.stylize("x", "string")} }})
({x: {[Symbol.for("nodejs.util.inspect.custom")]() { return "two\nlines" }}})
({[Symbol.for("nodejs.util.inspect.custom")]: 1})
"x".repeat(10050).length
["x".repeat(10050)][0].slice(0, 20)
[new Date(0), /x/g, null, undefined, true]
[1.0, 2.5, -3, 1e21, 1e-7]
["日本語", "中文字", "한국어", "é", "ü", "ñ", "x"]
[["a", 1], ["b", 2]]
Object.entries({a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7})
new Map([["key with spaces", {a: 1}], ["k2", [1, 2, 3]]])
new Map([[{a: 1, b: {c: 2}}, new Set(["x"])]])
[function a() {}, class B {}, () => {}]
({a: [[[[1]]]], b: {c: {d: {e: 1}}}})
[,"a",,"b",,,]
[null, [null, [null, [null]]]]
({"a\nb": 1, "it's": 2})
[1n, 2n]
["a", 1n, Symbol("x")]
new (class Foo extends null { constructor() { return Object.create(Foo.prototype) } })
Object.freeze({a: 1})
[Object.create(null)]
({constructor: 1})
({constructor: {name: "Fake"}})
new (function Old() { this.a = 1 })
new (class { constructor() { this.anon = 1 } })
({length: 3})
Object.assign(Object.create({inherited: 1}), {own: 2})
Array.from("héllo wörld, this is text")
Array.from({length: 50}, (_, i) => String.fromCharCode(97 + i % 26).repeat(i % 5 + 1))
Array.from({length: 20}, (_, i) => i % 3 ? i : "str" + i)
Array.from({length: 7}, () => null)
Array.from({length: 9}, () => undefined)
Array.from({length: 9}, () => true)
Array.from({length: 9}, () => Symbol("a"))
({a: Array.from({length: 30}, (_, i) => i)})
({a: {b: {c: Array.from({length: 30}, (_, i) => i)}}})
({a: {b: Array.from({length: 30}, (_, i) => i * 1000)}})
new Error("x").message
[new (class extends Uint8Array {})(2)]
Object.setPrototypeOf(new Uint8Array(2), null)
Object.setPrototypeOf(new Date(0), null)
Object.setPrototypeOf(new Number(1), null)
Object.setPrototypeOf(Promise.resolve(1), null)
Object.setPrototypeOf(() => {}, null)
Object.setPrototypeOf(class K {}, null)
(() => { class A {}; class B extends A {}; return [A, B, new B] })()
(() => { function F() {} F.prototype = null; return F })()
(() => { class A { static s = 1; static m() {} }; return A })()
(() => { const e = {}; e[Symbol.toStringTag] = "q"; return Object.create(e) })()
new (class Foo { #p = 1; pub = 2; get acc() { return 3 } })
Object.create(Date.prototype)
Object.create(Map.prototype)
Object.create(Array.prototype)
Object.create(Error.prototype) instanceof Error
Array.prototype
Object.prototype
Function.prototype
Map.prototype
(class A { foo() {} }).prototype
Number.prototype
String.prototype
Symbol.prototype
Promise.prototype
[[[{}]]]
[[[{a: 1}]]]
[[[new Map([[1, 2]])]]]
[[[new (class Foo { x = 1 })]]]
[[[new (class Foo extends Map {})([[1, 1]])]]]
[[[Object.assign(Object.create(null), {x: 1})]]]
[[[function f() {}, class C {}, new Date(0), /x/]]]
[[[Object.assign(function f() {}, {a: 1})]]]
[[[[], {}, new Map(), new Set()]]]
({a: {b: {c: new Set([1])}}})
({a: 1n, b: -5n, c: 1e100, d: 0.1 + 0.2})
"x".repeat(200)
["x".repeat(200)]
({k: "word ".repeat(30)})
({k: "a\n".repeat(12)})
["a\n".repeat(12)]
({a: "single 'quoted'", b: "double \"quoted\""})
Array.from({length: 6}, (_, i) => "x".repeat(10 + i))
Array.from({length: 7}, (_, i) => "x".repeat(10 + i))
Array.from({length: 26}, (_, i) => ["k" + i, i])
Object.fromEntries(Array.from({length: 30}, (_, i) => ["key" + i, i]))
new Set(Array.from({length: 30}, (_, i) => i))
new Map(Array.from({length: 10}, (_, i) => ["key" + i, {v: i}]))
`
  .split("\n")
  .filter((line) => line !== "")

/** Lists of arguments for console.log, with directives. */
export const formats = String.raw`
"%s is %d years", "Bob", 42
"%s", null
"%s", undefined
"%s", -0
"%s", 12n
"%s", Symbol("a")
"%s", {a: {b: {c: 1}}}
"%s", [1, [2, [3]]]
"%s", () => 1
"%s", class A {}
"%s", new Error("x").message
"%s", {toString() { return "mine" }}
"%s", new (class A { toString() { return "A!" } })
"%s", new (class B extends Array { toString() { return "B!" } })
"%s", new Date(0)
"%s", Object.create(null)
"%s", "a", "b", {c: 1}
"%d", "42"
"%d", "x"
"%d", 12n
"%d", {}
"%d", Symbol("a")
"%d", -0
"%i", 42.9
"%i", "42.9abc"
"%i", -0.5
"%i", {}
"%i", 12n
"%f", "1.5abc"
"%f", Symbol("a")
"%f", "x"
"%j", {a: [1, {b: 2}]}
"%j", undefined
"%j", "str"
"%j", (() => { const a = {}; a.a = a; return a })()
"%o", {a: 1}
"%o", [1, 2, 3]
"%o", "text"
"%O", {a: {b: {c: {d: {}}}}}
"%O", [1, 2]
"%c styled", "color: red"
"%%", 1
"100%", 1
"%", 1
"%x %s", "a"
"%s %s", "only one"
"a%sb%sc", 1, 2, 3, 4
"%%s", "x"
"%s%%", 50
"%", "%"
"no directives", 1, "two", {three: 3}, [4], null
1, 2, "three"
{}, "text"
"", "x"
"%s", "multi\nline"
"a\nb", {c: "d\ne"}
"%d%%", 99.5
"%s", [undefined, null, "s"]
"%s", true
"%i %f %d", 1, 2, 3
"%s", new Map([[1, {a: 1}]])
"%s", {a: "str", b: 1}
undefined
null
Symbol("alone")
"%O and %o", {a: 1}, {b: 2}
"%s", function named() {}
"%s", Object.assign(() => {}, {x: 1})
`
  .split("\n")
  .filter((line) => line !== "")

const frames = "\\n    at fake (/file.js:1:2)\\n    at /other.js:3:4"

/** Errors with a stack that is the same on both sides. */
export const errors = String.raw`
new Error("plain")
new TypeError("typed")
new Error("")
new Error("two\nlines")
Object.assign(new Error("with code"), {code: "E_CODE"})
Object.assign(new Error("with object"), {info: {a: [1, 2, {b: 3}]}})
Object.assign(new Error("renamed"), {name: "Custom"})
Object.assign(new Error("renamed"), {name: "CustomError"})
new (class ValidationError extends Error {})("sub")
new (class Oops extends Error {})("sub")
new (class Named extends Error { constructor(m) { super(m); this.name = "Named" } })("own name")
new (class NamedError extends Error { constructor(m) { super(m); this.name = "NamedError" } })("own name")
new (class ProtoError extends Error { get name() { return "FromGetter" } })("getter")
new Error("outer", {cause: stacked(new TypeError("inner"))})
new Error("outer", {cause: "text"})
new Error("outer", {cause: undefined})
new Error("outer", {cause: stacked(new Error("middle", {cause: stacked(new Error("inner"))}))})
new AggregateError([stacked(new Error("one")), stacked(new Error("two"))], "many")
new AggregateError([], "none")
Object.assign(new Error("message changed"), {message: "another"})
Object.assign(new Error("x"), {[Symbol("s")]: 1})
Object.assign(new RangeError("x"), {name: "RangeError"})
[stacked(new Error("in array"))]
({error: stacked(new Error("in object"))})
({a: {b: {c: stacked(new Error("deep"))}}})
new Map([["k", stacked(new Error("in map"))]])
Object.create(Error.prototype)
Promise.reject(stacked(new Error("rejected")))
(() => { const e = new Error("self"); e.self = e; return e })()
(() => { const e = new Error("no stack"); e.stack = undefined; return e })()
(() => { const e = new Error("empty stack"); e.stack = ""; return e })()
(() => { const e = new Error("odd stack"); e.stack = "what is this"; return e })()
(() => { const e = new Error("msg"); e.stack = "Error: msg"; return e })()
(() => { const e = new Error("deleted"); delete e.message; return e })()
(() => { const e = new Error("num"); e.name = 5; return e })()
(() => { const e = new Error("num"); e.name = null; return e })()
`
  .split("\n")
  .filter((line) => line !== "")

/** Gives an error the same stack on both sides, with the header that it has. */
export const prelude =
  "function stacked(e) { if (e instanceof Error && typeof e.stack === 'string' && /\\n {4}at /.test(e.stack)) " +
  `e.stack = e.stack.slice(0, e.stack.indexOf('\\n    at ')) + "${frames}"; return e };`

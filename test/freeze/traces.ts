// Random programs that print a trace: the same seed gives the same program, every program ends, and what it prints is
// the same in every JavaScript engine.
//
// A program is functions, classes and statements over a few variables of every kind, with numbers at the edges of what
// ints and doubles hold. The trace has values, names of errors (their messages differ between engines) and the order in
// which getters and valueOf run.
import { randomFrom } from "../random.ts"

/** Writes one program. */
export class TraceWriter {
  private readonly random: () => number
  private names: string[] = []
  private functions: { name: string; arity: number }[] = []
  private loops = 0
  private counter = 0
  private inFunction = false
  private labels: string[] = []

  constructor(seed: number) {
    this.random = randomFrom(seed * 2654435761 + 12345)
  }

  /** A program that stands alone. */
  write(): string {
    return `${prelude}\n${this.writeBody()}`
  }

  /** What comes after the prelude. */
  writeBody(): string {
    const globals = ["g0", "g1", "g2", "g3"]
    const lines = globals.map((name) => `${this.pick(["var", "let"])} ${name} = ${this.literal()};`)
    this.names = [...globals]
    for (let i = this.number(1, 4); i > 0; i--) lines.push(this.functionDeclaration())
    if (this.chance(0.3)) lines.push(this.recursion())
    if (this.chance(0.5)) lines.push(this.classDeclaration())
    for (let i = this.number(3, 8); i > 0; i--) lines.push(`attempt(() => { ${this.block(3)} });`)
    const calls = this.functions.map(
      (f) => `attempt(() => show(${f.name}(${this.list(f.arity + this.number(0, 1), 1)})));`,
    )
    return [...lines, ...calls, ...calls, `show(${globals.join(", ")});`].join("\n")
  }

  // Choices

  private number(least: number, most: number): number {
    return least + Math.floor(this.random() * (most - least + 1))
  }

  private chance(p: number): boolean {
    return this.random() < p
  }

  private pick<V>(values: readonly V[]): V {
    return values[this.number(0, values.length - 1)]!
  }

  private fresh(): string {
    return `v${this.counter++}`
  }

  // Statements

  /** Statements with a scope of their own. */
  private block(depth: number): string {
    const outer = [...this.names]
    const out: string[] = []
    for (let i = this.number(1, 4); i > 0; i--) out.push(this.statement(depth))
    this.names = outer
    return out.join(" ")
  }

  private statement(depth: number): string {
    if (depth <= 0) return this.simple()
    switch (this.number(0, 19)) {
      case 0:
      case 1:
        return this.declaration()
      case 2:
        return `if (${this.expression(2)}) { ${this.block(depth - 1)} } else { ${this.block(depth - 1)} }`
      case 3:
      case 4:
        return this.loop(depth)
      case 5:
        return `try { ${this.block(depth - 1)} } catch (e) { show(nameOf(e)); ${this.block(depth - 1)} }`
      case 6:
        return `try { ${this.block(depth - 1)} } finally { ${this.block(depth - 1)} }`
      case 7:
        return this.switchStatement(depth)
      case 8:
        return `for (const k in ${this.object(1)}) { show(k); ${this.block(depth - 2)} }`
      case 9:
        return this.forOf(depth)
      case 10: {
        const name = this.fresh()
        this.functions.push({ name, arity: 1 })
        const text = `const ${name} = (p) => { ${this.functionBody(["p"], depth - 1)} };`
        const use = `${text} show(call(${name}, ${this.expression(1)}));`
        this.functions = this.functions.filter((f) => f.name !== name)
        return use
      }
      case 11:
        return this.inFunction && this.chance(0.6) ? `return ${this.expression(2)};` : `show(${this.expression(2)});`
      case 12:
        if (this.chance(0.6)) return this.simple()
        return `throw ${this.pick(["new TypeError('t')", "1", "new RangeError('r')", this.expression(1)])};`
      case 13: {
        const [a, b] = [this.fresh(), this.fresh()]
        const text = this.chance(0.5)
          ? `let [${a} = ${this.literal()}, ...${b}] = ${this.array()};`
          : `let {x: ${a} = ${this.literal()}, ...${b}} = ${this.object(1)};`
        this.names.push(a)
        return `${text} show(${a}, ${b});`
      }
      case 14:
        return `{ const a = ${this.array()}; for (let i = 0; i < a.length; i++) { a[i] = ${this.arithmetic("a[i]", "i")}; } show(a); }`
      case 15:
        return this.typedLoop()
      case 16:
        return this.pick([() => this.properties(), () => this.methods(), () => this.receivers()])()
      default:
        return this.simple()
    }
  }

  private declaration(): string {
    const name = this.fresh()
    const text = `${this.pick(["let", "var", "const", "let"])} ${name} = ${this.expression(2)};`
    if (text.startsWith("const")) return `${text} show(${name});`
    this.names.push(name)
    return text
  }

  private simple(): string {
    const name = this.names.length > 0 ? this.pick(this.names) : undefined
    if (name === undefined) return `show(${this.expression(2)});`
    const assign = ["+=", "-=", "*=", "|=", "&=", "^=", "<<=", ">>=", ">>>=", "%=", "/="]
    switch (this.number(0, 7)) {
      case 0:
        return `${name} ${this.pick(assign)} ${this.expression(1)};`
      case 1:
        return this.pick([`${name}++;`, `++${name};`, `${name}--;`, `show(${name}++);`, `show(--${name});`])
      case 2:
        return `${name} ${this.pick(["??=", "||=", "&&="])} ${this.expression(1)};`
      case 3:
        return `show(${name});`
      default:
        return `${name} = ${this.expression(2)};`
    }
  }

  private loop(depth: number): string {
    if (this.loops >= 2) return this.simple()
    this.loops++
    const i = this.fresh()
    const label = this.chance(0.3) ? `L${this.counter++}` : ""
    if (label) this.labels.push(label)
    const leave = () => {
      const exits = ["break", "continue", ...this.labels.flatMap((l) => [`break ${l}`, `continue ${l}`])]
      return this.chance(0.5) ? `if (${this.expression(1)}) ${this.pick(exits)};` : ""
    }
    const start = this.pick(["0", "1", "-3", "2147483640", "0.5", "-2147483648"])
    const count = this.fresh()
    const change = this.pick(["++", " += 1", " += 3", "--", " += 0.5", " *= 2"])
    const head = this.pick([
      `for (let ${i} = ${start}, ${count} = 0; ${count} < ${this.number(2, 9)}; ${count}++, ${i}${change})`,
      `for (let ${i} = 0; ${i} < ${this.number(1, 12)}; ${i}++)`,
      `for (var ${i} = ${this.number(3, 9)}; ${i}-- > 0;)`,
    ])
    const outer = [...this.names]
    // The counter is read, not written: the loop has to end.
    const uses = this.chance(0.6) ? `${this.pick(outer)} = ${this.arithmetic(this.pick(outer), i)};` : ""
    const capture = this.chance(0.3) ? `later.push(() => ${i});` : ""
    const body = `${uses} ${leave()} ${this.block(depth - 1)} ${leave()} ${capture}`
    this.names = outer
    if (label) this.labels.pop()
    this.loops--
    return `${label ? `${label}: ` : ""}${head} { ${body} }`
  }

  private forOf(depth: number): string {
    const name = this.fresh()
    const outer = [...this.names]
    const text = `'${this.pick(["abc", "", "xyz1"])}'`
    const source = this.pick([this.array(), `steps(${this.number(1, 5)})`, text, `new Set(${this.array()})`])
    const leave = this.chance(0.4) ? `if (${this.expression(1)}) break;` : ""
    const [labels, loops] = [this.labels, this.loops]
    Object.assign(this, { labels: [], loops: 2 })
    const body = `show(${name}); ${leave} ${this.block(depth - 1)}`
    Object.assign(this, { labels, loops, names: outer })
    return `for (const ${name} of ${source}) { ${body} }`
  }

  private switchStatement(depth: number): string {
    const plain = (text: string) => text.replace(/\b(let|const) (?=v\d+ =)/g, "var ")
    const cases = Array.from({ length: this.number(1, 4) }, () => {
      const body = `{ ${this.block(depth - 1)} } ${this.chance(0.6) ? "break;" : ""}`
      return plain(`case ${this.expression(1)}: ${body}`)
    })
    if (this.chance(0.6)) cases.splice(this.number(0, cases.length), 0, `default: { ${this.block(0)} }`)
    return `switch (${this.expression(1)}) { ${cases.join(" ")} }`
  }

  private typedLoop(): string {
    const type = this.pick(typedArrays)
    const name = this.pick(this.names)
    const index = this.pick(["i", "i - 1", "i & 3", "7 - i"])
    const body = `t[i] = ${this.arithmetic(name, "i")}; ${name} = t[${index}]; ${name} += t[i & 7] * 2;`
    return `{ const t = new ${type}(8); for (let i = 0; i < ${this.number(6, 11)}; i++) { ${body} } show(t.join()); }`
  }

  /** One object whose shape changes while a loop reads and writes it. */
  private properties(): string {
    const change = this.pick([
      "delete o.x;",
      "Object.defineProperty(o, 'x', { get() { show('late'); return 3; }, configurable: true });",
      "Object.setPrototypeOf(o, { y: 5, w: 6 });",
      "Object.freeze(o);",
      "o['k' + i] = i;",
      "o.x = 'text';",
      "o = { y: 1, x: 2 };",
      "Object.defineProperty(o, 'x', { value: 9, writable: false, configurable: true });",
    ])
    const read = this.pick(["o.x", "o.y", "o.w", "o.x + o.y", "o?.x?.z"])
    const write = this.pick(["o.x = i;", "o.x += i;", "o.y++;", "o.z = i;", "o.x = o.y;"])
    return `{ let o = ${this.object(1)}; for (let i = 0; i < 6; i++) { ${write} show(${read}); if (i === ${this.number(1, 4)}) { ${change} } } show(o); }`
  }

  /** Functions called as elements and as properties, in a loop. */
  private methods(): string {
    const f = () => `(x) => ${this.expressionWith(["x"], 1)}`
    const calls = ["fs[i & 1](i)", "fs[i]?.(i, fs)", "o.list[i % 2](i)", "o.m(i)", "get()[1](i)", "o.list.length"]
    const uses = Array.from({ length: 3 }, () => this.pick(calls)).join(", ")
    const head = `const fs = [${f()}, ${f()}]; const get = () => fs; const o = { list: fs, m(x) { return this.list === fs && x } };`
    return `{ ${head} for (let i = 0; i < 5; i++) { show(${uses}); ${this.chance(0.3) ? `if (i === 2) fs[1] = ${f()};` : ""} } }`
  }

  /** Small methods called on receivers of many shapes and classes, while prototypes and receivers change under way. */
  private receivers(): string {
    // Not inside of what the expression makes: an object's getter would ask itself.
    const value = () =>
      `${this.pick(["this.x", "this.y"])} ${this.pick(["<", "===", "&&", "+", "??"])} ${this.expressionWith(["v"], 1)}`
    const methods = [
      `get() { return this.x; }`,
      `add(v) { this.x = ${this.arithmetic("this.x", "v")}; return this; }`,
      `choose(v) { return (${value()}) ? this.x : ${this.pick(["v", "this.y", "this.m", "1"])}; }`,
      `next(v, w) { const t = this.${this.pick(["x", "y", "next"])}; let u = v; if (t < v) u = t; return ${this.pick(["u", "w", "t + u", "u === t"])}; }`,
      `count() { let n = 0; for (let i = 0; i < 4; i++) n += this.x; return n; }`,
      `up() { return ${this.pick(["++this.x", "this.x--", "-this.x", "+this.x", "!this.x", "this.x ?? this.y"])}; }`,
      `at(i) { return this[i]; }`,
      `put(i, v) { this[i] = v; return v; }`,
    ]
    const others = [
      "new L(2)",
      "new K('s')",
      "Object.create(K.prototype)",
      "({ __proto__: K.prototype, y: 1, x: 2 })",
      "Object.freeze(new K(4))",
      "new (class extends L { y = 6; })(0.5)",
      "({ __proto__: K.prototype, get x() { show('get'); return 8; }, set x(v) { show('set', v); } })",
      "Object.assign([1, 2], { get: K.prototype.get, x: 3 })",
      "new Uint8Array(2)",
      "new String('ab')",
      "new Proxy(new K(1), { get: (o, k) => (show(k), o[k]) })",
      "'ab'",
      "7",
    ]
    const receivers = ["new K(1)", ...Array.from({ length: this.number(2, 6) }, () => this.pick(others))].join(", ")
    const change = this.pick([
      "K.prototype.get = function () { return 'new'; };",
      "K.prototype.y = 5;",
      "Object.defineProperty(K.prototype, 'y', { get() { show('late'); return 3; }, configurable: true });",
      "Object.defineProperty(K.prototype, 'x', { get() { return 9; }, set(v) { show('set', v); }, configurable: true });",
      "delete all[0].x;",
      "Object.setPrototypeOf(L.prototype, { get() { return 'other'; } });",
      "Object.setPrototypeOf(all[0], null);",
      "delete K.prototype.add;",
      "all[0].extra = i;",
      "all[0] = new L(i);",
      "L.prototype.get = 5;",
    ])
    const names = ["get", "add", "choose", "next", "count", "up", "at", "put"]
    const uses = Array.from({ length: 3 }, () => {
      const name = this.pick(names)
      const args = this.pick(["i", "i, 1", "", "'x'", `${this.literal()}, i`])
      return this.chance(0.5) ? `o.${name}(${args})` : `${name}.call(o${args && ", "}${args})`
    })
    const tries = uses.map((use) => `try { show(${use}); } catch (e) { show(nameOf(e)); }`).join(" ")
    const turn = `for (const o of all) { ${tries} } if (i === ${this.number(1, 3)}) { ${change} }`
    const head = `class K { constructor(x) { this.x = x; } ${methods.join(" ")} } class L extends K { y = 2; }`
    return `{ ${head} const { ${names.join(", ")} } = K.prototype; const all = [${receivers}]; for (let i = 0; i < 5; i++) { ${turn} } }`
  }

  // Functions and classes

  private functionDeclaration(): string {
    const name = `f${this.counter++}`
    const params = ["p", "q", "r"].slice(0, this.number(0, 3))
    const text = this.pick(["", "", "'use strict'; "])
    const heads = params.map((p) => (text === "" && this.chance(0.2) ? `${p} = ${this.expression(1)}` : p))
    const body = this.functionBody(params, 3)
    this.functions.push({ name, arity: params.length })
    const strict = heads.some((h) => h.includes("=")) ? "" : text
    return `function ${name}(${heads.join(", ")}) { ${strict}enter(); ${body} return ${this.expressionWith(params, 2)}; }`
  }

  /** Functions of numbers alone that call themselves, with results that stop being ints. */
  private recursion(): string {
    const name = `r${this.counter++}`
    const [least, step] = [this.pick(["2", "1", "0"]), this.pick(["1", "2", "3"])]
    const join = this.pick(["+", "-", "*", "|", "^", "%"])
    const base = this.pick(["n", "1", "n * 2", "-n", "0.5", "2147483647", "n % 2"])
    const other = this.pick([`${name}(n - ${step} - 1)`, "n", "3", `(n & 1 ? ${name}(n - 2) : n)`])
    const args = this.pick(["9", "12", "7.5", "'6'", "valued(5)", "-1", "4n", "undefined"])
    const redefine = this.chance(0.2) ? `${name} = () => 7;` : ""
    const use = `attempt(() => { show(${name}(8)); show(${name}(${args})); const old = ${name}; ${redefine} show(old(6)); });`
    return `function ${name}(n) { if (n < ${least}) return ${base}; return ${name}(n - ${step}) ${join} ${other}; } ${use}`
  }

  private functionBody(params: string[], depth: number): string {
    const { names, inFunction, loops, labels } = this
    Object.assign(this, { names: [...names, ...params], inFunction: true, loops: Math.max(1, loops), labels: [] })
    const text = this.block(depth)
    Object.assign(this, { names, inFunction, loops, labels })
    return text
  }

  private expressionWith(names: string[], depth: number): string {
    const outer = this.names
    this.names = [...outer, ...names]
    const text = this.expression(depth)
    this.names = outer
    return text
  }

  private classDeclaration(): string {
    const name = `C${this.counter++}`
    const base = this.chance(0.5) ? ` extends Base` : ""
    const body = [
      `constructor(a) { ${base ? "super(a);" : ""} this.a = a; ${this.chance(0.5) ? "this.#p = 2;" : ""} }`,
      `#p = ${this.literal()};`,
      `static s = ${this.literal()};`,
      `get p() { return this.#p; } set p(v) { show('set'); this.#p = v; }`,
      `m(x) { ${base ? "show(super.m(x));" : ""} return ${this.expressionWith(["x", "this.a", "this.p"], 2)}; }`,
    ]
    const [a, x, p] = [this.expression(1), this.expression(1), this.expression(1)]
    const use = `const o = new ${name}(${a}); show(o.m(${x})); o.p = ${p}; o.p++; show(o.p, ${name}.s, o instanceof Base);`
    return `class ${name}${base} { ${body.join(" ")} } attempt(() => { ${use} });`
  }

  // Expressions

  private list(count: number, depth: number): string {
    return Array.from({ length: count }, () => this.expression(depth)).join(", ")
  }

  private arithmetic(a: string, b: string): string {
    const small = this.pick(["1", "2", "3", "31", "255", "0.5", "-1", "1000003", "65536"])
    return this.pick([
      `${a} + ${b}`,
      `${a} - ${b} * ${small}`,
      `(${a} * 31 + ${b}) | 0`,
      `(${a} + (${b} << 5) - ${small}) | 0`,
      `(${a} ^ ${b}) >>> ${this.number(0, 33)}`,
      `${a} * ${small} + ${b}`,
      `(${a} + ${small}) % ${small}`,
      `${a} / ${small}`,
      `${a} << ${b}`,
      `- ${a}`,
      `${a} & ${small} | ${b}`,
      `${a} + ${b} - ${small}`,
    ])
  }

  private expression(depth: number): string {
    if (depth <= 0) return this.atom()
    const e = () => this.expression(depth - 1)
    switch (this.number(0, 19)) {
      case 0:
      case 1:
      case 2:
        return `(${e()} ${this.pick(["+", "-", "*", "/", "%", "+", "-"])} ${e()})`
      case 3:
      case 4:
        return `(${e()} ${this.pick(["|", "&", "^", "<<", ">>", ">>>"])} ${e()})`
      case 5:
      case 6:
        return `(${e()} ${this.pick(["<", "<=", ">", ">=", "==", "!=", "===", "!=="])} ${e()})`
      case 7:
        return `(${e()} ${this.pick(["&&", "||", "??"])} (${e()}))`
      case 8:
        return `(${e()} ? ${e()} : ${e()})`
      case 9:
        return `(${this.pick(["-", "+", "~", "!", "typeof", "void"])} ${this.atom()})`
      case 10:
        return this.functions.length > 0 ? this.callOf(depth) : this.atom()
      case 11:
        return `${this.array()}[${e()}]`
      case 12:
        return `${this.object(depth - 1)}.${this.pick(["x", "y", "z"])}`
      case 13:
        return `(${e()}, ${e()})`
      case 14:
        return `\`${this.pick(["", "a"])}\${${this.atom()}}\``
      case 15:
        return `((${this.fresh()}) => ${e()})(${e()})`
      case 16:
        return `Math.${this.pick(["floor", "abs", "max", "min", "sqrt", "imul", "round"])}(${e()}, ${e()})`
      case 17:
        return `Math.max(...${this.array()})`
      case 18:
        return `${this.object(0)}?.${this.pick(["x", "q"])}?.length`
      default:
        return this.atom()
    }
  }

  private callOf(depth: number): string {
    const f = this.pick(this.functions)
    return `call(${f.name}, ${this.list(Math.max(1, f.arity), depth - 1)})`
  }

  private atom(): string {
    return this.names.length > 0 && this.chance(0.6) ? this.pick(this.names) : this.literal()
  }

  private literal(): string {
    return this.pick(literals)
  }

  private array(): string {
    return `[${Array.from({ length: this.number(0, 4) }, () => (this.chance(0.1) ? "" : this.atom())).join(", ")}]`
  }

  private object(depth: number): string {
    return this.pick([
      `({ x: ${this.expression(depth)}, y: ${this.atom()} })`,
      `({ get x() { show('get'); return ${this.atom()}; }, z: ${this.atom()} })`,
      `({ ['x']: ${this.atom()}, ...{ y: ${this.atom()} } })`,
      `valued(${this.atom()})`,
    ])
  }
}

const typedArrays = [
  ...["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array"],
  ...["Int32Array", "Uint32Array", "Float32Array", "Float64Array"],
]

const literals = [
  ...["0", "1", "-1", "2", "3", "7", "-0", "NaN", "Infinity", "-Infinity", "0.5", "-1.5", "1e300", "5e-324"],
  ...["2147483647", "-2147483648", "2147483648", "4294967295", "4294967296", "9007199254740992", "65535", "31", "32"],
  ...["'a'", "''", "'5'", "'-0'", "'abc'", "true", "false", "null", "undefined", "[]", "[1, 2]", "({ x: 1 })"],
  ...["10n", "-3n", "valued(4)"],
]

/** What all programs begin with: how they print, and the fuel that makes them end. */
export const prelude = `
let fuel = 3000;
function enter() { if (--fuel < 0) throw new Error('fuel'); }
function text(v, deep = 2) {
  if (Object.is(v, -0)) return '-0';
  switch (typeof v) {
    case 'string': return JSON.stringify(v);
    case 'bigint': return v + 'n';
    case 'function': return 'function';
    case 'symbol': return 'symbol';
    case 'object':
      if (v === null) return 'null';
      if (v instanceof Error) return v.name;
      if (deep === 0) return '...';
      if (Array.isArray(v)) return '[' + Array.from(v, (x) => text(x, deep - 1)).join(',') + ']';
      return '{' + Object.keys(v).map((k) => k + ':' + text(v[k], deep - 1)).join(',') + '}';
    default: return String(v);
  }
}
function show(...values) { enter(); print(values.map((v) => text(v)).join(' ')); }
function nameOf(e) { if (e instanceof Error && e.message === 'fuel') throw e; return e instanceof Error ? e.name : text(e); }
function attempt(f) { try { f(); } catch (e) { show('caught', nameOf(e)); } for (const g of later.splice(0)) show(g()); }
let depth = 0;
function call(f, ...args) {
  enter();
  if (typeof f !== 'function' || depth > 12) return 'no call';
  depth++;
  try { return f(...args); } finally { depth--; }
}
function valued(n) { return { valueOf() { show('valueOf'); return n; }, toString() { show('toString'); return 's' + typeof n; }, x: n, y: 1 }; }
function* steps(n) { try { for (let i = 0; i < n; i++) yield i; } finally { show('closed'); } }
const later = [];
class Base { constructor(b) { this.b = b; } m(x) { return x; } }
function program(seed, run) {
  [fuel, depth, later.length] = [3000, 0, 0];
  print('program', seed);
  try { run(); } catch (e) { print('ended by', e instanceof Error ? e.name + ' ' + (e.message === 'fuel') : text(e)); }
}
`

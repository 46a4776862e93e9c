// The interpreter in our base against the one in quickjs-wasi as published, on the same scripts, interleaved, in one
// process.
//
//   npm run bench interpreter [rounds]   prints, per script, the ratio of medians (below 1: ours is faster)
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { startBase } from "../compiler/load.ts"
import { startEngine, type LiveEngine } from "../engine/live.ts"
import { readEnginePackage } from "../engine/package.ts"

const scripts: Record<string, string> = {
  fib: "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }\nfib(24)",
  loop: "let s = 0\nfor (let i = 0; i < 1500000; i++) s = (s + i * 3) | 0",
  objects:
    "class P { constructor(x, y) { this.x = x; this.y = y } add(o) { return new P(this.x + o.x, this.y + o.y) } }\nlet p = new P(0, 0), q = new P(1, 2)\nfor (let i = 0; i < 60000; i++) p = p.add(q)",
  arrays:
    "const a = []\nfor (let i = 0; i < 100000; i++) a.push(i * 2)\nlet t = 0\nfor (const x of a) t += x\na.map((x) => x + 1).filter((x) => x & 1).reduce((x, y) => x + y, 0)",
  strings:
    "let out = ''\nfor (let i = 0; i < 30000; i++) out += String.fromCharCode(97 + (i % 26))\nout.split('a').join('b').replace(/c+/g, 'd').length",
  properties:
    "const o = { a: 1, b: 2, c: 3, get d() { return this.a } }\nlet n = 0\nfor (let i = 0; i < 150000; i++) { n += o.a + o.b + o.c + o.d; o.a = i & 7 }",
  json: "const o = { list: Array.from({ length: 300 }, (_, i) => ({ i, s: 'x' + i })) }\nfor (let i = 0; i < 10; i++) JSON.parse(JSON.stringify(o))",
  closures: "const make = (n) => (x) => x + n\nlet v = 0\nfor (let i = 0; i < 80000; i++) v = make(i)(v) & 0xffff",
}

interface Subject {
  live: LiveEngine
  context: number
}

function run({ live, context }: Subject, script: string): number {
  const source = `(function () { ${script}\n})()`
  const start = performance.now()
  const result = live.withString(source, (pointer, length) =>
    live.withString("bench.js", (name) => live.callValue("JS_Eval", context, pointer, length, name, 0)),
  )
  const elapsed = performance.now() - start
  if (result >> 32n === 6n) throw new Error("the script threw")
  return elapsed
}

const median = (times: number[]): number => [...times].sort((a, b) => a - b)[times.length >> 1] ?? NaN

async function interpreterBench(rounds: number): Promise<void> {
  const raw = startEngine(readEnginePackage().wasm)
  raw.call("qjs_init")
  const base = startBase(new Uint8Array(readFileSync(join(import.meta.dirname, "../dist/base.wasm"))))
  if (base.call("guest_seal") !== 0) throw new Error("the base cannot be sealed")
  const subjects: [Subject, Subject] = [
    { live: raw, context: raw.call("qjs_get_context_ptr") },
    { live: base, context: base.call("guest_context") },
  ]
  console.log(`node ${process.version}, ${rounds} rounds after 3 to warm up; ratio = ours / quickjs-wasi`)
  let product = 1
  for (const [name, script] of Object.entries(scripts)) {
    const times: [number[], number[]] = [[], []]
    for (let round = -3; round < rounds; round++) {
      for (const i of [0, 1] as const) {
        const time = run(subjects[i], script)
        if (round >= 0) times[i].push(time)
      }
    }
    const [theirs, ours] = [median(times[0]), median(times[1])]
    product *= ours / theirs
    console.log(
      `${name.padEnd(11)} quickjs-wasi ${theirs.toFixed(1).padStart(7)} ms   base ${ours.toFixed(1).padStart(7)} ms   ratio ${(ours / theirs).toFixed(3)}`,
    )
  }
  console.log(`geometric mean of the ratios: ${(product ** (1 / Object.keys(scripts).length)).toFixed(3)}`)
}

await interpreterBench(Number(process.argv[2] ?? 15))

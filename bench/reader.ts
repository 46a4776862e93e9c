// `npm run bench reader`: how long reading takes: all functions of the TypeScript compiler out of a live engine, with
// and without blocks and stack depths.
import { createRequire } from "node:module"
import { readFileSync } from "node:fs"
import { startEngine } from "../engine/live.ts"
import { readEnginePackage } from "../engine/package.ts"
import { probeEngine } from "../engine/probe/probe.ts"
import { flowGraph } from "../freeze/flow/blocks.ts"
import { bytecodeOf, functionReader } from "../freeze/read/reader.ts"

const module = new WebAssembly.Module(readEnginePackage().wasm as Uint8Array<ArrayBuffer>)
const source = readFileSync(createRequire(import.meta.url).resolve("typescript"), "utf8")

/** Milliseconds, the middle one of five runs. */
function median(run: () => void): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  })
  return times.sort((a, b) => a - b)[2]!
}

const engine = startEngine(module)
engine.call("qjs_init")
const context = engine.call("qjs_get_context_ptr")
const value = engine.withString(source, (at, length) =>
  engine.withString("typescript.js", (name) => engine.callValue("JS_Eval", context, at, length, name, 32)),
)
const root = bytecodeOf(engine, value)
if (root === undefined) throw new Error("typescript does not compile")
const functions = functionReader(engine).readAll(root)
const instructions = functions.reduce((sum, f) => sum + f.instructions.length, 0)

console.log(`typescript: ${functions.length} functions, ${instructions} instructions`)
console.log(`read          ${median(() => functionReader(engine).readAll(root)).toFixed(0)} ms`)
console.log(`flow graphs   ${median(() => functions.forEach((f) => flowGraph(f))).toFixed(0)} ms`)
console.log(`layout probe  ${median(() => probeEngine(startEngine(module))).toFixed(0)} ms`)

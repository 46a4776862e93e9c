// What console.log prints, compared with the Node that runs the test; where that is a newer one, with how Node 20
// prints it.
import { spawnSync } from "node:child_process"
import { expect, test } from "vitest"
import { integersFrom } from "../random.ts"
import { errors, formats, prelude, values } from "./guest-values.ts"
import { run } from "./live-guest.ts"
import { asNode20 } from "./newer-nodes.ts"

/** Run the same script in the guest and in a Node of its own; both print a marker after each value. */
async function both(script: string): Promise<[guest: string[], node: string[]]> {
  const { stdout, stderr } = await run(`(function (require) {${script}\n})`, { keepSource: true })
  expect(stderr).toBe("")
  const node = spawnSync(process.execPath, ["-"], { input: script, encoding: "utf8", maxBuffer: 1 << 26 })
  expect(node.stderr).toBe("")
  const printed = (text: string) => asNode20("console.log", text).split("\x01\n")
  return [printed(stdout), printed(node.stdout)]
}

test("values are printed as Node prints them", async () => {
  const script = values.map((value) => `console.log(${wrap(value)}); console.log("\\x01")`).join("\n")
  const [guest, node] = await both(script)
  const wrong = values.flatMap((value, at) =>
    guest[at] === node[at] ? [] : [{ value, guest: guest[at], node: node[at] }],
  )
  expect(wrong).toEqual([])
  expect(guest.length).toBe(values.length + 1)
})

test("directives are formatted as Node formats them", async () => {
  const script = formats.map((args) => `console.log(${args}); console.log("\\x01")`).join("\n")
  const [guest, node] = await both(script)
  const wrong = formats.flatMap((args, at) =>
    guest[at] === node[at] ? [] : [{ args, guest: guest[at], node: node[at] }],
  )
  expect(wrong).toEqual([])
})

test("errors are printed as Node prints them", async () => {
  const script =
    prelude + errors.map((error) => `console.log(stacked(${wrap(error)})); console.log("\\x01")`).join("\n")
  const [guest, node] = await both(`process.on("unhandledRejection", () => {});${script}`)
  const wrong = errors.flatMap((error, at) =>
    guest[at] === node[at] ? [] : [{ error, guest: guest[at], node: node[at] }],
  )
  expect(wrong).toEqual([])
})

test("random lists of short texts and numbers fall into the same columns", async () => {
  const random = integersFrom(Number(process.env["SEED"] ?? 20261121))
  const lists = Array.from({ length: 150 }, () => {
    const kind = random(3)
    const spread = 1 + random(kind === 1 ? 9 : 30)
    const entry = () =>
      kind === 0
        ? "x".repeat(random(spread))
        : kind === 1
          ? random(10 ** spread)
          : random(2)
            ? random(1000)
            : "y".repeat(random(spread))
    return JSON.stringify(Array.from({ length: 1 + random(random(4) === 0 ? 130 : 30) }, entry))
  })
  const script = lists
    .map((list, at) => `console.log(${at % 2 ? list : `{ nested: { deep: ${list} } }`}); console.log("\\x01")`)
    .join("\n")
  const [guest, node] = await both(script)
  const wrong = lists.flatMap((list, at) =>
    guest[at] === node[at] ? [] : [{ list, guest: guest[at], node: node[at] }],
  )
  expect(wrong).toEqual([])
})

/** Braces at the start are an object, functions and classes are expressions. */
function wrap(value: string): string {
  return /^(?:\{|function|class|async)/.test(value) ? `(${value})` : value
}

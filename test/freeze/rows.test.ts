// The programs under fixtures/freeze between them have every opcode that ordinary code can produce, in functions that
// were frozen.
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { functionReader, bytecodeOf } from "../../freeze/read/reader.ts"
import { cannotFreeze } from "../../freeze/plan.ts"
import { patternOf } from "../../freeze/patterns.ts"
import { opcodes, type OpcodeName } from "../../opcodes/quickjs.generated.ts"
import { cases } from "../cases.ts"
import { World } from "../world.ts"

/** Rows that are not `keep` but that no function has that can be frozen. */
const never: Partial<Record<OpcodeName, string>> = {
  nip1: "the compiler has no use for it",
  nop: "taken out before the code is finished",
  get_ref_value: "only for names under `with`",
  put_ref_value: "only for names under `with`",
  make_var_ref: "only for names under `with`",
  check_object: "only in asynchronous iteration",
  iterator_next: "only in yield* and asynchronous iteration",
  iterator_call: "only in yield* and asynchronous iteration",
  iterator_get_value_done: "only in yield* and asynchronous iteration",
  using_dispose_merge: "only where disposal is awaited",
}

const JS_EVAL_FLAG_COMPILE_ONLY = 32

test("rows of patterns.ts that the programs have", () => {
  const world = new World()
  const { engine, context } = world
  const [frozen, kept] = [new Set<string>(), new Set<string>()]
  for (const c of cases("freeze")) {
    const compiled = engine.withString(readFileSync(c.path("program.js"), "utf8"), (text, length) =>
      engine.withString("program.js", (name) =>
        engine.callValue("JS_Eval", context, text, length, name, JS_EVAL_FLAG_COMPILE_ONLY),
      ),
    )
    const root = bytecodeOf(engine, compiled)
    expect(root, `${c.name} does not compile`).toBeDefined()
    for (const info of functionReader(engine).readAll(root!)) {
      const rows = cannotFreeze(info) === undefined ? frozen : kept
      for (const { opcode } of info.instructions) rows.add(opcode)
    }
  }
  const decided = opcodes.filter(({ name }) => patternOf(name).kind !== "keep").map(({ name }) => name)
  const missing = decided.filter((name) => !frozen.has(name)).sort()
  const keptRows = opcodes.filter(({ name }) => patternOf(name).kind === "keep").map(({ name }) => name)
  const seen = keptRows.filter((name) => kept.has(name)).length
  console.log(
    `${frozen.size} of ${decided.length} rows in frozen functions, ${seen} of ${keptRows.length} that keep one`,
  )
  expect(missing).toEqual(Object.keys(never).sort())
})

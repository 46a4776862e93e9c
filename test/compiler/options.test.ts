// The options table: whoever reads it has all of it.
import { Command } from "commander"
import { expect, test } from "vitest"
import { addBuildOptions, optionOf } from "../../compiler/commands/option.ts"
import { parseConfig } from "../../compiler/config.ts"
import { type Config, type Row, rows, settle } from "../../compiler/options.ts"
import { problemText } from "../failures.ts"

/** A value that is not the default, as a command line spells it, and as it arrives. */
function example({ kind, choices }: Row): { words: string[]; value: unknown } {
  if (choices !== undefined) return { words: [choices.at(-1)!], value: choices.at(-1) }
  if (kind === "flag") return { words: [], value: true }
  if (kind === "map") return { words: ["A=1"], value: { A: "1" } }
  return { words: ["x"], value: kind === "texts" ? ["x"] : "x" }
}

test("each row with a flag is an option of `build`, under the row's name", () => {
  const command = addBuildOptions(new Command("build"))
  const flagged = rows.filter(([, { flags }]) => flags !== undefined)
  expect(command.options.map((option) => option.attributeName())).toEqual(flagged.map(([name]) => name))
  for (const [name, row] of flagged) {
    const { words, value } = example(row)
    const parsed = addBuildOptions(new Command("build")).parse([`--${optionOf(name).name()}`, ...words], {
      from: "user",
    })
    expect(parsed.opts()).toEqual({ [name]: value })
  }
})

test("each row of `build` reaches it, from the command line and from .edgebox.json; the command line wins", () => {
  for (const [name, row] of rows.filter(([, { of }]) => of === "build")) {
    const { value } = example(row)
    const written = row.inConfig ? parseConfig(JSON.stringify({ [name]: value }), ".edgebox.json") : {}
    expect(settle({}, { [name]: value }), name).toMatchObject({ [name]: value })
    expect(settle(written, {}), name).toMatchObject(row.inConfig ? { [name]: value } : {})
    expect(settle(written, { [name]: row.kind === "flag" ? false : "other" })[name as "output"], name).not.toEqual(
      value,
    )
  }
})

test("each key of .edgebox.json is a row, and no other row is a key", async () => {
  const refusal = await problemText(() => parseConfig('{ "nothingLikeIt": 1 }', ".edgebox.json"))
  const known = /Known keys: (.*)\./.exec(refusal)?.[1]?.split(", ")
  expect(known).toEqual(rows.flatMap(([name, { inConfig }]) => (inConfig ? [name] : [])))
  for (const [name, row] of rows) {
    const read = () => parseConfig(JSON.stringify({ [name]: example(row).value }), ".edgebox.json")
    if (row.inConfig) expect(read()).toEqual({ [name]: example(row).value } satisfies Config)
    else expect(await problemText(read)).toContain("EB111")
  }
})

test("what has a default has a value", () => {
  expect(settle({}, {})).toEqual({
    snapshot: "engine",
    optimize: false,
    keepSource: false,
    minify: false,
    sourcemap: false,
    freeze: "auto",
  })
})

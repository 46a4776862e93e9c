// .edgebox.json -> options, checked. The command line wins over it: `settle` in options.ts.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import {
  configNotJson,
  configNotReadable,
  configUnknownKey,
  configWrongType,
  optionUnknown,
  optionWrongType,
} from "./errors.ts"
import { reasonOf } from "../output.ts"
import { findJsonMistake } from "./json.ts"
import { nearest } from "../nearest.ts"
import { type Config, type Row, rows } from "./options.ts"

interface Check {
  is: (value: unknown) => boolean
  words: string
}

const isText = (value: unknown) => typeof value === "string" && value !== ""

/** What a value must be, by the kind of its option. */
const kinds = {
  flag: { is: (v) => typeof v === "boolean", words: "true or false" },
  text: { is: isText, words: "a string that is not empty" },
  texts: { is: (v) => Array.isArray(v) && v.every(isText), words: "a list of strings" },
  map: {
    is: (v) => typeof v === "object" && v !== null && !Array.isArray(v) && Object.values(v).every(isString),
    words: 'an object of strings, as in { "DEBUG": "false" }',
  },
} satisfies Record<string, Check>

function oneOf(values: readonly string[]): Check {
  return {
    is: (value) => values.includes(value as string),
    words: values.map((value) => `"${value}"`).join(" or "),
  }
}

/** What the values of those options must be that `isWanted` wants. */
function checksOf(isWanted: (row: Row) => boolean): Map<string, Check> {
  const wanted = rows.filter(([, row]) => isWanted(row))
  return new Map(wanted.map(([name, { kind, choices }]) => [name, choices ? oneOf(choices) : kinds[kind]]))
}

/** Every key that `.edgebox.json` may have, and every option of build(). */
const keys = checksOf(({ inConfig }) => inConfig)
const choices = checksOf(({ of }) => of === "build")

/** Check what build() was given, which may come from a program without types. Throws EB115 and EB116. */
export function checkChoices(input: unknown, given: object): void {
  if (!isText(input)) throw optionWrongType("input", "the path of an app", kindOf(input))
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue
    const check = choices.get(name)
    if (check === undefined) throw optionUnknown(name, nearest(name, [...choices.keys()]), [...choices.keys()])
    if (!check.is(value)) throw optionWrongType(name, check.words, kindOf(value))
  }
}

/** Read `<folder>/.edgebox.json`; `{}` when there is none. `shown` is the folder as the user named it, for messages. */
export async function readConfig(folder: string, shown = folder): Promise<Config> {
  const path = join(shown, ".edgebox.json")
  let source: string
  try {
    source = await readFile(join(folder, ".edgebox.json"), "utf8")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {}
    throw configNotReadable(reasonOf(error), path)
  }
  return parseConfig(source, path)
}

/** Check the text of a `.edgebox.json`; `path` is only for messages. */
export function parseConfig(source: string, path: string): Config {
  const value = parseJson(source.replace(/^\uFEFF/, ""), path)
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw configNotJson(`it must hold an object, not ${kindOf(value)}`, `${path}:1:1`)
  }
  for (const [key, found] of Object.entries(value)) {
    const at = `${path}:${lineOfKey(source, key)}`
    const check = keys.get(key)
    if (check === undefined) throw configUnknownKey(key, nearest(key, [...keys.keys()]), [...keys.keys()], at)
    if (!check.is(found)) throw configWrongType(key, check.words, kindOf(found), at)
  }
  return value as Config
}

function parseJson(source: string, path: string): unknown {
  try {
    return JSON.parse(source)
  } catch (error) {
    const mistake = findJsonMistake(source) ?? { offset: 0, reason: (error as Error).message }
    throw configNotJson(mistake.reason, `${path}:${lineAndColumn(source, mistake.offset)}`)
  }
}

/** `line:column` of a top-level key, by its text; the first place where it stands as a key. */
function lineOfKey(source: string, key: string): string {
  const quoted = JSON.stringify(key).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return lineAndColumn(source, new RegExp(`${quoted}\\s*:`).exec(source)?.index ?? 0)
}

/** Both count from 1. */
function lineAndColumn(source: string, offset: number): string {
  const lines = source.slice(0, offset).split("\n")
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`
}

function kindOf(value: unknown): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" ? "an object" : (JSON.stringify(value) ?? `a value of type ${typeof value}`)
}

function isString(value: unknown): value is string {
  return typeof value === "string"
}

// .edgebox.json -> options. The command line wins over it; `mergeOptions` says so in one place.
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { configNotJson, configNotReadable, configUnknownKey, configWrongType } from "./errors.ts"
import { reasonOf } from "./disk.ts"
import { findJsonMistake } from "./json.ts"
import { nearest } from "../nearest.ts"

/** What `.edgebox.json` may say. Paths are relative to its folder. */
export interface Config {
  entry?: string
  npm?: string
  output?: string
  snapshot?: "engine" | "app"
  optimize?: boolean
  minify?: boolean
  keepSource?: boolean
  sourcemap?: boolean
  define?: Record<string, string>
  external?: string[]
  freeze?: "all" | "auto" | "none"
  freezeOnly?: string[]
  freezeExcept?: string[]
}

interface Kind {
  is: (value: unknown) => boolean
  words: string
}

const text: Kind = { is: (v) => typeof v === "string" && v !== "", words: "a string that is not empty" }
const flag: Kind = { is: (v) => typeof v === "boolean", words: "true or false" }
const texts: Kind = { is: (v) => Array.isArray(v) && v.every((item) => text.is(item)), words: "a list of strings" }
const textMap: Kind = {
  is: (v) => typeof v === "object" && v !== null && !Array.isArray(v) && Object.values(v).every(isString),
  words: 'an object of strings, as in { "DEBUG": "false" }',
}
const oneOf = (...values: string[]): Kind => ({
  is: (v) => values.includes(v as string),
  words: values.map((value) => JSON.stringify(value)).join(" or "),
})

/** Every key that `.edgebox.json` may have, and what its value must be. */
const keys = {
  entry: text,
  npm: text,
  output: text,
  snapshot: oneOf("engine", "app"),
  optimize: flag,
  minify: flag,
  keepSource: flag,
  sourcemap: flag,
  define: textMap,
  external: texts,
  freeze: oneOf("all", "auto", "none"),
  freezeOnly: texts,
  freezeExcept: texts,
} satisfies Record<keyof Config, Kind>

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
    // Own keys only: "constructor" is not a key of ours.
    const kind = Object.hasOwn(keys, key) ? keys[key as keyof Config] : undefined
    if (kind === undefined) throw configUnknownKey(key, nearest(key, Object.keys(keys)), Object.keys(keys), at)
    if (!kind.is(found)) throw configWrongType(key, kind.words, kindOf(found), at)
  }
  const config = value as Config
  return config
}

/** Options of the command line over those of the file; what neither sets stays undefined. */
export function mergeOptions<T extends object>(config: Config, given: T): Config & T {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  return { ...config, ...(set as T) }
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
  return typeof value === "object" ? "an object" : JSON.stringify(value)
}

function isString(value: unknown): value is string {
  return typeof value === "string"
}

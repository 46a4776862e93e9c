// The options of `build`, as the README lists them: a row for each row of compiler/options.ts.
import { defaultOf, type Row, rows } from "../compiler/options.ts"

const begin = "<!-- The options: written by npm run docs, from compiler/options.ts. -->"
const end = "<!-- Up to here. -->"

/** The README with the table that the source gives. */
export function withOptions(readme: string): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`README.md has no place for the options, between ${begin} and ${end}`)
  return `${readme.slice(0, from)}${begin}\n\n${optionsTable()}\n\n${readme.slice(to)}`
}

function optionsTable(): string {
  const lines = rows.map(([name, row]) => {
    const { flags, inConfig, choices, help, more } = row
    const what = [help.replace("; can be repeated", ""), choices?.map((choice) => `\`${choice}\``).join(" or ")]
    const text = [what.filter(Boolean).join(": "), ...(more === undefined ? [] : [more])].join(". ")
    const often = row.kind === "texts" || row.kind === "map" ? ". Can be repeated" : ""

    const cell = `${text}${often}`.replaceAll("<", "&lt;")
    return `| ${flags === undefined ? "" : `\`${flags}\``} | ${inConfig ? `\`${name}\`` : ""} | ${cell}${standardText(row)} |`
  })
  return ["| option | in .edgebox.json | |", "| - | - | - |", ...lines].join("\n")
}

function standardText(row: Row): string {
  const value = defaultOf(row)
  const text = row.standard ?? (value === undefined || value === false ? undefined : String(value))
  return text === undefined ? "" : `. Default: ${text.replace(/^\S+/, "`$&`")}`
}

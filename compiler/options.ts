// Everything that `build` can be told: one row an option. From here come commander's options, the keys of .edgebox.json
// and what their values must be, the types of BuildOptions and Config, and the README's table.

/** Kind of a value -> its type. */
interface Values {
  flag: boolean
  text: string
  /** May be given several times. */
  texts: string[]
  /** `K=V`, may be given several times. */
  map: Record<string, string>
}

export type Row = RowFacts & Taker

/**
 * Who takes an option: `app` says which file is the app, only in .edgebox.json (compiler/entry.ts); `build` is an
 * option of build() as well; `command` is about what the command does and prints, only on the command line.
 */
type Taker =
  | { of: "app"; flags?: undefined; inConfig: true }
  | { of: "build"; flags: string }
  | { of: "command"; flags: string; inConfig: false }

interface RowFacts {
  kind: keyof Values
  /** As commander takes them. The long one is the row's name, with dashes. */
  flags?: string
  /** What the text must be one of; the first is the default. */
  choices?: readonly [string, ...string[]]
  /** Whether it may stand in .edgebox.json, under the row's name. */
  inConfig: boolean
  help: string
  /** What is taken when nothing is said, where that is no value of its kind. */
  standard?: string
  /** What the README says besides. */
  more?: string
}

/** In the order of --help. */
export const options = {
  entry: {
    of: "app",
    kind: "text",
    inConfig: true,
    help: "the entry file, relative to the app's folder",
  },
  npm: {
    of: "app",
    kind: "text",
    inConfig: true,
    help: "an installed package whose program is the app",
  },
  output: {
    of: "build",
    kind: "text",
    flags: "-o, --output <file>",
    inConfig: true,
    help: "where to write the module; - for standard output",
    standard: "<name>.wasm in this folder",
  },
  snapshot: {
    of: "build",
    kind: "text",
    flags: "--snapshot <what>",
    choices: ["engine", "app"],
    inConfig: true,
    help: "what has already run when the module starts",
    more: "With `engine` the app's top level runs at every start. With `app` it has run at build time, without output, files, clock or randomness, and a start calls the default export if it is a function",
  },
  optimize: {
    of: "build",
    kind: "flag",
    flags: "--optimize",
    inConfig: true,
    help: "optimise the whole module for size; takes longer",
    more: "It becomes a little smaller, and the build seconds slower (binaryen)",
  },
  keepSource: {
    of: "build",
    kind: "flag",
    flags: "--keep-source",
    inConfig: true,
    help: "keep the source, for Function.prototype.toString",
  },
  minify: {
    of: "build",
    kind: "flag",
    flags: "--minify",
    inConfig: true,
    help: "shorten names and syntax",
    more: "Functions lose their names, and traces some lines",
  },
  define: {
    of: "build",
    kind: "map",
    flags: "--define <K=V>",
    inConfig: true,
    help: "replace an identifier by a JSON value; can be repeated",
    more: "It works as in esbuild",
  },
  external: {
    of: "build",
    kind: "texts",
    flags: "--external <name>",
    inConfig: true,
    help: "look an import up when the app runs; can be repeated",
    more: "It works as in esbuild",
  },
  sourcemap: {
    of: "build",
    kind: "flag",
    flags: "--sourcemap",
    inConfig: true,
    help: "also write <output>.map",
    more: "Stack traces name the original files without it",
  },
  freeze: {
    of: "build",
    kind: "text",
    flags: "--freeze <which>",
    choices: ["auto", "all", "none"],
    inConfig: true,
    help: "which functions to compile ahead of time",
    more: "`edgeboxc freeze app` shows what becomes of each",
  },
  freezeOnly: {
    of: "build",
    kind: "texts",
    flags: "--freeze-only <name>",
    inConfig: true,
    help: "freeze these functions alone; can be repeated",
    more: "What `--freeze` says does not count then",
  },
  freezeExcept: {
    of: "build",
    kind: "texts",
    flags: "--freeze-except <name>",
    inConfig: true,
    help: "leave these functions unfrozen; can be repeated",
  },
  report: {
    of: "build",
    kind: "text",
    flags: "--report <file.json>",
    inConfig: false,
    help: "write what was built, and how, as JSON",
  },
  stages: {
    of: "build",
    kind: "text",
    flags: "--stages <folder>",
    inConfig: false,
    help: "write every value on the pipeline to a folder",
  },
  watch: {
    of: "command",
    kind: "flag",
    flags: "--watch",
    inConfig: false,
    help: "build again when a file changes",
  },
  verbose: {
    of: "command",
    kind: "flag",
    flags: "--verbose",
    inConfig: false,
    help: "also print the time of every stage",
  },
  quiet: {
    of: "command",
    kind: "flag",
    flags: "--quiet",
    inConfig: false,
    help: "print problems only",
  },
} as const satisfies Record<string, Row>

type Rows = typeof options
export type OptionName = keyof Rows

type Value<R extends Row> = R extends { choices: readonly string[] } ? R["choices"][number] : Values[R["kind"]]
type Having<Part> = { [K in OptionName]: Rows[K] extends Part ? K : never }[OptionName]
type ValuesOf<K extends OptionName> = { -readonly [N in K]: Value<Rows[N]> }

/** What `build` can be told, besides which app. */
export type BuildChoices = Partial<ValuesOf<Having<{ of: "build" }>>>
/** What the command line can say about how it is built. */
export type CommandChoices = Partial<ValuesOf<Having<{ of: "command" }>>>
/** What `.edgebox.json` can say about which file is the app. */
export type AppChoices = Partial<ValuesOf<Having<{ of: "app" }>>>
/** What `.edgebox.json` may say. Paths are relative to its folder. */
export type Config = Partial<ValuesOf<Having<{ inConfig: true }>>>
/** What holds for a build: what has a default has a value. */
export type Settled = BuildChoices &
  ValuesOf<Having<{ of: "build" } & ({ kind: "flag" } | { choices: readonly string[] })>>

/** The rows, for those who go through them. */
export const rows: readonly (readonly [name: OptionName, row: Row])[] = Object.entries(options) as [OptionName, Row][]

/** What is taken when nothing is said; undefined for what may stay unsaid. */
export function defaultOf({ kind, choices }: Row): string | boolean | undefined {
  return choices !== undefined ? choices[0] : kind === "flag" ? false : undefined
}

/** What holds for a build: the command line over the file, and both over the defaults. */
export function settle(config: Config, given: BuildChoices): Settled {
  const values = rows.flatMap(([name, row]) => {
    if (row.of !== "build") return []
    const key = name as keyof BuildChoices
    const value = given[key] ?? (config as BuildChoices)[key] ?? defaultOf(row)
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(values) as unknown as Settled
}

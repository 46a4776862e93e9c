// What util.inspect is asked, and what one call of it carries along.

/** Options of util.inspect. */
export interface InspectOptions {
  showHidden?: boolean
  depth?: number | null
  colors?: boolean
  customInspect?: boolean
  showProxy?: boolean
  maxArrayLength?: number | null
  maxStringLength?: number | null
  breakLength?: number
  compact?: boolean | number
  sorted?: boolean | ((a: string, b: string) => number)
  getters?: boolean | "get" | "set"
  numericSeparator?: boolean
}

/** What one call of inspect carries along. */
export interface Inspection extends Required<InspectOptions> {
  depth: number
  maxArrayLength: number
  maxStringLength: number
  indentation: number
  /** Level of the object that was looked into last. */
  currentLevel: number
  /** Objects that are being shown right now, outermost first. */
  seen: object[]
  /** Objects that contain themselves, with their numbers. */
  circular: Map<object, number>
  stylize: (text: string, style: string) => string
  /** Any value, `level` objects below the outermost. */
  show: (i: Inspection, value: unknown, level: number, inTypedArray?: boolean) => string
}

export type Key = string | symbol
export type AnyObject = Record<Key, any>

export const customInspect = Symbol.for("nodejs.util.inspect.custom")

/** util.inspect.colors */
export const styleColors: Record<string, [number, number]> = {
  reset: [0, 0],
  bold: [1, 22],
  dim: [2, 22],
  italic: [3, 23],
  underline: [4, 24],
  blink: [5, 25],
  inverse: [7, 27],
  hidden: [8, 28],
  strikethrough: [9, 29],
  black: [30, 39],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
  magenta: [35, 39],
  cyan: [36, 39],
  white: [37, 39],
  gray: [90, 39],
  grey: [90, 39],
}

/** util.inspect.styles */
export const styleNames: Record<string, string> = {
  special: "cyan",
  number: "yellow",
  bigint: "yellow",
  boolean: "yellow",
  undefined: "grey",
  null: "bold",
  string: "green",
  symbol: "green",
  date: "magenta",
  regexp: "red",
  module: "underline",
}

export const defaultOptions: Required<InspectOptions> = {
  showHidden: false,
  depth: 2,
  colors: false,
  customInspect: true,
  showProxy: false,
  maxArrayLength: 100,
  maxStringLength: 10000,
  breakLength: 80,
  compact: 3,
  sorted: false,
  getters: false,
  numericSeparator: false,
}

/** A new call of inspect: what is asked, over the defaults. */
export function newInspection(options: InspectOptions, show: Inspection["show"]): Inspection {
  const chosen = { ...defaultOptions, ...definedOnly(options) }
  return {
    ...chosen,
    depth: chosen.depth ?? Infinity,
    maxArrayLength: chosen.maxArrayLength ?? Infinity,
    maxStringLength: chosen.maxStringLength ?? Infinity,
    indentation: 0,
    currentLevel: 0,
    seen: [],
    circular: new Map(),
    stylize: chosen.colors ? colorize : (text) => text,
    show,
  }
}

/** The options of a running call, for a custom inspection that calls inspect itself. */
export function childOptions(i: Inspection): InspectOptions {
  const options: AnyObject = {}
  for (const key of Object.keys(defaultOptions) as (keyof InspectOptions)[]) options[key] = i[key]
  options["stylize"] = i.stylize
  return options
}

function definedOnly(options: InspectOptions): InspectOptions {
  return Object.fromEntries(
    Object.entries(options).filter(([key, value]) => key in defaultOptions && value !== undefined),
  )
}

function colorize(text: string, style: string): string {
  const codes = styleColors[styleNames[style] ?? ""]
  return codes === undefined ? text : `\x1b[${codes[0]}m${text}\x1b[${codes[1]}m`
}

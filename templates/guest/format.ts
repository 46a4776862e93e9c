// util.format: printf-like directives, then whatever is left, separated by spaces.
import { isBuiltin } from "./heads.ts"
import { inspect } from "./inspect.ts"
import type { InspectOptions } from "./inspection.ts"
import { numberText } from "./primitives.ts"

/** util.format(...args) */
export function format(...args: unknown[]): string {
  return formatWithOptions({}, ...args)
}

/** util.formatWithOptions(options, ...args) */
export function formatWithOptions(options: InspectOptions, ...args: unknown[]): string {
  const [first, ...rest] = args
  if (typeof first !== "string") return args.map((arg) => plain(options, arg)).join(" ")
  if (rest.length === 0) return first
  let next = 0
  const text = first.replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%") return "%"
    if (next >= rest.length) return directive
    const arg = rest[next++]
    return directiveText(options, directive, arg)
  })
  return [text, ...rest.slice(next).map((arg) => plain(options, arg))].join(" ")
}

function plain(options: InspectOptions, arg: unknown): string {
  return typeof arg === "string" ? arg : inspect(arg, { ...options, compact: 3 })
}

function directiveText(options: InspectOptions, directive: string, arg: unknown): string {
  switch (directive) {
    case "%s":
      return stringDirective(options, arg)
    case "%d":
      if (typeof arg === "bigint") return numberText(arg)
      return typeof arg === "symbol" ? "NaN" : numberText(Number(arg))
    case "%i":
      if (typeof arg === "bigint") return numberText(arg)
      return typeof arg === "symbol" ? "NaN" : numberText(Number.parseInt(arg as string))
    case "%f":
      return typeof arg === "symbol" ? "NaN" : numberText(Number.parseFloat(arg as string))
    case "%j":
      return json(arg)
    case "%o":
      return inspect(arg, { ...options, showHidden: true, showProxy: true, depth: 4 })
    case "%O":
      return inspect(arg, options)
    default: // %c: style sheets mean nothing on a terminal
      return ""
  }
}

function stringDirective(options: InspectOptions, arg: unknown): string {
  if (typeof arg === "number" || typeof arg === "bigint") return numberText(arg)
  if (typeof arg !== "object" || arg === null) return String(arg)
  return hasOwnText(arg) ? String(arg) : inspect(arg, { ...options, depth: 0, colors: false, compact: 3 })
}

/** Does the program say how the object reads as a string, or only the language? */
function hasOwnText(object: object): boolean {
  if (typeof (object as { toString?: unknown }).toString !== "function") return false
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    if (!Object.hasOwn(at, "toString")) continue
    const maker: unknown = Object.getOwnPropertyDescriptor(at, "constructor")?.value
    return at === object || typeof maker !== "function" || !isBuiltin(maker)
  }
  return false
}

function json(arg: unknown): string {
  try {
    return String(JSON.stringify(arg))
  } catch (error) {
    if (/circular/i.test((error as Error)?.message ?? "")) return "[Circular]"
    throw error
  }
}

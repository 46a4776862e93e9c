// Strings, numbers and the like, as util.inspect shows them.
import type { Inspection } from "./inspection.ts"
import { quote, symbolText } from "./text.ts"

/** A number; -0 keeps its sign. */
export function numberText(value: number | bigint, separator = false): string {
  const text = Object.is(value, -0) ? "-0" : `${value}${typeof value === "bigint" ? "n" : ""}`
  return separator ? separated(text) : text
}

function separated(text: string): string {
  const match = /^(-?)(\d+)(\.\d+)?(n?)$/.exec(text)
  if (match === null) return text
  const [, sign, whole = "", fraction = "", big] = match
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, "_")
  return `${sign}${thousands}${fraction.replace(/(\d{3})(?=\d)/g, "$1_")}${big}`
}

/** Anything that is no object, as inspect shows it. */
export function showPrimitive(i: Inspection, value: unknown, inTypedArray: boolean): string {
  switch (typeof value) {
    case "string":
      return showString(i, value)
    case "number":
    case "bigint":
      return inTypedArray
        ? numberText(value, i.numericSeparator)
        : i.stylize(numberText(value, i.numericSeparator), typeof value)
    case "symbol":
      return i.stylize(symbolText(value), "symbol")
    case "undefined":
      return i.stylize("undefined", "undefined")
    default:
      return i.stylize(String(value), value === null ? "null" : "boolean")
  }
}

function showString(i: Inspection, text: string): string {
  let trailer = ""
  if (text.length > i.maxStringLength) {
    const more = text.length - i.maxStringLength
    text = text.slice(0, i.maxStringLength)
    trailer = `... ${more} more character${more > 1 ? "s" : ""}`
  }
  if (i.compact !== true && text.length > 16 && text.length > i.breakLength - i.indentation - 4) {
    const lines = text.match(/[^\n]*\n|[^\n]+/g) ?? []
    return lines.map((line) => i.stylize(quote(line), "string")).join(` +\n${" ".repeat(i.indentation + 2)}`) + trailer
  }
  return i.stylize(quote(text), "string") + trailer
}

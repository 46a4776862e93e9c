// AssertionError, and what it says of two values that are not what they should be.
import { kit } from "../guest/kit.ts"
import { named } from "../guest/named.ts"

interface AssertionOptions {
  message?: string
  actual?: unknown
  expected?: unknown
  operator?: string
  stackStartFn?: unknown
}

export class AssertionError extends Error {
  generatedMessage: boolean
  readonly code = "ERR_ASSERTION"
  readonly actual: unknown
  readonly expected: unknown
  readonly operator: string
  constructor(options: AssertionOptions) {
    if (typeof options !== "object" || options === null)
      throw kit.world().wrongType("options", "of type object", options)
    super(options.message ?? describe(options.operator ?? "fail", options.actual, options.expected))
    this.generatedMessage = options.message === undefined
    this.actual = options.actual
    this.expected = options.expected
    this.operator = options.operator ?? "fail"
    Object.defineProperty(this, "name", { value: "AssertionError", writable: true, configurable: true })
    const text = String(this.stack)
    const frames = text.indexOf("\n    at ")
    Object.defineProperty(this, "stack", {
      value: `AssertionError [ERR_ASSERTION]: ${this.message}${frames < 0 ? "" : text.slice(frames)}`,
      writable: true,
      configurable: true,
    })
  }
  override toString() {
    return `${this.name} [${this.code}]: ${this.message}`
  }
}
named("AssertionError", AssertionError as never)

const titles: Record<string, string> = {
  strictEqual: "Expected values to be strictly equal:",
  deepStrictEqual: "Expected values to be strictly deep-equal:",
  deepEqual: "Expected values to be loosely deep-equal:",
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
}
const long = { compact: false, depth: 1000, maxArrayLength: Infinity, sorted: true } as const

/** What an error says that was given no message. */
export function describe(operator: string, actual: unknown, expected: unknown): string {
  const { inspect } = kit.show()
  const title = titles[operator]
  if (title === undefined) return operator === "fail" ? "Failed" : `${inspect(actual)} ${operator} ${inspect(expected)}`
  if (operator.startsWith("not")) return describeUnwanted(title, expected)
  const [a, b] = [inspect(actual, long), inspect(expected, long)]
  if (!a.includes("\n") && !b.includes("\n") && operator === "strictEqual") return `${title}\n\n${a} !== ${b}\n`
  return `${title}\n${difference(a.split("\n"), b.split("\n"))}`
}

function describeUnwanted(title: string, value: unknown): string {
  const text = kit.show().inspect(value, long)
  const isBlock = text.includes("\n") || (typeof value === "object" && value !== null)
  return isBlock ? `${title}\n\n${text}\n` : `${title} ${text}`
}

/** Lines of the one and the other: the longest common subsequence stays, the rest is marked. */
function difference(a: string[], b: string[]): string {
  const lengths = commonLengths(a, b)
  const lines = ["+ actual - expected", ""]
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(`  ${a[i++]}`)
      j++
    } else if (i < a.length && (j >= b.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) lines.push(`+ ${a[i++]}`)
    else lines.push(`- ${b[j++]}`)
  }
  return `${lines.join("\n")}\n`
}

/** [i][j]: the length of the longest common subsequence of a from i and b from j. */
function commonLengths(a: string[], b: string[]): number[][] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!)
  return lengths
}

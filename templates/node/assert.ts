// node:assert and node:assert/strict.
import type { Kit } from "../guest/core.ts"
import { isDeepEqual } from "./equal.ts"

type Message = string | Error | undefined

export function start(kit: Kit): void {
  const { native, modules } = kit
  const { inspect } = kit.show()
  const { wrongType } = kit.world()

  class AssertionError extends Error {
    generatedMessage: boolean
    readonly code = "ERR_ASSERTION"
    readonly actual: unknown
    readonly expected: unknown
    readonly operator: string
    constructor(options: {
      message?: string
      actual?: unknown
      expected?: unknown
      operator?: string
      stackStartFn?: unknown
    }) {
      if (typeof options !== "object" || options === null) throw wrongType("options", "of type object", options)
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
  Object.defineProperty(AssertionError, "name", { value: "AssertionError" })

  const titles: Record<string, string> = {
    strictEqual: "Expected values to be strictly equal:",
    deepStrictEqual: "Expected values to be strictly deep-equal:",
    deepEqual: "Expected values to be loosely deep-equal:",
    notStrictEqual: 'Expected "actual" to be strictly unequal to:',
    notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
    notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  }
  const long = { compact: false, depth: 1000, maxArrayLength: Infinity, sorted: true } as const

  function describe(operator: string, actual: unknown, expected: unknown): string {
    const title = titles[operator]
    if (title === undefined)
      return operator === "fail" ? "Failed" : `${inspect(actual)} ${operator} ${inspect(expected)}`
    if (operator.startsWith("not")) {
      const text = inspect(expected, long)
      return text.includes("\n") || (typeof expected === "object" && expected !== null)
        ? `${title}\n\n${text}\n`
        : `${title} ${text}`
    }
    const [a, b] = [inspect(actual, long), inspect(expected, long)]
    if (!a.includes("\n") && !b.includes("\n") && operator === "strictEqual") return `${title}\n\n${a} !== ${b}\n`
    return `${title}\n${difference(a.split("\n"), b.split("\n"))}`
  }

  /** Lines of the one and the other: the longest common subsequence stays, the rest is marked. */
  function difference(a: string[], b: string[]): string {
    const lengths: number[][] = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0))
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        lengths[i]![j] =
          a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!)
    const lines = ["+ actual - expected", ""]
    let i = 0
    let j = 0
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) {
        lines.push(`  ${a[i++]}`)
        j++
      } else if (i < a.length && (j >= b.length || lengths[i + 1]![j]! >= lengths[i]![j + 1]!))
        lines.push(`+ ${a[i++]}`)
      else lines.push(`- ${b[j++]}`)
    }
    return `${lines.join("\n")}\n`
  }

  function fail(operator: string, message: Message, actual?: unknown, expected?: unknown, generated?: string): never {
    if (message instanceof Error) throw message
    const error = new AssertionError({ message: message ?? generated, actual, expected, operator })
    throw Object.assign(error, { generatedMessage: message === undefined })
  }

  function ok(value?: unknown, message?: Message): void {
    if (value) return
    if (message instanceof Error) throw message
    const text =
      message ??
      (arguments.length === 0
        ? "No value argument passed to `assert.ok()`"
        : "The expression evaluated to a falsy value")
    throw Object.assign(new AssertionError({ message: text, actual: value, expected: true, operator: "==" }), {
      generatedMessage: message === undefined,
    })
  }

  /** Does what was thrown fit what was expected: a class, a pattern, a predicate, an object of properties? */
  function matches(error: unknown, expected: unknown, message: Message, operator: string): void {
    if (expected === undefined) return
    if (expected instanceof RegExp) {
      if (!expected.test(String(error)))
        fail(
          operator,
          message,
          error,
          expected,
          `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(String(error))}\n`,
        )
      return
    }
    if (typeof expected === "function") {
      if (expected.prototype !== undefined && error instanceof (expected as never)) return
      if (expected === Error || Object.prototype.isPrototypeOf.call(Error, expected)) {
        const got = (error as Error | undefined)?.constructor?.name
        fail(
          operator,
          message,
          error,
          expected,
          `The error is expected to be an instance of "${expected.name}". Received "${got}"\n\nError message:\n\n${(error as Error | undefined)?.message}`,
        )
      }
      if ((expected as (error: unknown) => unknown).call({}, error) === true) return
      fail(
        operator,
        message ?? `The ${expected.name ? `"${expected.name}"` : ""} validation function is expected to return "true".`,
        error,
        expected,
      )
    }
    for (const [key, value] of Object.entries(expected as object).concat(
      expected instanceof Error
        ? [
            ["message", expected.message],
            ["name", expected.name],
          ]
        : [],
    )) {
      const given = (error as Record<string, unknown> | undefined)?.[key]
      if (
        value instanceof RegExp && typeof given === "string"
          ? value.test(given)
          : isDeepEqual(native, given, value, true)
      )
        continue
      fail(operator, message, error, expected, describe("deepStrictEqual", given, value))
    }
  }

  const arrange = (expected: unknown, message: Message): [unknown, Message] =>
    typeof expected === "string" ? [undefined, expected] : [expected, message]

  function throws(run: () => unknown, expected?: unknown, message?: Message): void {
    ;[expected, message] = arrange(expected, message)
    if (typeof run !== "function") throw wrongType("fn", "of type function", run)
    try {
      run()
    } catch (error) {
      return matches(error, expected, message, "throws")
    }
    fail(
      "throws",
      typeof message === "string"
        ? `Missing expected exception: ${message}`
        : (message ?? missing("exception", expected)),
    )
  }
  const missing = (what: string, expected: unknown) =>
    `Missing expected ${what}${typeof expected === "function" && expected.name ? ` (${expected.name})` : ""}.`

  async function rejects(
    run: (() => Promise<unknown>) | Promise<unknown>,
    expected?: unknown,
    message?: Message,
  ): Promise<void> {
    ;[expected, message] = arrange(expected, message)
    try {
      await (typeof run === "function" ? run() : run)
    } catch (error) {
      return matches(error, expected, message, "rejects")
    }
    fail("rejects", message ?? missing("rejection", expected))
  }

  const unwanted = (what: string, error: unknown, message: Message) =>
    `Got unwanted ${what}${typeof message === "string" ? `: ${message}` : "."}\nActual message: "${(error as Error)?.message}"`
  // eslint-disable-next-line eqeqeq -- what the loose functions are about
  const loose = (a: unknown, b: unknown) => a == b || (Number.isNaN(a) && Number.isNaN(b))

  const assert: Record<string, unknown> = {
    ok,
    fail: (message?: Message) => fail("fail", message, undefined, undefined, "Failed"),
    equal: (a: unknown, b: unknown, message?: Message) => void (loose(a, b) || fail("==", message, a, b)),
    notEqual: (a: unknown, b: unknown, message?: Message) => void (loose(a, b) && fail("!=", message, a, b)),
    strictEqual: (a: unknown, b: unknown, message?: Message) =>
      void (Object.is(a, b) || fail("strictEqual", message, a, b)),
    notStrictEqual: (a: unknown, b: unknown, message?: Message) =>
      void (Object.is(a, b) && fail("notStrictEqual", message, a, b)),
    deepEqual: (a: unknown, b: unknown, message?: Message) =>
      void (isDeepEqual(native, a, b, false) || fail("deepEqual", message, a, b)),
    notDeepEqual: (a: unknown, b: unknown, message?: Message) =>
      void (isDeepEqual(native, a, b, false) && fail("notDeepEqual", message, a, b)),
    deepStrictEqual: (a: unknown, b: unknown, message?: Message) =>
      void (isDeepEqual(native, a, b, true) || fail("deepStrictEqual", message, a, b)),
    notDeepStrictEqual: (a: unknown, b: unknown, message?: Message) =>
      void (isDeepEqual(native, a, b, true) && fail("notDeepStrictEqual", message, a, b)),
    match(text: unknown, pattern: RegExp, message?: Message) {
      if (typeof text !== "string" || !pattern.test(text))
        fail(
          "match",
          message,
          text,
          pattern,
          `The input did not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`,
        )
    },
    doesNotMatch(text: unknown, pattern: RegExp, message?: Message) {
      if (typeof text !== "string" || pattern.test(text))
        fail(
          "doesNotMatch",
          message,
          text,
          pattern,
          `The input was expected to not match the regular expression ${inspect(pattern)}. Input:\n\n${inspect(text)}\n`,
        )
    },
    throws,
    rejects,
    doesNotThrow(run: () => unknown, expected?: unknown, message?: Message) {
      ;[expected, message] = arrange(expected, message)
      try {
        run()
      } catch (error) {
        fail(
          "doesNotThrow",
          message instanceof Error ? message : unwanted("exception", error, message),
          error,
          expected,
        )
      }
    },
    async doesNotReject(run: (() => Promise<unknown>) | Promise<unknown>, expected?: unknown, message?: Message) {
      ;[expected, message] = arrange(expected, message)
      try {
        await (typeof run === "function" ? run() : run)
      } catch (error) {
        fail(
          "doesNotReject",
          message instanceof Error ? message : unwanted("rejection", error, message),
          error,
          expected,
        )
      }
    },
    ifError(value: unknown) {
      if (value == null) return
      const text = value instanceof Error ? (value.message === "" ? value.name : value.message) : inspect(value)
      throw new AssertionError({
        message: `ifError got unwanted exception: ${text}`,
        actual: value,
        expected: null,
        operator: "ifError",
      })
    },
    AssertionError,
  }
  const make = (functions: Record<string, unknown>) =>
    Object.assign(
      Object.defineProperty((...args: [unknown?, Message?]) => ok(...args), "name", { value: "ok" }),
      functions,
    ) as unknown as Record<string, unknown>
  const plain = make(assert)
  const strict = make({
    ...assert,
    equal: assert["strictEqual"],
    notEqual: assert["notStrictEqual"],
    deepEqual: assert["deepStrictEqual"],
    notDeepEqual: assert["notDeepStrictEqual"],
  })
  plain["strict"] = strict
  strict["strict"] = strict
  modules.set("assert", plain)
  modules.set("assert/strict", strict)
}

// Assertions about what a function throws and a promise is rejected with, and about texts.
import { kit } from "../guest/kit.ts"
import { AssertionError, describe } from "./assert-error.ts"
import { fail, type Message } from "./assert-fail.ts"
import { isDeepEqual } from "./equal.ts"

type Run = (() => Promise<unknown>) | Promise<unknown>

/** The expectation may be left out before a message. */
const arrange = (expected: unknown, message: Message): [unknown, Message] =>
  typeof expected === "string" ? [undefined, expected] : [expected, message]

export function throws(run: () => unknown, expected?: unknown, message?: Message): void {
  ;[expected, message] = arrange(expected, message)
  if (typeof run !== "function") throw kit.world().wrongType("fn", "of type function", run)
  try {
    run()
  } catch (error) {
    return matches(error, expected, message, "throws")
  }
  const text = typeof message === "string" ? `Missing expected exception: ${message}` : message
  fail("throws", text ?? missing("exception", expected))
}

export async function rejects(run: Run, expected?: unknown, message?: Message): Promise<void> {
  ;[expected, message] = arrange(expected, message)
  try {
    await (typeof run === "function" ? run() : run)
  } catch (error) {
    return matches(error, expected, message, "rejects")
  }
  fail("rejects", message ?? missing("rejection", expected))
}

export const doesNotThrow = (run: () => unknown, expected?: unknown, message?: Message) => {
  ;[expected, message] = arrange(expected, message)
  try {
    run()
  } catch (error) {
    failUnwanted("doesNotThrow", "exception", error, expected, message)
  }
}

export const doesNotReject = async (run: Run, expected?: unknown, message?: Message) => {
  ;[expected, message] = arrange(expected, message)
  try {
    await (typeof run === "function" ? run() : run)
  } catch (error) {
    failUnwanted("doesNotReject", "rejection", error, expected, message)
  }
}

export const ifError = (value: unknown) => {
  if (value == null) return
  const text = value instanceof Error ? (value.message === "" ? value.name : value.message) : kit.show().inspect(value)
  const message = `ifError got unwanted exception: ${text}`
  throw new AssertionError({ message, actual: value, expected: null, operator: "ifError" })
}

export const match = (text: unknown, pattern: RegExp, message?: Message) => {
  if (typeof text !== "string" || !pattern.test(text))
    fail("match", message, text, pattern, describePattern("did not match", pattern, text))
}

export const doesNotMatch = (text: unknown, pattern: RegExp, message?: Message) => {
  if (typeof text !== "string" || pattern.test(text))
    fail("doesNotMatch", message, text, pattern, describePattern("was expected to not match", pattern, text))
}

function missing(what: string, expected: unknown): string {
  return `Missing expected ${what}${typeof expected === "function" && expected.name ? ` (${expected.name})` : ""}.`
}

function failUnwanted(operator: string, what: string, error: unknown, expected: unknown, message: Message): never {
  const head = `Got unwanted ${what}${typeof message === "string" ? `: ${message}` : "."}`
  const text = `${head}\nActual message: "${(error as Error)?.message}"`
  fail(operator, message instanceof Error ? message : text, error, expected)
}

function describePattern(verb: string, pattern: RegExp, input: unknown): string {
  const { inspect } = kit.show()
  return `The input ${verb} the regular expression ${inspect(pattern)}. Input:\n\n${inspect(input)}\n`
}

/** Does what was thrown fit what was expected: a class, a pattern, a predicate, an object of properties? */
function matches(error: unknown, expected: unknown, message: Message, operator: string): void {
  if (expected === undefined) return
  const failWith = (text: string) => fail(operator, message, error, expected, text)
  if (expected instanceof RegExp) {
    const input = String(error)
    if (!expected.test(input)) failWith(describePattern("did not match", expected, input))
    return
  }
  if (typeof expected !== "function") return matchesProperties(error, expected as object, failWith)
  if (expected.prototype !== undefined && error instanceof (expected as never)) return
  if (expected === Error || Object.prototype.isPrototypeOf.call(Error, expected))
    failWith(describeClass(expected, error))
  if ((expected as (error: unknown) => unknown).call({}, error) === true) return
  const called = expected.name ? `"${expected.name}"` : ""
  fail(operator, message ?? `The ${called} validation function is expected to return "true".`, error, expected)
}

function describeClass(expected: { name: string }, error: unknown): string {
  const { constructor: got, message } = (error ?? {}) as Partial<Error>
  const wanted = `The error is expected to be an instance of "${expected.name}". Received "${got?.name}"`
  return `${wanted}\n\nError message:\n\n${message}`
}

function matchesProperties(error: unknown, expected: object, failWith: (text: string) => never): void {
  const wanted = Object.entries(expected)
  if (expected instanceof Error) wanted.push(["message", expected.message], ["name", expected.name])
  for (const [key, value] of wanted) {
    const given = (error as Record<string, unknown> | undefined)?.[key]
    const fits =
      value instanceof RegExp && typeof given === "string" ? value.test(given) : isDeepEqual(given, value, true)
    if (!fits) failWith(describe("deepStrictEqual", given, value))
  }
}

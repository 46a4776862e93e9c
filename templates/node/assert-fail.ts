// The ends of an assertion: ok and fail.
import { AssertionError } from "./assert-error.ts"

/** What a program gives to be thrown instead. */
export type Message = string | Error | undefined

/** Throw: the program's own error, or an AssertionError with its message or `generated`. */
export function fail(
  operator: string,
  message: Message,
  actual?: unknown,
  expected?: unknown,
  generated?: string,
): never {
  if (message instanceof Error) throw message
  const error = new AssertionError({ message: message ?? generated, actual, expected, operator })
  throw Object.assign(error, { generatedMessage: message === undefined })
}

/** assert.ok */
export function ok(value?: unknown, message?: Message): void {
  if (value) return
  const generated =
    arguments.length === 0 ? "No value argument passed to `assert.ok()`" : "The expression evaluated to a falsy value"
  fail("==", message, value, true, generated)
}

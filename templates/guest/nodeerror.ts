// Errors in Node's shape: a `code` beside the message, shown in brackets after the name in the stack's first line.
import { kit, type Show } from "./kit.ts"

/** util.inspect, loaded when it is first called. */
export const inspect: Show["inspect"] = (...args) => kit.show().inspect(...args)

/** Make an error with Node's `code`. */
export function nodeError(
  type: new (message: string) => Error,
  code: string,
  message: string,
  extra: Record<string, unknown> = {},
): Error & { code: string } {
  const error = new type(message) as Error & { code: string }
  const stack = error.stack
  if (typeof stack === "string" && stack.startsWith(`${error.name}: `))
    Object.defineProperty(error, "stack", {
      value: `${error.name} [${code}]${stack.slice(error.name.length)}`,
      writable: true,
      configurable: true,
    })
  error.code = code
  return Object.assign(error, extra)
}

/** ERR_INVALID_ARG_TYPE, in Node's words: `expected` is "of type function", "an instance of X". */
export function wrongType(argument: string, expected: string, value: unknown): Error {
  const noun = argument.includes(".") ? "property" : "argument"
  return nodeError(
    TypeError,
    "ERR_INVALID_ARG_TYPE",
    `The "${argument}" ${noun} must be ${expected}. Received ${received(value)}`,
  )
}

/** ERR_OUT_OF_RANGE, in Node's words. */
export function outOfRange(argument: string, range: string, value: unknown): Error {
  return nodeError(
    RangeError,
    "ERR_OUT_OF_RANGE",
    `The value of "${argument}" is out of range. It must be ${range}. Received ${inspect(value)}`,
  )
}

/** Throws unless `callback` can be called. */
export function checkCallback(
  callback: unknown,
  argument = "callback",
): asserts callback is (...args: any[]) => unknown {
  if (typeof callback !== "function") throw wrongType(argument, "of type function", callback)
}

/** What a message says about a value of the wrong type. */
export function received(value: unknown): string {
  if (value == null) return String(value)
  if (typeof value === "function") return `function ${value.name}`
  if (typeof value === "object") {
    const name = (value as object).constructor?.name
    return name ? `an instance of ${name}` : inspect(value, { depth: -1 })
  }
  let text = inspect(value)
  if (text.length > 28) text = `${text.slice(0, 25)}...`
  return `type ${typeof value} (${text})`
}

// Errors in Node's shape: a `code` beside the message, shown in brackets after the name in the stack's first line.

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

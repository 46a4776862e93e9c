// How a program ends that nobody caught: what is printed, and Error.prepareStackTrace kept apart from our own hook.
import type { Native } from "./native.ts"

/** The engine calls what sits in Error.prepareStackTrace. Ours sits there; programs see their own, or undefined. */
export function hideTraceHook(native: Native): void {
  const hook = native.traceHook()
  const engine = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace")
  if (engine?.set === undefined) throw new Error("Error.prepareStackTrace is not an accessor")
  const set = engine.set
  let own: unknown
  Object.defineProperty(Error, "prepareStackTrace", {
    configurable: true,
    enumerable: false,
    get: () => own,
    set(value: unknown) {
      own = value
      set.call(Error, typeof value === "function" ? value : hook)
    },
  })
}

/** What Node writes about an uncaught error. */
export function uncaughtText(error: unknown, inspect: (value: unknown) => string): string {
  if (isError(error)) return inspect(error)
  if (typeof error === "object" || typeof error === "function") return `Uncaught:\n${inspect(error)}`
  return `Uncaught ${inspect(error)}`
}

function isError(value: unknown): value is Error {
  return (Error as unknown as { isError(value: unknown): boolean }).isError(value) || value instanceof Error
}

/** An error as the builder reads it. */
export function describe(error: unknown): string {
  const e = (typeof error === "object" && error !== null ? error : { message: String(error) }) as Record<
    string,
    unknown
  >
  const stack = typeof e["stack"] === "string" ? e["stack"] : ""
  const [, fileName, line, column] = /^\s+at (?:.*\()?(.*?):(\d+):(\d+)\)?$/m.exec(stack) ?? []
  return JSON.stringify({
    name: typeof e["name"] === "string" ? e["name"] : "Error",
    message: typeof e["message"] === "string" ? e["message"] : String(error),
    stack,
    fileName,
    lineNumber: line === undefined ? undefined : Number(line),
    columnNumber: column === undefined ? undefined : Number(column),
    forbidden: e["forbidden"],
  })
}

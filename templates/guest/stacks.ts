// Errors: their stacks, and what is printed of one that nobody caught.
import type { Native } from "./native.ts"

const toText = Error.prototype.toString

/** Frames as trace.c gives them become a stack when it is first read: the header says what the error says then. */
function compose(error: object, frames: string): string {
  let header: string
  try {
    header = toText.call(error)
  } catch {
    header = "<error>"
  }
  return header + frames.slice(1)
}

const isFrames = (stack: unknown): stack is string => typeof stack === "string" && stack.startsWith("\x01")

/** As V8 has it: an own property that does not show. Frozen errors go without. */
function keep(error: object, value: unknown): void {
  Reflect.defineProperty(error, "stack", { value, writable: true, configurable: true })
}

/** Make Error.prototype.stack, Error.captureStackTrace and Error.prepareStackTrace behave as in Node. */
export function installStacks(native: Native): void {
  const engine = Object.getOwnPropertyDescriptor(Error.prototype, "stack")
  const prepare = Object.getOwnPropertyDescriptor(Error, "prepareStackTrace")?.set
  if (engine?.get === undefined || prepare === undefined)
    throw new Error("the engine's errors are not what the guest expects")
  installStack(engine, engine.get)
  installCapture()
  installPrepare(prepare, native.traceHook())
}

function installStack(engine: PropertyDescriptor, stackGetter: () => unknown): void {
  Object.defineProperty(Error.prototype, "stack", {
    ...engine,
    get(this: object) {
      const stack: unknown = stackGetter.call(this)
      if (!isFrames(stack)) return stack
      const text = compose(this, stack)
      keep(this, text)
      return text
    },
    set(this: object, value: unknown) {
      keep(this, value)
    },
  })
}

function installCapture(): void {
  const { captureStackTrace: capture } = Error as unknown as {
    captureStackTrace(target: object, above?: unknown): void
  }
  const methods = {
    captureStackTrace(target: object, above?: unknown): void {
      capture.call(Error, target, above)
      const frames = Object.getOwnPropertyDescriptor(target, "stack")?.value as unknown
      if (isFrames(frames)) composeWhenRead(target, frames)
    },
  }
  const value = methods.captureStackTrace
  Object.defineProperty(Error, "captureStackTrace", { value, writable: true, configurable: true })
}

/** An object that is no error gets its stack as an error does: composed when it is first read. */
function composeWhenRead(target: object, frames: string): void {
  Object.defineProperty(target, "stack", {
    configurable: true,
    get(this: object) {
      const text = compose(target, frames)
      keep(target, text)
      return text
    },
    set(this: object, value: unknown) {
      keep(this, value)
    },
  })
}

/** The engine calls what sits in prepareStackTrace. Ours sits there; programs see their own, or undefined. */
function installPrepare(prepare: (value: unknown) => void, hook: unknown): void {
  let own: unknown
  Object.defineProperty(Error, "prepareStackTrace", {
    configurable: true,
    get: () => own,
    set(value: unknown) {
      own = value
      prepare.call(Error, typeof value === "function" ? value : hook)
    },
  })
}

/** What Node writes about an uncaught error. */
export function uncaughtText(error: unknown, inspect: (value: unknown) => string): string {
  try {
    return shownText(error, inspect)
  } catch {
    return `Uncaught: a value that cannot be shown (${typeof error})` // its own way of being inspected threw
  }
}

function shownText(error: unknown, inspect: (value: unknown) => string): string {
  if (isError(error)) return inspect(error)
  if (typeof error === "object" || typeof error === "function") return `Uncaught:\n${inspect(error)}`
  return `Uncaught ${inspect(error)}`
}

/** Programs may delete or replace the global. */
const TheError = Error as ErrorConstructor & { isError(value: unknown): boolean }

function isError(value: unknown): value is Error {
  if (TheError.isError(value)) return true
  try {
    return value instanceof TheError
  } catch {
    return false // a proxy that does not tell its prototype
  }
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

// Errors as util.inspect shows them: the stack, with the class's name in its first line; keys that say more stay keys.
import type { Inspection } from "./inspection.ts"

type Key = string | symbol

/**
 * The text in front of an error's braces; drops from `keys` what the text says already and adds `cause` and `errors`.
 */
export function errorText(
  i: Inspection,
  error: Error & Record<string, unknown>,
  name: string | null,
  tag: string,
  keys: Key[],
): string {
  const called = error.name != null ? String(error.name) : "Error"
  let stack = stackOf(error)
  dropSaid(i, error, stack, keys)
  if ("cause" in error && !keys.includes("cause")) keys.push("cause")
  if (Array.isArray(error["errors"]) && !keys.includes("errors")) keys.push("errors")
  stack = nameClass(stack, name, called, tag)
  const message = String(error.message ?? "")
  const afterMessage = message === "" ? -1 : stack.indexOf(message)
  const frames = stack.indexOf("\n    at", afterMessage < 0 ? 0 : afterMessage + message.length)
  if (frames < 0) stack = `[${stack}]`
  return i.indentation === 0 ? stack : stack.replaceAll("\n", `\n${" ".repeat(i.indentation)}`)
}

const stackGetter = Object.getOwnPropertyDescriptor(Error.prototype, "stack")!.get!

/** An error's stack, or what stands for it. */
export function stackOf(error: Error): string {
  let stack: unknown
  try {
    stack = "stack" in error ? error.stack : stackGetter.call(error) // without a prototype
  } catch {
    stack = undefined
  }
  if (stack) return String(stack)
  try {
    return Error.prototype.toString.call(error)
  } catch {
    return "Error"
  }
}

function dropSaid(i: Inspection, error: Record<string, unknown>, stack: string, keys: Key[]): void {
  if (i.showHidden) return
  for (const key of ["name", "message", "stack"]) {
    const at = keys.indexOf(key)
    if (at >= 0 && (typeof error[key] !== "string" || stack.includes(error[key] as string))) keys.splice(at, 1)
  }
}

// "Error: x" of a class Failure becomes "Failure: x"; of a class Oops "Oops [Error]: x".
function nameClass(stack: string, name: string | null, called: string, tag: string): string {
  const length = called.length
  const isRegular =
    called.endsWith("Error") &&
    stack.startsWith(called) &&
    (stack.length === length || stack[length] === ":" || stack[length] === "\n")
  if (name !== null && !isRegular) return stack
  if (name === null) {
    const start = /^([A-Z][a-z_ A-Z0-9[\]()-]+)(?::|\n\s+at)/.exec(stack) ?? /^([a-z_A-Z0-9-]*Error)$/.exec(stack)
    const fallback = start?.[1] ?? ""
    const tagged = tag !== "" && tag !== "Error" ? ` [${tag}]` : ""
    return `[${fallback || "Error"}: null prototype]${tagged}${fallback === "" ? `: ${stack}` : stack.slice(fallback.length)}`
  }
  if (called === name) return stack
  if (name.includes(called)) return length === 0 ? `${name}: ${stack}` : `${name}${stack.slice(length)}`
  return `${name} [${called}]${stack.slice(length)}`
}

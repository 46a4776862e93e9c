// Why a guest ended that did not end by itself, in words, with where it was.
import { printable } from "../problem.ts"

/** V8's words -> ours, for what has better ones. */
const reasons: [RegExp, string][] = [
  [/^Maximum call stack size exceeded/, "out of stack (the recursion was too deep)"],
  [/^unreachable$/, "unreachable (the program gave up)"],
  [/allocation failed|out of memory/i, "out of memory"],
]

/** What ends a guest from inside: a wasm trap, an exhausted stack, an exception that nobody caught. */
export function isTrap(error: unknown): boolean {
  return (
    error instanceof WebAssembly.RuntimeError ||
    (error instanceof RangeError && /call stack|memory|allocation/i.test(error.message)) ||
    (typeof WebAssembly.Exception === "function" && error instanceof WebAssembly.Exception)
  )
}

/** "trapped: reason", and the guest's frames, innermost first. */
export function describeTrap(error: unknown): string {
  const { message = "", stack = "" } = error as Error
  const reason = isTrap(error) && error instanceof Error ? reasonOf(message) : "an exception that nobody caught"
  return [`trapped: ${reason}`, ...wasmFrames(stack)].join("\n")
}

function reasonOf(message: string): string {
  const better = reasons.find(([pattern]) => pattern.test(message))?.[1]
  return better ?? (message.replace(/^WebAssembly\.\w+\(\): /, "") || "unknown")
}

/** `at name (wasm://wasm/app-1f2e:wasm-function[12]:0x4f)` -> `  at name+0x4f`, `  at function[12]+0x4f`. */
function wasmFrames(stack: string): string[] {
  const frames: string[] = []
  for (const line of stack.split("\n")) {
    const found = /^\s*at (?:(.*?) \()?wasm:\/\/.*?wasm-function\[(\d+)\]:(0x[0-9a-f]+)\)?$/.exec(line)
    if (found === null) continue
    const [, name, index, offset] = found
    frames.push(`  at ${printable(nameOf(name) ?? `function[${index}]`)}+${offset}`)
  }
  return frames
}

/** V8 writes `module.function`; a module's name says nothing that the user does not know. */
function nameOf(name: string | undefined): string | undefined {
  if (name === undefined || /^wasm-function\[/.test(name)) return undefined
  return name.replace(/^[^.]*\.wasm\./, "")
}

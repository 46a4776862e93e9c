// How a program ends: an error that nobody caught, a rejection that nobody handled, a loop that has nothing left to do.
import { native } from "./kit.ts"
import { drain, hasWork, runLoop, runLoopAtBuild } from "./loop.ts"
import { inspect, nodeError } from "./nodeerror.ts"
import { fail, isExiting, leave, process, suggest } from "./processobject.ts"
import { uncaughtText } from "./stacks.ts"

/** Exit code when a listener of `uncaughtException` throws, as in Node. */
const THROWN_BY_HANDLER = 7
/** Exit code when the top level awaits something that never happens, as in Node. */
const UNSETTLED = 13

/** Rejections that were reported: a handler that comes later is news. */
const reported = new WeakSet<Promise<unknown>>()
/** Has the promise of the program's entry, if it returned one, been settled? */
let settled = true

/** An error that nobody caught. */
export function onError(error: unknown, origin = "uncaughtException"): void {
  if (!isExiting()) process.emit("uncaughtExceptionMonitor", error, origin)
  if (isExiting() || process.listenerCount("uncaughtException") === 0) die(error)
  try {
    process.emit("uncaughtException", error, origin)
  } catch (another) {
    // Listeners of "exit" are not told.
    if (!native.running()) throw another
    complain(another)
    native.exit(THROWN_BY_HANDLER)
  }
}

/** A rejection that nobody had handled when all ticks and jobs were done. */
export function onRejection(promise: Promise<unknown>, reason: unknown): void {
  reported.add(promise)
  if (process.emit("unhandledRejection", reason, promise)) return
  const why = `A promise was rejected and nothing handled it: no await, no .catch(). The reason is ${inspect(reason)}.`
  const error = reason instanceof Error ? reason : nodeError(Error, "ERR_UNHANDLED_REJECTION", why)
  onError(error, "unhandledRejection")
}

/** A handler for a rejection that was reported, if it was. */
export function onLateHandler(promise: Promise<unknown>): void {
  if (reported.delete(promise)) process.emit("rejectionHandled", promise)
}

/** The end: say why, tell listeners, leave. While building, the builder is told instead. */
function die(error: unknown): never {
  if (!native.running()) throw error
  complain(error)
  fail(1)
  let code = 1
  try {
    code = leave()
  } catch (another) {
    complain(another)
  }
  return native.exit(code)
}

function complain(error: unknown): void {
  native.write(2, `${uncaughtText(error, inspect)}\n`)
}

/** The program's entry returned a promise: its end is the entry's end. */
export function awaitTop(promise: Promise<unknown>, onValue: (value: unknown) => void): void {
  settled = false
  promise.then(
    (value) => {
      settled = true
      onValue(value)
    },
    (error: unknown) => {
      settled = true
      // Not a rejection that a handler may still catch: the program's own end.
      native.enqueue(() => onError(error))
    },
  )
}

/** Turn the loop until nothing is left; returns the exit code. */
export function finish(): number {
  drain()
  if (!native.running()) return finishAtBuild()
  runLoop()
  for (;;) {
    process.emit("beforeExit", Number(process["exitCode"] ?? 0))
    drain()
    if (!hasWork()) break
    runLoop()
  }
  if (!settled) {
    native.write(2, "Warning: the app's top level awaits something that never happens.\n")
    suggest(UNSETTLED)
  }
  try {
    return leave()
  } catch (error) {
    return die(error)
  }
}

function finishAtBuild(): number {
  runLoopAtBuild()
  if (!settled) native.forbid("awaiting something that never happens")
  return 0
}

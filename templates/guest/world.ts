// process, timers, the event loop, and how a program ends: a script of its own (core.ts says why).
import { makeBytes } from "./bytes.ts"
import type { Kit } from "./core.ts"
import { uncaughtText } from "./errors.ts"
import { captureRejections, errorMonitor, EventEmitter, onWarning } from "./events.ts"
import { makeLoop } from "./loop.ts"
import { checkCallback, nodeError, outOfRange, received, useShow, wrongType } from "./nodeerror.ts"
import { makeProcess } from "./process.ts"
import { makeTimers } from "./timers.ts"

export type World = ReturnType<typeof start>

/** Exit code when a listener of `uncaughtException` throws, as in Node. */
const THROWN_BY_HANDLER = 7

export function start(kit: Kit) {
  const { native } = kit
  const inspect = useShow(() => kit.show())
  const reported = new WeakSet<Promise<unknown>>()
  const loop = makeLoop(native, { onError, rejected: kit.rejected, onRejection })
  const bytes = makeBytes(native)
  const process = makeProcess(native, loop, bytes)
  const timers = makeTimers(loop, process.emitWarning)
  onWarning((warning) => process.emitWarning(warning))
  kit.lateHandler = (promise) => {
    if (reported.delete(promise)) process.process.emit("rejectionHandled", promise)
  }
  const begin = () => {
    process.start()
    loop.start()
  }
  kit.starters.push(begin)
  if (native.running()) begin()
  let settled = true

  function onError(error: unknown, origin = "uncaughtException"): void {
    const target = process.process
    if (!process.isExiting()) target.emit("uncaughtExceptionMonitor", error, origin)
    if (process.isExiting() || target.listenerCount("uncaughtException") === 0) die(error)
    try {
      target.emit("uncaughtException", error, origin)
    } catch (another) {
      // Listeners of "exit" are not told.
      if (!native.running()) throw another
      native.write(2, `${uncaughtText(another, inspect)}\n`)
      native.exit(THROWN_BY_HANDLER)
    }
  }

  function onRejection(promise: Promise<unknown>, reason: unknown): void {
    reported.add(promise)
    if (process.process.emit("unhandledRejection", reason, promise)) return
    const why = `A promise was rejected and nothing handled it: no await, no .catch(). The reason is ${inspect(reason)}.`
    const error = reason instanceof Error ? reason : nodeError(Error, "ERR_UNHANDLED_REJECTION", why)
    onError(error, "unhandledRejection")
  }

  /** The end: say why, tell listeners, leave. While building, the builder is told instead. */
  function die(error: unknown): never {
    if (!native.running()) throw error
    native.write(2, `${uncaughtText(error, inspect)}\n`)
    process.fail(1)
    let code = 1
    try {
      code = process.leave()
    } catch (another) {
      native.write(2, `${uncaughtText(another, inspect)}\n`)
    }
    return native.exit(code)
  }

  return {
    process: process.process,
    emitWarning: process.emitWarning,
    timers,
    loop,
    bytes,
    EventEmitter,
    captureRejections,
    errorMonitor,
    nodeError,
    received,
    outOfRange,
    checkCallback: checkCallback as (callback: unknown, argument?: string) => void,
    wrongType,
    onError,
    /** The program's entry returned a promise: its end is the entry's end. */
    awaitTop(promise: Promise<unknown>, onValue: (value: unknown) => void): void {
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
    },
    /** Turn the loop until nothing is left; returns the exit code. */
    finish(): number {
      loop.drain()
      if (!native.running()) {
        loop.runAtBuild()
        if (!settled) native.forbid("awaiting something that never happens")
        return 0
      }
      loop.run()
      for (;;) {
        process.process.emit("beforeExit", Number(process.process["exitCode"] ?? 0))
        loop.drain()
        if (!loop.pending()) break
        loop.run()
      }
      if (!settled) {
        native.write(2, "Warning: the app's top level awaits something that never happens.\n")
        process.suggest(13)
      }
      try {
        return process.leave()
      } catch (error) {
        return die(error)
      }
    },
  }
}

// process, timers, the event loop, and how a program ends: a script of its own (core.ts says why).
import { decode, encode, own } from "./bytetext.ts"
import { captureRejections, errorMonitor, EventEmitter, onWarning } from "./emitter.ts"
import { awaitTop, finish, onError, onLateHandler, onRejection } from "./endings.ts"
import { native, useKit, type Kit, type World } from "./kit.ts"
import { immediate, setOwner, startClock, tick } from "./loop.ts"
import { checkCallback, nodeError, wrongType } from "./nodeerror.ts"
import { emitWarning, process } from "./processobject.ts"
import { timers } from "./timerobjects.ts"

export function start(given: Kit): World {
  useKit(given)
  setOwner({ onError, onRejection })
  onWarning(emitWarning)
  given.lateHandler = onLateHandler
  given.starters.push(startClock)
  if (native.running()) startClock()
  return {
    process,
    timers,
    loop: { tick, immediate },
    bytes: { decode, encode, own },
    EventEmitter,
    captureRejections,
    errorMonitor,
    emitWarning,
    nodeError,
    wrongType,
    checkCallback,
    onError,
    awaitTop,
    finish,
  }
}

// The event loop: ticks and jobs after everything, then timers by time, then immediates, then input.
//
// A turn is Node's: timers that are due; immediates that were there; a completion of input. After each callback all
// ticks and microtasks run, and rejections that nobody has handled by then are reported.
import { pop, push, type Entry } from "./heap.ts"
import type { Native } from "./native.ts"

type Callback = (...args: any[]) => unknown

/** Something the loop calls at a time. */
export interface Timer {
  /** Repeat after so many milliseconds; -1 for a timeout. */
  period: number
  callback: Callback | undefined
  args: unknown[]
  referenced: boolean
  /** Where it waits, if it does. */
  entry?: Entry<Timer>
  /** Where it was set, if that was while the artifact was built. */
  place?: string
}

/** Something the loop calls at the end of a turn. */
export interface Immediate {
  callback: Callback | undefined
  args: unknown[]
  referenced: boolean
}

/** What the loop needs from outside: how errors end the program. */
export interface LoopOwner {
  onError(error: unknown): void
  onRejection(promise: Promise<unknown>, reason: unknown): void
  /** Rejections that nobody has handled yet. */
  rejected: Map<Promise<unknown>, unknown>
}

export type Loop = ReturnType<typeof makeLoop>

/** Make the one loop. */
export function makeLoop(native: Native, owner: LoopOwner) {
  const ticks: { callback: Callback; args: unknown[] }[] = []
  /** Those of cancelled timers stay until their time comes. */
  const waiting: Entry<Timer>[] = []
  let immediates: Immediate[] = []
  const { rejected } = owner
  /** Reads wanted from standard input; each gets one chunk. */
  const inputs: { fd: number; read: () => void }[] = []
  let now = 0
  let origin = 0
  let order = 0

  const guarded = (callback: Callback, args: unknown[], self?: unknown): void => {
    try {
      callback.apply(self, args)
    } catch (error) {
      owner.onError(error)
    }
  }

  function runJobs(): void {
    for (;;) {
      try {
        native.runJobs()
        return
      } catch (error) {
        owner.onError(error)
      }
    }
  }

  /** Ticks, then microtasks, until there are none; then unhandled rejections, which may add some. */
  function drain(): void {
    for (;;) {
      for (let at = 0; at < ticks.length; at++) {
        const { callback, args } = ticks[at]!
        guarded(callback, args)
        if (at > 1024) (ticks.splice(0, at + 1), (at = -1))
      }
      ticks.length = 0
      runJobs()
      if (ticks.length > 0) continue
      if (rejected.size === 0) return
      const [promise, reason] = rejected.entries().next().value as [Promise<unknown>, unknown]
      rejected.delete(promise)
      try {
        owner.onRejection(promise, reason)
      } catch (error) {
        owner.onError(error)
      }
    }
  }

  function schedule(timer: Timer, due: number): void {
    timer.entry = { due, order: ++order, owner: timer }
    push(waiting, timer.entry)
  }

  /** The first that has not been cancelled. */
  function next(): Entry<Timer> | undefined {
    while (waiting.length > 0 && waiting[0]!.owner.entry !== waiting[0]) pop(waiting)
    return waiting[0]
  }

  function tick(): number {
    return (now = Math.floor(native.monotonic() - origin))
  }

  function runTimers(grace: number): void {
    const until = tick() + grace
    // Those that callbacks add now wait for the next turn, even if their time has come.
    const due: Entry<Timer>[] = []
    for (let first = next(); first !== undefined && first.due <= until; first = next()) due.push(pop(waiting)!)
    for (const entry of due) {
      const timer = entry.owner
      if (timer.entry !== entry) continue // cancelled, or set anew, by one before it
      timer.entry = undefined
      const { callback } = timer
      if (callback === undefined) continue
      guarded(callback, timer.args, timer)
      if (timer.entry === undefined) {
        if (timer.period < 0) timer.callback = undefined
        else if (timer.callback !== undefined) schedule(timer, tick() + timer.period)
      }
      drain()
    }
  }

  function runImmediates(): void {
    const list = immediates
    immediates = []
    for (const immediate of list) {
      if (immediate.callback === undefined) continue
      const { callback, args } = immediate
      immediate.callback = undefined
      guarded(callback, args, immediate)
      drain()
    }
  }

  const hasWork = () =>
    waiting.some((e) => e.owner.entry === e && e.owner.referenced) ||
    immediates.some((i) => i.referenced) ||
    inputs.length > 0

  /** Wait for whatever comes first, and take input if it is that. */
  function wait(): void {
    if (immediates.length > 0) return
    const first = next()
    const milliseconds = first === undefined ? -1 : Math.max(0, first.due - (native.monotonic() - origin))
    const input = inputs[0]
    if (input === undefined) {
      if (milliseconds > 0) native.sleep(milliseconds)
      return
    }
    if (milliseconds === 0 || !native.waitInput(input.fd, milliseconds)) return
    inputs.shift()
    guarded(input.read, [])
    drain()
  }

  return {
    drain,
    /** Start counting time anew: the clock of the build is not that of the run. */
    start() {
      origin = native.monotonic()
      now = 0
    },
    tick(callback: Callback, args: unknown[]) {
      ticks.push({ callback, args })
    },
    /** Schedule; `milliseconds` as Node rounds it. */
    schedule(timer: Timer, milliseconds: number) {
      if (!native.running()) timer.place ??= String(new Error().stack)
      schedule(timer, (native.running() ? Math.floor(native.monotonic() - origin) : now) + milliseconds)
    },
    cancel(timer: Timer) {
      timer.entry = undefined
    },
    immediate(immediate: Immediate) {
      immediates.push(immediate)
    },
    /** Read a chunk from `fd` when nothing else is to do: `read` is called when it would not have to wait. */
    input(fd: number, read: () => void) {
      if (!native.running()) native.forbid("reading standard input")
      inputs.push({ fd, read })
    },
    /** While the artifact is built: what needs no time. A timer that is left is refused. */
    runAtBuild() {
      do runImmediates()
      while (immediates.length > 0)
      const left = waiting.find((one) => one.owner.entry === one && one.owner.referenced)
      if (left !== undefined) native.forbid("leaving a timer behind", left.owner.place)
    },
    /** Until nothing is left that keeps the program alive. */
    run() {
      // A timeout of 0 or 1 ms set while the program starts comes before its immediates, however fast the machine.
      let grace = 1
      while (hasWork()) {
        runTimers(grace)
        grace = 0
        runImmediates()
        if (hasWork()) wait()
      }
    },
    /** Does anything wait that would keep the program alive? */
    pending: () => hasWork(),
  }
}

// The event loop: ticks and jobs after everything, then timers by time, then immediates, then input.
//
// A turn is Node's: timers that are due; immediates that were there; a completion of input. After each callback all
// ticks and microtasks run, and rejections that nobody has handled by then are reported.
import type { Native } from "./native.ts"

type Callback = (...args: any[]) => unknown

/** Something the loop calls at a time. `period` is -1 for a timeout. */
export interface Timer {
  due: number
  order: number
  period: number
  callback: Callback | undefined
  args: unknown[]
  referenced: boolean
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
  /** Sorted by due time, then by age. */
  const timers: Timer[] = []
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

  function insert(timer: Timer): void {
    let low = 0
    let high = timers.length
    while (low < high) {
      const middle = (low + high) >> 1
      const other = timers[middle]!
      if (other.due < timer.due || (other.due === timer.due && other.order < timer.order)) low = middle + 1
      else high = middle
    }
    timers.splice(low, 0, timer)
  }

  function remove(timer: Timer): void {
    let at = timers.indexOf(timer)
    if (at >= 0) timers.splice(at, 1)
  }

  function tick(): number {
    return (now = Math.floor(native.monotonic() - origin))
  }

  function runTimers(grace: number): void {
    const until = tick() + grace
    const before = order
    // Those that callbacks add now wait for the next turn, even if their time has come.
    for (let at = 0; at < timers.length;) {
      const timer = timers[at]!
      if (timer.due > until) break
      if (timer.order > before) {
        at++
        continue
      }
      timers.splice(at, 1)
      const { callback } = timer
      if (callback === undefined) continue
      guarded(callback, timer.args, timer)
      if (timer.period >= 0 && timer.callback !== undefined && !timers.includes(timer)) {
        timer.due = tick() + timer.period
        timer.order = ++order
        insert(timer)
      } else if (timer.period < 0 && !timers.includes(timer)) timer.callback = undefined
      drain()
      at = 0
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

  const hasWork = () => timers.some((t) => t.referenced) || immediates.some((i) => i.referenced) || inputs.length > 0

  /** Wait for whatever comes first, and take input if it is that. */
  function wait(): void {
    if (immediates.length > 0) return
    const next = timers[0]
    const milliseconds = next === undefined ? -1 : Math.max(0, next.due - (native.monotonic() - origin))
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
      remove(timer)
      if (!native.running()) timer.place ??= String(new Error().stack)
      timer.due = (native.running() ? Math.floor(native.monotonic() - origin) : now) + milliseconds
      timer.order = ++order
      insert(timer)
    },
    cancel: remove,
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
      const timer = timers.find((one) => one.referenced)
      if (timer !== undefined) native.forbid("leaving a timer behind", timer.place)
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
    /** Is a timer or an immediate still there? */
    holds: (one: Timer | Immediate) => timers.includes(one as Timer) || immediates.includes(one as Immediate),
  }
}

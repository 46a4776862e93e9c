// The event loop: ticks and jobs after everything, then timers by time, then immediates, then input.
//
// A turn is Node's: timers that are due; immediates that were there; a completion of input. After each callback all
// ticks and microtasks run, and rejections that nobody has handled by then are reported.
import { kit, native, type Immediate } from "./kit.ts"
import { pop, push, type Entry } from "./timerqueue.ts"

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

/** What the loop needs from outside: how errors end the program. */
export interface LoopOwner {
  onError(error: unknown): void
  onRejection(promise: Promise<unknown>, reason: unknown): void
}

let owner: LoopOwner
const ticks: { callback: Callback; args: unknown[] }[] = []
/** Those of cancelled timers stay until their time comes. */
const waiting: Entry<Timer>[] = []
let immediates: Immediate[] = []
/** Reads wanted from standard input; each gets one chunk. */
const inputs: { fd: number; read: () => void }[] = []
let now = 0
let origin = 0
let order = 0

/** Who is told of errors. */
export function setOwner(given: LoopOwner): void {
  owner = given
}

/** Start counting time anew: the clock of the build is not that of the run. */
export function startClock(): void {
  origin = native.monotonic()
  now = 0
}

// ---- asking the loop ------------------------------------------------------------------------------------------------

/** Call after what runs now, before anything else. */
export function tick(callback: Callback, args: unknown[]): void {
  ticks.push({ callback, args })
}

/** Call a timer in so many milliseconds, as Node rounds them. */
export function schedule(timer: Timer, milliseconds: number): void {
  if (!native.running()) timer.place ??= String(new Error().stack)
  enqueue(timer, (native.running() ? Math.floor(elapsed()) : now) + milliseconds)
}

export function cancel(timer: Timer): void {
  timer.entry = undefined
}

/** Call at the end of this turn. */
export function immediate(immediate: Immediate): void {
  immediates.push(immediate)
}

/** Read a chunk from `fd` when nothing else is to do: `read` is called when it would not have to wait. */
export function input(fd: number, read: () => void): void {
  if (!native.running()) native.forbid("reading standard input")
  inputs.push({ fd, read })
}

// ---- turning it -----------------------------------------------------------------------------------------------------

/** Until nothing is left that keeps the program alive. */
export function runLoop(): void {
  // A timeout of 0 or 1 ms set while the program starts comes before its immediates, however fast the machine.
  let grace = 1
  while (hasWork()) {
    runTimers(grace)
    grace = 0
    runImmediates()
    if (hasWork()) wait()
  }
}

/** While the artifact is built: what needs no time. A timer that is left is refused. */
export function runLoopAtBuild(): void {
  do runImmediates()
  while (immediates.length > 0)
  const left = waiting.find(isReferenced)
  if (left !== undefined) native.forbid("leaving a timer behind", left.owner.place)
}

/** Does anything wait that would keep the program alive? */
export function hasWork(): boolean {
  return waiting.some(isReferenced) || immediates.some((i) => i.referenced) || inputs.length > 0
}

/** Ticks, then microtasks, until there are none; then unhandled rejections, which may add some. */
export function drain(): void {
  for (;;) {
    runTicks()
    runJobs()
    if (ticks.length > 0) continue
    if (kit.rejected.size === 0) return
    const [promise, reason] = kit.rejected.entries().next().value as [Promise<unknown>, unknown]
    kit.rejected.delete(promise)
    try {
      owner.onRejection(promise, reason)
    } catch (error) {
      owner.onError(error)
    }
  }
}

function runTicks(): void {
  for (let at = 0; at < ticks.length; at++) {
    const { callback, args } = ticks[at]!
    guarded(callback, args)
    if (at > 1024) (ticks.splice(0, at + 1), (at = -1))
  }
  ticks.length = 0
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

function guarded(callback: Callback, args: unknown[], self?: unknown): void {
  try {
    callback.apply(self, args)
  } catch (error) {
    owner.onError(error)
  }
}

function runTimers(grace: number): void {
  const until = readClock() + grace
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
      else if (timer.callback !== undefined) enqueue(timer, readClock() + timer.period)
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

/** Wait for whatever comes first, and take input if it is that. */
function wait(): void {
  if (immediates.length > 0) return
  const first = next()
  const milliseconds = first === undefined ? -1 : Math.max(0, first.due - elapsed())
  const wanted = inputs[0]
  if (wanted === undefined) {
    if (milliseconds > 0) native.sleep(milliseconds)
    return
  }
  if (milliseconds === 0 || !native.waitInput(wanted.fd, milliseconds)) return
  inputs.shift()
  guarded(wanted.read, [])
  drain()
}

function enqueue(timer: Timer, due: number): void {
  timer.entry = { due, order: ++order, owner: timer }
  push(waiting, timer.entry)
}

/** The first that has not been cancelled. */
function next(): Entry<Timer> | undefined {
  while (waiting.length > 0 && waiting[0]!.owner.entry !== waiting[0]) pop(waiting)
  return waiting[0]
}

const isReferenced = (one: Entry<Timer>) => one.owner.entry === one && one.owner.referenced

/** Milliseconds since the run began. */
export const elapsed = () => native.monotonic() - origin

const readClock = () => (now = Math.floor(elapsed()))

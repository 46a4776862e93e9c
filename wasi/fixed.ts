// A world that says the same to every run, for snapshots that come out the same on every machine.
import { Clockid, need } from "./preview1.ts"
import type { World } from "./system.ts"

/** 1 January 2000, in nanoseconds. */
const epoch = 946_684_800n * 1_000_000_000n
/** What passes with each look at a clock, so that a program that waits for time to pass gets there. */
const tick = 1_000_000n

/**
 * Time passes when it is looked at and when the guest sleeps, and by nothing else. So a stream that the guest waits for
 * beside a timer has to be ready at once.
 */
export function fixedWorld(): World {
  let passed = 0n
  const now = (clock: number) => {
    need(clock <= Clockid.thread_cputime_id, "inval")
    passed += tick
    return clock === Clockid.realtime ? epoch + passed : passed
  }
  return {
    now,
    resolution(clock) {
      need(clock <= Clockid.thread_cputime_id, "inval")
      return tick
    },
    timer(clock, timeout, absolute) {
      const left = absolute ? timeout - now(clock) : timeout
      const end = passed + left
      return () => end - passed
    },
    sleep: (nanoseconds) => void (passed += nanoseconds),
    random: seededRandom(),
    contentOnly: true,
  }
}

/** xorshift32: that the numbers are the same everywhere is all that is asked of them. */
function seededRandom(): World["random"] {
  let state = 0x9e3779b9
  return (into) => {
    for (let i = 0; i < into.length; i++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      into[i] = state & 0xff
    }
  }
}

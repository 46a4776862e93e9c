// process and timers, alive in the snapshot: reading them anew at each start would take half a millisecond.
import type { Kit } from "../guest/core.ts"

export function start({ world }: Kit): void {
  world()
}

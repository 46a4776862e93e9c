// process and timers, alive in the snapshot: reading them anew at each start would take half a millisecond.
// node:process is the global.
import type { Kit } from "../guest/kit.ts"

export function start({ modules, world }: Kit): void {
  modules.set("process", world().process)
}

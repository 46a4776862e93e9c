// When V8 optimises the guest.
//
// V8 11 (Node 20) begins to optimise a wasm function after so little work that a program which prints one line makes it
// optimise the interpreter's main loop; and Node cannot end before that is done, 70 to 130 ms later. V8 12 waits about
// seven times as long. So on older ones we set what newer ones have; a program that computes is optimised a few
// milliseconds later.
import { v8 } from "../wasi/node.ts"

/** V8 12's `--wasm-tiering-budget`, about the bytes of code that run first. */
const tieringBudget = 13_000_000

/** V8 11's own. */
const oldTieringBudget = 1_800_000

/**
 * Do `compile` with the larger budget; a module keeps the one that it was compiled with. The flag is put back, because
 * while it differs V8 takes none of Node's precompiled code: a worker would take 50 ms to start instead of 20.
 * Loads node:v8 (1.4 ms) only where there is something to do.
 */
export function withLateOptimization<T>(compile: () => T): T {
  const major = Number(process.versions.v8.split(".")[0])
  const chosen = process.execArgv.some((arg) => /^--wasm[-_]tiering[-_]budget/.test(arg))
  if (major >= 12 || chosen) return compile()
  const set = (budget: number) => v8().setFlagsFromString(`--wasm-tiering-budget=${budget}`)
  set(tieringBudget)
  try {
    return compile()
  } finally {
    set(oldTieringBudget)
  }
}

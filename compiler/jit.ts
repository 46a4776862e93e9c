// When V8 optimises the compiler itself.
//
// A build lasts a second, and V8 (until 12) gives a function to its optimising compiler after so little work that half
// of a small build's CPU time went there: for code that then runs for milliseconds. A large build optimises what is hot
// all the same, a little later. Measured on Node 20 with `markdown`: 1,110 ms of CPU before, 670 ms after; on Node 22
// 910 and 640.
//
// The flags are V8's own, so a build that is called as a library leaves them alone: only the command line sets them.
import { setFlagsFromString } from "node:v8"

/**
 * V8's first version with the flag -> the flag; a version has the nearest one below it. V8 13's defaults are late
 * enough.
 */
const flags: readonly (readonly [major: number, flag: string])[] = [
  [11, "--interrupt-budget=1000000"], // bytes of bytecode run; the default is 67,584
  [12, "--invocation-count-for-turbofan=20000"], // calls; the default is 3,000
  [13, ""],
]

/**
 * Let V8 optimise later than it would. To be called when all modules are loaded: while flags differ from those that
 * Node was built with, V8 takes none of Node's precompiled code.
 */
export function optimizeLate(v8Version: string = process.versions.v8): void {
  const major = Number(v8Version.split(".")[0])
  const flag = flags.findLast(([first]) => first <= major)?.[1]
  if (flag) setFlagsFromString(flag)
}

// How much native stack the guest can have, and on which thread.
//
// V8 gives the main thread 984 KB, and cannot be told otherwise once it runs; a worker gets what it asks for. But a
// worker takes about as long to start as Node itself. So when Node was started with a larger --stack-size that the
// system really backs, the guest runs on the main thread; otherwise in a worker.
import { fs } from "../wasi/node.ts"

/**
 * A worker's stack: about 8,000 plain frames. Checked up to 1024 on Node 20; but some of what recurses deeply takes
 * time that grows with the square of the depth (JSON.stringify looks for cycles), and should end in an exception, not
 * in minutes.
 */
export const workerStackMb = 8
/** Node keeps this much of a worker's stack for itself (kStackBufferSize in its node_worker.h). */
const nodeReserve = 192 * 1024
/** For our own functions when the guest calls them from its deepest frame, and for what was in use before it began. */
const hostReserve = 128 * 1024
/** From here on, 5,000 plain frames of the interpreter fit (about 960 bytes each, as the engine counts them). */
const enoughStack = 5_000_000
/** What the system's stack holds beside V8's part: the environment (at most 2 MB) and native functions at its end. */
const systemReserve = 2304 * 1024

/** Bytes that a guest in a worker may use. */
export const workerStackBytes = workerStackMb * 1024 * 1024 - nodeReserve - hostReserve

/** Bytes that a guest may use on this thread; undefined if that is too little, or the system might not have them. */
export function mainStackBytes(execArgv: readonly string[]): number | undefined {
  const option = execArgv.findLast((arg) => /^--stack[-_]size=\d+$/.test(arg))
  if (option === undefined || process.platform !== "linux") return undefined
  const bytes = Number(option.split("=")[1]) * 1024
  if (bytes < enoughStack || bytes + systemReserve > systemStack()) return undefined
  return bytes - hostReserve
}

/** The soft limit for the main thread's stack in bytes; 0 if unknown. */
function systemStack(): number {
  try {
    const found = /^Max stack size\s+(\S+)/m.exec(fs.readFileSync("/proc/self/limits", "latin1"))?.[1]
    return found === "unlimited" ? Infinity : Number(found ?? 0)
  } catch {
    return 0
  }
}

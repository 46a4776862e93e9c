// Memory -> runs: the stretches of bytes between gaps of zeros that are long enough to be worth a new segment.
import { sleb32Size, sleb64Size } from "../wasm/leb.ts"
import { plainKernel, simdKernel, type Kernel } from "./scanner.ts"

/** A memory to look at. */
export interface MemoryImage {
  bytes: Uint8Array
  /** When `bytes` are those of this memory, it is scanned with SIMD. */
  memory?: WebAssembly.Memory
  /** Position in the memory index space. Default 0. */
  index?: number
  is64?: boolean
  shared?: boolean
  /** Sorted ranges outside of which every byte is zero, where that is known. */
  touched?: readonly (readonly [start: number, end: number])[]
}

/** Runs as flat numbers: starts[i] to ends[i], exclusive. Memories have millions of them. */
export interface Runs {
  starts: Float64Array
  ends: Float64Array
  count: number
}

// Positions inside the kernel stay below 2^31.
const windowBytes = 2 ** 30

/** Every byte outside the runs is zero. */
export function findRuns(image: MemoryImage): Runs {
  const { bytes } = image
  const kind = { is64: image.is64 ?? false, shared: image.shared ?? false }
  const kernel = (image.memory && simdKernel(image.memory, kind)) ?? plainKernel(bytes)
  const runs: Runs = { starts: new Float64Array(256), ends: new Float64Array(256), count: 0 }
  for (const [start, end] of image.touched ?? [[0, bytes.length]]) {
    for (let base = start; base < end; base += windowBytes) {
      scanWindow(kernel, base, Math.min(windowBytes, end - base), runs, kind.is64)
    }
  }
  return runs
}

function scanWindow(kernel: Kernel, base: number, length: number, runs: Runs, is64: boolean): void {
  kernel.setBase(base)
  let at = kernel.nonzero(0, length)
  while (at < length) {
    const gap = smallestGap(base + at, is64)
    const end = kernel.runEnd(at, length, gap)
    pushRun(runs, base + at, base + end, gap)
    at = end < length ? kernel.nonzero(end, length) : length
  }
}

/** A gap pays only when it is longer than 3 + the size of the next offset; shorter ones need not be seen. */
function smallestGap(address: number, is64: boolean): number {
  return 4 + (is64 ? sleb64Size(address) : sleb32Size(address))
}

function pushRun(runs: Runs, start: number, end: number, gap: number): void {
  const last = runs.count - 1
  if (last >= 0 && start - (runs.ends[last] ?? 0) < gap) {
    runs.ends[last] = end // they meet at the border of two windows or ranges
    return
  }
  if (runs.count === runs.starts.length) {
    runs.starts = grown(runs.starts)
    runs.ends = grown(runs.ends)
  }
  runs.starts[runs.count] = start
  runs.ends[runs.count++] = end
}

function grown(old: Float64Array): Float64Array {
  const bigger = new Float64Array(old.length * 2)
  bigger.set(old)
  return bigger
}

/** Join runs that are at most so many bytes apart. */
export function fillGaps(runs: Runs, bytes: number): Runs {
  if (bytes <= 0 || runs.count === 0) return runs
  const { starts, ends } = runs
  const joined: Runs = { starts: starts.slice(0, runs.count), ends: ends.slice(0, runs.count), count: 1 }
  for (let i = 1; i < runs.count; i++) {
    const start = starts[i] ?? 0
    const end = ends[i] ?? 0
    if (start - (joined.ends[joined.count - 1] ?? 0) <= bytes) {
      joined.ends[joined.count - 1] = end
      continue
    }
    joined.starts[joined.count] = start
    joined.ends[joined.count++] = end
  }
  return joined
}

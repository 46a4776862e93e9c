// Runs -> segments in the fewest bytes: which of the gaps between runs to fill with their zeros.
//
// The cheapest way to cover the first j runs ends in some segment i..j, so with
//
//   best[j] = min over i of  best[i] + 3 + sleb(start_i) + uleb(end_j - start_i) + (end_j - start_i) + price
//
// every choice is considered. `uleb` takes at most six values here. For each size c the segments of that size or less are a
// sliding window over i, and the minimum in a sliding window is kept in a queue: linear time for each c, and exact.
//
// `price` is 0 as long as there are few enough segments. Otherwise the smallest price that brings their number below the limit
// is searched for; what is then left of the limit goes to the splits that gain most.
import { sleb32Size, sleb64Size, ulebSize } from "./bytes.ts"
import { fillGaps, type MemoryImage, type Runs } from "./runs.ts"
import type { Segment } from "./segments.ts"

export interface Work {
  image: MemoryImage
  runs: Runs
}

/** The segments of each memory, at most `limit` together. */
export function chooseWithin(works: readonly Work[], limit: number): Segment[][] {
  const free = works.map((work) => choose(work, 0))
  if (countAll(free) <= limit) return free
  if (limit < 1) return free // nothing fits: the caller says so
  const price = findPrice(works, limit)
  const priced = works.map((work) => choose(work, price))
  return spendRest(works, priced, limit - countAll(priced))
}

function countAll(lists: readonly Segment[][]): number {
  return lists.reduce((sum, list) => sum + list.length, 0)
}

/** The smallest whole price at which the segments fit the limit. */
function findPrice(works: readonly Work[], limit: number): number {
  const fits = (price: number) => countAll(works.map((work) => choose(work, price))) <= limit
  // The limit'th widest gap says about where to look.
  const gaps = Float64Array.from(works.flatMap(({ runs }) => [...gapsOf(runs)])).sort()
  const guess = Math.max(1, Math.round(gaps[Math.max(0, gaps.length - limit)] ?? 1))
  let low = Math.max(0, guess - 16)
  while (low > 0 && fits(low)) low = Math.floor(low / 2)
  let high = guess
  while (!fits(high)) high = high * 2 + 8
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (fits(middle)) high = middle
    else low = middle
  }
  return high
}

function* gapsOf({ starts, ends, count }: Runs): Generator<number> {
  for (let i = 1; i < count; i++) yield (starts[i] ?? 0) - (ends[i - 1] ?? 0)
}

/** Equal costs go to fewer segments. Small enough not to matter otherwise, large enough to be seen beside 2^33 bytes. */
const tie = 2 ** -18

/** The cheapest segments of one memory when each costs `price` bytes more than it does. */
function choose({ image, runs }: Work, price: number): Segment[] {
  const joined = fillGaps(runs, price) // a segment costs more than `price`, so these gaps are filled anyway
  const { starts, ends, count } = joined
  const segments: Segment[] = []
  // A gap wider than the most that a segment can cost is never filled: what lies between such gaps is a problem of its own.
  const widest = price + 32
  let from = 0
  for (let i = 1; i <= count; i++) {
    if (i < count && (starts[i] ?? 0) - (ends[i - 1] ?? 0) < widest) continue
    if (i - from === 1) segments.push({ offset: starts[from] ?? 0, length: (ends[from] ?? 0) - (starts[from] ?? 0) })
    else cover(starts.subarray(from, i), ends.subarray(from, i), image, price + tie, segments)
    from = i
  }
  return segments
}

/** The dynamic program, over the runs of one neighbourhood; appends to `out`. */
function cover(starts: Float64Array, ends: Float64Array, image: MemoryImage, price: number, out: Segment[]): void {
  const count = starts.length
  const fixed = 3 + (image.index ? ulebSize(image.index) : 0) + price
  const span = (ends[count - 1] ?? 0) - (starts[0] ?? 0)
  const windows = Array.from({ length: ulebSize(span) }, (_, i) => slidingMinimum(128 ** (i + 1), starts))
  const origin = starts[0] ?? 0 // costs are counted from here, to keep the numbers small and exact
  const parent = new Int32Array(count)
  let best = 0
  for (let j = 0; j < count; j++) {
    const start = starts[j] ?? 0
    const end = ends[j] ?? 0
    const opened = best + fixed + (image.is64 ? sleb64Size(start) : sleb32Size(start)) - (start - origin)
    let least = Infinity
    windows.forEach((window, i) => {
      window.push(j, opened)
      const cost = window.least(end) + i + 1
      if (cost >= least) return
      least = cost
      parent[j] = window.index()
    })
    best = least + (end - origin)
  }
  const found: Segment[] = []
  for (let j = count - 1; j >= 0;) {
    const i = parent[j] ?? 0
    found.push({ offset: starts[i] ?? 0, length: (ends[j] ?? 0) - (starts[i] ?? 0) })
    j = i - 1
  }
  for (let i = found.length - 1; i >= 0; i--) out.push(found[i] as Segment)
}

/** The least value among the runs that begin less than `width` bytes before a position that only moves forward. */
function slidingMinimum(width: number, starts: Float64Array) {
  const queue = new Int32Array(starts.length)
  const values = new Float64Array(starts.length)
  let head = 0
  let tail = 0
  return {
    push(i: number, value: number): void {
      while (tail > head && (values[tail - 1] ?? 0) > value) tail--
      queue[tail] = i
      values[tail++] = value
    },
    /** Infinity when no run is near enough. */
    least(end: number): number {
      while (head < tail && end - (starts[queue[head] ?? 0] ?? 0) >= width) head++
      return head < tail ? (values[head] ?? Infinity) : Infinity
    },
    index: () => queue[head] ?? 0,
  }
}

/** Split at the gaps that gain most, while segments are left. */
function spendRest(works: readonly Work[], lists: Segment[][], rest: number): Segment[][] {
  const splits: { list: number; segment: number; end: number; start: number; gap: number }[] = []
  works.forEach(({ runs }, list) => {
    let segment = 0
    for (let i = 1; i < runs.count; i++) {
      const end = runs.ends[i - 1] ?? 0
      const start = runs.starts[i] ?? 0
      const segments = lists[list] ?? []
      while (segmentEnd(segments[segment]) < end) segment++
      if (start < segmentEnd(segments[segment])) splits.push({ list, segment, end, start, gap: start - end })
    }
  })
  splits.sort((a, b) => b.gap - a.gap || a.list - b.list || a.start - b.start)
  // A header is at most so large: a split at a wider gap always gains.
  const chosen = splits.slice(0, rest).filter(({ gap }) => gap > 16)
  return lists.map((segments, list) =>
    splitAt(
      segments,
      chosen.filter((split) => split.list === list),
    ),
  )
}

function segmentEnd(segment: Segment | undefined): number {
  return segment ? segment.offset + segment.length : Infinity
}

function splitAt(segments: readonly Segment[], splits: { segment: number; end: number; start: number }[]): Segment[] {
  const sorted = splits.sort((a, b) => a.start - b.start)
  let next = 0
  return segments.flatMap((segment, i) => {
    const pieces: Segment[] = []
    let offset = segment.offset
    for (; sorted[next]?.segment === i; next++) {
      const { end, start } = sorted[next] as { end: number; start: number }
      pieces.push({ offset, length: end - offset })
      offset = start
    }
    return [...pieces, { offset, length: segmentEnd(segment) - offset }]
  })
}

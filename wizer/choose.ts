// Runs -> segments in the fewest bytes: which of the gaps between runs to fill with their zeros.
//
// The cheapest way to cover the first j runs ends in some segment i..j, so with
//
//   best[j] = min over i of  best[i] + 3 + sleb(start_i) + uleb(end_j - start_i) + (end_j - start_i) + price
//
// every choice is considered. `uleb` takes at most six values here. For each size c the segments of that size or less
// are a sliding window over i, and the minimum in a sliding window is kept in a queue: linear time for each c, and
// exact.
//
// `price` is 0 as long as there are few enough segments. Otherwise the smallest price that brings their number below
// the limit is searched for; what is then left of the limit is filled up with segments of the next lower price.
import { sleb32Size, sleb64Size, ulebSize } from "../wasm/leb.ts"
import { fillGaps, type MemoryImage, type Runs } from "./runs.ts"

/** A range of a memory. */
export interface Segment {
  offset: number
  length: number
}

export interface Work {
  image: MemoryImage
  runs: Runs
}

/** The segments of each memory, at most `limit` together; more only where the limit is below 1. */
export function chooseWithin(works: readonly Work[], limit: number): Segment[][] {
  let chosen = works.map((work) => choose(work, 0))
  if (countAll(chosen) > limit && limit >= 1) {
    const { price, joined } = findPrice(works, limit)
    const few = joined.map((work) => choose(work, price))
    const many = joined.map((work) => choose(work, price - 1))
    chosen = mix(few, many, limit)
  }
  return chosen.map(toSegments)
}

function toSegments({ starts, ends, count }: Runs): Segment[] {
  const segments: Segment[] = []
  for (let i = 0; i < count; i++) {
    const offset = starts[i] ?? 0
    segments.push({ offset, length: (ends[i] ?? 0) - offset })
  }
  return segments
}

function countAll(lists: readonly Runs[]): number {
  return lists.reduce((sum, list) => sum + list.count, 0)
}

/**
 * The smallest whole price at which the segments fit the limit, and the runs without the gaps that are filled at it
 * anyway.
 */
function findPrice(works: readonly Work[], limit: number): { price: number; joined: Work[] } {
  const fits = (price: number) => countAll(joined.map((work) => choose(work, price))) <= limit
  const join = (bytes: number) => works.map(({ image, runs }) => ({ image, runs: fillGaps(runs, bytes) }))
  // The limit'th widest gap says about where to look.
  const guess = Math.max(1, nthGap(works, limit))
  let low = Math.max(0, guess - 16)
  let joined = join(low) // a segment costs more than its price, so gaps up to it are filled
  while (low > 0 && fits(low)) {
    low = Math.floor(low / 2)
    joined = join(low)
  }
  let high = guess
  while (!fits(high)) high = high * 2 + 8
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (fits(middle)) high = middle
    else low = middle
  }
  return { price: high, joined: join(low) }
}

function nthGap(works: readonly Work[], n: number): number {
  const gaps = new Float64Array(works.reduce((sum, { runs }) => sum + Math.max(0, runs.count - 1), 0))
  let filled = 0
  for (const { runs } of works) {
    for (let i = 1; i < runs.count; i++) gaps[filled++] = (runs.starts[i] ?? 0) - (runs.ends[i - 1] ?? 0)
  }
  gaps.sort()
  return gaps[Math.max(0, gaps.length - n)] ?? 1
}

/**
 * Equal costs go to fewer segments. Small enough not to matter otherwise, large enough to be seen beside 2^33 bytes.
 */
const tie = 2 ** -18

/** The cheapest segments of one memory when each costs `price` bytes more than it does. */
function choose(work: Work, price: number): Runs {
  const { image } = work
  const { starts, ends, count } = fillGaps(work.runs, price)
  const out = { starts: new Float64Array(count), ends: new Float64Array(count), count: 0 }
  // A gap wider than the most that a segment can cost is never filled: what lies between such gaps is a problem of its
  // own.
  const widest = price + 32
  let windows: Windows | undefined
  let from = 0
  for (let i = 1; i <= count; i++) {
    if (i < count && (starts[i] ?? 0) - (ends[i - 1] ?? 0) < widest) continue
    if (i - from === 1) {
      out.starts[out.count] = starts[from] ?? 0
      out.ends[out.count++] = ends[from] ?? 0
    } else {
      windows ??= makeWindows(count, (ends[count - 1] ?? 0) - (starts[0] ?? 0))
      cover(starts.subarray(from, i), ends.subarray(from, i), image, price + tie, windows, out)
    }
    from = i
  }
  return out
}

/** The dynamic program, over the runs of one neighbourhood; appends to `out`. */
function cover(
  starts: Float64Array,
  ends: Float64Array,
  image: MemoryImage,
  price: number,
  { sliding, parent }: Windows,
  out: Runs,
): void {
  const count = starts.length
  const fixed = 3 + (image.index ? ulebSize(image.index) : 0) + price
  const origin = starts[0] ?? 0 // costs are counted from here, to keep the numbers small and exact
  // Sizes of `length` that occur; the largest one fits every segment, so its window never slides.
  const sizes = ulebSize((ends[count - 1] ?? 0) - origin)
  for (let size = 1; size < sizes; size++) sliding[size - 1]?.reset()
  let widest = 0
  let leastOfAll = Infinity
  let best = 0
  for (let j = 0; j < count; j++) {
    const start = starts[j] ?? 0
    const end = ends[j] ?? 0
    const opened = best + fixed + (image.is64 ? sleb64Size(start) : sleb32Size(start)) - (start - origin)
    if (opened < leastOfAll) {
      leastOfAll = opened
      widest = j
    }
    let least = leastOfAll + sizes
    let from = widest
    for (let size = 1; size < sizes; size++) {
      const window = sliding[size - 1] as SlidingMinimum
      window.push(j, start, opened)
      const cost = window.least(end) + size
      if (cost < least) {
        least = cost
        from = window.index
      }
    }
    parent[j] = from
    best = least + (end - origin)
  }
  append(out, starts, ends, parent, count)
}

/** Follow the choices back from the last run, then put them in order. */
function append(out: Runs, starts: Float64Array, ends: Float64Array, parent: Int32Array, count: number): void {
  const first = out.count
  for (let j = count - 1; j >= 0;) {
    const i = parent[j] ?? 0
    out.starts[out.count] = starts[i] ?? 0
    out.ends[out.count++] = ends[j] ?? 0
    j = i - 1
  }
  out.starts.subarray(first, out.count).reverse()
  out.ends.subarray(first, out.count).reverse()
}

/** Room for the dynamic program, made once. */
interface Windows {
  sliding: SlidingMinimum[]
  parent: Int32Array
}

function makeWindows(count: number, span: number): Windows {
  // Runs are six bytes apart at least, so a window holds no more than a sixth of its width.
  const sliding: SlidingMinimum[] = []
  for (let width = 128; width <= span; width *= 128) {
    sliding.push(new SlidingMinimum(width, Math.min(count, Math.ceil(width / 6)) + 2))
  }
  return { sliding, parent: new Int32Array(count) }
}

/** The least value among the runs that begin less than `width` bytes before a position that only moves forward. */
class SlidingMinimum {
  /** The run that the last `least` came from. */
  index = 0
  private readonly width: number
  private readonly capacity: number
  private readonly indices: Int32Array
  private readonly starts: Float64Array
  private readonly values: Float64Array
  private head = 0 // of a ring; values rise from here to the tail
  private size = 0

  constructor(width: number, capacity: number) {
    this.width = width
    this.capacity = capacity
    this.indices = new Int32Array(capacity)
    this.starts = new Float64Array(capacity)
    this.values = new Float64Array(capacity)
  }

  reset(): void {
    this.head = 0
    this.size = 0
  }

  push(index: number, start: number, value: number): void {
    const { capacity, values } = this
    while (this.size > 0 && start - (this.starts[this.head] ?? 0) >= this.width) this.shift()
    while (this.size > 0 && (values[(this.head + this.size - 1) % capacity] ?? 0) > value) this.size--
    const at = (this.head + this.size++) % capacity
    this.indices[at] = index
    this.starts[at] = start
    values[at] = value
  }

  /** Infinity when no run is near enough. */
  least(end: number): number {
    while (this.size > 0 && end - (this.starts[this.head] ?? 0) >= this.width) this.shift()
    if (this.size === 0) return Infinity
    this.index = this.indices[this.head] ?? 0
    return this.values[this.head] ?? Infinity
  }

  private shift(): void {
    this.head = (this.head + 1) % this.capacity
    this.size--
  }
}

/**
 * Between a price at which the segments fit and one at which they do not: take the finer choice from the beginning on,
 * block by block, as long as the limit allows. A block ends where both choices have a segment end, so nothing else
 * depends on it, and the finer one is worth about the price for each segment that it has more.
 */
function mix(few: readonly Runs[], many: readonly Runs[], limit: number): Runs[] {
  let rest = limit - countAll(few)
  return few.map((coarse, list) => {
    const fine = many[list] as Runs
    const out = emptyRuns(coarse.count + fine.count)
    let f = 0
    for (let c = 0; c < coarse.count;) {
      const [nextC, nextF] = nextCommonEnd(coarse, c, fine, f)
      const more = nextF - f - (nextC - c)
      if (more <= rest) {
        copyRuns(fine, f, nextF, out)
        rest -= more
      } else if (rest > 0 && nextC - c === 1) {
        splitBlock(fine, f, f + rest, coarse.ends[c] ?? 0, out)
        rest = 0
      } else {
        copyRuns(coarse, c, nextC, out)
      }
      c = nextC
      f = nextF
    }
    return out
  })
}

/** The places behind the first segments, from these on, that end at the same byte. The last ones do. */
function nextCommonEnd(coarse: Runs, fromC: number, fine: Runs, fromF: number): [number, number] {
  let c = fromC
  let f = fromF
  for (;;) {
    const endC = coarse.ends[c] ?? 0
    const endF = fine.ends[f] ?? 0
    if (endC === endF || (c >= coarse.count && f >= fine.count)) return [c + 1, f + 1]
    if (endC < endF) c++
    else f++
  }
}

function emptyRuns(room: number): Runs {
  return { starts: new Float64Array(room), ends: new Float64Array(room), count: 0 }
}

function copyRuns(from: Runs, first: number, behind: number, out: Runs): void {
  for (let i = first; i < behind; i++) {
    out.starts[out.count] = from.starts[i] ?? 0
    out.ends[out.count++] = from.ends[i] ?? 0
  }
}

/** The first segments of a block as they are, and one for all that follows. */
function splitBlock(fine: Runs, first: number, behind: number, end: number, out: Runs): void {
  copyRuns(fine, first, behind, out)
  out.starts[out.count] = fine.starts[behind] ?? 0
  out.ends[out.count++] = end
}

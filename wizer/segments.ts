// Memory -> data segments. What goes in is the bytes of a memory; what comes out is a list of ranges that together hold
// every byte that is not zero, chosen so that the data section is as small as it can be.
//
// A segment costs 3 + sleb(offset) + uleb(length) bytes beside its content, so filling a gap of zeros pays when the gap
// is shorter than that. 1. Find the runs: stretches without a gap that could pay. 2. Choose exactly which gaps to fill,
// by dynamic programming over the runs (the size of `length` itself jumps at 128 and 16,384, which greedy merging gets
// wrong). 3. When an engine's limit on the number of segments is exceeded, put a price on each segment and raise it
// until they fit.
import { Op } from "../wasm/instructions.ts"
import { putSigned, putUnsigned, sleb32Size, sleb64Size, ulebSize } from "../wasm/leb.ts"
import { SectionId, type LateSection } from "../wasm/sections.ts"
import { Writer } from "../wasm/bytes.ts"
import { chooseWithin, type Segment } from "./choose.ts"
import { fillGaps, findRuns, type MemoryImage } from "./runs.ts"

export type { Segment } from "./choose.ts"
export type { MemoryImage } from "./runs.ts"

export interface SegmentOptions {
  /** The most segments that may come out. Default 100,000, the limit of V8, SpiderMonkey and JavaScriptCore. */
  limit?: number
  /**
   * What a gap is worth. `raw` (default): the smallest file. A number: gaps of up to so many zero bytes are filled
   * whatever they cost; `Infinity` makes one segment.
   */
  fill?: "raw" | number
}

/** Engines refuse modules with more. */
export const segmentLimit = 100_000

/** Bytes of a segment beside its content: flags, offset expression, memory index when it is not 0, length. */
export function segmentOverhead(segment: Segment, image: Pick<MemoryImage, "index" | "is64"> = {}): number {
  const address = image.is64 ? sleb64Size(segment.offset) : sleb32Size(segment.offset)
  return 3 + address + (image.index ? ulebSize(image.index) : 0) + ulebSize(segment.length)
}

/** Ranges that hold every non-zero byte of a memory, sorted and apart from each other, in the fewest bytes. */
export function chooseSegments(image: MemoryImage, options: SegmentOptions = {}): Segment[] {
  return chooseAll([image], options)[0] ?? []
}

/** The same for all memories of a module, which share the limit. */
export function chooseAll(images: readonly MemoryImage[], options: SegmentOptions = {}): Segment[][] {
  const fill = options.fill ?? "raw"
  const works = images.map((image) => ({ image, runs: fillGaps(findRuns(image), fill === "raw" ? 0 : fill) }))
  return chooseWithin(works, options.limit ?? segmentLimit)
}

/** A memory's segments, and the memory that they are cut from. */
export interface MemorySegments {
  image: MemoryImage
  segments: readonly Segment[]
}

/**
 * A Data section: segments to keep as they are encoded, in front, and then the snapshot's. It is written only when the
 * module is, straight from the memory, so that a large image exists twice and not three times.
 */
export function dataSection(kept: readonly Uint8Array[], memories: readonly MemorySegments[]): LateSection {
  const count = memories.reduce((sum, { segments }) => sum + segments.length, kept.length)
  let size = ulebSize(count)
  for (const bytes of kept) size += bytes.length
  for (const { image, segments } of memories) {
    for (const segment of segments) size += segmentOverhead(segment, image) + segment.length
  }
  return { id: SectionId.Data, size, write: (target) => writeData(target, count, kept, memories) }
}

function writeData(
  target: Uint8Array,
  count: number,
  kept: readonly Uint8Array[],
  memories: readonly MemorySegments[],
): void {
  let pos = 0
  const put = (bytes: Uint8Array) => {
    target.set(bytes, pos)
    pos += bytes.length
  }
  put(new Writer().u32(count).finish())
  for (const bytes of kept) put(bytes)
  for (const { image, segments } of memories) {
    for (const segment of segments) {
      pos = writeHeader(target, pos, segment, image)
      const { offset, length } = segment
      if (length > 64) target.set(image.bytes.subarray(offset, offset + length), pos)
      else for (let i = 0; i < length; i++) target[pos + i] = image.bytes[offset + i] ?? 0
      pos += length
    }
  }
}

/** Flags, memory, offset expression and length, in place: there can be 100,000 of them. Returns the position behind. */
function writeHeader(target: Uint8Array, start: number, segment: Segment, { index, is64 }: MemoryImage): number {
  let pos = start
  target[pos++] = index ? 2 : 0
  if (index) pos = putUnsigned(target, pos, index)
  target[pos++] = is64 ? Op.i64_const : Op.i32_const
  // A 32-bit offset from 2^31 on is a negative number.
  pos = putSigned(target, pos, is64 ? segment.offset : segment.offset | 0)
  target[pos++] = Op.end
  return putUnsigned(target, pos, segment.length)
}

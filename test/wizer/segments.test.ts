// Memory -> segments: nothing is lost, nothing is larger than it has to be, limits are kept.
import { expect, test } from "vitest"
import { parseData } from "../../wasm/data.ts"
import { findSection, makeSection, readSections, SectionId, writeModule } from "../../wasm/sections.ts"
import { chooseAll, chooseSegments, dataSection, segmentOverhead, type MemoryImage } from "../../wizer/segments.ts"
import { touchedRanges } from "../../wizer/node/touched.ts"
import { randomFrom, seedOf } from "../random.ts"

const seed = seedOf("wizer/segments")

function inMemory(bytes: Uint8Array): MemoryImage {
  const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes.length / 65536)) })
  const all = new Uint8Array(memory.buffer)
  all.set(bytes)
  return { bytes: all, memory }
}

function size(image: MemoryImage, segments: { offset: number; length: number }[]): number {
  return segments.reduce((sum, s) => sum + s.length + segmentOverhead(s, image), 0)
}

function rebuilt(image: MemoryImage, segments: { offset: number; length: number }[]): Uint8Array {
  const out = new Uint8Array(image.bytes.length)
  for (const { offset, length } of segments) out.set(image.bytes.subarray(offset, offset + length), offset)
  return out
}

/** Runs of non-zero bytes, one byte of zero ends a run. */
function bareRuns(bytes: Uint8Array): [number, number][] {
  const runs: [number, number][] = []
  for (let i = 0; i < bytes.length; i++) {
    if (!bytes[i]) continue
    let end = i
    while (end < bytes.length && bytes[end]) end++
    runs.push([i, end])
    i = end
  }
  return runs
}

/** Every way of joining neighbouring runs. */
function bruteForce(image: MemoryImage): number {
  const runs = bareRuns(image.bytes)
  const best = [0]
  for (let j = 0; j < runs.length; j++) {
    let least = Infinity
    for (let i = 0; i <= j; i++) {
      const offset = runs[i]![0]
      const segment = { offset, length: runs[j]![1] - offset }
      least = Math.min(least, best[i]! + segment.length + segmentOverhead(segment, image))
    }
    best.push(least)
  }
  return best.at(-1)!
}

/** Bytes with gaps around the sizes that matter. */
function randomImage(random: () => number, index: number): MemoryImage {
  const bytes = new Uint8Array(65536)
  let at = Math.floor(random() * [1, 200, 9000, 60000][index % 4]!)
  const dense = random() < 0.3
  for (let runs = Math.floor(random() * 120); runs > 0 && at < bytes.length; runs--) {
    const length = 1 + Math.floor(random() ** 3 * (dense ? 300 : 30))
    for (let i = 0; i < length && at < bytes.length; i++) bytes[at++] = random() < 0.1 && i > 0 ? 0 : 1 + (at % 255)
    at += random() < 0.9 ? Math.floor(random() * 16) : Math.floor(random() * 400)
  }
  return index % 3 === 0 ? { bytes, index: index % 2, is64: index % 5 === 0 } : inMemory(bytes)
}

test("segments rebuild the memory and no other choice is smaller", () => {
  const random = randomFrom(seed)
  for (let i = 0; i < 300; i++) {
    const image = randomImage(random, i)
    const segments = chooseSegments(image)
    expect(Buffer.compare(rebuilt(image, segments), image.bytes)).toBe(0)
    expect({ i, size: size(image, segments) }).toEqual({ i, size: bruteForce(image) })
  }
})

test("with SIMD and without, the same segments", () => {
  const random = randomFrom(seed + 1)
  for (let i = 0; i < 200; i++) {
    const image = inMemory(randomImage(random, i).bytes)
    expect(chooseSegments({ bytes: image.bytes })).toEqual(chooseSegments(image))
  }
})

test("a limit holds, however small, over several memories", () => {
  const random = randomFrom(seed + 2)
  for (let i = 0; i < 60; i++) {
    const images = [randomImage(random, i), { ...randomImage(random, i + 1), index: 1 }]
    const free = chooseAll(images)
    const count = free[0]!.length + free[1]!.length
    const used = free.filter((list) => list.length > 0).length
    let before = size(images[0]!, free[0]!) + size(images[1]!, free[1]!)
    for (const limit of [count, count - 1, Math.floor(count / 2), 3, 2].filter((n) => n >= used)) {
      const lists = chooseAll(images, { limit })
      expect(lists[0]!.length + lists[1]!.length).toBeLessThanOrEqual(limit)
      lists.forEach((list, k) => expect(Buffer.compare(rebuilt(images[k]!, list), images[k]!.bytes)).toBe(0))
      const after = size(images[0]!, lists[0]!) + size(images[1]!, lists[1]!)
      if (limit <= count) expect(after).toBeGreaterThanOrEqual(before)
      before = Math.min(before, after)
    }
  }
})

test("what is written is what was chosen", () => {
  const random = randomFrom(seed + 3)
  for (let i = 0; i < 40; i++) {
    const image = randomImage(random, i)
    const segments = chooseSegments(image)
    const wasm = writeModule([dataSection([], [{ image, segments }])])
    const read = parseData(findSection(readSections(wasm), SectionId.Data))
    expect(read.map((s) => s.data.length)).toEqual(segments.map((s) => s.length))
    expect(read.reduce((sum, s) => sum + s.bytes.length, 0)).toBe(size(image, segments))
  }
})

test("an empty memory has no segments, a full one has one, Infinity makes one", () => {
  expect(chooseSegments(inMemory(new Uint8Array(65536)))).toEqual([])
  expect(chooseSegments(inMemory(new Uint8Array(65536).fill(7)))).toEqual([{ offset: 0, length: 65536 }])
  const ends = new Uint8Array(131072)
  ends[3] = ends[131071] = 1
  expect(chooseSegments(inMemory(ends))).toHaveLength(2)
  expect(chooseSegments(inMemory(ends), { fill: Infinity })).toEqual([{ offset: 3, length: 131069 }])
})

test("addresses above 2 GiB are negative in the encoding and counted as such", () => {
  expect(segmentOverhead({ offset: 0xffffffff, length: 1 })).toBe(3 + 1 + 1)
  expect(segmentOverhead({ offset: 0x80000000, length: 1 })).toBe(3 + 5 + 1)
  expect(segmentOverhead({ offset: 0x80000000, length: 1 }, { is64: true })).toBe(3 + 5 + 1)
  const made = makeSection(SectionId.Memory, Uint8Array.of(0))
  expect(made.offset).toBe(0)
})

test("pages that were never touched are not looked at, and nothing is lost", () => {
  const random = randomFrom(seed + 4)
  for (let i = 0; i < 6; i++) {
    const memory = new WebAssembly.Memory({ initial: 1024 + i * 256 })
    memory.grow(i)
    const bytes = new Uint8Array(memory.buffer)
    for (let spots = 1 + i * 40; spots > 0; spots--) bytes[Math.floor(random() * bytes.length)] = 1 + spots
    bytes[0] = i
    bytes[bytes.length - 1] = i % 2
    const touched = touchedRanges(memory)
    expect(bytes[0]).toBe(i)
    if (process.platform === "linux" && process.arch === "x64") expect(touched).toBeDefined()
    const everything = chooseSegments({ bytes, memory })
    expect(chooseSegments({ bytes, memory, touched })).toEqual(everything)
    const covered = (touched ?? []).reduce((sum, [start, end]) => sum + end - start, 0)
    if (touched) expect(covered).toBeLessThan(4096 * (4 + i * 40))
  }
  expect(touchedRanges(new WebAssembly.Memory({ initial: 1 }))).toBeUndefined()
})

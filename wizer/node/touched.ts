// Which pages of a memory were ever touched. A page that was not is zero, and asking the kernel is much cheaper than
// looking: to look at a page makes the kernel set it up first, which is nearly all of the time that scanning an empty
// gigabyte takes.
//
// Linux on x64 only, where a page has 4096 bytes. The memory is found among this process's mappings by its size, and
// known by a mark that is put into it for a moment and read back through the kernel. Wherever anything is not as
// expected the answer is undefined, and everything is looked at.
import * as fs from "node:fs"

/** First byte and the byte behind the last. */
export type Range = readonly [start: number, end: number]

const pageBytes = 4096
// Below this, looking is cheap.
const worthwhile = 2 ** 26

/** The parts of a memory outside of which every byte is zero; undefined when that cannot be known. */
export function touchedRanges(memory: WebAssembly.Memory): Range[] | undefined {
  const { buffer } = memory
  if (process.platform !== "linux" || process.arch !== "x64") return undefined
  if (buffer.byteLength < worthwhile || !(buffer instanceof ArrayBuffer)) return undefined
  try {
    const address = findAddress(new Uint8Array(buffer))
    return address === undefined ? undefined : presentPages(address, buffer.byteLength)
  } catch {
    return undefined // no /proc, or not allowed to read there
  }
}

function findAddress(bytes: Uint8Array): number | undefined {
  const before = bytes.slice(0, 16)
  const { randomFillSync } = process.getBuiltinModule("node:crypto") // loaded for large memories alone
  const mark = randomFillSync(new Uint8Array(16))
  bytes.set(mark)
  const mem = fs.openSync("/proc/self/mem", "r")
  try {
    return mappings(bytes.length).find((start) => holds(mem, start, mark))
  } finally {
    fs.closeSync(mem)
    bytes.set(before)
  }
}

/** Where private writable mappings of no file begin that are large enough. */
function mappings(length: number): number[] {
  const lines = fs.readFileSync("/proc/self/maps", "utf8").matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0\b/gm)
  return [...lines].flatMap(([, from, to]) => {
    const start = parseInt(from ?? "", 16)
    return parseInt(to ?? "", 16) - start >= length ? [start] : []
  })
}

function holds(mem: number, address: number, mark: Uint8Array): boolean {
  const found = new Uint8Array(mark.length)
  return fs.readSync(mem, found, 0, found.length, address) === found.length && Buffer.compare(found, mark) === 0
}

/** /proc/self/pagemap has 8 bytes for each page; bit 63 says present, bit 62 swapped out. */
function presentPages(address: number, length: number): Range[] | undefined {
  const pages = length / pageBytes
  const entries = new Uint32Array(pages * 2)
  const bytes = new Uint8Array(entries.buffer)
  const file = fs.openSync("/proc/self/pagemap", "r")
  try {
    for (let done = 0; done < bytes.length;) {
      const size = fs.readSync(file, bytes, done, bytes.length - done, (address / pageBytes) * 8 + done)
      if (size === 0) return undefined
      done += size
    }
  } finally {
    fs.closeSync(file)
  }
  const ranges: [number, number][] = []
  for (let page = 0; page < pages; page++) {
    if ((entries[page * 2 + 1] ?? 0) < 0x40000000) continue
    const start = page * pageBytes
    const last = ranges.at(-1)
    if (last?.[1] === start) last[1] = start + pageBytes
    else ranges.push([start, start + pageBytes])
  }
  return ranges
}

// Vectors: a count, then so many entries. WebAssembly core specification 2.0, section 5.1.3.
import { Reader, Writer } from "./bytes.ts"
import type { Section } from "./sections.ts"

/** A vector: the count, then the entries. The payload of most sections. */
export function writeVector(entries: readonly Uint8Array[]): Uint8Array {
  const w = new Writer().u32(entries.length)
  for (const entry of entries) w.bytes(entry)
  return w.finish()
}

/** The entries of a vector. */
export function readMany<T>(r: Reader, one: (r: Reader) => T): T[] {
  const out: T[] = []
  for (let left = r.count(); left > 0; left--) out.push(one(r))
  return out
}

/** The entries of a section that is a vector; none when there is no section. */
export function collect<T>(section: Section | undefined, one: (r: Reader) => T): T[] {
  const out: T[] = []
  each(section, (r) => out.push(one(r)))
  return out
}

/** Visit a section's entries; it must end where its last entry ends. */
export function each(section: Section | undefined, one: (r: Reader) => void): void {
  if (!section) return
  const r = new Reader(section.bytes, section.offset)
  for (let left = r.count(); left > 0; left--) one(r)
  if (!r.done) r.fail(`section ${section.id} is longer than its entries`)
}

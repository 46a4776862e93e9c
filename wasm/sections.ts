// A module as the list of its sections. Reading keeps each section's bytes as they are, header included, so that what
// nobody changes is written back byte for byte, padded sizes and unknown sections too.
//
//   const sections = readSections(bytes)
//   writeModule(sections)                        -> the same bytes
//   writeModule(replaceSection(sections, makeSection(SectionId.Export, payload)))
//
// What is inside a section is read and written by the file of its name: deftypes.ts, externs.ts, definitions.ts,
// elem.ts, data.ts, body.ts. WebAssembly core specification 2.0, section 5.5.
import { notWasm } from "./errors.ts"
import { Reader, Writer, concat } from "./bytes.ts"

export const SectionId = {
  Custom: 0,
  Type: 1,
  Import: 2,
  Function: 3,
  Table: 4,
  Memory: 5,
  Global: 6,
  Export: 7,
  Start: 8,
  Element: 9,
  Code: 10,
  Data: 11,
  DataCount: 12,
  Tag: 13,
} as const

/** The order that the format demands, which is not the order of the ids. */
const order: readonly number[] = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11]

/** The magic number, `\0asm`, and the version of the format. */
export const header = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)

export interface Section {
  id: number
  /** The payload, a view into the module; for a custom section what follows its name. */
  bytes: Uint8Array
  /** Only custom sections have one. */
  name?: string
  /** Where `bytes` begins in the module that was read; 0 in a section that was made. */
  offset: number
  /** The section as it stood, id and size included; absent in a section that was made. */
  raw?: Uint8Array
}

/**
 * Split a module into its sections. Payloads are views, nothing is copied.
 *
 * Throws EB300 when the bytes are no core module at all and EB301 when a section does not fit. What is inside the
 * sections is not looked at, and neither is their order: `WebAssembly.validate` does that better.
 */
export function readSections(bytes: Uint8Array): Section[] {
  checkHeader(bytes)
  const reader = new Reader(bytes)
  reader.take(header.length)
  const sections: Section[] = []
  while (!reader.done) {
    const { id, start, offset, end } = readBounds(reader)
    const section = { id, bytes: bytes.subarray(offset, end), offset, raw: bytes.subarray(start, end) }
    sections.push(id === SectionId.Custom ? named(section) : section)
  }
  return sections
}

/** Where a section lies in the module. */
export interface SectionBounds {
  id: number
  /** Of the section, and of its payload. */
  start: number
  offset: number
  end: number
}

/** Read a section's header and move behind the section. Throws EB301 when the section does not fit. */
export function readBounds(reader: Reader): SectionBounds {
  const start = reader.pos
  const id = reader.u8()
  const size = reader.u32()
  if (size > reader.left) reader.fail(`section ${id} is longer than the file`, start)
  const offset = reader.pos
  reader.take(size)
  return { id, start, offset, end: reader.pos }
}

/** The same custom section with its name taken off the payload. */
function named(section: Section): Section {
  const reader = new Reader(section.bytes, section.offset)
  const name = reader.name()
  return { ...section, name, bytes: section.bytes.subarray(reader.pos), offset: section.offset + reader.pos }
}

function checkHeader(bytes: Uint8Array): void {
  if (bytes.length === 0) throw notWasm("empty")
  if (!header.subarray(0, 4).every((byte, i) => bytes[i] === byte)) throw notWasm(describeText(bytes))
  if (bytes.length < 8) throw notWasm("cut off in its header")
  const version = bytes.subarray(4, 8)
  if (version[0] === 1 && version[1] === 0 && version[2] === 0 && version[3] === 0) return
  const isComponent = version[2] === 1 && version[3] === 0
  throw notWasm(isComponent ? "a component" : `of binary version ${[...version].join(".")}`)
}

function describeText(bytes: Uint8Array): string {
  const beginning = new TextDecoder().decode(bytes.subarray(0, 4096))
  return /^\s*(?:\(;|;;|\(\s*(?:module|component))/.test(beginning) ? "WebAssembly text" : "something else"
}

/** A new section. A custom section is made with `makeCustom`. */
export function makeSection(id: number, bytes: Uint8Array): Section {
  return { id, bytes, offset: 0 }
}

export function makeCustom(name: string, bytes: Uint8Array): Section {
  return { id: SectionId.Custom, name, bytes, offset: 0 }
}

/** A section whose payload is produced in place when the module is written: for payloads too large to exist twice. */
export interface LateSection {
  id: number
  /** Bytes of the payload. */
  size: number
  /** Fills exactly `size` bytes. */
  write(target: Uint8Array): void
}

/** Write sections in the order given. A section that was read and not changed comes out byte for byte. */
export function writeModule(sections: readonly (Section | LateSection)[]): Uint8Array {
  const heads = sections.map(sectionHead)
  let length = header.length
  sections.forEach((section, i) => (length += (heads[i]?.length ?? 0) + bodySize(section)))
  const out = new Uint8Array(length)
  out.set(header)
  let pos = header.length
  sections.forEach((section, i) => {
    const head = heads[i] ?? new Uint8Array(0)
    out.set(head, pos)
    pos += head.length
    const size = bodySize(section)
    if ("write" in section) section.write(out.subarray(pos, pos + size))
    else if (!section.raw) out.set(section.bytes, pos)
    pos += size
  })
  return out
}

/** The same in parts, one after the other: the header, then each section. */
export function moduleParts(sections: readonly Section[]): Uint8Array[] {
  return [
    header,
    ...sections.flatMap((section) => (section.raw ? [section.raw] : [sectionHead(section), section.bytes])),
  ]
}

/** Id, size and name; the whole section where it was read and not changed. */
function sectionHead(section: Section | LateSection): Uint8Array {
  if ("write" in section) return new Writer().u8(section.id).u32(section.size).finish()
  if (section.raw) return section.raw
  const name = section.id === SectionId.Custom ? new Writer().name(section.name ?? "").finish() : new Uint8Array(0)
  return new Writer()
    .u8(section.id)
    .u32(name.length + section.bytes.length)
    .bytes(name)
    .finish()
}

function bodySize(section: Section | LateSection): number {
  if ("write" in section) return section.size
  return section.raw ? 0 : section.bytes.length
}

/** The section with this id; never a custom one. */
export function findSection(sections: readonly Section[], id: number): Section | undefined {
  return sections.find((section) => section.id === id)
}

/**
 * Put a section in the place of the one with the same id, or where the format's order wants it when there is none.
 * Custom sections keep their places; a new section goes right behind the last known section that has to precede it.
 */
export function replaceSection<S extends Section | LateSection>(sections: readonly S[], section: S): S[] {
  const out = [...sections]
  const old = out.findIndex((s) => s.id === section.id)
  if (old >= 0) {
    out[old] = section
    return out
  }
  const rank = order.indexOf(section.id)
  let at = 0
  out.forEach((s, i) => {
    if (s.id !== SectionId.Custom && order.indexOf(s.id) < rank) at = i + 1
  })
  out.splice(at, 0, section)
  return out
}

export function dropSection<S extends Section | LateSection>(sections: readonly S[], id: number): S[] {
  return sections.filter((section) => section.id !== id)
}

/**
 * Append entries to a section that is a vector (all but Start, DataCount and custom ones). The entries that are there
 * stay byte for byte; without such a section one is made.
 */
export function appendEntries(sections: readonly Section[], id: number, entries: readonly Uint8Array[]): Section[] {
  if (entries.length === 0) return [...sections]
  const old = findSection(sections, id)
  const reader = new Reader(old?.bytes ?? Uint8Array.of(0), old?.offset)
  const count = reader.u32()
  const payload = concat([new Writer().u32(count + entries.length).finish(), reader.take(reader.left), ...entries])
  return replaceSection(sections, makeSection(id, payload))
}

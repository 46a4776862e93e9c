// What a module shares with others: its import and export sections. WebAssembly core specification 2.0, sections 5.5.5
// and 5.5.10.
import {
  readGlobalType,
  readLimits,
  readTableType,
  writeGlobalType,
  writeLimits,
  writeTableType,
  type GlobalType,
  type MemoryType,
  type TableType,
} from "./limits.ts"
import { Writer, type Reader } from "./bytes.ts"
import type { Section } from "./sections.ts"
import { collect } from "./vectors.ts"

export type ImportType =
  | { kind: "func"; type: number }
  | ({ kind: "table" } & TableType)
  | ({ kind: "memory" } & MemoryType)
  | ({ kind: "global" } & GlobalType)
  | { kind: "tag"; type: number }

export type Import = { module: string; name: string } & ImportType

export type ExternKind = "func" | "table" | "memory" | "global" | "tag"
export const externKinds: readonly ExternKind[] = ["func", "table", "memory", "global", "tag"]

export interface Export {
  name: string
  kind: ExternKind
  index: number
}

export function parseImports(section: Section | undefined): Import[] {
  return collect(section, (r) => {
    const module = r.name()
    const name = r.name()
    return { module, name, ...readImportType(r) }
  })
}

function readImportType(r: Reader): ImportType {
  const at = r.pos
  const kind = r.u8()
  switch (kind) {
    case 0:
      return { kind: "func", type: r.u32() }
    case 1:
      return { kind: "table", ...readTableType(r) }
    case 2:
      return { kind: "memory", ...readLimits(r) }
    case 3:
      return { kind: "global", ...readGlobalType(r) }
    case 4:
      r.u8() // the attribute; 0 is the only one
      return { kind: "tag", type: r.u32() }
    default:
      return r.fail(`import kind ${kind} is unknown`, at)
  }
}

export function writeImport(entry: Import): Uint8Array {
  const w = new Writer().name(entry.module).name(entry.name).u8(externKinds.indexOf(entry.kind))
  switch (entry.kind) {
    case "func":
      return w.u32(entry.type).finish()
    case "table":
      return w.bytes(writeTableType(entry)).finish()
    case "memory":
      return w.bytes(writeLimits(entry)).finish()
    case "global":
      return w.bytes(writeGlobalType(entry)).finish()
    case "tag":
      return w.u8(0).u32(entry.type).finish()
    default:
      return entry satisfies never
  }
}

export function parseExports(section: Section | undefined): Export[] {
  return collect(section, (r) => {
    const name = r.name()
    const at = r.pos
    const code = r.u8()
    const kind = externKinds[code] ?? r.fail(`export kind ${code} is unknown`, at)
    return { name, kind, index: r.u32() }
  })
}

export function writeExport(entry: Export): Uint8Array {
  return new Writer().name(entry.name).u8(externKinds.indexOf(entry.kind)).u32(entry.index).finish()
}

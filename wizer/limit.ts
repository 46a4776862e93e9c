// A limit on memory that the initialiser cannot miss: in the instrumented module every `memory.grow` becomes a call of a function of
// ours that stops the program where the memories would exceed the limit. To answer -1 instead would let a program carry on
// differently, and nobody would know. Both take a number and return one, so nothing else in the code changes.
import { Reader } from "../wasm/bytes.ts"
import { tooMuchMemory, unsupportedFeature } from "./errors.ts"
import { skipInstruction } from "../wasm/instructions.ts"
import type { Plan } from "./instrument.ts"
import {
  SectionId,
  Writer,
  appendEntries,
  concat,
  findSection,
  makeSection,
  parseCode,
  replaceSection,
  writeBody,
  writeExport,
  writeFuncType,
  writeVector,
  type Section,
} from "../wasm/sections.ts"

/** The exported global that tells how many bytes were wanted when the limit stopped the program; 0 before. */
export const wantedName = (plan: Pick<Plan, "prefix">) => `${plan.prefix}wanted`

/** Put the limit in. Throws EB316 when the module already begins above it. */
export function limitMemory(sections: Section[], plan: Plan, bytes: number): Section[] {
  const { layout } = plan
  const initial = layout.memories.reduce((sum, type) => sum + type.min * 2 ** type.pageSizeLog2, 0)
  if (initial > bytes) throw tooMuchMemory("The module", initial, bytes)
  if (layout.memories.length === 0) return sections
  // In front of ours: the module's own, then what `instrument` appended.
  const probes = plan.droppable.length > 0 ? 1 : 0
  const firstHelper = layout.functionTypes.length + probes
  const code = findSection(sections, SectionId.Code)
  if (!code) return sections
  const bodies = parseCode(code).map((body) => replaceGrows(body, firstHelper))
  const firstType = layout.types.length + probes
  const wanted = layout.globals.length
  let out = replaceSection(sections, makeSection(SectionId.Code, writeVector(bodies)))
  const addressTypes = layout.memories.map(({ is64 }) => (is64 ? "i64" : "i32"))
  const types = addressTypes.map((type) => writeFuncType({ params: [type], results: [type] }))
  out = appendEntries(out, SectionId.Type, types)
  out = appendEntries(
    out,
    SectionId.Function,
    types.map((_, i) => new Writer().u32(firstType + i).finish()),
  )
  out = appendEntries(out, SectionId.Global, [Uint8Array.of(0x7e, 1, 0x42, 0, 0x0b)])
  out = appendEntries(out, SectionId.Export, [writeExport({ name: wantedName(plan), kind: "global", index: wanted })])
  return appendEntries(
    out,
    SectionId.Code,
    layout.memories.map((_, index) => writeBody(growBody(plan, index, bytes, wanted))),
  )
}

/** `memory.grow m` -> `call firstHelper + m`, in a body that comes back with its size in front. */
function replaceGrows(body: Uint8Array, firstHelper: number): Uint8Array {
  const r = new Reader(body)
  for (let groups = r.u32(); groups > 0; groups--) {
    r.u32()
    skipLocalType(r)
  }
  const parts: Uint8Array[] = []
  let copied = 0
  while (!r.done) {
    const at = r.pos
    const opcode = r.peek()
    if (!skipInstruction(r)) {
      throw unsupportedFeature(
        `instruction 0x${opcode.toString(16)}`,
        "Leave out --max-memory, or limit memory by the module's own maximum.",
        "the memory limit",
      )
    }
    if (opcode !== 0x40) continue
    const memory = new Reader(body.subarray(at + 1, r.pos)).u32()
    parts.push(
      body.subarray(copied, at),
      new Writer()
        .u8(0x10)
        .u32(firstHelper + memory)
        .finish(),
    )
    copied = r.pos
  }
  return writeBody(parts.length === 0 ? body : concat([...parts, body.subarray(copied)]))
}

function skipLocalType(r: Reader): void {
  const code = r.u8()
  if (code === 0x63 || code === 0x64) r.s33()
}

/**
 * (func (param $pages T) (result T)
 *   (global.set $wanted (bytes of all memories + $pages of this one))
 *   (if ($pages is more than the limit, or $wanted is, and the memory's own maximum allows it) (then unreachable))
 *   (global.set $wanted 0) (memory.grow $pages))
 */
function growBody({ layout }: Plan, index: number, limit: number, wanted: number): Uint8Array {
  const w = new Writer().u8(0)
  const own = layout.memories[index]
  const asI64 = (is64: boolean | undefined) => (is64 ? w : w.u8(0xad))
  const toBytes = (log2 = 16) => w.u8(0x42).s64(BigInt(log2)).u8(0x86) // i64.shl
  const pages = () => asI64((w.u8(0x20).u32(0), own?.is64))

  pages()
  toBytes(own?.pageSizeLog2)
  layout.memories.forEach((type, i) => {
    w.u8(0x3f).u32(i)
    asI64(type.is64)
    toBytes(type.pageSizeLog2).u8(0x7c) // i64.add
  })
  w.u8(0x24).u32(wanted)
  pages()
  w.u8(0x42)
    .s64(BigInt(Math.floor(limit / 2 ** (own?.pageSizeLog2 ?? 16))))
    .u8(0x56) // i64.gt_u
  w.u8(0x23).u32(wanted).u8(0x42).s64(BigInt(limit)).u8(0x56).u8(0x72) // i64.gt_u, i32.or
  // Beyond its own maximum a memory does not grow anyway, and programs may ask.
  const maximum = own?.max ?? (own?.is64 ? 2 ** 48 : 2 ** (32 - (own?.pageSizeLog2 ?? 16)))
  pages()
  w.u8(0x42).s64(BigInt(maximum))
  asI64((w.u8(0x3f).u32(index), own?.is64)).u8(0x7d) // i64.sub
  w.u8(0x58).u8(0x71) // i64.le_u, i32.and
  w.u8(0x04).u8(0x40).u8(0x00).u8(0x0b) // if unreachable end
  w.u8(0x42).s64(0n).u8(0x24).u32(wanted)
  return w.u8(0x20).u32(0).u8(0x40).u32(index).u8(0x0b).finish()
}

// A limit on memory that the initialiser cannot miss: in the instrumented module every `memory.grow` becomes a call of
// a function of ours that stops the program where the memories would exceed the limit. To answer -1 instead would let a
// program carry on differently, and nobody would know. Both take a number and return one, so nothing else in the code
// changes.
import { Instructions, parseCode, writeBody } from "../wasm/body.ts"
import { Code } from "../wasm/code.ts"
import { writeGlobal } from "../wasm/definitions.ts"
import { writeFuncType } from "../wasm/deftypes.ts"
import { i64Const } from "../wasm/expressions.ts"
import { writeExport } from "../wasm/externs.ts"
import { Op } from "../wasm/instructions.ts"
import { writeGlobalType } from "../wasm/limits.ts"
import { appendEntries, findSection, makeSection, replaceSection, SectionId, type Section } from "../wasm/sections.ts"
import { writeVector } from "../wasm/vectors.ts"
import { Writer } from "../wasm/bytes.ts"
import { tooMuchMemory, unsupportedFeature } from "./errors.ts"
import type { Layout } from "./layout.ts"

/** What the limit has to know of the module: part of instrument's `Plan`. */
interface Plan {
  layout: Layout
  prefix: string
  droppable: readonly unknown[]
}

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
  out = appendEntries(out, SectionId.Global, [
    writeGlobal(writeGlobalType({ type: "i64", mutable: true }), i64Const(0n)),
  ])
  out = appendEntries(out, SectionId.Export, [writeExport({ name: wantedName(plan), kind: "global", index: wanted })])
  return appendEntries(
    out,
    SectionId.Code,
    layout.memories.map((_, index) => writeBody(growBody(plan, index, bytes, wanted))),
  )
}

/** `memory.grow m` -> `call firstHelper + m`, in a body that comes back with its size in front. */
function replaceGrows(body: Uint8Array, firstHelper: number): Uint8Array {
  const code = new Instructions(body, unknownInstruction)
  const out = new Code()
  let copied = 0
  while (code.next()) {
    if (code.op !== Op.memory_grow) continue
    out.copy(body.subarray(copied, code.at)).call(firstHelper + code.a)
    copied = code.end
  }
  return writeBody(copied === 0 ? body : out.copy(body.subarray(copied)).instructions())
}

function unknownInstruction(opcode: string): Error {
  const hint = "Leave out --max-memory, or limit memory by the module's own maximum."
  return unsupportedFeature(`instruction ${opcode}`, hint, "the memory limit")
}

/**
 * (func (param $pages T) (result T)
 *   (global.set $wanted (bytes of all memories + $pages of this one))
 *   (if ($pages is more than the limit, or $wanted is, and the memory's own maximum allows it) (then unreachable))
 *   (global.set $wanted 0) (memory.grow $pages))
 */
function growBody({ layout }: Plan, index: number, limit: number, wanted: number): Uint8Array {
  const own = layout.memories[index]
  const c = new Code(1)
  const asI64 = (is64 = false) => (is64 ? c : c.op(Op.i64_extend_i32_u))
  const toBytes = (log2 = 16) => c.i64(BigInt(log2)).op(Op.i64_shl)
  const pages = () => asI64((c.get(0), own?.is64))

  pages()
  toBytes(own?.pageSizeLog2)
  layout.memories.forEach((type, i) => {
    c.indexed(Op.memory_size, i)
    asI64(type.is64)
    toBytes(type.pageSizeLog2).op(Op.i64_add)
  })
  c.setGlobal(wanted)
  pages()
  c.i64(BigInt(Math.floor(limit / 2 ** (own?.pageSizeLog2 ?? 16)))).op(Op.i64_gt_u)
  c.getGlobal(wanted).i64(BigInt(limit)).op(Op.i64_gt_u, Op.i32_or)
  // Beyond its own maximum a memory does not grow anyway, and programs may ask.
  const maximum = own?.max ?? (own?.is64 ? 2 ** 48 : 2 ** (32 - (own?.pageSizeLog2 ?? 16)))
  pages()
  c.i64(BigInt(maximum)).indexed(Op.memory_size, index)
  asI64(own?.is64).op(Op.i64_sub, Op.i64_le_u, Op.i32_and).if()
  c.op(Op.unreachable).end()
  return c.i64(0n).setGlobal(wanted).get(0).indexed(Op.memory_grow, index).finish()
}

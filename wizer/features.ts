// What an engine lacks, in words: an error about a module that the engine cannot take names the proposal and where it
// is.
import { writeBody } from "../wasm/body.ts"
import { Code, Op, VOID } from "../wasm/code.ts"
import { writeGlobal } from "../wasm/definitions.ts"
import { writeFuncType } from "../wasm/deftypes.ts"
import { writeGlobalType, writeLimits } from "../wasm/limits.ts"
import { makeSection, SectionId, writeModule, type Section } from "../wasm/sections.ts"
import { writeVector } from "../wasm/vectors.ts"
import type { Layout } from "./layout.ts"

export interface Feature {
  name: string
  /** The first Node release line that has it switched on; undefined for none so far. */
  node: number | undefined
  /**
   * V8's flag for it, and the first Node that has the final form behind it. V8 complains on stderr about flags it does
   * not know.
   */
  flag?: string
  flagSince?: number
  /** Sections of a module that is valid where the feature is there. */
  probe: () => Section[]
}

const vector = (id: number, ...entries: Uint8Array[]) => makeSection(id, writeVector(entries))
const none = { params: [], results: [] }
const zeros = new Uint8Array(16)
const onePage = { min: 1, shared: false, is64: false, pageSizeLog2: 16 }

/** A function () -> () with this body. */
const code = (body: Code) => [
  vector(SectionId.Type, writeFuncType(none)),
  vector(SectionId.Function, Uint8Array.of(0)),
  vector(SectionId.Code, writeBody(body.finish())),
]

// As the probes say on Node 20.20 (V8 11.3), 22.23 (12.4) and 24.21 (13.6). Types that wasm/ does not write are given
// as bytes.
const features = {
  memory64: {
    name: "64-bit addresses (memory64)",
    node: 22,
    flag: "memory64",
    flagSince: 20,
    probe: () => [vector(SectionId.Memory, writeLimits({ ...onePage, is64: true }))],
  },
  multiMemory: {
    name: "several memories (multi-memory)",
    node: 22,
    probe: () => [vector(SectionId.Memory, writeLimits(onePage), writeLimits(onePage))],
  },
  extendedConst: {
    name: "arithmetic in constant expressions (extended-const)",
    node: 22,
    flag: "extended-const",
    flagSince: 20,
    probe: () => {
      const sum = new Code().i32(0).i32(0).op(Op.i32_add, Op.end).instructions()
      return [vector(SectionId.Global, writeGlobal(writeGlobalType({ type: "i32", mutable: false }), sum))]
    },
  },
  relaxedSimd: {
    name: "relaxed SIMD",
    node: 22,
    flag: "relaxed-simd",
    flagSince: 20,
    probe: () => code(new Code().v128(zeros).v128(zeros).op(Op.i8x16_relaxed_swizzle, Op.drop)),
  },
  gc: {
    name: "garbage-collected types (GC)",
    node: 22,
    probe: () => [vector(SectionId.Type, Uint8Array.of(0x5f, 0))], // (struct)
  },
  functionReferences: {
    name: "typed function references",
    node: 22,
    probe: () => [
      vector(SectionId.Type, writeFuncType(none), writeFuncType({ params: ["(ref null 0)"], results: [] })),
    ],
  },
  exnref: {
    name: "exceptions with exnref",
    node: 22,
    probe: () => code(new Code().indexed(Op.try_table, VOID, 0).op(Op.end)),
  },
  tailCalls: {
    name: "tail calls",
    node: 20,
    flag: "return-call",
    flagSince: 20,
    probe: () => code(new Code().indexed(Op.return_call, 0)),
  },
  pageSize: {
    name: "memories with their own page size (custom-page-sizes)",
    node: undefined,
    probe: () => [vector(SectionId.Memory, writeLimits({ ...onePage, min: 0, pageSizeLog2: 0 }))],
  },
  stackSwitching: {
    name: "stack switching",
    node: undefined,
    probe: () => [vector(SectionId.Type, writeFuncType(none), Uint8Array.of(0x5d, 0))], // (cont 0)
  },
  stringref: {
    name: "string references (stringref)",
    node: undefined,
    probe: () => [vector(SectionId.Type, Uint8Array.of(0x60, 1, 0x67, 0))], // (func (param stringref))
  },
} satisfies Record<string, Feature>

/** Instructions of extended-const. The last one of an expression stands in front of its `end`. */
const arithmetic = [Op.i32_add, Op.i32_sub, Op.i32_mul, Op.i64_add, Op.i64_sub, Op.i64_mul]

/** Features that can be seen without decoding instructions. */
function visibleFeatures(layout: Layout): Feature[] {
  const found: Feature[] = []
  const limits = [...layout.memories, ...layout.tables.map(({ type }) => type)]
  const expressions = [
    ...layout.globals.map(({ init }) => init),
    ...[...layout.elements, ...layout.data].flatMap(({ offset }) => offset ?? []),
  ]
  const types = [...layout.globals.map(({ type }) => type.type), ...layout.tables.map(({ type }) => type.element)]
  for (const type of layout.types) if (type.kind === "func") types.push(...type.params, ...type.results)
  const uses = (pattern: RegExp) => types.some((type) => pattern.test(type))

  if (limits.some(({ is64 }) => is64)) found.push(features.memory64)
  if (layout.memories.length > 1) found.push(features.multiMemory)
  if (limits.some(({ pageSizeLog2 }) => pageSizeLog2 !== 16)) found.push(features.pageSize)
  if (uses(/exn\)$/)) found.push(features.exnref)
  if (layout.types.some(({ kind }) => kind === "struct" || kind === "array")) found.push(features.gc)
  if (uses(/(any|eq|i31|struct|array|none)\)$/)) found.push(features.gc)
  if (layout.types.some(({ kind }) => kind === "cont")) found.push(features.stackSwitching)
  if (uses(/^\(ref (null )?\d+\)$|^\(ref (func|extern)\)$/)) found.push(features.functionReferences)
  if (expressions.some(({ bytes }) => arithmetic.includes(bytes.at(-2) ?? 0))) {
    found.push(features.extendedConst)
  }
  return found
}

/** What V8 says about instructions that it does not take. The number is an opcode, with its prefix in front. */
function featureOfMessage(message: string): Feature | undefined {
  const opcode = /opcode:? 0x([0-9a-f]+)/i.exec(message)?.[1] ?? ""
  if (/^fd1[0-9a-f]{2}$/.test(opcode)) return features.relaxedSimd
  if (/^fb/.test(opcode) || opcode === "d3") return features.gc
  if (/^(1[45]|d[456])$/.test(opcode)) return features.functionReferences
  if (/^(1f|a|0a)$/.test(opcode)) return features.exnref
  if (/^1[23]$/.test(opcode)) return features.tailCalls
  if (/^e[0-6]$/.test(opcode)) return features.stackSwitching
  const flag = /experimental-(?:wasm-)?([\w-]+)/.exec(message)?.[1]
  return Object.values<Feature>(features).find((feature) => feature.flag === flag && flag !== undefined)
}

function isMissing({ probe }: Feature): boolean {
  return !WebAssembly.validate(writeModule(probe()) as BufferSource)
}

/** The features that a refused module uses and this engine lacks; none when the module is simply invalid. */
export function missingFeatures(layout: Layout, message: string): Feature[] {
  const named = featureOfMessage(message)
  return [...new Set([...(named ? [named] : []), ...visibleFeatures(layout)])].filter(isMissing)
}

/** What runs this, as far as it can be known: `Node 20.19.0`. */
export function runningEngine(): string {
  const versions = (globalThis as { process?: { versions?: Record<string, string> } }).process?.versions
  return versions?.["node"] ? `Node ${versions["node"]}` : "this engine"
}

/** Where a feature is, as a hint. */
export function whereFeature({ node }: Feature): string {
  return node === undefined ? "No release of Node has it yet." : `Node ${node} has it.`
}

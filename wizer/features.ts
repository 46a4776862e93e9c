// What an engine lacks, in words: an error about a module that the engine cannot take names the proposal and where it is.
import type { Layout } from "./layout.ts"

export interface Feature {
  name: string
  /** The first Node release line that has it switched on; undefined for none so far. */
  node: number | undefined
  /** V8's flag for it, and the first Node that has the final form behind it. V8 complains on stderr about flags it does not know. */
  flag?: string
  flagSince?: number
  /** Sections of a module that is valid where the feature is there. */
  probe: readonly number[]
}

/** A function () -> () with this body. */
const code = (...body: number[]) => [
  ...[1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
  ...[10, body.length + 4, 1, body.length + 2, 0, ...body, 0x0b],
]
const v128Zero = [0xfd, 12, ...new Array<number>(16).fill(0)]

// As the probes say on Node 20.20 (V8 11.3), 22.23 (12.4) and 24.21 (13.6).
const features = {
  memory64: { name: "64-bit addresses (memory64)", node: 22, flag: "memory64", flagSince: 20, probe: [5, 3, 1, 4, 1] },
  multiMemory: { name: "several memories (multi-memory)", node: 22, probe: [5, 5, 2, 0, 1, 0, 1] },
  extendedConst: {
    name: "arithmetic in constant expressions (extended-const)",
    node: 22,
    flag: "extended-const",
    flagSince: 20,
    probe: [6, 9, 1, 0x7f, 0, 0x41, 0, 0x41, 0, 0x6a, 0x0b],
  },
  relaxedSimd: {
    name: "relaxed SIMD",
    node: 22,
    flag: "relaxed-simd",
    flagSince: 20,
    probe: code(...v128Zero, ...v128Zero, 0xfd, 0x80, 0x02, 0x1a),
  },
  gc: { name: "garbage-collected types (GC)", node: 22, probe: [1, 3, 1, 0x5f, 0] },
  functionReferences: {
    name: "typed function references",
    node: 22,
    probe: [1, 9, 2, 0x60, 0, 0, 0x60, 1, 0x63, 0, 0],
  },
  exnref: { name: "exceptions with exnref", node: 22, probe: code(0x1f, 0x40, 0, 0x0b) },
  tailCalls: { name: "tail calls", node: 20, flag: "return-call", flagSince: 20, probe: code(0x12, 0) },
  pageSize: {
    name: "memories with their own page size (custom-page-sizes)",
    node: undefined,
    probe: [5, 4, 1, 8, 0, 0],
  },
  stackSwitching: { name: "stack switching", node: undefined, probe: [1, 6, 2, 0x60, 0, 0, 0x5d, 0] },
  stringref: { name: "string references (stringref)", node: undefined, probe: [1, 5, 1, 0x60, 1, 0x67, 0] },
} satisfies Record<string, Feature>

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
  if (expressions.some(({ bytes }) => [0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e].includes(bytes.at(-2) ?? 0))) {
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
  return !WebAssembly.validate(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...probe))
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

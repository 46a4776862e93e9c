// Flow graph -> the order and nesting in which its blocks can be written as WebAssembly.
//
// WebAssembly has no goto. Where every loop is entered at one place only, a block can be written inside the block that
// dominates it: a loop's first block opens a `loop`, a block that several others go on to gets a `block` to jump out
// of, everything else is written where its one predecessor ends (N. Ramsey, "Beyond Relooper", ICFP 2022). Exception
// handlers are not part of it: an exception leaves frozen code, so only what normal control reaches is written.
import type { Edge, FlowGraph } from "./blocks.ts"

export interface Structure {
  /** Blocks that normal control reaches, in reverse postorder. Numbers are those of the flow graph. */
  order: number[]
  /** Position in `order`, -1 for blocks that are not reached. */
  position: Int32Array
  /** The edges that count, by block. */
  successors: Edge[][]
  /**
   * Blocks to write inside a block, besides those that follow it directly: merge blocks that it dominates, last one
   * first.
   */
  merges: number[][]
  isLoop: boolean[]
  /** It is part of some loop. */
  inLoop: boolean[]
  /** Several blocks go on to it, not counting those that jump back. */
  isMerge: boolean[]
}

/** Returns undefined when some loop is entered in two places. */
export function structureOf(graph: FlowGraph): Structure | undefined {
  const successors = reachableEdges(graph)
  const order = reversePostorder(successors)
  const position = new Int32Array(graph.blocks.length).fill(-1)
  order.forEach((block, i) => (position[block] = i))
  const predecessors: number[][] = graph.blocks.map(() => [])
  for (const block of order) for (const { block: to } of successors[block] ?? []) predecessors[to]?.push(block)
  const dominator = dominators(order, position, predecessors)
  const isLoop: boolean[] = []
  const isMerge: boolean[] = []
  const merges: number[][] = graph.blocks.map(() => [])
  for (const block of order) {
    const at = position[block]!
    const into = predecessors[block]!
    const back = into.filter((from) => position[from]! >= at)
    if (back.some((from) => !dominates(block, from))) return undefined
    isLoop[block] = back.length > 0
    isMerge[block] = into.length - back.length > 1
    if (isMerge[block]) merges[dominator[block]!]!.unshift(block)
  }
  const inLoop = loopBodies(order, position, predecessors)
  return { order, position, successors, merges, isLoop, inLoop, isMerge }

  function dominates(block: number, other: number): boolean {
    let at = other
    while (position[at]! > position[block]!) at = dominator[at]!
    return at === block
  }
}

/** Blocks from which a jump back is reached without passing the loop's head. */
function loopBodies(order: readonly number[], position: Int32Array, predecessors: readonly number[][]): boolean[] {
  const inLoop: boolean[] = []
  for (const head of order) {
    const waiting = predecessors[head]!.filter((from) => position[from]! >= position[head]!)
    const seen = new Set<number>([head])
    if (waiting.length > 0) inLoop[head] = true
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (seen.has(at)) continue
      seen.add(at)
      inLoop[at] = true
      waiting.push(...predecessors[at]!)
    }
  }
  return inLoop
}

/** Edges from the entry on. A `return` edge counts only when the `gosub` before its target is itself reached. */
function reachableEdges({ blocks }: FlowGraph): Edge[][] {
  const before = new Map(blocks.map((block, index) => [block.end, index]))
  const reached = new Set<number>([0])
  for (let size = 0; size !== reached.size;) {
    size = reached.size
    const waiting = [...reached]
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      for (const edge of edgesOf(at)) {
        if (reached.has(edge.block)) continue
        reached.add(edge.block)
        waiting.push(edge.block)
      }
    }
  }
  return blocks.map((_, index) => (reached.has(index) ? edgesOf(index) : []))

  function edgesOf(index: number): Edge[] {
    return blocks[index]!.successors.filter(({ kind, block }) => {
      if (kind !== "return") return true
      const caller = before.get(blocks[block]!.start)
      return caller !== undefined && reached.has(caller)
    })
  }
}

function reversePostorder(successors: readonly Edge[][]): number[] {
  const seen = new Set<number>([0])
  const out: number[] = []
  const path: { block: number; next: number }[] = [{ block: 0, next: 0 }]
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const edges = successors[top.block]!
    // Last successor first, so that what follows in the code comes out early.
    const edge = edges[edges.length - 1 - top.next++]
    if (edge === undefined) {
      out.push(top.block)
      path.pop()
    } else if (!seen.has(edge.block)) {
      seen.add(edge.block)
      path.push({ block: edge.block, next: 0 })
    }
  }
  return out.reverse()
}

/** Immediate dominators (K. Cooper, T. Harvey, K. Kennedy: "A simple, fast dominance algorithm"). */
function dominators(order: readonly number[], position: Int32Array, predecessors: readonly number[][]): Int32Array {
  const dominator = new Int32Array(position.length).fill(-1)
  dominator[order[0]!] = order[0]!
  const common = (a: number, b: number): number => {
    while (a !== b) {
      while (position[a]! > position[b]!) a = dominator[a]!
      while (position[b]! > position[a]!) b = dominator[b]!
    }
    return a
  }
  for (let changed = true; changed;) {
    changed = false
    for (const block of order.slice(1)) {
      let found = -1
      for (const from of predecessors[block]!) {
        if (dominator[from] === -1) continue
        found = found === -1 ? from : common(found, from)
      }
      if (dominator[block] !== found) {
        dominator[block] = found
        changed = true
      }
    }
  }
  return dominator
}

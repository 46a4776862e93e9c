// Circles in a graph of imports: file -> the files that it imports.
export type Graph = ReadonlyMap<string, readonly string[]>

/**
 * A shortest circle through each file that is on one, without those that go through a file named before: `a -> b -> a`.
 */
export function circles(graph: Graph): string[][] {
  const found: string[][] = []
  for (const file of graph.keys()) {
    if (found.some((circle) => circle.includes(file))) continue
    const circle = shortestCircle(graph, file)
    if (circle !== undefined) found.push(circle)
  }
  return found
}

/** The files on the way from a file back to itself, breadth first; undefined when there is none. */
function shortestCircle(graph: Graph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const file of queue) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) return wayTo(file, cameFrom, start)
      if (cameFrom.has(next)) continue
      cameFrom.set(next, file)
      queue.push(next)
    }
  }
  return undefined
}

function wayTo(file: string, cameFrom: ReadonlyMap<string, string>, start: string): string[] {
  const way = [file]
  while (way[0] !== start) way.unshift(cameFrom.get(way[0]!)!)
  return way
}

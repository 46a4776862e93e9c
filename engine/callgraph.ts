// Who may call whom, and which functions lie on a cycle of calls: the ones that native stack must be counted in.
//
// An indirect call may reach every function of its type that is in the table. That is more than really happens, which
// is the safe side; but types of functions that never run a program's code (allocators, finalizers, output) are left
// out, because through them everything would seem to call everything.
import { Instructions } from "../wasm/body.ts"
import { Op } from "../wasm/instructions.ts"
import type { ModuleParts } from "./module.ts"

/** For each defined function, by function index: what it may call, imports left out. */
export type CallGraph = Map<number, Set<number>>

/** Read the graph out of the bodies. */
export function callGraph(module: ModuleParts): CallGraph {
  const byType = new Map<number, number[]>()
  for (const index of new Set(module.tableFunctions)) {
    const type = module.typeOf(index)
    const list = byType.get(type)
    if (list) list.push(index)
    else byType.set(type, [index])
  }
  const graph: CallGraph = new Map()
  module.bodies.forEach((body, i) => {
    const targets = new Set<number>()
    const code = new Instructions(body)
    while (code.next()) {
      if (code.op === Op.call && code.a >= module.importedFunctions) targets.add(code.a)
      if (code.op !== Op.call_indirect || !mayRunProgram(module, code.a)) continue
      for (const index of byType.get(code.a) ?? []) if (index >= module.importedFunctions) targets.add(index)
    }
    graph.set(i + module.importedFunctions, targets)
  })
  return graph
}

/** What runs a program's code takes or gives a JSValue (an i64), and answers: with a value or with a status. */
function mayRunProgram(module: ModuleParts, type: number): boolean {
  const { params, results } = module.types[type] ?? { params: [], results: [] }
  return results.length > 0 && [...params, ...results].includes("i64")
}

/** Functions from which a call chain leads to one of `targets`, the targets included. */
export function callersOf(graph: CallGraph, targets: Iterable<number>): Set<number> {
  const callers = new Map<number, number[]>()
  for (const [caller, callees] of graph) {
    for (const callee of callees) {
      const list = callers.get(callee)
      if (list) list.push(caller)
      else callers.set(callee, [caller])
    }
  }
  const found = new Set<number>()
  const work = [...targets]
  for (let index = work.pop(); index !== undefined; index = work.pop()) {
    if (found.has(index)) continue
    found.add(index)
    work.push(...(callers.get(index) ?? []))
  }
  return found
}

/**
 * Functions that `roots` reach by direct calls, the roots included; with `within`, only through functions for which it
 * is true.
 */
export function reach(
  module: ModuleParts,
  roots: Iterable<number>,
  within: (index: number) => boolean = () => true,
): Set<number> {
  const reached = new Set<number>()
  const work = [...roots].filter(within)
  for (let index = work.pop(); index !== undefined; index = work.pop()) {
    const body = module.bodies[index - module.importedFunctions]
    if (reached.has(index) || body === undefined) continue
    reached.add(index)
    const code = new Instructions(body)
    while (code.next()) if (code.op === Op.call && within(code.a)) work.push(code.a)
  }
  return reached
}

/** Functions that nothing but exports reach: not the table, not the named export. */
export function idleFunctions(module: ModuleParts, entry: number): number[] {
  const busy = reach(module, [entry, ...module.tableFunctions])
  return module.bodies.map((_, i) => i + module.importedFunctions).filter((index) => !busy.has(index))
}

/** Functions that can be on the stack twice: members of a cycle. Tarjan's algorithm, without recursion. */
export function recursiveFunctions(graph: CallGraph): Set<number> {
  const order = new Map<number, number>()
  const low = new Map<number, number>()
  const open: number[] = []
  const isOpen = new Set<number>()
  const recursive = new Set<number>()

  for (const root of graph.keys()) {
    if (order.has(root)) continue
    const work: { node: number; targets: Iterator<number> }[] = []
    const enter = (node: number) => {
      order.set(node, order.size)
      low.set(node, order.size - 1)
      open.push(node)
      isOpen.add(node)
      work.push({ node, targets: (graph.get(node) ?? new Set<number>()).values() })
    }
    enter(root)
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const { node, targets } = top
      const step = targets.next()
      if (!step.done) {
        if (!order.has(step.value)) enter(step.value)
        else if (isOpen.has(step.value)) lower(node, order.get(step.value))
        continue
      }
      work.pop()
      const parent = work.at(-1)
      if (parent) lower(parent.node, low.get(node))
      if (low.get(node) === order.get(node)) close(node)
    }
  }
  return recursive

  function lower(node: number, to: number | undefined): void {
    if (to !== undefined && to < (low.get(node) ?? 0)) low.set(node, to)
  }

  function close(node: number): void {
    const members: number[] = []
    for (let member = open.pop(); member !== undefined; member = open.pop()) {
      isOpen.delete(member)
      members.push(member)
      if (member === node) break
    }
    if (members.length > 1 || graph.get(node)?.has(node)) for (const member of members) recursive.add(member)
  }
}

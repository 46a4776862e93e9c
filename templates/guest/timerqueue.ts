// Timers by the time they are due: a binary heap, because an array that is spliced takes seconds for ten thousand of
// them.

/** A timer's place in line. It counts as long as its timer points back at it. */
export interface Entry<T> {
  due: number
  order: number
  owner: T
}

const isBefore = (a: Entry<unknown>, b: Entry<unknown>) => a.due < b.due || (a.due === b.due && a.order < b.order)

/** Add an entry. */
export function push<T>(heap: Entry<T>[], entry: Entry<T>): void {
  let at = heap.length
  heap.push(entry)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (!isBefore(entry, heap[parent]!)) break
    heap[at] = heap[parent]!
    at = parent
  }
  heap[at] = entry
}

/** Take the first entry. */
export function pop<T>(heap: Entry<T>[]): Entry<T> | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return first
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (!isBefore(heap[child]!, last)) break
    heap[at] = heap[child]!
    at = child
  }
  heap[at] = last
  return first
}

// Segments for the smallest compressed size. A compressor makes a row of zeros nearly free, while the header of a
// segment is made of numbers that it cannot predict, so longer gaps are worth filling. How long depends on the
// contents: a few thresholds are tried, and what is kept is what really came out smallest.
import type { State } from "./capture.ts"
import type { Plan } from "./instrument.ts"
import { planData, type DataPlan } from "./rewrite.ts"
import { dataSection } from "./segments.ts"

const thresholds: readonly ("raw" | number)[] = ["raw", 16, 32, 64, 128, 256, 1024, 4096]

/** The data plan whose Data section is smallest when compressed with gzip. */
export async function smallestTransfer(plan: Plan, state: State): Promise<DataPlan> {
  let best: DataPlan | undefined
  let least = Infinity
  for (const fill of thresholds) {
    const data = planData(plan, state, fill)
    const size = await compressedSize(state, data)
    if (size < least) {
      least = size
      best = data
    }
  }
  return best ?? planData(plan, state)
}

async function compressedSize(state: State, { kept, segments }: DataPlan): Promise<number> {
  const section = dataSection(
    kept,
    state.memories.map((image, i) => ({ image, segments: segments[i] ?? [] })),
  )
  const payload = new Uint8Array(section.size)
  section.write(payload)
  const stream = new Blob([payload]).stream().pipeThrough(new CompressionStream("gzip"))
  let size = 0
  const reader = stream.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return size
    size += value.length
  }
}

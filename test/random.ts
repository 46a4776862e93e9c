// Random numbers that can be had again: tests print the seed, and SEED=n repeats a run.

/** The seed that is asked for, or one of a million. */
export function seedOf(test: string): number {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000)
  console.log(`${test}: SEED=${seed}`)
  return seed
}

/** A small seeded generator, [0, 1). (mulberry32) */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same, for whole numbers from 0 up to a bound, without it. */
export function integersFrom(seed: number): (below: number) => number {
  const random = randomFrom(seed)
  return (below) => Math.floor(random() * below)
}

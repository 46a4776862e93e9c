// ordinary arrays: insertion sort, prefix sums, permutations
function sorted(count) {
  const a = []
  let seed = 12345
  for (let i = 0; i < count; i++) {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    a[i] = seed % 1000
  }
  for (let i = 1; i < a.length; i++) {
    const x = a[i]
    let j = i - 1
    while (j >= 0 && a[j] > x) {
      a[j + 1] = a[j]
      j--
    }
    a[j + 1] = x
  }
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * i
  return sum
}
globalThis.run = () => sorted(1200)

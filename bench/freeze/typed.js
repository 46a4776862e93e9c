// typed arrays: a sieve and a matrix product
function sieve(limit) {
  const composite = new Uint8Array(limit + 1)
  let primes = 0
  for (let i = 2; i <= limit; i++) {
    if (composite[i] === 0) {
      primes++
      for (let j = i * 2; j <= limit; j += i) composite[j] = 1
    }
  }
  return primes
}
function product(n) {
  const a = new Float64Array(n * n)
  const b = new Float64Array(n * n)
  const c = new Float64Array(n * n)
  for (let i = 0; i < n * n; i++) {
    a[i] = i % 7
    b[i] = i % 5
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0
      for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j]
      c[i * n + j] = sum
    }
  }
  return c[n + 1]
}
globalThis.run = () => sieve(200000) + product(60)

// BigInts
function work(n) {
  let a = 1n,
    b = 0n
  for (let i = 0; i < n; i++) {
    const t = (a + b) % 1000000007n
    b = a
    a = t * 3n + 1n
    if (a > 10n ** 12n) a = a & 0xffffn
  }
  return String(a)
}
globalThis.run = () => work(20000)

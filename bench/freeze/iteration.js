// for-of over arrays and generators, callbacks
function* gen(n) {
  for (let i = 0; i < n; i++) yield i
}
function work(n) {
  const a = Array.from({ length: n }, (_, i) => i)
  let s = 0
  for (const x of a) s += x
  for (const x of gen(n)) s += x
  s += a
    .map((x) => x * 2)
    .filter((x) => x % 3 === 0)
    .reduce((p, c) => p + c, 0)
  for (const k in { a: 1, b: 2 }) s += k.length
  return s
}
globalThis.run = () => work(10000)

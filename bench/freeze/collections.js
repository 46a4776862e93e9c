// Map and Set
function work(n) {
  const m = new Map(),
    q = new Set()
  for (let i = 0; i < n; i++) {
    m.set("k" + (i % 100), i)
    q.add(i % 50)
  }
  let s = 0
  for (const [k, v] of m) s += v + k.length
  for (const v of q) s += v
  return s
}
globalThis.run = () => work(20000)

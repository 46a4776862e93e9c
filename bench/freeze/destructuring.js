// destructuring of arrays and objects
function work(n) {
  let s = 0
  for (let i = 0; i < n; i++) {
    const [a, b, ...c] = [i, i + 1, i + 2]
    const {
      x,
      y: { z },
    } = { x: a, y: { z: b } }
    s += x + z + c.length
  }
  return s
}
globalThis.run = () => work(10000)

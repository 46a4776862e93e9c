// one place that sees 40 shapes
const shapes = []
for (let i = 0; i < 40; i++) {
  const o = {}
  o["k" + i] = 1
  o.x = i
  o.f = function () {
    return this.x
  }
  shapes.push(o)
}
function work(n) {
  let s = 0
  for (let i = 0; i < n; i++) {
    const o = shapes[i % 40]
    s += o.x
    s += o.f()
    o.x = i % 40
  }
  return s
}
globalThis.run = () => work(30000)

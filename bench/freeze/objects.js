// small objects, made and forgotten
class V {
  constructor(x, y) {
    this.x = x
    this.y = y
  }
  add(o) {
    return new V(this.x + o.x, this.y + o.y)
  }
  len() {
    return Math.sqrt(this.x * this.x + this.y * this.y)
  }
}
function work(n) {
  let v = new V(0, 0)
  const d = new V(1, 2)
  for (let i = 0; i < n; i++) {
    v = v.add(d)
    if (v.len() > 1e6) v = new V(0, 0)
  }
  return v.x
}
globalThis.run = () => work(20000)

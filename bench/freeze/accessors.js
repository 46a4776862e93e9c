// getters and setters
class G {
  constructor() {
    this._v = 1
  }
  get v() {
    return this._v
  }
  set v(x) {
    this._v = x
  }
}
function work(n) {
  const g = new G()
  let s = 0
  for (let i = 0; i < n; i++) {
    g.v = (g.v + 1) & 255
    s += g.v
  }
  return s
}
globalThis.run = () => work(30000)

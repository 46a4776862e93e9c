// private fields
class P {
  #x = 0
  #y
  constructor(y) {
    this.#y = y
  }
  inc() {
    this.#x += this.#y
    return this
  }
  get v() {
    return this.#x
  }
  static s = 1
}
function work(n) {
  const p = new P(2)
  for (let i = 0; i < n; i++) {
    p.inc()
    if (p.v > 1000) p.inc()
  }
  return p.v
}
globalThis.run = () => work(30000)

// call-heavy: methods, closures, callbacks
class Counter {
  constructor() {
    this.n = 0
  }
  add(x) {
    this.n = (this.n + x) & 0xffff
    return this
  }
  get() {
    return this.n
  }
}
function twice(f, x) {
  return f(f(x))
}
function work(count) {
  const c = new Counter()
  const inc = (x) => x + 3
  for (let i = 0; i < count; i++) {
    c.add(twice(inc, i))
    if (c.get() > 60000) c.add(1)
  }
  return c.get()
}
globalThis.run = () => work(60000)

// derived classes, super
class A {
  constructor(x) {
    this.x = x
  }
  m(y) {
    return this.x + y
  }
}
class B extends A {
  constructor(x) {
    super(x)
    this.z = 2
  }
  m(y) {
    return super.m(y) + this.z
  }
}
function work(n) {
  let s = 0
  for (let i = 0; i < n; i++) {
    s = (s + new B(i).m(1)) | 0
  }
  return s
}
globalThis.run = () => work(10000)

// arguments objects, default and rest parameters
function f() {
  let s = 0
  for (let i = 0; i < arguments.length; i++) s += arguments[i]
  return s
}
function g(a, b = a + 1, ...r) {
  return a + b + r.length
}
function work(n) {
  let s = 0
  for (let i = 0; i < n; i++) {
    s += f(i, 1, 2)
    s += g(i)
    s += g(i, 2, 3, 4)
  }
  return s
}
globalThis.run = () => work(10000)

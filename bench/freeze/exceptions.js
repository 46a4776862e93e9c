// throw, catch, finally
function f(i) {
  if (i % 3 === 0) throw new Error("x")
  return i
}
function work(n) {
  let s = 0
  for (let i = 0; i < n; i++) {
    try {
      s += f(i)
    } catch (e) {
      s += 1
    } finally {
      s ^= 1
    }
  }
  return s
}
globalThis.run = () => work(10000)

// closures that share a captured variable
function work(n) {
  let count = 0
  const add = (x) => {
    count += x
    return count
  }
  const make = (k) => () => k + count
  let s = 0
  for (let i = 0; i < n; i++) {
    add(i & 3)
    s = (s + make(i)()) | 0
  }
  return s
}
globalThis.run = () => work(30000)

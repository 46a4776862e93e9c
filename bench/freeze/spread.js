// spread in calls, arrays and objects
function sum(...xs) {
  let s = 0
  for (let i = 0; i < xs.length; i++) s += xs[i]
  return s
}
function work(n) {
  let s = 0
  for (let i = 0; i < n; i++) {
    s += sum(...[i, 1, 2])
    const o = { ...{ a: i }, b: 2 }
    s += o.a + o.b
    const arr = [...[1, 2, 3], i]
    s += arr.length
  }
  return s
}
globalThis.run = () => work(10000)

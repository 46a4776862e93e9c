// regular expressions
function work(n) {
  let s = 0
  for (let i = 0; i < n; i++) {
    const m = /(\d+)-(\w+)/.exec("abc 12-xy " + i)
    s += m[1].length + m.index
    s += "a,b,c".replace(/,/g, "").length
  }
  return s
}
globalThis.run = () => work(3000)

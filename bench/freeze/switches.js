// switch over strings, typeof
function kind(s) {
  switch (s) {
    case "alpha":
      return 1
    case "beta":
      return 2
    case "gamma":
      return 3
    default:
      return 0
  }
}
function work(n) {
  const ks = ["alpha", "beta", "gamma", "delta"]
  let s = 0
  for (let i = 0; i < n; i++) {
    s += kind(ks[i & 3])
    if (typeof ks[i & 3] === "string") s++
  }
  return s
}
globalThis.run = () => work(50000)

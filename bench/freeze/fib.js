// recursion: one function, ints
function fib(n) {
  if (n < 2) return n
  return fib(n - 1) + fib(n - 2)
}
globalThis.run = () => fib(35)

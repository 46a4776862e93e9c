// float loop: the Mandelbrot set, points inside a grid
function mandelbrot(size, limit) {
  let inside = 0
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const cr = (2 * x) / size - 1.5
      const ci = (2 * y) / size - 1
      let zr = 0
      let zi = 0
      let n = 0
      while (n < limit && zr * zr + zi * zi <= 4) {
        const t = zr * zr - zi * zi + cr
        zi = 2 * zr * zi + ci
        zr = t
        n++
      }
      if (n === limit) inside++
    }
  }
  return inside
}
globalThis.run = () => mandelbrot(120, 100)

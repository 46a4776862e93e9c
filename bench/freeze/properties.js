// property-heavy: particles and a linked list
class Particle {
  constructor(x, y) {
    this.x = x
    this.y = y
    this.vx = 1
    this.vy = 0.5
    this.next = null
  }
}
function simulate(count, steps) {
  let first = null
  for (let i = 0; i < count; i++) {
    const p = new Particle(i, count - i)
    p.next = first
    first = p
  }
  for (let s = 0; s < steps; s++) {
    for (let p = first; p !== null; p = p.next) {
      p.x += p.vx
      p.y += p.vy
      if (p.x > 50) p.vx = -p.vx
      if (p.y > 50) p.vy = -p.vy
    }
  }
  let sum = 0
  for (let p = first; p !== null; p = p.next) sum += p.x + p.y
  return sum
}
globalThis.run = () => simulate(100, 300)

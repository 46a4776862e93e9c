// What the engine has beyond the ES2023 that the compiler is told of.
interface String {
  isWellFormed(): boolean
  toWellFormed(): string
}

/** Give a function the name that programs see: its own is shortened by the bundler. */
export function named<T extends (...args: any[]) => unknown>(name: string, f: T): T {
  return Object.defineProperty(f, "name", { value: name, configurable: true })
}

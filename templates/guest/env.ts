// process.env: the environment when it is first looked at; values become strings as they are set.
import { native } from "./kit.ts"

const values: Record<string, string> = {}
let isRead = false

/** Read the environment, once. */
export function readEnvironment(): Record<string, string> {
  if (isRead) return values
  const pairs = native.env()
  isRead = true
  for (const pair of pairs) {
    const at = pair.indexOf("=", 1)
    if (at > 0) values[pair.slice(0, at)] ??= pair.slice(at + 1)
  }
  return values
}

export const env = new Proxy(values, {
  get: (_, key) => (typeof key === "string" ? readEnvironment()[key] : values[key as never]),
  has: (_, key) => Reflect.has(readEnvironment(), key),
  ownKeys: () => Reflect.ownKeys(readEnvironment()),
  getOwnPropertyDescriptor: (_, key) => Reflect.getOwnPropertyDescriptor(readEnvironment(), key),
  deleteProperty: (_, key) => Reflect.deleteProperty(readEnvironment(), key),
  set(_, key, value) {
    if (typeof key === "symbol" || typeof value === "symbol")
      throw new TypeError("Cannot convert a Symbol value to a string")
    readEnvironment()[key] = String(value)
    return true
  },
  defineProperty(_, key, descriptor) {
    readEnvironment()[key as string] = String(descriptor.value)
    return true
  },
})

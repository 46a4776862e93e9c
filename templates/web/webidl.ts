// What the Web IDL Standard asks of every interface: how a class is exposed, how arguments are checked, how pairs are
// iterated.
import { kit } from "../guest/kit.ts"

/**
 * A class as a global: its name is its objects' tag, its members are enumerable, a pair iterable's iterator is its
 * `entries`.
 */
export function exposeInterface(name: string, type: { prototype: object }): void {
  const { prototype } = type
  if ("entries" in prototype)
    Object.defineProperty(prototype, Symbol.iterator, { value: prototype.entries, writable: true, configurable: true })
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true })
  for (const key of Object.getOwnPropertyNames(prototype))
    if (key !== "constructor") Object.defineProperty(prototype, key, { enumerable: true })
  kit.expose(name, type)
}

/** The type USVString: a string without lone surrogates. */
export function usvString(value: unknown): string {
  return `${value as string}`.toWellFormed()
}

/** Throws, in Node's words, when a method was given fewer arguments than it must have. */
export function needArguments(given: number, wanted: number, names: string): void {
  if (given < wanted) throw kit.world().nodeError(TypeError, "ERR_MISSING_ARGS", `The ${names} must be specified`)
}

export type Pair = [name: string, value: string]

/** What an iterator gives of each pair: the pair, or what stands at an index in it. */
type Picked = "pair" | 0 | 1

/**
 * The default iterator objects of a pair iterable. Iteration is live: each step looks at the list anew. `invalidThis`
 * makes the error of `next` called on something else.
 */
export function pairIterators(name: string, invalidThis: () => Error) {
  const steps = new WeakMap<object, () => IteratorResult<unknown>>()
  const prototype: object = Object.assign(Object.create(iteratorPrototype), {
    next(this: object) {
      const step = steps.get(this)
      if (step === undefined) throw invalidThis()
      return step()
    },
  })
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true })
  return <T>(list: () => Pair[], picked: Picked): IterableIterator<T> => {
    let at = 0
    const iterator = Object.create(prototype) as IterableIterator<T>
    steps.set(iterator, () => {
      const pair = list()[at++]
      if (pair === undefined) return { done: true, value: undefined }
      return { done: false, value: picked === "pair" ? [...pair] : pair[picked] }
    })
    return iterator
  }
}

/** %IteratorPrototype%, which has no name of its own. */
const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object

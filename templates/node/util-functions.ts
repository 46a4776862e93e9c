// Functions of node:util that make functions of others.
import { kit } from "../guest/kit.ts"

type Callback = (error: unknown, ...values: unknown[]) => void
type AnyFunction = (...args: any[]) => any

export const customPromisify = Symbol.for("nodejs.util.promisify.custom")

export function promisify(original: AnyFunction): AnyFunction {
  const { checkCallback } = kit.world()
  checkCallback(original, "original")
  const custom = (original as unknown as Record<symbol, unknown>)[customPromisify]
  if (custom !== undefined) {
    checkCallback(custom, "util.promisify.custom")
    return Object.defineProperty(custom, customPromisify, { value: custom, configurable: true }) as AnyFunction
  }
  function promised(this: unknown, ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      original.call(this, ...args, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)))
    })
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original))
  Object.defineProperty(promised, customPromisify, { value: promised, configurable: true })
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original))
}

export function callbackify(original: AnyFunction): AnyFunction {
  const { checkCallback, loop, nodeError } = kit.world()
  checkCallback(original, "original")
  function withCallback(this: unknown, ...args: unknown[]): void {
    const callback = args.pop() as Callback
    checkCallback(callback, "last argument")
    const falsy = (reason: unknown) =>
      nodeError(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value", { reason })
    ;(original.apply(this, args) as Promise<unknown>).then(
      (value) => loop.tick(callback, [null, value]),
      (reason: unknown) => loop.tick(callback, [reason || falsy(reason)]),
    )
  }
  const own = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap
  if (typeof own["length"]?.value === "number") own["length"].value++
  if (typeof own["name"]?.value === "string") own["name"].value += "Callbackified"
  return Object.defineProperties(withCallback, own)
}

/** Codes of deprecations that were told of. */
const warned = new Set<string>()

export function deprecate(original: AnyFunction, message: string, code?: string): AnyFunction {
  let said = false
  function deprecated(this: unknown, ...args: unknown[]): unknown {
    if (!said && (code === undefined || !warned.has(code))) kit.world().emitWarning(message, "DeprecationWarning", code)
    said = true
    if (code !== undefined) warned.add(code)
    return new.target ? Reflect.construct(original, args, new.target) : original.apply(this, args)
  }
  Object.setPrototypeOf(deprecated, original)
  if (original.prototype) deprecated.prototype = original.prototype
  return deprecated
}

export function inherits(constructor: AnyFunction, parent: AnyFunction): void {
  const { checkCallback, wrongType } = kit.world()
  checkCallback(constructor, "ctor")
  checkCallback(parent, "superCtor")
  if (parent.prototype === undefined) throw wrongType("superCtor.prototype", "of type object", parent.prototype)
  Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true })
  Object.setPrototypeOf(constructor.prototype, parent.prototype)
}

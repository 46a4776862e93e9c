// node:util and node:util/types.
import type { Kit } from "../guest/core.ts"
import { isDeepEqual } from "./equal.ts"

type Callback = (error: unknown, ...values: unknown[]) => void
type AnyFunction = (...args: any[]) => any

export function start(kit: Kit): void {
  const { native, modules, show } = kit
  const shown = show()
  const { nodeError, wrongType, checkCallback, emitWarning, loop } = kit.world()
  const customPromisify = Symbol.for("nodejs.util.promisify.custom")

  const inspect = Object.assign((...args: Parameters<typeof shown.inspect>) => shown.inspect(...args), {
    custom: shown.customInspect,
    colors: Object.assign(Object.create(null), shown.styleColors) as object,
    styles: Object.assign(Object.create(null), shown.styleNames) as object,
    replDefaults: {},
  })
  Object.defineProperty(inspect, "name", { value: "inspect" })
  Object.defineProperty(inspect, "defaultOptions", {
    enumerable: true,
    get: () => shown.defaultOptions,
    set(options: object) {
      if (typeof options !== "object" || options === null) throw wrongType("options", "of type object", options)
      Object.assign(shown.defaultOptions, options)
    },
  })

  function promisify(original: AnyFunction): AnyFunction {
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

  function callbackify(original: AnyFunction): AnyFunction {
    checkCallback(original, "original")
    function withCallback(this: unknown, ...args: unknown[]): void {
      const callback = args.pop() as Callback
      checkCallback(callback, "last argument")
      ;(original.apply(this, args) as Promise<unknown>).then(
        (value) => loop.tick(callback, [null, value]),
        (reason: unknown) =>
          loop.tick(callback, [
            reason ||
              nodeError(Error, "ERR_FALSY_VALUE_REJECTION", "Promise was rejected with falsy value", { reason }),
          ]),
      )
    }
    const own = Object.getOwnPropertyDescriptors(original) as PropertyDescriptorMap
    if (typeof own["length"]?.value === "number") own["length"].value++
    if (typeof own["name"]?.value === "string") own["name"].value += "Callbackified"
    return Object.defineProperties(withCallback, own)
  }

  const warned = new Set<string>()
  function deprecate(original: AnyFunction, message: string, code?: string): AnyFunction {
    let said = false
    function deprecated(this: unknown, ...args: unknown[]): unknown {
      if (!said && (code === undefined || !warned.has(code))) emitWarning(message, "DeprecationWarning", code)
      said = true
      if (code !== undefined) warned.add(code)
      return new.target ? Reflect.construct(original, args, new.target) : original.apply(this, args)
    }
    Object.setPrototypeOf(deprecated, original)
    if (original.prototype) deprecated.prototype = original.prototype
    return deprecated
  }

  function inherits(constructor: AnyFunction, parent: AnyFunction): void {
    checkCallback(constructor, "ctor")
    checkCallback(parent, "superCtor")
    if (parent.prototype === undefined) throw wrongType("superCtor.prototype", "of type object", parent.prototype)
    Object.defineProperty(constructor, "super_", { value: parent, writable: true, configurable: true })
    Object.setPrototypeOf(constructor.prototype, parent.prototype)
  }

  const ansi = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g
  const is =
    (...names: string[]) =>
    (value: unknown) =>
      names.includes(native.className(value) ?? "")
  const typedArrays =
    "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float32Array Float64Array".split(
      " ",
    )
  const types: Record<string, (value: unknown) => boolean> = {
    isArrayBufferView: (value) => ArrayBuffer.isView(value),
    isAnyArrayBuffer: is("ArrayBuffer", "SharedArrayBuffer"),
    isTypedArray: is(...typedArrays, "Float16Array"),
    isArgumentsObject: is("Arguments"),
    isAsyncFunction: is("AsyncFunction", "AsyncGeneratorFunction"),
    isBoxedPrimitive: is("Number", "String", "Boolean", "Symbol", "BigInt"),
    isNumberObject: is("Number"),
    isStringObject: is("String"),
    isBooleanObject: is("Boolean"),
    isSymbolObject: is("Symbol"),
    isBigIntObject: is("BigInt"),
    isGeneratorFunction: is("GeneratorFunction", "AsyncGeneratorFunction"),
    isGeneratorObject: is("Generator", "AsyncGenerator"),
    isMapIterator: is("Map Iterator"),
    isSetIterator: is("Set Iterator"),
    isNativeError: is("Error"),
    isProxy: (value) => native.proxy(value) !== undefined,
    isModuleNamespaceObject: is("Module"),
    isExternal: () => false,
    isKeyObject: () => false,
    isCryptoKey: () => false,
  }
  for (const name of [
    "ArrayBuffer",
    "SharedArrayBuffer",
    "DataView",
    "Date",
    "Map",
    "Set",
    "WeakMap",
    "WeakSet",
    "Promise",
    "RegExp",
    ...typedArrays,
  ])
    types[`is${name}`] = is(name)

  const util: Record<string, unknown> = {
    inspect,
    format: shown.format,
    formatWithOptions: shown.formatWithOptions,
    promisify: Object.assign(promisify, { custom: customPromisify }),
    callbackify,
    deprecate,
    inherits,
    types,
    isDeepStrictEqual: (a: unknown, b: unknown) => isDeepEqual(native, a, b, true),
    stripVTControlCharacters: (text: string) => text.replace(ansi, ""),
    toUSVString: (text: unknown) => `${text as string}`.toWellFormed(),
    debuglog: () => Object.assign(() => {}, { enabled: false }),
    debug: () => Object.assign(() => {}, { enabled: false }),
    isArray: Array.isArray,
    isBoolean: (v: unknown) => typeof v === "boolean",
    isNull: (v: unknown) => v === null,
    isNullOrUndefined: (v: unknown) => v == null,
    isNumber: (v: unknown) => typeof v === "number",
    isString: (v: unknown) => typeof v === "string",
    isSymbol: (v: unknown) => typeof v === "symbol",
    isUndefined: (v: unknown) => v === undefined,
    isRegExp: types["isRegExp"],
    isObject: (v: unknown) => v !== null && typeof v === "object",
    isDate: types["isDate"],
    isError: (v: unknown) => types["isNativeError"]!(v) || v instanceof Error,
    isFunction: (v: unknown) => typeof v === "function",
    isPrimitive: (v: unknown) => v === null || (typeof v !== "object" && typeof v !== "function"),
    _extend: (target: object, source: object | null) =>
      source !== null && typeof source === "object" ? Object.assign(target, source) : target,
  }
  for (const name of ["TextEncoder", "TextDecoder"]) util[name] = (globalThis as Record<string, unknown>)[name]
  modules.set("util", util)
  modules.set("util/types", types)
  modules.set("sys", util)
}

// node:util/types: what the engine says a value is, whatever its prototype.
import { native } from "../guest/kit.ts"

type Predicate = (value: unknown) => boolean

const typedArrays =
  "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array Float32Array Float64Array".split(
    " ",
  )

/** Classes for which there is a function is<Class>. */
const classes = "ArrayBuffer SharedArrayBuffer DataView Date Map Set WeakMap WeakSet Promise RegExp".split(" ")

const is =
  (...names: string[]): Predicate =>
  (value) =>
    names.includes(native.className(value) ?? "")

export function makeTypes(): Record<string, Predicate> {
  const types: Record<string, Predicate> = {
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
  for (const name of [...classes, ...typedArrays]) types[`is${name}`] = is(name)
  return types
}

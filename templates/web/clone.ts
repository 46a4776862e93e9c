// structuredClone of the HTML Standard, for what the engine has: no ports, no streams, no blobs.
import type { Kit } from "../guest/core.ts"

type Bag = Record<PropertyKey, any>

const errors: Record<string, ErrorConstructor> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
} as never

export function start({ native, expose, world, show }: Kit): void {
  const refuse = (value: unknown): never => {
    const text =
      typeof value === "function"
        ? show().inspect(value).slice(0, 60)
        : typeof value === "symbol"
          ? String(value)
          : `#<${(value as object).constructor?.name ?? "Object"}>`
    throw new DOMException(`${text} could not be cloned.`, "DataCloneError")
  }

  function clone(value: unknown, seen: Map<object, unknown>, moved: Map<object, ArrayBuffer>): unknown {
    if (typeof value === "symbol" || typeof value === "function") return refuse(value)
    if (typeof value !== "object" || value === null) return value
    const known = seen.get(value)
    if (known !== undefined) return known
    const remember = <T extends object>(copy: T): T => {
      seen.set(value, copy)
      return copy
    }
    if (native.proxy(value) !== undefined) return refuse(value)
    const source = value as Bag
    const kind = native.className(value) ?? "Object"
    switch (kind) {
      case "Boolean":
      case "Number":
      case "String":
      case "BigInt":
        return remember(Object((globalThis as Bag)[kind].prototype.valueOf.call(value)))
      case "Date":
        return remember(new Date(Date.prototype.getTime.call(value)))
      case "RegExp":
        return remember(new RegExp(source["source"], source["flags"]))
      case "ArrayBuffer":
        return remember(moved.get(value) ?? copyBuffer(value as ArrayBuffer))
      case "SharedArrayBuffer":
        return remember(value)
      case "DataView": {
        const buffer = clone(source["buffer"], seen, moved) as ArrayBuffer
        return remember(new DataView(buffer, source["byteOffset"], source["byteLength"]))
      }
      case "Map": {
        const copy = remember(new Map())
        for (const [key, item] of [...(value as Map<unknown, unknown>)])
          copy.set(clone(key, seen, moved), clone(item, seen, moved))
        return copy
      }
      case "Set": {
        const copy = remember(new Set())
        for (const item of [...(value as Set<unknown>)]) copy.add(clone(item, seen, moved))
        return copy
      }
      case "Error":
        return cloneError(source, remember, seen, moved)
      case "Array":
      case "Arguments":
      case "Object":
        break
      default:
        if (ArrayBuffer.isView(value)) {
          const buffer = clone(source["buffer"], seen, moved) as ArrayBuffer
          return remember(new (globalThis as Bag)[kind](buffer, source["byteOffset"], source["length"]))
        }
        return refuse(value)
    }
    const copy = remember(Array.isArray(value) ? new Array(value.length) : {}) as Bag
    for (const key of Object.keys(source)) {
      if (!Object.hasOwn(source, key)) continue
      Object.defineProperty(copy, key, {
        value: clone(source[key], seen, moved),
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    return copy
  }

  function cloneError(
    source: Bag,
    remember: <T extends object>(copy: T) => T,
    seen: Map<object, unknown>,
    moved: Map<object, ArrayBuffer>,
  ): unknown {
    const type = errors[String(source["name"])] ?? Error
    const message = Object.getOwnPropertyDescriptor(source, "message")
    const copy = remember(message !== undefined && "value" in message ? new type(String(message.value)) : new type())
    const stack = source["stack"] as unknown
    Object.defineProperty(copy, "stack", {
      value: typeof stack === "string" ? stack : undefined,
      writable: true,
      configurable: true,
    })
    if (Object.hasOwn(source, "cause"))
      Object.defineProperty(copy, "cause", {
        value: clone(source["cause"], seen, moved),
        writable: true,
        configurable: true,
      })
    return copy
  }

  function copyBuffer(buffer: ArrayBuffer): ArrayBuffer {
    if ((buffer as { detached?: boolean }).detached)
      throw new DOMException("An ArrayBuffer is detached and could not be cloned.", "DataCloneError")
    if (!(buffer as { resizable?: boolean }).resizable) return buffer.slice(0)
    const copy = new (ArrayBuffer as any)(buffer.byteLength, {
      maxByteLength: (buffer as any).maxByteLength,
    }) as ArrayBuffer
    new Uint8Array(copy).set(new Uint8Array(buffer))
    return copy
  }

  expose(
    "structuredClone",
    function structuredClone(value: unknown, options?: { transfer?: Iterable<object> }) {
      if (arguments.length === 0)
        throw world().nodeError(TypeError, "ERR_MISSING_ARGS", 'The "value" argument must be specified')
      const list = [...(options?.transfer ?? [])]
      const moved = new Map<object, ArrayBuffer>()
      for (const item of list) {
        if (typeof item !== "object" || item === null)
          throw world().nodeError(TypeError, "ERR_INVALID_TRANSFER_OBJECT", "Found invalid object in transferList")
        if (native.className(item) !== "ArrayBuffer") throw new DOMException("Value not transferable", "DataCloneError")
        if (moved.has(item))
          throw new DOMException("ArrayBuffer occurs more than once in the transfer list", "DataCloneError")
        if ((item as { detached?: boolean }).detached)
          throw new DOMException("An ArrayBuffer is detached and could not be cloned.", "DataCloneError")
        moved.set(item, undefined as never)
      }
      // Detach only when the rest can be cloned: copy first what is to be moved.
      for (const item of list) moved.set(item, copyBuffer(item as ArrayBuffer))
      const result = clone(value, new Map(), moved)
      for (const item of list) (item as { transfer?(): void }).transfer?.()
      return result
    },
    true,
  )
}

// structuredClone of the HTML Standard (section 2.7), for what the engine has: no ports, no streams, no blobs.
import { kit, native, useKit, type Kit } from "../guest/kit.ts"

export function start(given: Kit): void {
  useKit(given)
  kit.expose("structuredClone", structuredClone, true)
}

function structuredClone(value: unknown, options?: { transfer?: Iterable<object> }): unknown {
  if (arguments.length === 0)
    throw kit.world().nodeError(TypeError, "ERR_MISSING_ARGS", 'The "value" argument must be specified')
  const list = [...(options?.transfer ?? [])]
  checkTransfer(list)
  // Detached only when the rest could be cloned: what is to be moved is copied first.
  const moved = new Map(list.map((item) => [item as object, copyBuffer(item)]))
  const result = clone(value, { copies: new Map(), moved })
  for (const item of list) (item as { transfer?(): void }).transfer?.()
  return result
}

/** Throws unless all of `list` are buffers that can be moved. */
function checkTransfer(list: readonly unknown[]): asserts list is ArrayBuffer[] {
  const seen = new Set<unknown>()
  for (const item of list) {
    if (typeof item !== "object" || item === null)
      throw kit.world().nodeError(TypeError, "ERR_INVALID_TRANSFER_OBJECT", "Found invalid object in transferList")
    if (native.className(item) !== "ArrayBuffer") throw cloneFailure("Value not transferable")
    if (seen.has(item)) throw cloneFailure("ArrayBuffer occurs more than once in the transfer list")
    checkAttached(item as ArrayBuffer)
    seen.add(item)
  }
}

type Bag = Record<PropertyKey, any>

/** What one call of structuredClone knows. */
interface Memory {
  /** Each object that was met, and its copy: the same object twice is the same copy twice. */
  copies: Map<object, unknown>
  /** Buffers that are transferred, and what they become. */
  moved: Map<object, ArrayBuffer>
}

/**
 * StructuredSerialize and StructuredDeserialize in one. What can be nested is copied right here rather than in
 * functions of their own: how deep it may be is how often this frame fits on the stack.
 */
function clone(value: unknown, memory: Memory): unknown {
  if (typeof value === "symbol" || typeof value === "function") return refuse(value)
  if (typeof value !== "object" || value === null) return value
  const known = memory.copies.get(value)
  if (known !== undefined) return known
  if (native.proxy(value) !== undefined) return refuse(value)
  const kind = native.className(value) ?? "Object"
  const copy = emptyCopy(kind, value) ?? cloneLeaf(kind, value, memory)
  memory.copies.set(value, copy)
  switch (kind) {
    case "Map":
      for (const [key, item] of [...(value as Map<unknown, unknown>)])
        (copy as Map<unknown, unknown>).set(clone(key, memory), clone(item, memory))
      break
    case "Set":
      for (const item of [...(value as Set<unknown>)]) (copy as Set<unknown>).add(clone(item, memory))
      break
    case "Error":
      if (Object.hasOwn(value, "cause")) define(copy, "cause", clone((value as Bag)["cause"], memory), false)
      break
    case "Array":
    case "Arguments":
    case "Object":
      for (const key of Object.keys(value))
        if (Object.hasOwn(value, key)) define(copy, key, clone((value as Bag)[key], memory), true)
  }
  return copy
}

/** A copy that has nothing in it yet, of what can hold other things. */
function emptyCopy(kind: string, value: object): object | undefined {
  switch (kind) {
    case "Map":
      return new Map()
    case "Set":
      return new Set()
    case "Error":
      return copyError(value)
    case "Array":
    case "Arguments":
    case "Object":
      return Array.isArray(value) ? new Array(value.length) : {}
    default:
      return undefined
  }
}

/** What refers to nothing else, but for a view to its buffer. */
function cloneLeaf(kind: string, value: Bag, memory: Memory): object {
  switch (kind) {
    case "Boolean":
    case "Number":
    case "String":
    case "BigInt":
      return Object((globalThis as Bag)[kind].prototype.valueOf.call(value))
    case "Date":
      return new Date(Date.prototype.getTime.call(value))
    case "RegExp":
      return new RegExp(value["source"], value["flags"])
    case "ArrayBuffer":
      return memory.moved.get(value) ?? copyBuffer(value as ArrayBuffer)
    case "SharedArrayBuffer":
      return value
  }
  if (!ArrayBuffer.isView(value)) return refuse(value)
  const buffer = clone((value as Bag)["buffer"], memory) as ArrayBuffer
  const length = kind === "DataView" ? "byteLength" : "length"
  return new (globalThis as Bag)[kind](buffer, (value as Bag)["byteOffset"], (value as Bag)[length])
}

/** The errors that the standard names; all others become an Error. */
const errorTypes = new Map(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => [type.name, type]),
)

/** An error without its cause. */
function copyError(source: Bag): Error {
  const type = errorTypes.get(String(source["name"])) ?? Error
  const message = Object.getOwnPropertyDescriptor(source, "message")
  const copy = message !== undefined && "value" in message ? new type(String(message.value)) : new type()
  const stack = source["stack"] as unknown
  define(copy, "stack", typeof stack === "string" ? stack : undefined, false)
  return copy
}

function define(copy: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(copy, key, { value, writable: true, enumerable, configurable: true })
}

function copyBuffer(buffer: ArrayBuffer): ArrayBuffer {
  checkAttached(buffer)
  const { resizable, maxByteLength } = buffer as { resizable?: boolean; maxByteLength?: number }
  if (!resizable) return buffer.slice(0)
  const copy = new (ArrayBuffer as any)(buffer.byteLength, { maxByteLength }) as ArrayBuffer
  new Uint8Array(copy).set(new Uint8Array(buffer))
  return copy
}

function checkAttached(buffer: ArrayBuffer): void {
  if ((buffer as { detached?: boolean }).detached)
    throw cloneFailure("An ArrayBuffer is detached and could not be cloned.")
}

function refuse(value: unknown): never {
  throw cloneFailure(`${nameOf(value)} could not be cloned.`)
}

function nameOf(value: unknown): string {
  if (typeof value === "function") return kit.show().inspect(value).slice(0, 60)
  if (typeof value === "symbol") return String(value)
  return `#<${(value as object).constructor?.name ?? "Object"}>`
}

const cloneFailure = (message: string) => new DOMException(message, "DataCloneError")

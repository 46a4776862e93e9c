// crypto.getRandomValues and crypto.randomUUID of the Web Cryptography API, from the host's randomness.
import { kit, native, useKit, type Kit } from "../guest/kit.ts"
import { exposeInterface } from "./webidl.ts"

export function start(given: Kit): void {
  useKit(given)
  exposeInterface("Crypto", Crypto)
  kit.expose("crypto", new Crypto(secret), true)
}

const integerTypes = new Set(
  "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array BigInt64Array BigUint64Array".split(
    " ",
  ),
)

/** A limit of the standard. */
const mostBytes = 65536

/** Programs cannot make one. */
const secret = Symbol()

class Crypto {
  constructor(key?: symbol) {
    if (key !== secret) throw new TypeError("Illegal constructor")
  }
  getRandomValues<T extends ArrayBufferView>(array: T): T {
    if (!integerTypes.has(native.className(array) ?? ""))
      throw new DOMException("The data argument must be an integer-type TypedArray", "TypeMismatchError")
    if (array.byteLength > mostBytes)
      throw new DOMException(`The requested length exceeds 65,536 bytes`, "QuotaExceededError")
    native.random(new Uint8Array(array.buffer, array.byteOffset, array.byteLength))
    return array
  }
  randomUUID(): string {
    const bytes = new Uint8Array(16)
    native.random(bytes)
    bytes[6] = (bytes[6]! & 0x0f) | 0x40 // version 4
    bytes[8] = (bytes[8]! & 0x3f) | 0x80 // variant 1
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-")
  }
}

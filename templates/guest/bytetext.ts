// Bytes from files and standard input: a Uint8Array that reads as text, so that `text += chunk` does what it does in
// Node.
import { encodingOf } from "./encodings.ts"
import { native, type Encoding } from "./kit.ts"

/** Text of bytes. */
export function decode(bytes: Uint8Array, encoding: Encoding): string {
  switch (encoding) {
    case "utf8":
      return native.decode(bytes, false)!
    case "latin1":
      return characters(bytes, 0xff)
    case "ascii":
      return characters(bytes, 0x7f)
    case "hex":
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")
    case "base64":
      return btoa(characters(bytes, 0xff))
    case "base64url":
      return btoa(characters(bytes, 0xff)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")
    case "utf16le":
      return decodeUtf16(bytes)
  }
}

/** Bytes of text. */
export function encode(text: string, encoding: Encoding): Uint8Array {
  switch (encoding) {
    case "utf8":
      return new Uint8Array(native.encode(text))
    case "latin1":
    case "ascii":
      return Uint8Array.from(text, (c) => c.charCodeAt(0) & 0xff)
    case "hex":
      return encodeHex(text)
    case "base64":
    case "base64url":
      return encodeBase64(text)
    case "utf16le":
      return encodeUtf16(text)
  }
}

function characters(bytes: Uint8Array, mask: number): string {
  let text = ""
  for (let at = 0; at < bytes.length; at += 4096)
    text += String.fromCharCode(...Array.from(bytes.subarray(at, at + 4096), (byte) => byte & mask))
  return text
}

function decodeUtf16(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8))
  return text
}

function encodeHex(text: string): Uint8Array {
  const pairs = /^(?:[0-9a-f]{2})*/i.exec(text)![0]
  return Uint8Array.from({ length: pairs.length / 2 }, (_, at) => Number.parseInt(pairs.slice(2 * at, 2 * at + 2), 16))
}

/** Either alphabet, as Node takes it: what belongs to none is skipped, the first "=" ends the text. */
function encodeBase64(text: string): Uint8Array {
  const clean = text
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/=.*$/s, "")
    .replace(/[^A-Za-z0-9+/]/g, "")
  const whole = clean.length % 4 === 1 ? clean.slice(0, -1) : clean
  return Uint8Array.from(atob(whole), (c) => c.charCodeAt(0))
}

function encodeUtf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let at = 0; at < text.length; at++) {
    bytes[2 * at] = text.charCodeAt(at) & 0xff
    bytes[2 * at + 1] = text.charCodeAt(at) >> 8
  }
  return bytes
}

class Bytes extends Uint8Array {
  override toString(encoding: string = "utf8"): string {
    return decode(this, encodingOf(encoding) ?? "utf8")
  }
  static get [Symbol.species]() {
    return Uint8Array
  }
}
Object.defineProperty(Bytes, "name", { value: "Uint8Array" })

/** Bytes as an app gets them: replaced by Buffer where that part is. */
export function own(bytes: Uint8Array): Uint8Array {
  return new Bytes(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length)
}

// Bytes from files and standard input: a Uint8Array that reads as text, so that `text += chunk` does what it does in Node.
import type { Native } from "./native.ts"

/** How text is made of bytes, and bytes of text, by encoding name. */
export type Encoding = "utf8" | "latin1" | "ascii" | "hex" | "base64" | "base64url" | "utf16le"

const aliases: Record<string, Encoding> = {
  utf8: "utf8",
  "utf-8": "utf8",
  latin1: "latin1",
  binary: "latin1",
  ascii: "ascii",
  hex: "hex",
  base64: "base64",
  base64url: "base64url",
  utf16le: "utf16le",
  "utf-16le": "utf16le",
  ucs2: "utf16le",
  "ucs-2": "utf16le",
}

/** The encoding that a name stands for; undefined for unknown ones. */
export function encodingOf(name: unknown): Encoding | undefined {
  return aliases[String(name).toLowerCase()]
}

/** Make the functions that need the natives. */
export function makeBytes(native: Native) {
  const characters = (bytes: Uint8Array, mask: number): string => {
    let text = ""
    for (let at = 0; at < bytes.length; at += 4096)
      text += String.fromCharCode(...Array.from(bytes.subarray(at, at + 4096), (byte) => byte & mask))
    return text
  }

  function decode(bytes: Uint8Array, encoding: Encoding): string {
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
      case "utf16le": {
        let text = ""
        for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes[at]! | (bytes[at + 1]! << 8))
        return text
      }
    }
  }

  function encode(text: string, encoding: Encoding): Uint8Array {
    switch (encoding) {
      case "utf8":
        return new Uint8Array(native.encode(text))
      case "latin1":
      case "ascii":
        return Uint8Array.from(text, (c) => c.charCodeAt(0) & 0xff)
      case "hex": {
        const pairs = /^(?:[0-9a-f]{2})*/i.exec(text)![0]
        return Uint8Array.from({ length: pairs.length / 2 }, (_, at) =>
          Number.parseInt(pairs.slice(2 * at, 2 * at + 2), 16),
        )
      }
      case "base64":
      case "base64url": {
        const clean = text
          .replaceAll("-", "+")
          .replaceAll("_", "/")
          .replace(/=.*$/s, "")
          .replace(/[^A-Za-z0-9+/]/g, "")
        const whole = clean.length % 4 === 1 ? clean.slice(0, -1) : clean
        return Uint8Array.from(atob(whole), (c) => c.charCodeAt(0))
      }
      case "utf16le": {
        const bytes = new Uint8Array(text.length * 2)
        for (let at = 0; at < text.length; at++) {
          bytes[2 * at] = text.charCodeAt(at) & 0xff
          bytes[2 * at + 1] = text.charCodeAt(at) >> 8
        }
        return bytes
      }
    }
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

  return {
    decode,
    encode,
    /** Bytes as an app gets them: replaced by Buffer where that part is. */
    own: (bytes: Uint8Array): Uint8Array => new Bytes(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length),
  }
}

export type BytesKit = ReturnType<typeof makeBytes>

/** How many bytes at the end are the beginning of a character that is not all there yet. */
export function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0xc0) === 0x80) continue
    const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return need > back ? back : 0
  }
  return 0
}

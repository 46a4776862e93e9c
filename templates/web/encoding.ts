// TextEncoder and TextDecoder of the Encoding Standard, for UTF-8, UTF-16 and windows-1252.
import type { Kit } from "../guest/core.ts"
import { unfinished } from "../guest/encodings.ts"

// Labels of the Encoding Standard.
const labels: Record<string, string> = {}
const table: Record<string, string> = {
  "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
  "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
  "utf-16be": "unicodefffe utf-16be",
  "windows-1252":
    "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
}
for (const [name, list] of Object.entries(table)) for (const label of list.split(" ")) labels[label] = name

// What windows-1252 has at 0x80 to 0x9f.
const windows1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"

export function start({ native, expose, show, world }: Kit): void {
  const empty = new Uint8Array(0)

  function bytesOf(input: unknown): Uint8Array {
    if (input === undefined) return empty
    if (ArrayBuffer.isView(input))
      return new Uint8Array(input.buffer as ArrayBuffer, input.byteOffset, input.byteLength)
    if (["ArrayBuffer", "SharedArrayBuffer"].includes(native.className(input) ?? ""))
      return new Uint8Array(input as ArrayBuffer)
    throw world().wrongType("list", "an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView", input)
  }

  class TextEncoder {
    get encoding(): string {
      return "utf-8"
    }
    encode(input: unknown = ""): Uint8Array {
      return new Uint8Array(native.encode(`${input as string}`))
    }
    encodeInto(source: string, target: Uint8Array): { read: number; written: number } {
      if (native.className(target) !== "Uint8Array")
        throw world().wrongType("dest", "an instance of Uint8Array", target)
      source = `${source}`
      let read = 0
      let written = 0
      // A character is at most three bytes a unit: what surely fits goes in one piece, the rest one by one.
      const sure = Math.min(source.length, Math.floor(target.length / 3))
      if (sure > 16) {
        const end = /[\ud800-\udbff]/.test(source[sure - 1]!) ? sure - 1 : sure
        const piece = new Uint8Array(native.encode(source.slice(0, end)))
        target.set(piece)
        read = end
        written = piece.length
      }
      for (const character of source.slice(read)) {
        const piece = new Uint8Array(native.encode(character))
        if (written + piece.length > target.length) break
        target.set(piece, written)
        written += piece.length
        read += character.length
      }
      return { read, written }
    }
    [Symbol.for("nodejs.util.inspect.custom")](depth: number, options: object): string {
      return depth < 0 ? "[Object]" : show().inspect({ encoding: "utf-8" }, options)
    }
  }

  class TextDecoder {
    #encoding: string
    #fatal: boolean
    #ignoreBOM: boolean
    #rest: Uint8Array = empty
    #bomSeen = false
    constructor(label: unknown = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
      const encoding = labels[`${label as string}`.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase()]
      if (encoding === undefined)
        throw world().nodeError(
          RangeError,
          "ERR_ENCODING_NOT_SUPPORTED",
          `The "${label as string}" encoding is not supported`,
        )
      if (options !== null && typeof options !== "object" && typeof options !== "function")
        throw world().wrongType("options", "of type object", options)
      this.#encoding = encoding
      this.#fatal = Boolean(options?.fatal)
      this.#ignoreBOM = Boolean(options?.ignoreBOM)
    }
    get encoding(): string {
      return this.#encoding
    }
    get fatal(): boolean {
      return this.#fatal
    }
    get ignoreBOM(): boolean {
      return this.#ignoreBOM
    }
    decode(input?: unknown, options: { stream?: boolean } = {}): string {
      const stream = Boolean(options?.stream)
      let bytes = bytesOf(input)
      if (this.#rest.length > 0) {
        const all = new Uint8Array(this.#rest.length + bytes.length)
        all.set(this.#rest)
        all.set(bytes, this.#rest.length)
        bytes = all
        this.#rest = empty
      }
      if (stream) {
        const keep = this.#unfinished(bytes)
        this.#rest = bytes.slice(bytes.length - keep)
        bytes = bytes.subarray(0, bytes.length - keep)
      }
      let text: string
      try {
        text = this.#decode(bytes)
      } catch (error) {
        this.#rest = empty
        this.#bomSeen = false
        throw error
      }
      if (!this.#bomSeen && text.length > 0) {
        this.#bomSeen = true
        if (!this.#ignoreBOM && this.#encoding !== "windows-1252" && text.charCodeAt(0) === 0xfeff) text = text.slice(1)
      }
      if (!stream) this.#bomSeen = false
      return text
    }
    #unfinished(bytes: Uint8Array): number {
      if (this.#encoding === "utf-8") return badStart(bytes, unfinished(bytes))
      if (this.#encoding === "windows-1252") return 0
      const odd = bytes.length % 2
      const end = bytes.length - odd
      if (end < 2) return odd
      const high = this.#encoding === "utf-16le" ? bytes[end - 1]! : bytes[end - 2]!
      return odd + ((high & 0xfc) === 0xd8 ? 2 : 0)
    }
    #decode(bytes: Uint8Array): string {
      switch (this.#encoding) {
        case "utf-8": {
          const text = native.decode(bytes, this.#fatal)
          return text ?? this.#fail()
        }
        case "windows-1252": {
          let text = ""
          for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
          return text.replace(/[\x80-\x9f]/g, (c) => windows1252[c.charCodeAt(0) - 0x80]!)
        }
      }
      const [low, high] = this.#encoding === "utf-16le" ? [0, 1] : [1, 0]
      let text = ""
      for (let at = 0; at + 1 < bytes.length; at += 2)
        text += String.fromCharCode(bytes[at + low!]! | (bytes[at + high!]! << 8))
      const isWhole = bytes.length % 2 === 0 && text.isWellFormed()
      if (!isWhole && this.#fatal) this.#fail()
      // A lone high surrogate and the odd byte after it are one error.
      if (bytes.length % 2 === 1) text = `${text.replace(/[\ud800-\udbff]$/, "")}\ufffd`
      return text.toWellFormed()
    }
    #fail(): never {
      throw world().nodeError(
        TypeError,
        "ERR_ENCODING_INVALID_ENCODED_DATA",
        `The encoded data was not valid for encoding ${this.#encoding}`,
      )
    }
    [Symbol.for("nodejs.util.inspect.custom")](depth: number, options: object): string {
      if (depth < 0) return "[Object]"
      return `${show().inspect({ encoding: this.encoding, fatal: this.fatal, ignoreBOM: this.ignoreBOM }, options)}`
    }
  }
  // The beginning of a character must be one that can still become valid.
  function badStart(bytes: Uint8Array, keep: number): number {
    if (keep < 2) return keep
    const [lead, second] = [bytes[bytes.length - keep]!, bytes[bytes.length - keep + 1]!]
    const isBad =
      lead > 0xf4 ||
      (lead === 0xe0 && second < 0xa0) ||
      (lead === 0xed && second > 0x9f) ||
      (lead === 0xf0 && second < 0x90) ||
      (lead === 0xf4 && second > 0x8f)
    return isBad ? 0 : keep
  }
  for (const [type, name] of [
    [TextEncoder, "TextEncoder"],
    [TextDecoder, "TextDecoder"],
  ] as const) {
    Object.defineProperty(type.prototype, Symbol.toStringTag, { value: name, configurable: true })
    for (const key of Object.getOwnPropertyNames(type.prototype)) {
      if (key !== "constructor") Object.defineProperty(type.prototype, key, { enumerable: true })
    }
    expose(name, type)
  }
}

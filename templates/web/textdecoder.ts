// TextDecoder of the Encoding Standard (section 7.1), for UTF-8, UTF-16 and windows-1252.
import { customInspect } from "../guest/inspection.ts"
import { kit, native } from "../guest/kit.ts"
import { unfinished } from "../guest/encodings.ts"

/** Encodings and their labels (section 4.2). */
const labelsOf = {
  "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
  "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
  "utf-16be": "unicodefffe utf-16be",
  "windows-1252":
    "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
}

type Encoding = keyof typeof labelsOf

const encodings = new Map(
  Object.entries(labelsOf).flatMap(([name, list]) => list.split(" ").map((label) => [label, name as Encoding])),
)

/** "Get an encoding". */
function encodingOf(label: string): Encoding {
  const encoding = encodings.get(label.replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, "").toLowerCase())
  if (encoding !== undefined) return encoding
  throw kit.world().nodeError(RangeError, "ERR_ENCODING_NOT_SUPPORTED", `The "${label}" encoding is not supported`)
}

const empty = new Uint8Array(0)

export class TextDecoder {
  #encoding: Encoding
  #fatal: boolean
  #ignoreBOM: boolean
  /** The beginning of a character, from the calls before. */
  #rest: Uint8Array = empty
  #bomSeen = false
  constructor(label: unknown = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const encoding = encodingOf(`${label as string}`)
    if (options !== null && typeof options !== "object" && typeof options !== "function")
      throw kit.world().wrongType("options", "of type object", options)
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
    const text = this.#decodeWhole(this.#take(bytesOf(input), stream))
    const isFirst = !this.#bomSeen && text.length > 0
    this.#bomSeen = stream && (this.#bomSeen || isFirst)
    return isFirst && this.#beginsWithBOM(text) ? text.slice(1) : text
  }
  /** What there is to decode now: with what was left over, and, in a stream, without what is not whole yet. */
  #take(bytes: Uint8Array, stream: boolean): Uint8Array {
    const all = this.#rest.length === 0 ? bytes : join(this.#rest, bytes)
    this.#rest = empty
    if (!stream) return all
    const whole = all.length - unfinishedBytes(all, this.#encoding)
    this.#rest = all.slice(whole)
    return all.subarray(0, whole)
  }
  #decodeWhole(bytes: Uint8Array): string {
    const text = decode(bytes, this.#encoding, this.#fatal)
    if (text !== undefined) return text
    this.#rest = empty
    this.#bomSeen = false
    throw kit
      .world()
      .nodeError(
        TypeError,
        "ERR_ENCODING_INVALID_ENCODED_DATA",
        `The encoded data was not valid for encoding ${this.#encoding}`,
      )
  }
  #beginsWithBOM(text: string): boolean {
    return !this.#ignoreBOM && this.#encoding !== "windows-1252" && text.charCodeAt(0) === 0xfeff
  }
  [customInspect](depth: number, options: object): string {
    if (depth < 0) return "[Object]"
    return `${kit.show().inspect({ encoding: this.encoding, fatal: this.fatal, ignoreBOM: this.ignoreBOM }, options)}`
  }
}

/** The type AllowSharedBufferSource, as bytes. */
function bytesOf(input: unknown): Uint8Array {
  if (input === undefined) return empty
  if (ArrayBuffer.isView(input)) return new Uint8Array(input.buffer as ArrayBuffer, input.byteOffset, input.byteLength)
  if (["ArrayBuffer", "SharedArrayBuffer"].includes(native.className(input) ?? ""))
    return new Uint8Array(input as ArrayBuffer)
  throw kit.world().wrongType("list", "an instance of SharedArrayBuffer, ArrayBuffer or ArrayBufferView", input)
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}

/** Decode; undefined: the bytes are not valid, and that is fatal. */
function decode(bytes: Uint8Array, encoding: Encoding, fatal: boolean): string | undefined {
  if (encoding === "utf-8") return native.decode(bytes, fatal)
  if (encoding === "windows-1252") return decodeWindows1252(bytes)
  return decodeUtf16(bytes, encoding === "utf-16le", fatal)
}

/** What windows-1252 has at 0x80 to 0x9f. */
const windows1252 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ"

function decodeWindows1252(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096))
  return text.replace(/[\x80-\x9f]/g, (c) => windows1252[c.charCodeAt(0) - 0x80]!)
}

/** The shared UTF-16 decoder. */
function decodeUtf16(bytes: Uint8Array, isLittleEndian: boolean, fatal: boolean): string | undefined {
  const [low, high] = isLittleEndian ? [0, 1] : [1, 0]
  let text = ""
  for (let at = 0; at + 1 < bytes.length; at += 2)
    text += String.fromCharCode(bytes[at + low!]! | (bytes[at + high!]! << 8))
  const isOdd = bytes.length % 2 === 1
  if (fatal && (isOdd || !text.isWellFormed())) return undefined
  // A lone high surrogate and the odd byte after it are one error.
  if (isOdd) text = `${text.replace(/[\ud800-\udbff]$/, "")}\ufffd`
  return text.toWellFormed()
}

/** How many bytes at the end are the beginning of a character that the next ones may finish. */
function unfinishedBytes(bytes: Uint8Array, encoding: Encoding): number {
  if (encoding === "utf-8") return unfinishedUtf8(bytes)
  if (encoding === "windows-1252") return 0
  const odd = bytes.length % 2
  const end = bytes.length - odd
  if (end < 2) return odd
  const high = encoding === "utf-16le" ? bytes[end - 1]! : bytes[end - 2]!
  return odd + ((high & 0xfc) === 0xd8 ? 2 : 0)
}

/** The beginning must be one that can still become valid: the table of the UTF-8 decoder's boundaries. */
function unfinishedUtf8(bytes: Uint8Array): number {
  const kept = unfinished(bytes)
  if (kept < 2) return kept
  const [lead, second] = [bytes[bytes.length - kept]!, bytes[bytes.length - kept + 1]!]
  const isBad =
    lead > 0xf4 ||
    (lead === 0xe0 && second < 0xa0) ||
    (lead === 0xed && second > 0x9f) ||
    (lead === 0xf0 && second < 0x90) ||
    (lead === 0xf4 && second > 0x8f)
  return isBad ? 0 : kept
}

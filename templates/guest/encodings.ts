// Encodings by the names that programs give.
import type { Encoding } from "./kit.ts"

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

/** How many bytes at the end are the beginning of a character of UTF-8 that is not all there yet. */
export function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!
    if ((byte & 0xc0) === 0x80) continue
    const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return need > back ? back : 0
  }
  return 0
}

// Percent-encoding of the URL Standard (section 1.3).
import { native } from "../guest/kit.ts"

// The percent-encode sets, each as what is in it.
export const c0Set = /[^\x20-\x7e]/
export const fragmentSet = /[^\x21\x23-\x3b\x3d\x3f-\x5f\x61-\x7e]/
export const querySet = /[^\x21\x24-\x3b\x3d\x3f-\x7e]/
export const specialQuerySet = /[^\x21\x24-\x26\x28-\x3b\x3d\x3f-\x7e]/
export const pathSet = /[^\x21\x24-\x3b\x3d\x40-\x5f\x61-\x7a\x7c\x7e]/
export const userinfoSet = /[^\x21\x24-\x2e\x30-\x39\x41-\x5a\x5f\x61-\x7a\x7e]/
export const formSet = /[^*\-.0-9A-Z_a-z]/

/** "UTF-8 percent-encode" a string using a set. */
export function percentEncode(text: string, set: RegExp): string {
  if (!set.test(text)) return text
  let out = ""
  for (const character of text) out += set.test(character) ? encodeCharacter(character) : character
  return out
}

function encodeCharacter(character: string): string {
  let out = ""
  for (const byte of new Uint8Array(native.encode(character)))
    out += `%${byte < 16 ? "0" : ""}${byte.toString(16).toUpperCase()}`
  return out
}

/** "Percent-decode" a string, then "UTF-8 decode without BOM": what is not UTF-8 becomes U+FFFD. */
export function percentDecode(text: string): string {
  if (!text.includes("%")) return text
  const bytes = new Uint8Array(native.encode(text))
  const out: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const hex = bytes[at] === 0x25 ? String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0) : ""
    if (/^[0-9a-f]{2}$/i.test(hex)) {
      out.push(Number.parseInt(hex, 16))
      at += 2
    } else out.push(bytes[at]!)
  }
  return native.decode(Uint8Array.from(out), false)!
}

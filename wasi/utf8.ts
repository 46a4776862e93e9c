// Text as UTF-8. Through Buffer, which Node has at hand: a start that touches TextEncoder or TextDecoder loads a module
// for them.
const { isUtf8 } = process.getBuiltinModule("node:buffer")

/** `text` as UTF-8; half a surrogate pair becomes U+FFFD. */
export function encode(text: string): Uint8Array {
  return Buffer.from(text, "utf8")
}

/** The text that `bytes` are, a byte order mark included; undefined if they are no UTF-8. */
export function decode(bytes: Uint8Array): string | undefined {
  if (!isUtf8(bytes)) return undefined
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8")
}

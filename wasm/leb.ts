// LEB128: integers, seven bits a byte, in their shortest form. Written here and nowhere else; `Reader` reads them.
// WebAssembly core specification 2.0, section 5.2.2.
//
// The functions write into an array that is large enough and return the position behind what they wrote.

/** No number takes more. */
export const LONGEST = 10

/** An unsigned number below 2^53. */
export function putUnsigned(target: Uint8Array, start: number, value: number): number {
  let pos = start
  let rest = value
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) target[pos++] = (rest % 0x80) | 0x80
  for (; rest >= 0x80; rest >>= 7) target[pos++] = (rest & 0x7f) | 0x80
  target[pos++] = rest
  return pos
}

/** An unsigned number of 64 bits. */
export function putUnsigned64(target: Uint8Array, start: number, value: bigint): number {
  let pos = start
  let rest = value
  for (; rest >= 0x80n; rest >>= 7n) target[pos++] = Number(rest & 0x7fn) | 0x80
  target[pos++] = Number(rest)
  return pos
}

/** A signed number between -2^53 and 2^53. */
export function putSigned(target: Uint8Array, start: number, value: number): number {
  let pos = start
  let rest = value
  for (; rest !== (rest | 0); rest = Math.floor(rest / 0x80)) target[pos++] = (rest & 0x7f) | 0x80
  for (; rest < -64 || rest > 63; rest >>= 7) target[pos++] = (rest & 0x7f) | 0x80
  target[pos++] = rest & 0x7f
  return pos
}

/** A signed number of 64 bits. */
export function putSigned64(target: Uint8Array, start: number, value: bigint): number {
  let pos = start
  let rest = value
  for (; rest < -64n || rest > 63n; rest >>= 7n) target[pos++] = Number(rest & 0x7fn) | 0x80
  target[pos++] = Number(rest & 0x7fn)
  return pos
}

/** An unsigned number below 2^28 in as many bytes as were kept for it, which the format allows. */
export function putPadded(target: Uint8Array, start: number, value: number, length: number): number {
  if (value < 0 || value >= 2 ** (7 * length)) throw new Error(`${value} does not fit ${length} bytes`)
  for (let i = 0; i < length; i++) target[start + i] = ((value >>> (7 * i)) & 0x7f) | (i < length - 1 ? 0x80 : 0)
  return start + length
}

/** Bytes that `putUnsigned` writes. */
export function ulebSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
  return size
}

/** Bytes that `putSigned` writes for an address of 32 bits: from 2^31 on it is a negative number. */
export function sleb32Size(value: number): number {
  const magnitude = value | 0
  const bits = 33 - Math.clz32(magnitude < 0 ? ~magnitude : magnitude)
  return Math.ceil(bits / 7)
}

/** Bytes that `putSigned` writes for an address of 64 bits, below 2^53. */
export function sleb64Size(address: number): number {
  let size = 1
  for (let rest = address; rest >= 0x40; rest = Math.floor(rest / 0x80)) size++
  return size
}

// Hosts of the URL Standard (section 3.5): domains, IPv4 in all its spellings, IPv6, opaque hosts.
import { toASCII } from "./idna.ts"
import { c0Set, percentDecode, percentEncode } from "./percent.ts"

/** undefined is failure; the rest is the host, serialised. */
export type Host = string | undefined

const forbiddenHost = /[\0\t\n\r #/:<>?@[\\\]^|]/
const forbiddenDomain = /[\0-\x20#%/:<>?@[\\\]^|\x7f]/

/** The host parser. */
export function parseHost(input: string, isOpaque: boolean): Host {
  if (input.startsWith("[")) {
    if (!input.endsWith("]")) return undefined
    const pieces = parseIPv6(input.slice(1, -1))
    return pieces && `[${serializeIPv6(pieces)}]`
  }
  if (isOpaque) return forbiddenHost.test(input) ? undefined : percentEncode(input, c0Set)
  const ascii = toASCII(percentDecode(input))
  if (ascii === undefined || ascii === "" || forbiddenDomain.test(ascii)) return undefined
  return endsInNumber(ascii) ? parseIPv4(ascii) : ascii
}

/** The ends-in-a-number checker: such a domain is an IPv4 address or nothing. */
function endsInNumber(domain: string): boolean {
  const parts = domain.split(".")
  if (parts.at(-1) === "") {
    if (parts.length === 1) return false
    parts.pop()
  }
  const last = parts.at(-1)!
  return /^\d+$/.test(last) || parseIPv4Number(last) !== undefined
}

/** The IPv4 parser. */
function parseIPv4(domain: string): Host {
  const parts = domain.split(".")
  if (parts.at(-1) === "" && parts.length > 1) parts.pop()
  if (parts.length > 4) return undefined
  const numbers = parts.map(parseIPv4Number)
  if (numbers.some((n) => n === undefined)) return undefined
  const last = numbers.pop() as number
  if (numbers.some((n) => n! > 255) || last >= 256 ** (4 - numbers.length)) return undefined
  const address = numbers.reduce<number>((sum, n, at) => sum + n! * 256 ** (3 - at), last)
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".")
}

/** The IPv4 number parser: decimal, 0x hexadecimal, 0 octal. */
function parseIPv4Number(text: string): number | undefined {
  if (text === "") return undefined
  const [digits, radix, valid] = /^0x/i.test(text)
    ? ([text.slice(2), 16, /^[0-9a-f]*$/i] as const)
    : text.length > 1 && text.startsWith("0")
      ? ([text.slice(1), 8, /^[0-7]*$/] as const)
      : ([text, 10, /^\d+$/] as const)
  if (!valid.test(digits)) return undefined
  return digits === "" ? 0 : Number.parseInt(digits, radix)
}

/** The IPv6 parser: eight pieces of 16 bits. */
function parseIPv6(text: string): number[] | undefined {
  const address = [0, 0, 0, 0, 0, 0, 0, 0]
  let piece = 0
  let compress = -1
  let at = 0
  if (text[at] === ":") {
    if (text[at + 1] !== ":") return undefined
    at += 2
    compress = ++piece
  }
  while (at < text.length) {
    if (piece === 8) return undefined
    if (text[at] === ":") {
      if (compress >= 0) return undefined
      at++
      compress = ++piece
      continue
    }
    const digits = /^[0-9a-f]{0,4}/i.exec(text.slice(at))![0]
    if (text[at + digits.length] === ".") {
      const last = piece > 6 ? undefined : parseIPv4Pieces(text.slice(at))
      if (last === undefined) return undefined
      address[piece++] = last[0]
      address[piece++] = last[1]
      break
    }
    at += digits.length
    if (text[at] === ":") {
      at++
      if (at === text.length) return undefined
    } else if (at < text.length) return undefined
    address[piece++] = digits === "" ? 0 : Number.parseInt(digits, 16)
  }
  if (compress < 0) return piece === 8 ? address : undefined
  // The zeros behind the last piece belong where "::" stood.
  return [...address.slice(0, compress), ...address.slice(piece), ...address.slice(compress, piece)]
}

/** An IPv4 address at the end of an IPv6 one, as two pieces. */
function parseIPv4Pieces(text: string): [number, number] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (match === null) return undefined
  const bytes = match.slice(1)
  if (bytes.some((byte) => Number(byte) > 255 || (byte.length > 1 && byte.startsWith("0")))) return undefined
  const [a, b, c, d] = bytes.map(Number) as [number, number, number, number]
  return [a * 256 + b, c * 256 + d]
}

/** The IPv6 serializer. */
function serializeIPv6(pieces: number[]): string {
  // The first longest run of at least two zeros is left out.
  let best = -1
  let bestLength = 1
  for (let from = 0; from < 8; from++) {
    let length = 0
    while (pieces[from + length] === 0) length++
    if (length > bestLength) [best, bestLength] = [from, length]
  }
  let text = ""
  for (let at = 0; at < 8; at++) {
    if (at === best) {
      text += at === 0 ? "::" : ":"
      at += bestLength - 1
      continue
    }
    text += pieces[at]!.toString(16)
    if (at !== 7) text += ":"
  }
  return text
}

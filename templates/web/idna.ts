// Domain to ASCII: UTS #46 processing as the URL Standard asks for it (non-transitional, no STD3 rules), and Punycode.
//
// Instead of the standard's mapping table of 80 KB: NFKC with case folding is that mapping but for the exceptions
// below.

const base = 36
const tMin = 1
const tMax = 26

function adapt(delta: number, points: number, isFirst: boolean): number {
  delta = isFirst ? Math.floor(delta / 700) : delta >> 1
  delta += Math.floor(delta / points)
  let k = 0
  while (delta > ((base - tMin) * tMax) >> 1) {
    delta = Math.floor(delta / (base - tMin))
    k += base
  }
  return k + Math.floor(((base - tMin + 1) * delta) / (delta + 38))
}

const threshold = (k: number, bias: number) => (k <= bias ? tMin : k >= bias + tMax ? tMax : k - bias)
const digit = (value: number) => String.fromCharCode(value + (value < 26 ? 97 : 22))

/** RFC 3492: code points of a label -> ASCII without "xn--". */
export function punycodeEncode(label: string): string {
  const points = Array.from(label, (c) => c.codePointAt(0)!)
  let output = points
    .filter((p) => p < 0x80)
    .map((p) => String.fromCharCode(p))
    .join("")
  const basic = output.length
  let handled = basic
  if (basic > 0) output += "-"
  let n = 128
  let delta = 0
  let bias = 72
  while (handled < points.length) {
    const next = Math.min(...points.filter((p) => p >= n))
    delta += (next - n) * (handled + 1)
    n = next
    for (const point of points) {
      if (point < n) delta++
      if (point !== n) continue
      let q = delta
      for (let k = base; ; k += base) {
        const t = threshold(k, bias)
        if (q < t) break
        output += digit(t + ((q - t) % (base - t)))
        q = Math.floor((q - t) / (base - t))
      }
      output += digit(q)
      bias = adapt(delta, handled + 1, handled === basic)
      delta = 0
      handled++
    }
    delta++
    n++
  }
  return output
}

/** RFC 3492 backwards; undefined when it is not valid. */
export function punycodeDecode(text: string): string | undefined {
  const cut = text.lastIndexOf("-")
  const output = Array.from(cut > 0 ? text.slice(0, cut) : "", (c) => c.codePointAt(0)!)
  let n = 128
  let i = 0
  let bias = 72
  for (let at = cut > 0 ? cut + 1 : 0; at < text.length;) {
    const before = i
    let weight = 1
    for (let k = base; ; k += base) {
      const code = text.charCodeAt(at++)
      const value =
        code >= 48 && code < 58
          ? code - 22
          : code >= 97 && code < 123
            ? code - 97
            : code >= 65 && code < 91
              ? code - 65
              : base
      if (!(value < base)) return undefined
      i += value * weight
      if (i > 0x7fffffff) return undefined
      const t = threshold(k, bias)
      if (value < t) break
      weight *= base - t
    }
    bias = adapt(i - before, output.length + 1, before === 0)
    n += Math.floor(i / (output.length + 1))
    i %= output.length + 1
    if (n > 0x10ffff) return undefined
    output.splice(i++, 0, n)
  }
  return String.fromCodePoint(...output)
}

// Zero-width (non-)joiners are allowed after a virama only (RFC 5892, A.1 and A.2, without the joining-type rule for
// Arabic script).
const viramas = String.raw`\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c\u0d4d\u0dca\u0e3a\u0f84\u1039\u103a\u1714\u1734\u17d2\u1a60\u1b44\u1baa\u1bab\u1bf2\u1bf3\u2d7f\ua806\ua8c4\ua953\ua9c0\uaaf6\uabed`

/** Patterns that are made when they are first used: compiled, Unicode properties take kilobytes of every artifact. */
const sources = {
  mark: String.raw`\p{M}`,
  firstMark: String.raw`^\p{M}`,
  leftToRight: String.raw`[A-Za-z\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}]`,
  rightToLeft: String.raw`[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]`,
  // Never valid in a domain: unassigned, private, surrogates, controls, spaces and line separators, format characters
  // that are not ignored.
  disallowed: String.raw`[\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Cc}\u0340\u0341\u061c\u180e\u200e\u200f\u202a-\u202e\u2066-\u206f\u2ff0-\u2fff\u3000\u31ef\ufffc\ufffd\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]`,
  // The same, but mapped to something by compatibility or case.
  disallowedBefore: String.raw`[\u04c0\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u10a0-\u10c5\u115f\u1160\u1680\u17b4\u17b5\u1806\u2024-\u2026\u2061-\u2063\u2132\u2183\u2427-\u2429\u2488-\u249b\u3164\u33c2\u33c7\u33d8\ufe19\ufe30\ufe52\uffa0\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1f100}]`,
  strayNonJoiner: String.raw`(?<![${viramas}]|[\p{Script=Arabic}\p{Script=Syriac}\p{Script=Mongolian}])\u200c`,
  strayJoiner: String.raw`(?<![${viramas}])\u200d`,
}
const made: { [name: string]: RegExp } = {}
const pattern = (name: keyof typeof sources) => (made[name] ??= new RegExp(sources[name], "u"))

// Mapped to nothing.
const ignored =
  /[\u00ad\u034f\u180b-\u180d\u180f\u200b\u2060\u2064\ufe00-\ufe0f\ufeff\u{1bca0}-\u{1bca3}\u{e0100}-\u{e01ef}]/gu

/** Case folding and compatibility of one character. */
function fold(character: string): string {
  if (character === "\u03c2" || character === "\u00df") return character // final sigma and sharp s are letters of their own
  if (character === "\u1e9e") return "ss"
  return character.normalize("NFKC").replace(/./gsu, (c) => {
    if (c === "\u03c2") return "\u03c3" // but not where they are only a way to write sigma
    if (c === "\u03f4") return "\u03b8"
    if (/[\u0345\u1f80-\u1fff]/.test(c)) return c.toUpperCase().toLowerCase() // iota below becomes a letter
    if (/[\u13a0-\u13fd\uab70-\uabbf]/.test(c)) return c.toUpperCase() // Cherokee folds to capitals
    return c.toLowerCase()
  })
}

/** The mapping of one label or domain. */
function map(domain: string): string {
  const dotted = domain.replace(ignored, "").replace(/[\u3002\uff0e\uff61]/g, ".")
  return dotted
    .replace(/[^\x00-\x7f]/gu, fold)
    .replace(/[A-Z]+/g, (text) => text.toLowerCase())
    .normalize("NFC")
}

function isValidLabel(label: string): boolean {
  if (label.normalize("NFC") !== label) return false
  if (label[2] === "-" && label[3] === "-" && label.startsWith("xn--")) return false
  if (pattern("firstMark").test(label) || label.includes(".")) return false
  if (pattern("disallowed").test(label) || map(label) !== label) return false
  return joinersFit(label) && bidiFits(label)
}

function joinersFit(label: string): boolean {
  return (
    !/[\u200c\u200d]/.test(label) || (!pattern("strayNonJoiner").test(label) && !pattern("strayJoiner").test(label))
  )
}

// RFC 5893, as far as letters go: a label that begins right to left has no letters that run left to right, and the
// reverse.
function bidiFits(label: string): boolean {
  label = label.split(pattern("mark")).join("") // marks go with what they stand on
  if (!pattern("rightToLeft").test(label)) return true
  return pattern("rightToLeft").test([...label][0]!) && !pattern("leftToRight").test(label)
}

const isASCII = (text: string) => /^[\x00-\x7f]*$/.test(text)

/** Domain to ASCII; undefined is failure. */
export function toASCII(domain: string): string | undefined {
  if (isASCII(domain) && !/(?:^|\.)xn--/i.test(domain)) return domain.toLowerCase()
  if (pattern("disallowedBefore").test(domain)) return undefined
  const labels = map(domain).split(".")
  const output: string[] = []
  for (const label of labels) {
    if (label.startsWith("xn--")) {
      const decoded = isASCII(label) ? punycodeDecode(label.slice(4)) : undefined
      if (decoded === undefined || decoded === "" || isASCII(decoded) || !isValidLabel(decoded)) return undefined
      output.push(label)
    } else if (isASCII(label)) {
      output.push(label)
    } else {
      if (!isValidLabel(label)) return undefined
      output.push(`xn--${punycodeEncode(label)}`)
    }
  }
  return output.join(".")
}

/** Domain to Unicode, label by label; what cannot be decoded stays. */
export function toUnicode(domain: string): string {
  return domain
    .split(".")
    .map((label) => (label.startsWith("xn--") ? (punycodeDecode(label.slice(4)) ?? label) : label))
    .join(".")
}

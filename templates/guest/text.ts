// Strings as util.inspect shows them: which quotes, what is escaped.

/** The escape of one character that may not be shown as it is. */
function escapeOf(character: string): string {
  switch (character) {
    case "\n":
      return "\\n"
    case "\t":
      return "\\t"
    case "\r":
      return "\\r"
    case "\b":
      return "\\b"
    case "\f":
      return "\\f"
    case "\v":
      return "\\x0B"
    case "\\":
      return "\\\\"
  }
  const code = character.charCodeAt(0)
  if (code < 0x100) return "\\x" + code.toString(16).toUpperCase().padStart(2, "0")
  return "\\u" + code.toString(16)
}

// Controls, backslash, and surrogates that are not half of a pair.
const unsafe = /[\x00-\x1f\\\x7f-\x9f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** Quote a string as util.inspect does: 'single', "double" when that saves escapes, `back` when both would need them. */
export function quote(text: string): string {
  let mark = "'"
  if (text.includes("'")) {
    if (!text.includes('"')) mark = '"'
    else if (!text.includes("`") && !text.includes("${")) mark = "`"
  }
  let body = text.replace(unsafe, escapeOf)
  if (mark === "'") body = body.replaceAll("'", "\\'")
  return mark + body + mark
}

const identifier = /^[A-Za-z_][A-Za-z_0-9]*$/

/** A property key as it stands before the colon. */
export function keyText(key: string | symbol): string {
  if (typeof key === "symbol") return `[${symbolText(key)}]`
  if (key === "__proto__") return "['__proto__']"
  return identifier.test(key) ? key : quote(key)
}

/** Symbol(description), escaped. */
export function symbolText(symbol: symbol): string {
  return String(symbol).replace(unsafe, (c) => (c === "\\" ? c : escapeOf(c)))
}

// Terminal columns: wide East Asian characters and emoji take two, combining marks and zero-width characters none.
const wide =
  /[\u1100-\u115f\u231a\u231b\u2329\u232a\u23e9-\u23ec\u23f0\u23f3\u25fd\u25fe\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u26aa\u26ab\u26bd\u26be\u26c4\u26c5\u26ce\u26d4\u26ea\u26f2\u26f3\u26f5\u26fa\u26fd\u2705\u270a\u270b\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u27b0\u27bf\u2b1b\u2b1c\u2b50\u2b55\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f004}\u{1f0cf}\u{1f18e}\u{1f191}-\u{1f19a}\u{1f200}-\u{1f320}\u{1f32d}-\u{1f335}\u{1f337}-\u{1f37c}\u{1f37e}-\u{1f393}\u{1f3a0}-\u{1f3ca}\u{1f3cf}-\u{1f3d3}\u{1f3e0}-\u{1f3f0}\u{1f3f4}\u{1f3f8}-\u{1f43e}\u{1f440}\u{1f442}-\u{1f4fc}\u{1f4ff}-\u{1f53d}\u{1f54b}-\u{1f567}\u{1f57a}\u{1f595}\u{1f596}\u{1f5a4}\u{1f5fb}-\u{1f64f}\u{1f680}-\u{1f6c5}\u{1f6cc}\u{1f6d0}-\u{1f6df}\u{1f6eb}-\u{1f6fc}\u{1f7e0}-\u{1f7eb}\u{1f90c}-\u{1f9ff}\u{1fa70}-\u{1faff}\u{20000}-\u{3fffd}]/u
const empty = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u

/** How many terminal columns a text takes. */
export function textWidth(text: string): number {
  let columns = 0
  for (const character of text.normalize("NFC")) {
    if (character >= " " && character <= "~") columns++
    else columns += wide.test(character) ? 2 : empty.test(character) ? 0 : 1
  }
  return columns
}

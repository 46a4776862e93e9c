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

/**
 * Quote a string as util.inspect does: 'single', "double" when that saves escapes, `back` when both would need them.
 */
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
// Made when first needed: compiled, these take more room than all the rest of this file.
let wide: RegExp | undefined
let empty: RegExp | undefined

/** How many terminal columns a text takes. */
export function textWidth(text: string): number {
  let columns = 0
  for (const character of text.normalize("NFC")) {
    if (character >= " " && character <= "~") {
      columns++
      continue
    }
    wide ??= new RegExp(
      "[\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\u33ff\\u3400-\\u4dbf\\u4e00-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f" +
        "\\uff01-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}]|\\p{Emoji_Presentation}",
      "u",
    )
    empty ??= new RegExp("[\\p{Mn}\\p{Me}\\p{Cf}\\p{Cc}]", "u")
    columns += wide.test(character) ? 2 : empty.test(character) ? 0 : 1
  }
  return columns
}

// Where JSON stops being JSON. V8's own messages differ between versions and often leave the place out.

/** The first place at which a text is not JSON. */
export interface JsonMistake {
  /** In UTF-16 units from the start. */
  offset: number
  /** What happened there, to stand after "is not JSON:". */
  reason: string
}

const space = /[ \t\n\r]*/y
const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// eslint-disable-next-line no-control-regex
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const deepest = 500

/** The first mistake in `source`, or undefined when it is JSON (nested no deeper than 500). */
export function findJsonMistake(source: string): JsonMistake | undefined {
  let offset = 0
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset
    const found = pattern.exec(source)
    if (found !== null) offset += found[0].length
    return found !== null
  }
  const next = (character: string): boolean => {
    take(space)
    if (source[offset] !== character) return false
    offset++
    return true
  }
  const fail = (expected: string): JsonMistake => {
    const found = source.slice(offset, offset + 2)
    if (found === "") return { offset, reason: `it ends where ${expected} should be` }
    if (found === "//" || found === "/*") return { offset, reason: "it has a comment" }
    return {
      offset,
      reason: `${JSON.stringify(String.fromCodePoint(found.codePointAt(0)!))} where ${expected} should be`,
    }
  }
  const members = (close: string, member: () => JsonMistake | undefined, what: string): JsonMistake | undefined => {
    if (next(close)) return undefined
    for (;;) {
      const mistake = member()
      if (mistake !== undefined) return mistake
      if (next(close)) return undefined
      if (!next(",")) return fail(`"," or "${close}"`)
      take(space)
      if (source[offset] === close)
        return { offset, reason: `a comma stands before "${close}", after the last ${what}` }
    }
  }
  const value = (depth: number): JsonMistake | undefined => {
    take(space)
    if (depth > deepest) return { offset, reason: "it is nested too deeply" }
    if (next("{")) return members("}", () => entry(depth), "entry")
    if (next("[")) return members("]", () => value(depth + 1), "item")
    if (take(literal) || take(string)) return undefined
    return fail("a value")
  }
  const entry = (depth: number): JsonMistake | undefined => {
    take(space)
    if (!take(string)) return fail("a key in double quotes")
    if (!next(":")) return fail('":"')
    return value(depth + 1)
  }
  const mistake = value(0)
  if (mistake !== undefined) return mistake
  take(space)
  return offset < source.length ? fail("its end") : undefined
}

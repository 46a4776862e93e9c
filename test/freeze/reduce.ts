// Makes a failing program smaller: parts are taken out as long as it keeps failing.
//
// First lines, then balanced blocks `{ ... }` and what stands between semicolons; halves before quarters, until nothing
// more can go.

/**
 * The smallest program found for which `fails` is still true, in at most `tries` attempts. What fails to parse must not
 * count as failing.
 */
export function reduce(program: string, fails: (program: string) => boolean, tries = 3000): string {
  let left = tries
  const check = (text: string) => left-- > 0 && fails(text)
  let best = program
  for (const [split, join] of splitters) {
    for (let before = ""; before !== best && left > 0;) {
      before = best
      best = withoutParts(split(best), join, check)
      best = withoutWrappers(split(best), join, check)
    }
  }
  return best
}

const splitters: [(text: string) => string[], string][] = [
  [(text) => text.split("\n"), "\n"],
  [(text) => text.split(/(?<=[;{}])\s+/), "\n"],
]

/** Takes out runs of parts, long ones first. */
function withoutParts(parts: string[], join: string, fails: (text: string) => boolean): string {
  for (let size = Math.ceil(parts.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < parts.length;) {
      const fewer = parts.toSpliced(at, runLength(parts, at, size))
      if (fewer.length > 0 && fails(fewer.join(join))) parts = fewer
      else at += size
    }
  }
  return parts.join(join)
}

/** Takes out what opens and closes a block, and leaves what is in it. */
function withoutWrappers(parts: string[], join: string, fails: (text: string) => boolean): string {
  for (let at = 0; at < parts.length;) {
    const length = runLength(parts, at, 1)
    const fewer = [...parts.slice(0, at), ...parts.slice(at + 1, at + length - 1), ...parts.slice(at + length)]
    if (length > 1 && fails(fewer.join(join))) parts = fewer
    else at++
  }
  return parts.join(join)
}

/** `size` parts, or as many more as close the braces that these open. */
function runLength(parts: readonly string[], at: number, size: number): number {
  let open = 0
  for (let i = at; i < parts.length; i++) {
    for (const letter of parts[i]!) open += letter === "{" ? 1 : letter === "}" ? -1 : 0
    if (i - at + 1 >= size && open <= 0) return i - at + 1
  }
  return size
}

// The basic URL parser of the URL Standard (section 4.4).
//
// The standard's state machine: a function per state, by the standard's names, in urlscheme.ts, urlauthority.ts and
// urlpath.ts, in the order in which a URL goes through them. Here is what they share, and the loop around them.
import { pathStart, fragment, query } from "./urlpath.ts"
import { host, hostname, port } from "./urlauthority.ts"
import type { Parser, State } from "./urlstate.ts"
import { emptyRecord, type UrlRecord } from "./urlrecord.ts"
import { schemeStart } from "./urlscheme.ts"

/** The states in which a setter of URL may start the parser. */
export type Override = keyof typeof overrides
const overrides = {
  "scheme start": schemeStart,
  host,
  hostname,
  port,
  "path start": pathStart,
  query,
  fragment,
} satisfies Record<string, State>

/** Parse a URL; undefined is failure. */
export function parse(input: string, base?: UrlRecord): UrlRecord | undefined {
  const url = emptyRecord()
  // Leading and trailing C0 controls and spaces do not count.
  const isParsed = run(input.replace(/^[\0-\x20]+|[\0-\x20]+$/g, ""), schemeStart, url, base, false)
  return isParsed ? url : undefined
}

/** Parse a part of a URL into `url`. False is failure, which leaves the record half changed, as the standard has it. */
export function parseFrom(state: Override, input: string, url: UrlRecord): boolean {
  return run(input, overrides[state], url, undefined, true)
}

function run(input: string, state: State, url: UrlRecord, base: UrlRecord | undefined, isOverride: boolean): boolean {
  const text = Array.from(input.replace(/[\t\n\r]/g, ""))
  const parser: Parser = {
    text,
    at: 0,
    state,
    url,
    base,
    isOverride,
    buffer: "",
    atSignSeen: false,
    insideBrackets: false,
    passwordTokenSeen: false,
  }
  // The end is a turn of its own, with no character.
  for (; ; parser.at++) {
    const end = parser.state(parser, text[parser.at])
    if (end !== undefined) return end === "done"
    if (parser.at >= text.length) return true
  }
}

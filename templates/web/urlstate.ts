// What the states of the URL parser share: the variables of the standard's state machine.
import type { UrlRecord } from "./urlrecord.ts"

/** A parser at work; the names are the standard's. */
export interface Parser {
  /** The input's code points. */
  readonly text: readonly string[]
  /** The pointer. The loop moves it on after each turn of a state. */
  at: number
  state: State
  readonly url: UrlRecord
  readonly base: UrlRecord | undefined
  /** "State override is given": only a part is parsed, into a URL that is already there. */
  readonly isOverride: boolean
  buffer: string
  atSignSeen: boolean
  insideBrackets: boolean
  passwordTokenSeen: boolean
}

/** How the parser stops before the input's end; undefined: it goes on. */
export type End = "done" | "failure" | undefined

/** A state: looks at one code point, undefined at the input's end. */
export type State = (parser: Parser, c: string | undefined) => End

/** "Set state to … and decrease pointer by 1": the next state looks at the same code point. */
export function reconsume(p: Parser, state: State): void {
  p.state = state
  p.at--
}

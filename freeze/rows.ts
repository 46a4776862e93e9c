// Has every opcode a row in patterns.ts? Nothing here runs. It is for the type checker, whose own list of missing rows
// breaks off after four: here it names all of them, in one error for each letter that they begin with. What to do then
// is in the error:
//
//   Type '"give each of these a row in freeze/patterns.ts"' is not assignable to
//   type '"no using_check" | "no using_dispose"'.
import type { OpcodeName } from "../opcodes/quickjs.generated.ts"
import type { patterns } from "./patterns.ts"

type Missing<L extends string> = Extract<Exclude<OpcodeName, keyof typeof patterns>, `${L}${string}`>

const advice = "give each of these a row in freeze/patterns.ts"

/**
 * `advice` where no row is missing; else the opcodes without one, which it is not. (`no`, or the error would name this
 * type.)
 */
type Check<L extends string> = [Missing<L>] extends [never] ? typeof advice : `no ${Missing<L>}`

type Letter =
  | "_"
  | "a"
  | "b"
  | "c"
  | "d"
  | "e"
  | "f"
  | "g"
  | "h"
  | "i"
  | "j"
  | "k"
  | "l"
  | "m"
  | "n"
  | "o"
  | "p"
  | "q"
  | "r"
  | "s"
  | "t"
  | "u"
  | "v"
  | "w"
  | "x"
  | "y"
  | "z"

/** Every letter that an identifier of the engine can begin with. */
export const rows: { [L in Letter]: Check<L> } = {
  _: advice,
  a: advice,
  b: advice,
  c: advice,
  d: advice,
  e: advice,
  f: advice,
  g: advice,
  h: advice,
  i: advice,
  j: advice,
  k: advice,
  l: advice,
  m: advice,
  n: advice,
  o: advice,
  p: advice,
  q: advice,
  r: advice,
  s: advice,
  t: advice,
  u: advice,
  v: advice,
  w: advice,
  x: advice,
  y: advice,
  z: advice,
}

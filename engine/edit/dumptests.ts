// The interpreter asks before every opcode whether to print it, and nobody ever has it printed.
import { decode, type Instruction } from "../../wasm/body.ts"
import { Code, Op, VOID } from "../../wasm/code.ts"
import { bodyOf, setBody } from "../module.ts"
import { copyWithPlaces, type Place } from "./bodies.ts"
import type { Editable } from "./editable.ts"

/**
 * Take out `if (runtime.dump_flags & bit) print(...)`:
 *
 *     <address> i32.load8_u offset=dump_flags+1  i32.const 128  i32.and  if  <pushes>  call  end   ->   <address> drop
 *
 * The pushes are loads of locals and constants, and the call is the last thing in the `if`, so nothing else is lost.
 */
export function removeDumpTests({ module, interpreter, layout }: Editable): number {
  const body = bodyOf(module, interpreter)
  const code = decode(body)
  const places = code.flatMap((load, i): Place[] => {
    if (load.op !== Op.i32_load8_u || load.a !== layout.dumpFlags + 1) return []
    const end = endOfDumpTest(code, i)
    return end === undefined ? [] : [{ at: load.at, end, write: (out) => out.op(Op.drop) }]
  })
  setBody(module, interpreter, copyWithPlaces(new Code(), body, 0, places))
  return places.length
}

/** Offset of the end of a test whose load is instruction `i`; undefined when it is none. */
function endOfDumpTest(code: Instruction[], i: number): number | undefined {
  const [mask, and, branch] = [code[i + 1], code[i + 2], code[i + 3]]
  if (mask?.op !== Op.i32_const || mask.a !== 128 || and?.op !== Op.i32_and) return undefined
  if (branch?.op !== Op.if || branch.a !== VOID) return undefined
  let at = i + 4
  while (code[at]?.op === Op.local_get || code[at]?.op === Op.i32_const) at++
  const [call, end] = [code[at], code[at + 1]]
  return call?.op === Op.call && end?.op === Op.end ? end.end : undefined
}

// `for await` closes its iterator when the loop's body fails, and not when the iterator's own `next` does. On the stack
// of such a loop lie the iterator, its `next`, and a mark, which says to those who unwind the stack that an iterator
// below it is to be closed. So while the loop asks for the next value there is no mark:
//
//     iterator next mark   dup3 drop call_method await iterator_get_value_done             as the engine compiles it
//     iterator next mark   is_undefined_or_null dup3 drop call_method …                     now: the test leaves
//     `false` in the mark's place
//     iterator_get_value_done: …                      ->   …, and the mark is back
//
// Of the opcodes that consume a value this one does not make the compiler believe that the mark is gone for good.
import { opcodeByName, type OpcodeName } from "../../opcodes/quickjs.generated.ts"
import { Code, Op } from "../../wasm/code.ts"
import { tags } from "../abi.ts"
import { copyWithPlaces, editBodies } from "./bodies.ts"
import type { Editable } from "./editable.ts"
import { placesOf, type Wanted } from "./mending.ts"

const opcode = (name: OpcodeName): Wanted => [Op.i32_const, opcodeByName[name].code]

/** What a loop over an iterator has on the stack: a catch offset of 0. */
const mark = BigInt(tags.JS_TAG_CATCH_OFFSET) << 32n

/** Apply the edit. Returns the number of places. */
export function closeAfterBodies(engine: Editable): number {
  return takeMark(engine) + putMarkBack(engine)
}

/** `emit_op(function, dup3)`, then drop and call_method: only this loop begins so. */
function takeMark({ module }: Editable): number {
  return editBodies(module, (body, code) => {
    const emitNext: Wanted[] = [Op.local_get, Op.i32_load]
    const pattern = [opcode("dup3"), Op.call, ...emitNext, opcode("drop"), Op.call, ...emitNext, opcode("call_method")]
    const found = placesOf(code, [Op.local_get, ...pattern])
    const [at] = found
    if (at === undefined || found.length > 1) return undefined
    const [owner, emit] = [code[at]!, code[at + 2]!]
    const write = (out: Code) => out.get(owner.a).i32(opcodeByName.is_undefined_or_null.code).call(emit.a)
    return copyWithPlaces(new Code(), body, 0, [{ at: owner.at, end: owner.at, write }])
  })
}

/** In the handler of iterator_get_value_done, where the value and whether it was the last are stored. */
function putMarkBack({ module, interpreter }: Editable): number {
  return editBodies(module, (body, code, index) => {
    if (index !== interpreter) return undefined
    const storeDone = [Op.i32_load, Op.local_tee, Op.i32_const, Op.i32_ne, Op.i64_extend_i32_u, Op.i64_const, Op.i64_or]
    const pattern = [Op.local_get, Op.local_get, Op.i64_store, Op.local_get, Op.local_get, ...storeDone, Op.i64_store]
    const found = placesOf(code, pattern)
    if (found.length !== 1) return undefined
    const { end } = code[found[0]! + 2]!
    const stackPointer = code[found[0]! + 3]!.a
    const write = (out: Code) => out.get(stackPointer).i32(16).op(Op.i32_sub).i64(mark).mem("i64_store", 0)
    return copyWithPlaces(new Code(), body, 0, [{ at: end, end, write }])
  })
}

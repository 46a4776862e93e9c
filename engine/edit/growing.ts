// How the engine's malloc (dlmalloc) takes more memory: exactly what it needs, 64 KB after 64 KB. A host may do much at
// each `memory.grow`: V8 counts the whole memory as garbage to come and collects its own, which takes milliseconds.
// malloc has a second way, for memory that need not follow what it has: there it looks at the memory's end afterwards,
// uses all that it finds, and joins it to what it follows. So the second way is taken from the start, by a flag of
// malloc's own, and in it
//
//     memory.grow(pages)   ->   memory.grow(max(pages, memory.size / 8)),
//                               and while that fails half as much, down to `pages`
//
// An app that fills 4 GB asks 55 times instead of 65,000 times; up to an eighth of its memory is address space that it
// never touches.
import { Instructions, type Instruction } from "../../wasm/body.ts"
import { I32, Op } from "../../wasm/code.ts"
import { editBodies, parametersOf } from "./bodies.ts"
import type { Editable } from "./editable.ts"
import { addLocals, withLocals } from "./addlocals.ts"

/** `USE_NONCONTIGUOUS_BIT` of malloc's `mflags`. */
const NONCONTIGUOUS = 4

/** Apply the edit. Returns the number of functions that are such a malloc. */
export function growAhead({ module }: Editable): number {
  return editBodies(module, (body, code, index) => {
    const grow = code.findIndex((_, i) => growsForMalloc(code, i))
    const flags = grow < 0 ? -1 : code.findIndex((_, i) => clearsFlags(code, i))
    if (flags < 0 || flags > grow) return undefined
    return edit(body, code[flags + 1]!, code[grow]!, parametersOf(module, index))
  })
}

/** `clear` is the 0 that malloc's flags begin with, `pages` what is given to `memory.grow`. */
function edit(body: Uint8Array, clear: Instruction, pages: Instruction, parameters: number): Uint8Array {
  const code = new Instructions(body)
  const types = [I32, I32]
  const [asked, before] = addLocals(code, parameters, types) as [number, number]
  const out = withLocals(code, types)
  out.copy(body.subarray(code.start, clear.at)).i32(NONCONTIGUOUS)
  out.copy(body.subarray(clear.end, pages.at))
  /** Set `asked` to the larger of `pages` and what `other` pushes. */
  const askFor = (other: () => void) => {
    out.get(pages.a)
    other()
    out.get(pages.a)
    other()
    out.op(Op.i32_gt_u, Op.select).set(asked)
  }
  askFor(() => out.indexed(Op.memory_size, 0).i32(3).op(Op.i32_shr_u))
  const again = out.loop(I32)
  out.get(asked).indexed(Op.memory_grow, 0).tee(before).i32(-1).op(Op.i32_eq)
  out.get(asked).get(pages.a).op(Op.i32_gt_u, Op.i32_and).if(I32)
  askFor(() => out.get(asked).i32(1).op(Op.i32_shr_u))
  out.br(again).else().get(before).end().end()
  return out.copy(body.subarray(pages.end + memoryGrowBytes)).instructions()
}

/** `memory.grow` with the index of its memory. */
const memoryGrowBytes = 2

/** How far behind the growth malloc looks at the memory's end, in instructions. */
const reach = 24

/** `local.get pages  memory.grow  local.tee  i32.const -1  i32.eq  if … end … memory.size` begins at `i`. */
function growsForMalloc(code: readonly Instruction[], i: number): boolean {
  const [get, grow, tee, failed, equal] = code.slice(i, i + 5)
  if (get?.op !== Op.local_get || grow?.op !== Op.memory_grow || tee?.op !== Op.local_tee) return false
  if (failed?.op !== Op.i32_const || failed.a !== -1 || equal?.op !== Op.i32_eq) return false
  return code.slice(i + 5, i + reach).some(({ op }) => op === Op.memory_size)
}

/**
 * `i32.const flags  i32.const 0  i32.store`, where `i32.const flags  i32.load8_u  i32.const NONCONTIGUOUS  i32.and` is
 * asked later.
 */
function clearsFlags(code: readonly Instruction[], i: number): boolean {
  const [address, zero, store] = code.slice(i, i + 3)
  if (address?.op !== Op.i32_const || zero?.op !== Op.i32_const || zero.a !== 0 || store?.op !== Op.i32_store)
    return false
  return code.some((other, at) => {
    const [load, mask, and] = code.slice(at + 1, at + 4)
    if (at <= i || other.op !== Op.i32_const || other.a !== address.a || load?.op !== Op.i32_load8_u) return false
    return mask?.op === Op.i32_const && mask.a === NONCONTIGUOUS && and?.op === Op.i32_and
  })
}

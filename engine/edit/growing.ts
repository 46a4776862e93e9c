// How the engine's malloc (dlmalloc) takes more memory: exactly what it needs, 64 KB after 64 KB. A host may do much at each `memory.grow`: V8
// counts the whole memory as garbage to come and collects its own, which takes milliseconds. malloc has a second way, for memory that need not
// follow what it has: there it looks at the memory's end afterwards, uses all that it finds, and joins it to what it follows. So the second way
// is taken from the start, by a flag of malloc's own, and in it
//
//     memory.grow(pages)   ->   memory.grow(max(pages, memory.size / 8)), and while that fails half as much, down to `pages`
//
// An app that fills 4 GB asks 55 times instead of 65,000 times; up to an eighth of its memory is address space that it never touches.
import { addLocals, decode, Instructions, Op, Type, withLocals, type Instruction } from "../../wasm/body.ts"
import type { ModuleParts } from "../module.ts"

/** `USE_NONCONTIGUOUS_BIT` of malloc's `mflags`. */
const NONCONTIGUOUS = 4

/** Apply the edit to a parsed engine, in place. Returns the number of functions that are such a malloc. */
export function growAhead(module: ModuleParts): number {
  let count = 0
  module.bodies.forEach((body, index) => {
    const instructions = decode(body)
    const grow = instructions.findIndex((_, i) => growsForMalloc(instructions, i))
    if (grow < 0) return
    const flags = instructions.findIndex((_, i) => clearsFlags(instructions, i))
    if (flags < 0 || flags > grow) return
    const parameters = module.types[module.typeOf(index + module.importedFunctions)]!.params.length
    module.bodies[index] = edit(body, instructions[flags + 1]!, instructions[grow]!, parameters)
    count++
  })
  return count
}

/** `clear` is the 0 that malloc's flags begin with, `pages` what is given to `memory.grow`. */
function edit(body: Uint8Array, clear: Instruction, pages: Instruction, parameters: number): Uint8Array {
  const code = new Instructions(body)
  const types = [Type.i32, Type.i32]
  const [asked, before] = addLocals(code, parameters, types) as [number, number]
  const out = withLocals(code, types)
  out.bytes(body.subarray(code.start, clear.at)).u8(Op.i32_const).s32(NONCONTIGUOUS)
  out.bytes(body.subarray(clear.end, pages.at))
  const local = (index: number) => out.u8(Op.local_get).u32(index)
  const halves = (n: number) => out.u8(Op.i32_const).s32(n).u8(Op.i32_shr_u)
  /** Set `asked` to the larger of `pages` and what `other` pushes. */
  const askFor = (other: () => void) => {
    local(pages.a)
    other()
    local(pages.a)
    other()
    out.u8(Op.i32_gt_u).u8(Op.select).u8(Op.local_set).u32(asked)
  }
  askFor(() => (out.u8(Op.memory_size).u8(0), halves(3)))
  out.u8(Op.loop).u8(Type.i32)
  local(asked).u8(Op.memory_grow).u8(0).u8(Op.local_tee).u32(before).u8(Op.i32_const).s32(-1).u8(Op.i32_eq)
  local(asked)
  local(pages.a).u8(Op.i32_gt_u).u8(Op.i32_and).u8(Op.if).u8(Type.i32)
  askFor(() => (local(asked), halves(1)))
  out.u8(Op.br).u8(1).u8(Op.else)
  local(before).u8(Op.end).u8(Op.end)
  return out.bytes(body.subarray(pages.end + memoryGrowBytes)).finish()
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

/** `i32.const flags  i32.const 0  i32.store`, where `i32.const flags  i32.load8_u  i32.const NONCONTIGUOUS  i32.and` is asked later. */
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

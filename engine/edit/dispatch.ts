// How the interpreter gets from an opcode to the code that handles it.
import { decode, type Instruction } from "../../wasm/body.ts"
import { Reader, Writer } from "../../wasm/bytes.ts"
import { Op } from "../../wasm/instructions.ts"
import { bodyOf, setBody, type ModuleParts } from "../module.ts"
import type { Editable } from "./editable.ts"

/**
 * The interpreter's computed goto became a table of numbers in memory in front of a `br_table`:
 *
 *     load8_u opcode  (tee)  i32.const 2  i32.shl  i32.load offset=T  i32.const 2  i32.sub  br_table L0 L1 ...
 *
 * Both are constant, so the `br_table` is permuted by the table in memory and takes the opcode itself.
 */
export function dispatchDirectly({ module, interpreter }: Editable): number {
  const body = bodyOf(module, interpreter)
  const code = decode(body)
  const table = dispatchTable(code, body, module)
  if (table === undefined) return 0
  const out = new Writer()
    .bytes(body.subarray(0, code[table.at - 5]!.at))
    .opcode(Op.br_table)
    .u32(table.labels.length)
  for (const label of table.labels) out.u32(label)
  setBody(module, interpreter, out.u32(table.fallback).bytes(body.subarray(code[table.at]!.end)).finish())
  return table.labels.length
}

/**
 * Where the interpreter goes from its `br_table`, number `at` of its instructions, by opcode: as many blocks out as
 * `labels` says. Undefined when it has no such table.
 */
export function dispatchTable(
  code: readonly Instruction[],
  body: Uint8Array,
  module: ModuleParts,
): { at: number; labels: number[]; fallback: number } | undefined {
  for (let at = 5; at < code.length; at++) {
    const table = code[at]
    if (table?.op !== Op.br_table || table.a < 200) continue
    const [two, shl, load, bias, sub] = code.slice(at - 5, at)
    if (two?.op !== Op.i32_const || two.a !== 2 || shl?.op !== Op.i32_shl || load?.op !== Op.i32_load) continue
    if (bias?.op !== Op.i32_const || sub?.op !== Op.i32_sub) continue
    const old = branchTargets(body, table)
    const data = dataAt(module, load.a, 256 * 4)
    if (data === undefined) return undefined
    const numbers = new DataView(data.slice().buffer)
    const labels = Array.from({ length: 256 }, (_, opcode) => {
      const number = numbers.getInt32(opcode * 4, true) - bias.a
      return old.labels[number] ?? old.fallback
    })
    return { at, labels, fallback: old.fallback }
  }
  return undefined
}

function branchTargets(body: Uint8Array, table: Instruction): { labels: number[]; fallback: number } {
  const r = new Reader(body.subarray(table.at + 1, table.end))
  const labels = Array.from({ length: r.count() }, () => r.u32())
  return { labels, fallback: r.u32() }
}

/** Initial memory contents. All of the range must come from one active segment. */
function dataAt(module: ModuleParts, address: number, length: number): Uint8Array | undefined {
  for (const segment of module.data) {
    const start = segment.offset?.value?.op === "i32.const" ? segment.offset.value.value >>> 0 : undefined
    if (start === undefined || address < start || address + length > start + segment.data.length) continue
    return segment.data.subarray(address - start, address - start + length)
  }
  return undefined
}

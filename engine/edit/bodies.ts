// How an edit gets at function bodies: find the places, change them, count them.
import { decode, type Instruction } from "../../wasm/body.ts"
import type { Code } from "../../wasm/code.ts"
import { Op } from "../../wasm/instructions.ts"
import { typeText, type ModuleParts } from "../module.ts"

/** Give every body for which `edit` gives another one that other one. Returns how many those are. */
export function editBodies(
  module: ModuleParts,
  edit: (body: Uint8Array, code: readonly Instruction[], index: number) => Uint8Array | undefined,
): number {
  let count = 0
  module.bodies.forEach((body, i) => {
    const edited = edit(body, decode(body), i + module.importedFunctions)
    if (edited === undefined) return
    module.bodies[i] = edited
    count++
  })
  return count
}

/** A place in a body: the bytes from `at` up to `end` go, and what `write` writes comes instead. */
export interface Place {
  at: number
  end: number
  write(out: Code): void
}

/** Finish `out` with a body's bytes from `start` on, with places changed, which come in order. */
export function copyWithPlaces(out: Code, body: Uint8Array, start: number, places: readonly Place[]): Uint8Array {
  let copied = start
  for (const { at, end, write } of places) {
    write(out.copy(body.subarray(copied, at)))
    copied = end
  }
  return out.copy(body.subarray(copied)).instructions()
}

/** How many parameters a function has. */
export function parametersOf(module: ModuleParts, index: number): number {
  return module.types[module.typeOf(index)]?.params.length ?? 0
}

/** Defined functions of a type, and with `reads` those that load an i32 from this offset. */
export function functionsOf(module: ModuleParts, type: string, reads?: number): number[] {
  const isRead = (body: Uint8Array) => decode(body).some(({ op, a }) => op === Op.i32_load && a === reads)
  return module.bodies.flatMap((body, i) => {
    const index = i + module.importedFunctions
    return typeText(module, index) === type && (reads === undefined || isRead(body)) ? [index] : []
  })
}

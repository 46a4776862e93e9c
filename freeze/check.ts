// What frozen code takes for granted about shapes and atoms, tried out on the engine that it will run in.
import { JSObject, JSShape, JSShapeProperty, tags } from "../engine/abi.ts"
import type { LiveEngine, Pointer } from "../engine/live.ts"
import { engineDiffers } from "./errors.ts"
import { hashIndex, LENGTH_ATOM_LIMIT } from "./heap.ts"
import { value } from "./types.ts"

/** Make an object and find its properties the way frozen code does. Throws EB602 when they are not found. */
export function checkShapes(engine: LiveEngine, context: Pointer): void {
  const object = engine.callValue("JS_NewObject", context)
  const names = ["length", "constructor", "edgebox0", "edgebox1", "edgebox2", "edgebox3", "edgebox4"]
  names.forEach((name, i) => {
    engine.withString(name, (text) =>
      engine.call("JS_SetPropertyStr", context, object, text, value(tags.JS_TAG_INT, i + 1)),
    )
  })
  names.forEach((name, i) => {
    const atom = engine.withString(name, (text) => engine.call("JS_NewAtom", context, text))
    if (findProperty(engine, Number(object & 0xffff_ffffn), atom) !== value(tags.JS_TAG_INT, i + 1)) {
      throw engineDiffers(`the property \`${name}\` is not where its atom says`)
    }
    if (name === "length" && atom > LENGTH_ATOM_LIMIT) throw engineDiffers("the atom `length` has another number")
    engine.call("JS_FreeAtom", context, atom)
  })
  engine.call("JS_FreeValue", context, object)
}

function findProperty(engine: LiveEngine, object: Pointer, atom: number): bigint | undefined {
  const view = engine.view()
  const u32 = (address: number) => view.getUint32(address, true)
  const shape = u32(object + JSObject.shape)
  const mask = u32(shape + JSShape.prop_hash_mask)
  const properties = shape + JSShape.hash_table + 4 * (mask + 1)
  let index = u32(shape + JSShape.hash_table + 4 * hashIndex(atom, mask))
  for (let left = mask + 2; index !== 0 && left > 0; left--) {
    const property = properties + JSShapeProperty.size * (index - 1)
    if (u32(property + JSShapeProperty.atom) === atom) {
      return view.getBigUint64(u32(object + JSObject.prop) + 8 * (index - 1), true)
    }
    index = u32(property + JSShapeProperty.hash_next_and_flags) & ((1 << JSShapeProperty.flags_shift) - 1)
  }
  return undefined
}

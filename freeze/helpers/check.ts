// What frozen code takes for granted about shapes and atoms, tried out on the engine that it will run in.
import { JSObject, JSShape, JSShapeProperty, tags } from "../../engine/abi.ts"
import { SHAPE_IS_KEPT } from "../../engine/edit/shapehook.ts"
import type { LiveEngine, Pointer } from "../../engine/live.ts"
import { engineDiffers } from "../errors.ts"
import { value } from "../types.ts"
import { hashIndex, LENGTH_ATOM_LIMIT } from "./lookup.ts"

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
  checkKept(engine, context, object, names)
  engine.call("JS_FreeValue", context, object)
}

/**
 * A bit beside `is_hashed` says that frozen code keeps a shape: to the engine it is hashed all the same. Throws EB602
 * otherwise.
 */
function checkKept(engine: LiveEngine, context: Pointer, object: bigint, names: readonly string[]): void {
  const shapeOf = (value: bigint) => engine.view().getUint32(Number(value & 0xffff_ffffn) + JSObject.shape, true)
  const shape = shapeOf(object)
  const isHashed = shape + JSShape.is_hashed
  const before = engine.view().getUint8(isHashed)
  engine.view().setUint8(isHashed, before | SHAPE_IS_KEPT)
  const other = engine.callValue("JS_NewObject", context)
  for (const name of names) {
    engine.withString(name, (text) => engine.call("JS_SetPropertyStr", context, other, text, value(tags.JS_TAG_INT, 0)))
  }
  const found = before === 1 && shapeOf(other) === shape
  engine.view().setUint8(isHashed, before)
  engine.call("JS_FreeValue", context, other)
  if (!found) throw engineDiffers("a shape that is kept is not found any more")
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

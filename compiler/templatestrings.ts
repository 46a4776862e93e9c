// The strings of tagged templates. The engine's compiler freezes such an array and its `raw`, as the language asks for;
// writing bytecode and reading it back, which is how sources are stripped from it, leaves them open. So they are frozen
// once more before the app runs. No other object stands in a constant pool.
import { JSFunctionBytecode as B, tags } from "../engine/abi.ts"
import type { JSValue, LiveEngine } from "../engine/live.ts"
import { bytecodeOf } from "../freeze/read/reader.ts"
import { functionsBelow } from "./positions.ts"

/** Freeze the strings of every tagged template of the app. */
export function freezeStrings(live: LiveEngine, app: JSValue): void {
  const root = bytecodeOf(live, app)
  if (root === undefined) return
  const context = live.view().getUint32(root + B.realm, true)
  const values = functionsBelow(live, root).flatMap((pointer) => objectsIn(live, pointer))
  if (values.length === 0) return
  live.withString("raw", (name) => {
    for (const value of values) {
      const raw = live.callValue("JS_GetPropertyStr", context, value, name)
      for (const array of [value, raw])
        if (live.call("JS_FreezeObject", context, array) < 0) throw new Error("a template's strings cannot be frozen")
      live.call("JS_FreeValue", context, raw)
    }
  })
}

/** The objects in a function's constant pool. */
function objectsIn(live: LiveEngine, pointer: number): JSValue[] {
  const view = live.view()
  const pool = view.getUint32(pointer + B.cpool, true)
  const found: JSValue[] = []
  for (let i = 0; i < view.getInt32(pointer + B.cpool_count, true); i++) {
    const value = view.getBigUint64(pool + 8 * i, true)
    if (Number(value >> 32n) === tags.JS_TAG_OBJECT >>> 0) found.push(value)
  }
  return found
}

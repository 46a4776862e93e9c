// What an edit of the engine is given.
import { JSRuntime } from "../abi.ts"
import type { ModuleParts } from "../module.ts"

/** Offsets in JSRuntime that edits look for; the probe compares them. */
export interface EditLayout {
  stackLimit: number
  dumpFlags: number
}

export const editLayout: EditLayout = { stackLimit: JSRuntime.stack_limit, dumpFlags: JSRuntime.dump_flags }

/** An engine that is being edited: edits change the module in place. */
export interface Editable {
  module: ModuleParts
  /** Index of JS_CallInternal. */
  interpreter: number
  layout: EditLayout
}

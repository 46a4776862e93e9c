// The edits that the engine gets before it is linked, in order. Each finds its places by a pattern and counts them, and
// all are refused when a count is not what it was when the pattern was written: then the engine has changed and someone
// has to look. docs/engine.md says what each is for, and which test shows it.
import { engineEditRefused } from "../errors.ts"
import { dispatchDirectly } from "./dispatch.ts"
import { removeDumpTests } from "./dumptests.ts"
import type { Editable } from "./editable.ts"
import { closeAfterBodies } from "./forawait.ts"
import { freeInline } from "./freeing.ts"
import { growAhead } from "./growing.ts"
import { convertKeysLate } from "./keyorder.ts"
import { believeDefineTrap, compareBelowZero } from "./mending.ts"
import { countNativeStack } from "./nativestack.ts"
import { hookShapes } from "./shapehook.ts"
import { boundThreshold } from "./threshold.ts"

interface Edit {
  /** Changes the engine in place; returns the number of places. */
  apply: (engine: Editable) => number
  /** How many places there are in the engine of quickjs-wasi 3.6.2. */
  places: number
}

/** What is counted -> the edit. */
const edits = {
  dumpTests: { apply: removeDumpTests, places: 222 },
  dispatchTargets: { apply: dispatchDirectly, places: 256 },
  frees: { apply: freeInline, places: 130 },
  stackChecks: { apply: countNativeStack, places: 22 },
  shapeHooks: { apply: hookShapes, places: 2 },
  thresholds: { apply: boundThreshold, places: 1 },
  growths: { apply: growAhead, places: 1 },
  bigIntCompares: { apply: compareBelowZero, places: 1 },
  defineTraps: { apply: believeDefineTrap, places: 1 },
  keyConversions: { apply: convertKeysLate, places: 4 },
  iteratorCloses: { apply: closeAfterBodies, places: 2 },
} satisfies Record<string, Edit>

/** Apply every edit. Throws EB403 when a pattern is not found as often as it was. */
export function editEngine(engine: Editable): void {
  for (const [name, { apply, places }] of Object.entries(edits)) {
    const found = apply(engine)
    if (found !== places) throw engineEditRefused(name, places, found)
  }
}

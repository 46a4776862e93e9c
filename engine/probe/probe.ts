// Is the engine laid out as abi.ts says?
//
// The probe finds every number of abi.ts out for itself, on a live engine: it makes objects whose contents are known,
// looks where the known values lie, and compares. The experiments are in probe/; none of them reads abi.ts. An engine
// update either passes, or the build stops with a table of what moved.
import { abi, type Abi } from "../abi.ts"
import { layoutChanged } from "../errors.ts"
import type { LiveEngine } from "../live.ts"
import { probeBuffers } from "./buffers.ts"
import { probeClasses } from "./classids.ts"
import { probeCodeAndLines } from "./bytecode.ts"
import { openLab } from "./lab.ts"
import { openNotebook, type Finding } from "./notebook.ts"
import { probeFrames } from "./frames.ts"
import { probeFunctions } from "./functionobjects.ts"
import { probeObjects } from "./objects.ts"
import { probeRuntime, probeRuntimeObjects } from "./runtime.ts"
import { probeStrings } from "./strings.ts"
import { probeValues } from "./values.ts"
import { probeVariables } from "./variables.ts"

export type { Finding }

/** One number that is not what it should be. `found` is a number, or says why none was found. */
export interface LayoutDifference {
  /** `JSObject.shape` */
  name: string
  expected: number
  found: string
}

/**
 * Find out the layout of an engine: a number, or the reason why there is none, by name (`JSObject.shape`).
 *
 * The engine is used up: what the experiments made stays in it. Start one of its own for this.
 */
export function findLayout(engine: LiveEngine): Map<string, Finding> {
  const lab = openLab(engine)
  const book = openNotebook()
  // In this order: each series uses what those before it found.
  const experiments = [
    probeValues,
    probeRuntime,
    probeClasses,
    probeObjects,
    probeBuffers,
    probeFunctions,
    probeCodeAndLines,
    probeVariables,
    probeStrings,
    probeFrames,
    probeRuntimeObjects,
  ]
  for (const series of experiments) book.attempt(() => series(lab, book))
  return book.findings
}

/** Compare what was found with what is expected: every number of `expected` that differs or was not looked for. */
export function compareLayout(findings: ReadonlyMap<string, Finding>, expected: Abi): LayoutDifference[] {
  const differences: LayoutDifference[] = []
  for (const [group, fields] of Object.entries(expected)) {
    for (const [field, number] of Object.entries(fields)) {
      const name = `${group}.${field}`
      const finding = findings.get(name) ?? { reason: "not looked for" }
      const found = "value" in finding ? String(finding.value) : finding.reason
      if (found !== String(number)) differences.push({ name, expected: number, found })
    }
  }
  return differences
}

/** Throws EB401 with a table "expected, found" when the engine is not laid out as abi.ts says. Uses the engine up. */
export function probeEngine(engine: LiveEngine, expected: Abi = abi): void {
  const differences = compareLayout(findLayout(engine), expected)
  if (differences.length > 0) throw layoutChanged(differences)
}

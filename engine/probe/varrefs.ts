// Experiments on captured variables (JSVarRef): of functions that have returned, and of those that still run.
import { bytecodeOf } from "./functionobjects.ts"
import { isAddress, offset16, offset32, offset8, pointerOf, Unfound, type Lab, type Sample } from "./lab.ts"
import type { Notebook } from "./notebook.ts"
import { callerFrame, duringCall } from "./running.ts"
import { variableOf } from "./variables.ts"

export function probeVarRefs(lab: Lab, book: Notebook): void {
  const closures = [21.5, 22.5].map((n) => ({ at: lab.object(`(x => () => x)(${n})`), value: lab.evaluate(String(n)) }))
  // JSObject.var_refs -> array -> JSVarRef -> pvalue -> the value; detached, the value lies in the JSVarRef itself.
  const find = (): { refs: number; pvalue: number; value: number } => {
    const found: { refs: number; pvalue: number; value: number }[] = []
    for (let refs = 24; refs < 40; refs += 4) {
      const variables = closures.map(({ at }) => (isAddress(lab, lab.u32(at + refs)) ? lab.u32(lab.u32(at + refs)) : 0))
      if (!variables.every((v) => isAddress(lab, v))) continue
      for (let pvalue = 8; pvalue < 32; pvalue += 4) {
        const offsets = closures.map(({ value }, i) => {
          const target = lab.u32(variables[i]! + pvalue)
          return isAddress(lab, target) && lab.u64(target) === value ? target - variables[i]! : -1
        })
        if (offsets[0]! >= 0 && offsets[0]! < 32 && offsets[0] === offsets[1])
          found.push({ refs, pvalue, value: offsets[0]! })
      }
    }
    if (found.length !== 1) throw new Unfound(`in ${found.length} places`)
    return found[0]!
  }
  book.note("JSObject", "var_refs", () => find().refs)
  book.noteAll("JSVarRef", ["pvalue", "value"], () => [find().pvalue, find().value])
  book.note("JSVarRef", "size", () =>
    lab.engine.call("js_malloc_usable_size", lab.context, varRefOf(lab, book, closures[0]!.at)),
  )
  book.note("JSObject", "size", () => lab.engine.call("js_malloc_usable_size", lab.context, closures[0]!.at))
  book.note("JSObject", "home_object", () => {
    const samples = ["{ m() { return super.x } }", "{ other: 1, m() { return super.y } }"].map((e) => {
      const holder = lab.evaluate(`(${e})`)
      return [pointerOf(lab.apply(lab.evaluate("(o => o.m)"), [holder])), pointerOf(holder)] as const
    })
    return offset32(lab, samples, 24, 40)
  })
}

/** The first JSVarRef of a function object. */
export function varRefOf(lab: Lab, book: Notebook, object: number): number {
  return lab.u32(lab.u32(object + book.get("JSObject", "var_refs")))
}

/** Captured variables while their function runs: they point into its frame. */
export function probeOpenVarRefs(lab: Lab, book: Notebook): void {
  const bytes = book.get("JSVarRef", "size")
  const copies: { copy: number; frame: number; index: number }[] = []
  const f = lab.evaluate("(function (hook) { let a = 1, b = 2, c = 3; const f = () => [a, b, c]; hook(f) })")
  const at = bytecodeOf(lab, book, pointerOf(f))
  duringCall(lab, f, (_hook, [inner]) => {
    const refs = lab.u32(pointerOf(inner!) + book.get("JSObject", "var_refs"))
    ;["a", "b", "c"].forEach((name, i) => {
      const copy = lab.engine.malloc(bytes)
      const ref = lab.u32(refs + 4 * i)
      lab.engine.bytes().copyWithin(copy, ref, ref + bytes)
      const index = lab.u16(variableOf(lab, book, at, name) + book.get("JSVarDef", "var_ref_idx"))
      copies.push({ copy, frame: callerFrame(lab, book), index })
    })
  })
  const detached = [1, 2, 3].map((n) => varRefOf(lab, book, lab.object(`(x => () => x)(${n})`)))
  const open = (value: (c: (typeof copies)[0]) => number): Sample<number>[] => copies.map((c) => [c.copy, value(c)])
  const note = (field: Parameters<typeof book.get<"JSVarRef">>[1], find: () => number): void =>
    book.note("JSVarRef", field, find)
  const [frames, indices] = [open((c) => c.frame), open((c) => c.index)]
  note("stack_frame", () => offset32(lab, frames, 8, bytes))
  note("var_ref_idx", () => offset16(lab, indices, 12, bytes))
  note("is_detached", () => offset8(lab, [...open(() => 0), ...detached.map((v) => [v, 1] as const)], 8, 12))
}

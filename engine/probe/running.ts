// A look at functions while they run: a hook is called in the middle of one, and while it runs, the frames of the
// function and of the hook lie on the shadow stack. What must be compared later is copied, because a frame is gone when
// its function returns.
import { UNDEFINED, Unfound, type Lab } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

/** More than a frame has. */
export const FRAME_BYTES = 64

/** Call `f` with a hook as first argument, and `look` while the hook runs. */
export function duringCall(
  lab: Lab,
  f: bigint,
  look: (hook: bigint, args: bigint[]) => void,
  more: bigint[] = [],
): void {
  let failure: unknown
  const hook = lab.functionOf((_self, args) => {
    try {
      look(hook, args)
    } catch (error) {
      failure = error
    }
    return lab.evaluate("0")
  })
  lab.apply(f, [hook, ...more])
  if (failure !== undefined) throw failure
}

/** The frame of the function that called the hook; only while the hook runs. */
export function callerFrame(lab: Lab, book: Notebook): number {
  const hookFrame = lab.u32(lab.runtime + book.get("JSRuntime", "current_stack_frame"))
  return lab.u32(hookFrame + book.get("JSStackFrame", "prev_frame"))
}

/** A copy of the frame of the function `source`, taken while it calls the hook. `call` says how it is called. */
export function copyOfFrame(lab: Lab, book: Notebook, source: string, call = "f(hook)"): number {
  const copy = lab.engine.malloc(FRAME_BYTES)
  let frame = 0
  const hook = lab.functionOf(() => {
    frame = callerFrame(lab, book)
    lab.engine.bytes().copyWithin(copy, frame, frame + FRAME_BYTES)
    return UNDEFINED
  })
  lab.apply(lab.evaluate(`((f, hook) => { ${call} })`), [lab.evaluate(source), hook])
  if (frame === 0) throw new Unfound("the function was not called")
  return copy
}

// Event, CustomEvent and EventTarget of the DOM Standard (section 2), without a tree; aborting (section 3) is in
// abort.ts.
import { useKit, type Kit } from "../guest/kit.ts"
import { AbortController, AbortSignal } from "./abort.ts"
import { CustomEvent, Event, EventTarget } from "./eventtarget.ts"
import { exposeInterface } from "./webidl.ts"

export function start(given: Kit): void {
  useKit(given)
  for (const [name, type] of Object.entries({ Event, CustomEvent, EventTarget, AbortSignal, AbortController }))
    exposeInterface(name, type)
}

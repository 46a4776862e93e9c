// Printing values: a script of its own (core.ts says why).
import { consoleCalls } from "./consolecalls.ts"
import { format, formatWithOptions } from "./format.ts"
import { inspect } from "./inspect.ts"
import { customInspect, defaultOptions, styleColors, styleNames } from "./inspection.ts"
import { useKit, type Kit, type Show } from "./kit.ts"

export function start(given: Kit): Show {
  useKit(given)
  return {
    console: consoleCalls,
    format,
    formatWithOptions,
    inspect,
    customInspect,
    defaultOptions,
    styleColors,
    styleNames,
  }
}

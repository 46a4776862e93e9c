// Printing values: a script of its own (core.ts says why).
import { makeConsole } from "./console.ts"
import type { Kit } from "./core.ts"
import { format, formatWithOptions } from "./format.ts"
import { customInspect, defaultOptions, inspect, isClass, styleColors, styleNames, useNative } from "./inspect.ts"
import { quote, textWidth } from "./text.ts"

export type Show = ReturnType<typeof start>

export function start(kit: Kit) {
  useNative(kit.native)
  return {
    console: makeConsole(kit.native, (message) => kit.world().emitWarning(message)),
    format,
    formatWithOptions,
    inspect,
    customInspect,
    defaultOptions,
    isClass,
    quote,
    textWidth,
    styleColors,
    styleNames,
  }
}

// node:util and node:util/types.
import { kit, useKit, type Kit } from "../guest/kit.ts"
import { isDeepEqual } from "./equal.ts"
import { callbackify, customPromisify, deprecate, inherits, promisify } from "./util-functions.ts"
import { makeTypes } from "./util-types.ts"

export function start(given: Kit): void {
  useKit(given)
  given.world() // alive in the snapshot: what is made here calls it
  const shown = given.show()
  const types = makeTypes()
  const util = {
    inspect: makeInspect(),
    format: shown.format,
    formatWithOptions: shown.formatWithOptions,
    promisify: Object.assign(promisify, { custom: customPromisify }),
    callbackify,
    deprecate,
    inherits,
    types,
    isDeepStrictEqual: (a: unknown, b: unknown) => isDeepEqual(a, b, true),
    stripVTControlCharacters: (text: string) => text.replace(ansi, ""),
    toUSVString: (text: unknown) => `${text as string}`.toWellFormed(),
    debuglog: () => Object.assign(() => {}, { enabled: false }),
    debug: () => Object.assign(() => {}, { enabled: false }),
    isArray: Array.isArray,
    isBoolean: (v: unknown) => typeof v === "boolean",
    isNull: (v: unknown) => v === null,
    isNullOrUndefined: (v: unknown) => v == null,
    isNumber: (v: unknown) => typeof v === "number",
    isString: (v: unknown) => typeof v === "string",
    isSymbol: (v: unknown) => typeof v === "symbol",
    isUndefined: (v: unknown) => v === undefined,
    isRegExp: types["isRegExp"],
    isObject: (v: unknown) => v !== null && typeof v === "object",
    isDate: types["isDate"],
    isError: (v: unknown) => types["isNativeError"]!(v) || v instanceof Error,
    isFunction: (v: unknown) => typeof v === "function",
    isPrimitive: (v: unknown) => v === null || (typeof v !== "object" && typeof v !== "function"),
    _extend: (target: object, source: object | null) =>
      source !== null && typeof source === "object" ? Object.assign(target, source) : target,
    TextEncoder: globalThis.TextEncoder,
    TextDecoder: globalThis.TextDecoder,
  }
  given.modules.set("util", util)
  given.modules.set("util/types", types)
  given.modules.set("sys", util)
}

/** Escape sequences of terminals. */
const ansi = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g

/** util.inspect, with what programs read and set on it. */
function makeInspect(): object {
  const shown = kit.show()
  const inspect = Object.assign((...args: Parameters<typeof shown.inspect>) => shown.inspect(...args), {
    custom: shown.customInspect,
    colors: Object.assign(Object.create(null), shown.styleColors) as object,
    styles: Object.assign(Object.create(null), shown.styleNames) as object,
    replDefaults: {},
  })
  Object.defineProperty(inspect, "name", { value: "inspect" })
  return Object.defineProperty(inspect, "defaultOptions", {
    enumerable: true,
    get: () => shown.defaultOptions,
    set(options: object) {
      if (typeof options !== "object" || options === null)
        throw kit.world().wrongType("options", "of type object", options)
      Object.assign(shown.defaultOptions, options)
    },
  })
}

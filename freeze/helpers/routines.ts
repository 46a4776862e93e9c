// What every frozen library carries besides the frozen functions: frames, steps and exits, reference counts, look-ups,
// caches.
//
// All of it is WebAssembly written here, so that a library needs nothing but the engine. Signatures are in
// signatures.ts; the addresses of the runtime and of the native stack's words are constants in the code.
import { Code, type Signature } from "../../wasm/code.ts"
import {
  writeAbandon,
  writeCallFunction,
  writeEnter,
  writeExit,
  writeMayEnter,
  writeNeedFrame,
  writeStep,
  writeThrowOut,
} from "./activation.ts"
import { writeForgetShape, writeGetMethodCached, writeGetOwnCached, writeKeepShape, writePutCached } from "./cache.ts"
import { writeStringsEqual, writeStringsOrder } from "./characters.ts"
import { writeBoxFloat, writeToBool, writeToInt32 } from "./convert.ts"
import { writeDup, writeFree, writeFreeRange, writeReplace } from "./counts.ts"
import { writeGetElement, writePutElement, writeGetAnyElement, writePutAnyElement } from "./elements.ts"
import {
  writeGetField,
  writeGetGlobal,
  writeGetLength,
  writeGetPrivate,
  writePutField,
  writePutPrivate,
  writePutAnyField,
} from "./lookup.ts"
import { helperNames, helperTypes, type HelperName, type RuntimeAddresses } from "./signatures.ts"

/** Writes a helper's body; its parameters are wasm locals 0, 1, … */
type Body = (c: Code, a: RuntimeAddresses) => void

const bodies: Record<HelperName, Body> = {
  enter: writeEnter,
  mayEnter: writeMayEnter,
  needFrame: writeNeedFrame,
  callFunction: writeCallFunction,
  free: writeFree,
  freeRange: writeFreeRange,
  dup: writeDup,
  abandon: writeAbandon,
  step: writeStep,
  exit: writeExit,
  throwOut: writeThrowOut,
  toBool: writeToBool,
  boxFloat: writeBoxFloat,
  toInt32: writeToInt32,
  getField: writeGetField,
  getGlobal: writeGetGlobal,
  putField: writePutField,
  getPrivate: writeGetPrivate,
  putPrivate: writePutPrivate,
  getLength: writeGetLength,
  stringsEqual: writeStringsEqual,
  stringsOrder: writeStringsOrder,
  getElement: writeGetElement,
  putElement: writePutElement,
  putAnyField: writePutAnyField,
  getAnyElement: writeGetAnyElement,
  putAnyElement: writePutAnyElement,
  getOwnCached: writeGetOwnCached,
  getMethodCached: writeGetMethodCached,
  putCached: writePutCached,
  keepShape: writeKeepShape,
  forgetShape: writeForgetShape,
  replace: writeReplace,
}

/** Write the helpers, in the order of `helperTypes`. */
export function writeHelpers(addresses: RuntimeAddresses): { type: Signature; body: Uint8Array }[] {
  return helperNames.map((name) => {
    const type: Signature = helperTypes[name]
    const code = new Code(type.params.length)
    code.height = 1
    bodies[name](code, addresses)
    return { type, body: code.finish() }
  })
}

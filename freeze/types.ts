// What is known of a value while a function is compiled: a set of kinds, and the JSValues that are constants.
import { JSFloat64, tags } from "../engine/abi.ts"
import type { JSValue } from "../engine/live.ts"

/** Kinds that a value may have; a set is the sum of some. */
export const T = {
  INT: 1, // an int32, boxed with tag 0
  FLOAT: 2, // a number that may be boxed as a double; INT | FLOAT is any number
  BOOL: 4,
  UNDEFINED: 8,
  NULL: 16,
  STRING: 32, // ropes included
  OBJECT: 64,
  OTHER: 128, // BigInts and symbols
  UNINITIALIZED: 256,
  CATCH: 512, // catch offsets on the operand stack
} as const

export const NUMBER = T.INT | T.FLOAT
export const ANY = 255
/** Kinds that may hold a reference count. */
export const COUNTED = T.STRING | T.OBJECT | T.OTHER

/** How a value of a set of kinds is kept: unboxed where the kind alone says how. */
export type Rep = "i32" | "f64" | "bool" | "box"

export function repOf(type: number): Rep {
  if (type === T.INT) return "i32"
  if (type === T.BOOL) return "bool"
  return type !== 0 && (type & ~NUMBER) === 0 ? "f64" : "box"
}

export function value(tag: number, low = 0): JSValue {
  return (BigInt(tag >>> 0) << 32n) | BigInt(low >>> 0)
}

export const UNDEFINED = value(tags.JS_TAG_UNDEFINED)
export const NULL = value(tags.JS_TAG_NULL)
export const TRUE = value(tags.JS_TAG_BOOL, 1)
export const FALSE = value(tags.JS_TAG_BOOL, 0)
export const EXCEPTION = value(tags.JS_TAG_EXCEPTION)
export const UNINITIALIZED = value(tags.JS_TAG_UNINITIALIZED)

/** Lowest JSValue with a reference count, compared unsigned. */
export const FIRST_COUNTED = value(tags.JS_TAG_BIG_INT)
/** What is added to a boxed double to get its bits. */
export const FLOAT_ADDEND = BigInt(JSFloat64.addend) << 32n
export const BOXED_NAN = value(JSFloat64.nan)

const bits = new DataView(new ArrayBuffer(8))

/** The JSValue of a number: an int where it is one. */
export function numberValue(number: number): JSValue {
  if (Object.is(number | 0, number)) return value(tags.JS_TAG_INT, number)
  if (Number.isNaN(number)) return BOXED_NAN
  bits.setFloat64(0, number)
  return BigInt.asUintN(64, bits.getBigUint64(0) - FLOAT_ADDEND)
}

/** The number that a JSValue is; undefined when it is none. */
export function numberOf(boxed: JSValue): number | undefined {
  const tag = Number(boxed >> 32n)
  if (tag === tags.JS_TAG_INT) return Number(boxed & 0xffff_ffffn) | 0
  if (typeOf(boxed) !== T.FLOAT) return undefined
  bits.setBigUint64(0, BigInt.asUintN(64, boxed + FLOAT_ADDEND))
  return bits.getFloat64(0)
}

/** The kind of a JSValue. */
export function typeOf(boxed: JSValue): number {
  switch (Number(BigInt.asIntN(32, boxed >> 32n))) {
    case tags.JS_TAG_INT:
      return T.INT
    case tags.JS_TAG_BOOL:
      return T.BOOL
    case tags.JS_TAG_NULL:
      return T.NULL
    case tags.JS_TAG_UNDEFINED:
      return T.UNDEFINED
    case tags.JS_TAG_UNINITIALIZED:
      return T.UNINITIALIZED
    case tags.JS_TAG_CATCH_OFFSET:
      return T.CATCH
    case tags.JS_TAG_STRING:
    case tags.JS_TAG_STRING_ROPE:
      return T.STRING
    case tags.JS_TAG_OBJECT:
      return T.OBJECT
    case tags.JS_TAG_BIG_INT:
    case tags.JS_TAG_SYMBOL:
    case tags.JS_TAG_SHORT_BIG_INT:
      return T.OTHER
    default: {
      const tag = Number(boxed >> 32n)
      const float = (tag + 9) >>> 0 >= 17
      return float ? T.FLOAT : T.OTHER
    }
  }
}

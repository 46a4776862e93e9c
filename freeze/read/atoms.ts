// Strings, atoms and numbers in the engine's memory -> JavaScript values.
//
// Nothing here trusts what it reads: an address outside memory, a rope that contains itself or an atom that is free
// ends in a RangeError, which the reader turns into a problem that names the function.
import {
  JSAtomType,
  JSBigInt,
  JSRuntime,
  JSString,
  JSStringKind,
  JSStringRope,
  JS_ATOM_TAG_INT,
  tags,
} from "../../engine/abi.ts"
import type { Pointer } from "../../engine/live.ts"
import type { Atom, AtomName } from "../function.ts"

/** More than the engine allows in one string. */
const MAX_STRING_LENGTH = 2 ** 30
const MAX_BIGINT_LIMBS = 1 << 16

/** Read a JSString: 8-bit strings are Latin-1, others UTF-16 (lone surrogates stay as they are). */
export function readString(view: DataView, pointer: Pointer): string {
  const head = view.getUint32(pointer + JSString.len_and_wide, true)
  const length = head & 0x7fff_ffff
  const wide = head >>> 31 === 1
  const at = charactersOf(view, pointer)
  const size = wide ? 2 * length : length
  if (at + size > view.byteLength) throw new RangeError(`a string of ${length} characters at ${pointer}`)
  if (!wide) return Buffer.from(view.buffer, view.byteOffset + at, size).toString("latin1")
  return Buffer.from(view.buffer, view.byteOffset + at, size).toString("utf16le")
}

function charactersOf(view: DataView, pointer: Pointer): Pointer {
  const kind = (view.getUint32(pointer + JSString.hash_kind_type, true) >>> JSString.kind_shift) & 3
  switch (kind) {
    case JSStringKind.NORMAL:
      return pointer + JSString.characters
    case JSStringKind.SLICE: {
      const parent = view.getUint32(pointer + JSString.slice_parent, true)
      return parent + JSString.characters + view.getUint32(pointer + JSString.slice_start, true)
    }
    case JSStringKind.INDIRECT:
      return view.getUint32(pointer + JSString.indirect, true)
    default:
      throw new RangeError(`a string of kind ${kind} at ${pointer}`)
  }
}

/** Read a JSStringRope, left to right, without recursion: ropes can be deep. */
export function readRope(view: DataView, pointer: Pointer): string {
  const parts: string[] = []
  const waiting: bigint[] = [BigInt.asUintN(64, (BigInt(tags.JS_TAG_STRING_ROPE) << 32n) | BigInt(pointer))]
  let length = 0
  for (let nodes = 0; waiting.length > 0; nodes++) {
    if (nodes > view.byteLength / 16) throw new RangeError(`a rope without end at ${pointer}`)
    const value = waiting.pop()!
    const at = Number(value & 0xffff_ffffn)
    const tag = Number(BigInt.asIntN(32, value >> 32n))
    if (tag === tags.JS_TAG_STRING_ROPE) {
      waiting.push(view.getBigUint64(at + JSStringRope.right, true), view.getBigUint64(at + JSStringRope.left, true))
    } else if (tag === tags.JS_TAG_STRING) {
      const part = readString(view, at)
      if ((length += part.length) > MAX_STRING_LENGTH) throw new RangeError(`a rope without end at ${pointer}`)
      parts.push(part)
    } else throw new RangeError(`a rope with a value of tag ${tag} at ${at}`)
  }
  return parts.join("")
}

/** Read a JSBigInt: two's complement limbs, lowest first. */
export function readBigInt(view: DataView, pointer: Pointer): bigint {
  const count = view.getUint32(pointer + JSBigInt.len, true)
  if (count === 0 || count > MAX_BIGINT_LIMBS) throw new RangeError(`a BigInt of ${count} limbs at ${pointer}`)
  let digits = ""
  for (let i = count - 1; i >= 0; i--) {
    digits += view
      .getUint32(pointer + JSBigInt.tab + 4 * i, true)
      .toString(16)
      .padStart(8, "0")
  }
  return BigInt.asIntN(32 * count, BigInt(`0x${digits}`))
}

/** Reads atoms; every atom is read once. Good for as long as no atom is freed. */
export function atomReader(runtime: Pointer): (view: DataView, atom: Atom) => AtomName {
  const known = new Map<Atom, AtomName>()
  return (view, atom) => {
    let name = known.get(atom)
    if (name === undefined) known.set(atom, (name = readAtom(view, runtime, atom)))
    return name
  }
}

function readAtom(view: DataView, runtime: Pointer, atom: Atom): AtomName {
  if (atom === 0) return { atom, text: "", kind: "null" }
  if (atom >= JS_ATOM_TAG_INT) return { atom, text: String(atom - JS_ATOM_TAG_INT), kind: "integer" }
  const size = view.getUint32(runtime + JSRuntime.atom_size, true)
  const pointer = view.getUint32(view.getUint32(runtime + JSRuntime.atom_array, true) + 4 * atom, true)
  if (atom >= size || pointer % 2 === 1 || pointer === 0) throw new RangeError(`the atom ${atom} does not exist`)
  const word = view.getUint32(pointer + JSString.hash_kind_type, true)
  const text = readString(view, pointer)
  switch (word >>> JSString.atom_type_shift) {
    case JSAtomType.STRING:
      return { atom, text, kind: "string" }
    case JSAtomType.GLOBAL_SYMBOL:
      return { atom, text, kind: "symbol" }
    case JSAtomType.SYMBOL: {
      const isPrivate = (word & ((1 << JSString.kind_shift) - 1)) === JSString.hash_private
      return { atom, text, kind: isPrivate ? "private" : "symbol" }
    }
    default:
      throw new RangeError(`the atom ${atom} is not marked as one`)
  }
}

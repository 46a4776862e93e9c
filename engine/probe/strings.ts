// Experiments on strings, atoms and BigInts.
import { bitOffset, offset32, offset64, offset8, only, pointerOf, Unfound, type Lab } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

export function probeStrings(lab: Lab, book: Notebook): void {
  book.attempt(() => probeCharacters(lab, book))
  book.attempt(() => probeStringKinds(lab, book))
  book.attempt(() => probeAtoms(lab, book))
  book.attempt(() => probeRopes(lab, book))
  book.attempt(() => probeBigInts(lab, book))
}

function probeCharacters(lab: Lab, book: Notebook): void {
  const strings = ["a probed string", "another one that is longer", "\u20ac wide \u20ac\u20ac"].map((text) => ({
    text,
    at: lab.object(JSON.stringify(text)),
  }))
  // Length, and above it the bit that says how wide characters are.
  book.note("JSString", "len_and_wide", () =>
    offset32(
      lab,
      strings.map(({ text, at }) => [at, text.length + (/[^\0-\xff]/.test(text) ? 2 ** 31 : 0)] as const),
      0,
      32,
    ),
  )
  book.note("JSString", "characters", () =>
    only(
      (o) =>
        strings.every(({ text, at }) => {
          const wide = /[^\0-\xff]/.test(text)
          return [...text].every((c, i) => (wide ? lab.u16(at + o + 2 * i) : lab.u8(at + o + i)) === c.charCodeAt(0))
        }),
      4,
      64,
      4,
    ),
  )
}

/** A slice of a long string, and where it begins. */
function makeSlice(lab: Lab, start: number): { slice: number; parent: number; start: number } {
  const parent = lab.evaluate(`'${"0123456789".repeat(400)}'`)
  const slice = lab.apply(lab.evaluate(`(s => s.slice(${start}, ${start + 2000}))`), [parent])
  return { slice: pointerOf(slice), parent: pointerOf(parent), start }
}

function probeStringKinds(lab: Lab, book: Notebook): void {
  const slices = [makeSlice(lab, 7), makeSlice(lab, 301)]
  const plain = ["'plain'", "'plain too'", `'${"x".repeat(3000)}'`].map((e) => lab.object(e))
  const indirect = regexpBytecodes(lab, book)
  book.note("JSString", "slice_parent", () =>
    offset32(
      lab,
      slices.map((s) => [s.slice, s.parent] as const),
      4,
      48,
    ),
  )
  book.note("JSString", "slice_start", () =>
    offset32(
      lab,
      slices.map((s) => [s.slice, s.start] as const),
      4,
      48,
    ),
  )
  // Two bits of one word tell the three kinds apart; what a hash is made of lies below them.
  const word = () => {
    const bit = (samples: [number[], boolean][]): number =>
      bitOffset(
        lab,
        samples.flatMap(([list, on]) => list.map((at) => [at, on] as const)),
        4,
        8,
      )
    const parts = slices.map((s) => s.slice)
    const sliceBit = bit([
      [parts, true],
      [plain, false],
      [indirect(), false],
    ])
    const indirectBit = bit([
      [indirect(), true],
      [plain, false],
      [parts, false],
    ])
    if (indirectBit !== sliceBit + 1) throw new Unfound("the kinds are not two bits side by side")
    return { offset: 4 * (sliceBit >> 5), shift: sliceBit & 31 }
  }
  book.noteAll("JSString", ["hash_kind_type", "kind_shift"], () => [word().offset, word().shift])
  const kindOf = (at: number): number =>
    (lab.u32(at + book.get("JSString", "hash_kind_type")) >>> book.get("JSString", "kind_shift")) & 3
  book.note("JSStringKind", "NORMAL", () => kindOf(plain[0]!))
  book.note("JSStringKind", "SLICE", () => kindOf(slices[0]!.slice))
  book.note("JSStringKind", "INDIRECT", () => kindOf(indirect()[0]!))
  book.note("JSString", "indirect", () =>
    only((o) => indirect().every((at) => isRegexp(lab, lab.u32(at + o))), 8, 40, 4),
  )
}

/**
 * The bytecode of a regular expression is a string whose characters lie elsewhere. It is the only pointer of its kind
 * in the object.
 */
function regexpBytecodes(lab: Lab, book: Notebook): () => number[] {
  const objects = ["/probe[a-z]+/", "/other(?=x)/g"].map((e) => lab.object(e))
  return () => objects.map((at) => lab.u32(at + book.get("JSObject", "opaque") + 4))
}

/** Compiled regular expressions begin with their flags and counts: small numbers, not zero everywhere. */
function isRegexp(lab: Lab, at: number): boolean {
  if (at % 4 !== 0 || at < 1024 || at + 64 > lab.engine.memory.buffer.byteLength) return false
  return lab.u16(at) < 512 && lab.u8(at + 2) >= 1 && lab.u8(at + 2) < 8 && lab.u32(at + 4) < 256 && lab.u32(at + 4) > 0
}

function probeAtoms(lab: Lab, book: Notebook): void {
  const stringOf = (atom: number): number => pointerOf(lab.engine.callValue("JS_AtomToValue", lab.context, atom))
  const texts = ["probeAtomOne", "probeAtomTwo", "probeAtomThree"]
  book.note("JSRuntime", "atom_array", () =>
    only(
      (o) => {
        const array = lab.u32(lab.runtime + o)
        if (array % 4 !== 0 || array < 1024) return false
        return texts.every((text) => {
          const at = array + 4 * lab.atom(text)
          return at + 4 <= lab.engine.memory.buffer.byteLength && lab.u32(at) === stringOf(lab.atom(text))
        })
      },
      0,
      800,
      4,
    ),
  )
  const word = (at: number): number => lab.u32(at + book.get("JSString", "hash_kind_type"))
  const atomAt = (atom: number): number =>
    lab.u32(lab.u32(lab.runtime + book.get("JSRuntime", "atom_array")) + 4 * atom)
  const symbols = { plain: "Symbol('probeSymbol')", shared: "Symbol.for('probeShared')" }
  const [plain, shared] = Object.values(symbols).map((e) => lab.evaluate(e)) as [bigint, bigint]
  const named = lab.atom("probeAtomOne")
  book.note("JSString", "atom_type_shift", () => {
    // The top bits: none in a string that is no atom, different for the others.
    const words = [lab.object("'no atom at all ' + 1"), atomAt(named), pointerOf(shared), pointerOf(plain)].map(word)
    return only(
      (shift) => {
        const types = words.map((w) => w >>> shift)
        return types[0] === 0 && new Set(types).size === 4 && types.every((t) => t < 4)
      },
      28,
      32,
      1,
    )
  })
  const typeOf = (at: number): number => word(at) >>> book.get("JSString", "atom_type_shift")
  book.note("JSAtomType", "STRING", () => typeOf(atomAt(named)))
  book.note("JSAtomType", "GLOBAL_SYMBOL", () => typeOf(pointerOf(shared)))
  book.note("JSAtomType", "SYMBOL", () => typeOf(pointerOf(plain)))
  book.note("JSString", "hash_private", () => {
    const atom = lab.engine.withString("#probe", (at, length) =>
      pointerOf(lab.engine.callValue("JS_NewPrivateSymbol", lab.context, at, length)),
    )
    const hash = (at: number): number => word(at) % 2 ** book.get("JSString", "kind_shift")
    if (hash(pointerOf(plain)) === hash(atom)) throw new Unfound("private names look like symbols")
    return hash(atom)
  })
  book.note("JSString", "hash_next", () =>
    offset32(
      lab,
      ["Symbol('a')", "Symbol('b')"].map((e) => {
        const value = lab.evaluate(e)
        return [pointerOf(value), lab.engine.call("JS_ValueToAtom", lab.context, value)] as const
      }),
      0,
      24,
    ),
  )
  probeAtomCount(lab, book)
}

/** The table grows by half when it is full; its size is the word that grows with it. */
function probeAtomCount(lab: Lab, book: Notebook): void {
  book.note("JSRuntime", "atom_size", () => {
    const array = (): number => lab.u32(lab.runtime + book.get("JSRuntime", "atom_array"))
    const words = (): number[] => Array.from({ length: 200 }, (_, i) => lab.u32(lab.runtime + 4 * i))
    let before = words()
    const start = array()
    for (let i = 0; array() === start; i++) {
      if (i > 100_000) throw new Unfound("the table does not grow")
      before = words()
      lab.atom(`probeGrowth${i}`)
    }
    const after = words()
    return only(
      (o) => {
        const [old, grown] = [before[o / 4]!, after[o / 4]!]
        return old > 64 && old < 1e6 && grown === Math.floor((old * 3) / 2)
      },
      0,
      800,
      4,
    )
  })
}

function probeRopes(lab: Lab, book: Notebook): void {
  const join = lab.evaluate("((a, b) => a + b)")
  const part = (c: string): bigint => lab.evaluate(`'${c}'.repeat(9000)`)
  const ropes = (
    [
      ["a", "b"],
      ["c", "\u20ac"],
    ] as const
  ).map(([x, y]) => {
    const [left, right] = [part(x), part(y)]
    return { at: pointerOf(lab.apply(join, [left, right])), left, right, wide: y > "\xff" }
  })
  book.note("JSStringRope", "left", () =>
    offset64(
      lab,
      ropes.map((r) => [r.at, r.left] as const),
      0,
      32,
    ),
  )
  book.note("JSStringRope", "right", () =>
    offset64(
      lab,
      ropes.map((r) => [r.at, r.right] as const),
      0,
      32,
    ),
  )
  book.note("JSStringRope", "len", () =>
    offset32(
      lab,
      ropes.map((r) => [r.at, 18000] as const),
      0,
      32,
    ),
  )
  book.note("JSStringRope", "is_wide_char", () =>
    offset8(
      lab,
      ropes.map((r) => [r.at, r.wide ? 1 : 0] as const),
      4,
      8,
    ),
  )
}

function probeBigInts(lab: Lab, book: Notebook): void {
  const numbers = ["0x123456789abcdef01", "0x7fffffff00000001ffffffff00000002"].map((e) => ({
    at: lab.object(`${e}n`),
    hex: e.slice(2),
  }))
  const limbs = (hex: string): number[] => {
    const padded = hex.padStart(Math.ceil(hex.length / 8) * 8, "0")
    return Array.from({ length: padded.length / 8 }, (_, i) =>
      parseInt(padded.slice(-8 * (i + 1), padded.length - 8 * i), 16),
    )
  }
  book.note("JSBigInt", "len", () =>
    offset32(
      lab,
      numbers.map((n) => [n.at, limbs(n.hex).length] as const),
      0,
      8,
    ),
  )
  book.note("JSBigInt", "tab", () =>
    only((o) => numbers.every((n) => limbs(n.hex).every((limb, i) => lab.u32(n.at + o + 4 * i) === limb)), 0, 16, 4),
  )
}

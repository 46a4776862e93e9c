// Experiments on values: tags, floats, evaluation flags, atoms.
import { bitsOf, Unfound, pointerOf, tagOf, UNDEFINED, type Lab } from "./lab.ts"
import type { Notebook } from "./notebook.ts"

export function probeValues(lab: Lab, book: Notebook): void {
  book.attempt(() => probeEvalFlags(lab, book))
  book.attempt(() => probeTags(lab, book))
  book.attempt(() => probeFloats(lab, book))
  book.note("constants", "JS_ATOM_TAG_INT", () => (lab.engine.call("JS_NewAtomUInt32", lab.context, 5) - 5) >>> 0)
  book.note("constants", "JS_ATOM_length", () => lab.atom("length"))
}

/** A flag is the one bit that makes JS_Eval do what the flag is for. */
function probeEvalFlags(lab: Lab, book: Notebook): void {
  // 2 is for the engine itself: it aborts when it comes from outside.
  const bits = [1, 4, 8, 16, 32, 64, 128]
  const onlyBit = (does: (bit: number) => boolean): number => {
    const found = bits.filter((bit) => {
      try {
        return does(bit)
      } catch {
        return false
      }
    })
    if (found.length !== 1) throw new Unfound(`bits ${found.join(", ") || "none"}`)
    return found[0]!
  }
  const int = (source: string, flags: number): number => Number(BigInt.asIntN(32, lab.evaluate(source, flags)))

  book.note("evalFlags", "JS_EVAL_TYPE_GLOBAL", () => {
    if (int("var probeGlobal = 7; probeGlobal", 0) !== 7) throw new Unfound("the script has no value")
    return 0
  })
  // Only a module may contain import.meta.
  book.note("evalFlags", "JS_EVAL_TYPE_MODULE", () => onlyBit((bit) => lab.evaluate("import.meta", bit) !== UNDEFINED))
  // Strict functions get undefined as `this`. (A module's value is a promise, a script's that is not run has a negative
  // tag too.)
  book.note("evalFlags", "JS_EVAL_FLAG_STRICT", () =>
    onlyBit((bit) => lab.evaluate("(function () { return this === undefined })()", bit) === lab.evaluate("true")),
  )
  book.note("evalFlags", "JS_EVAL_FLAG_COMPILE_ONLY", () =>
    onlyBit((bit) => {
      lab.evaluate("globalThis.probeRan = 0")
      lab.evaluate("probeRan = 1", bit)
      return int("probeRan", 0) === 0
    }),
  )
  // A barrier hides the callers of the script from a trace.
  book.note("evalFlags", "JS_EVAL_FLAG_BACKTRACE_BARRIER", () =>
    onlyBit((bit) => {
      const hook = lab.functionOf(() => lab.evaluate("new Error().stack", bit, "inner.js"))
      const caller = lab.evaluate("(function probeCaller(hook) { return hook().includes('probeCaller') })")
      return lab.apply(caller, [hook]) === lab.evaluate("false")
    }),
  )
}

function probeTags(lab: Lab, book: Notebook): void {
  const note = (field: Parameters<typeof book.get<"tags">>[1], value: () => bigint): void =>
    book.note("tags", field, () => tagOf(value()))
  const compileOnly = (): number => book.get("evalFlags", "JS_EVAL_FLAG_COMPILE_ONLY")
  const sourceOfRope = "'a'.repeat(9000) + 'b'.repeat(9000)"

  note("JS_TAG_BIG_INT", () => lab.evaluate("10n ** 30n"))
  note("JS_TAG_SYMBOL", () => lab.evaluate("Symbol('probe')"))
  note("JS_TAG_STRING", () => lab.evaluate("'probe'"))
  note("JS_TAG_STRING_ROPE", () => lab.evaluate(sourceOfRope))
  note("JS_TAG_MODULE", () => lab.evaluate("export {}", compileOnly() | book.get("evalFlags", "JS_EVAL_TYPE_MODULE")))
  note("JS_TAG_FUNCTION_BYTECODE", () => lab.evaluate("1", compileOnly()))
  note("JS_TAG_OBJECT", () => lab.evaluate("({})"))
  note("JS_TAG_INT", () => valueWith(lab.evaluate("77"), 77))
  note("JS_TAG_BOOL", () => valueWith(lab.evaluate("true"), 1))
  note("JS_TAG_NULL", () => lab.evaluate("null"))
  note("JS_TAG_UNDEFINED", () => lab.evaluate("undefined"))
  note("JS_TAG_SHORT_BIG_INT", () => valueWith(lab.evaluate("77n"), 77))
  note("JS_TAG_EXCEPTION", () => {
    const hook = lab.functionOf(() => 0n)
    const thrower = lab.evaluate("(function () { throw 1 })")
    const at = lab.engine.malloc(8)
    const value = lab.engine.callValue("JS_Call", lab.context, thrower, hook, 0, at)
    lab.engine.callValue("JS_GetException", lab.context)
    return value
  })
  // Taking the exception when there is none gives what stands for "none".
  note("JS_TAG_UNINITIALIZED", () => {
    lab.engine.callValue("JS_GetException", lab.context)
    return lab.engine.callValue("JS_GetException", lab.context)
  })
}

function valueWith(value: bigint, low: number): bigint {
  if (pointerOf(value) !== low) throw new Unfound(`the low word is ${pointerOf(value)}`)
  return value
}

function probeFloats(lab: Lab, book: Notebook): void {
  book.note("JSFloat64", "addend", () => {
    const found = [1.5, -0.25, 1e300, 5e-324, -1.7e308].map(
      (number) => BigInt.asUintN(64, bitsOf(number) - lab.evaluate(Object.is(number, 0) ? "0" : String(number))) >> 32n,
    )
    if (new Set(found).size !== 1) throw new Unfound(`${found.join(", ")}`)
    return Number(found[0])
  })
  book.note("JSFloat64", "nan", () => {
    const found = ["NaN", "0 / 0", "-NaN", "new Float64Array(new BigUint64Array([0xfff8123400000000n]).buffer)[0]"].map(
      (e) => lab.evaluate(e),
    )
    if (new Set(found).size !== 1 || pointerOf(found[0]!) !== 0) throw new Unfound("NaN has several forms")
    return tagOf(found[0]!)
  })
}

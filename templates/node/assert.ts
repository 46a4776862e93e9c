// node:assert and node:assert/strict.
import { useKit, type Kit } from "../guest/kit.ts"
import { AssertionError } from "./assert-error.ts"
import { fail, ok, type Message } from "./assert-fail.ts"
import { doesNotMatch, doesNotReject, doesNotThrow, ifError, match, rejects, throws } from "./assert-thrown.ts"
import { isDeepEqual, isLooselyEqual } from "./equal.ts"

export function start(given: Kit): void {
  useKit(given)
  given.world() // alive in the snapshot, as what describes values is
  given.show()
  const plain = make(functions)
  const { strictEqual, notStrictEqual, deepStrictEqual, notDeepStrictEqual } = functions
  const strict = make({
    ...functions,
    equal: strictEqual,
    notEqual: notStrictEqual,
    deepEqual: deepStrictEqual,
    notDeepEqual: notDeepStrictEqual,
  })
  plain["strict"] = strict
  strict["strict"] = strict
  given.modules.set("assert", plain)
  given.modules.set("assert/strict", strict)
}

const functions = {
  ok,
  fail: (message?: Message) => fail("fail", message, undefined, undefined, "Failed"),
  equal: (a: unknown, b: unknown, message?: Message) => void (isLooselyEqual(a, b) || fail("==", message, a, b)),
  notEqual: (a: unknown, b: unknown, message?: Message) => void (isLooselyEqual(a, b) && fail("!=", message, a, b)),
  strictEqual: (a: unknown, b: unknown, message?: Message) =>
    void (Object.is(a, b) || fail("strictEqual", message, a, b)),
  notStrictEqual: (a: unknown, b: unknown, message?: Message) =>
    void (Object.is(a, b) && fail("notStrictEqual", message, a, b)),
  deepEqual: (a: unknown, b: unknown, message?: Message) =>
    void (isDeepEqual(a, b, false) || fail("deepEqual", message, a, b)),
  notDeepEqual: (a: unknown, b: unknown, message?: Message) =>
    void (isDeepEqual(a, b, false) && fail("notDeepEqual", message, a, b)),
  deepStrictEqual: (a: unknown, b: unknown, message?: Message) =>
    void (isDeepEqual(a, b, true) || fail("deepStrictEqual", message, a, b)),
  notDeepStrictEqual: (a: unknown, b: unknown, message?: Message) =>
    void (isDeepEqual(a, b, true) && fail("notDeepStrictEqual", message, a, b)),
  match,
  doesNotMatch,
  throws,
  rejects,
  doesNotThrow,
  doesNotReject,
  ifError,
  AssertionError,
}

/** assert is ok with the others as its properties. */
function make(others: object): Record<string, unknown> {
  const assert = Object.defineProperty((...args: [unknown?, Message?]) => ok(...args), "name", { value: "ok" })
  return Object.assign(assert, others) as unknown as Record<string, unknown>
}

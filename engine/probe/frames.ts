// Experiments on stack frames: where they lie, their fields, and what `try` leaves on the operand stack.
import { opcodeByName } from "../../opcodes/quickjs.generated.ts"
import { bytecodeOf } from "./functionobjects.ts"
import { probeGeneratorFields, probeGeneratorPlace } from "./generators.ts"
import { isAddress, offset16, offset8, only, path, pointerOf, tagOf, Unfound, type Lab, type Sample } from "./lab.ts"
import type { Notebook } from "./notebook.ts"
import { callerFrame, copyOfFrame, duringCall, FRAME_BYTES } from "./running.ts"
import { probeOpenVarRefs, probeVarRefs } from "./varrefs.ts"

export function probeFrames(lab: Lab, book: Notebook): void {
  book.attempt(() => probeVarRefs(lab, book))
  book.attempt(() => probeFramePlace(lab, book))
  book.attempt(() => probeGeneratorPlace(lab, book))
  book.attempt(() => probeRunningFields(lab, book))
  book.attempt(() => probeCopiedFields(lab, book))
  book.attempt(() => probeCatchOffset(lab, book))
  book.attempt(() => probeGeneratorFields(lab, book))
  book.attempt(() => probeOpenVarRefs(lab, book))
}

function probeFramePlace(lab: Lab, book: Notebook): void {
  const caller = lab.evaluate("(function probeCaller(hook) { hook(); return 1 })")
  // JSRuntime.current_stack_frame -> the hook's frame -> cur_func; its prev_frame -> the caller's frame.
  const find = (): { current: number; cur_func: number; prev: number } => {
    const results: string[][] = []
    for (let times = 0; times < 2; times++) {
      duringCall(lab, caller, (hook) => {
        const found: string[] = []
        for (let current = 0; current < 800; current += 4) {
          const frame = lab.u32(lab.runtime + current)
          if (!isAddress(lab, frame) || frame < lab.engine.stackPointer.value) continue
          for (let cur_func = 0; cur_func < FRAME_BYTES; cur_func += 8) {
            if (lab.u64(frame + cur_func) !== hook) continue
            for (let prev = 0; prev < FRAME_BYTES; prev += 4) {
              const before = lab.u32(frame + prev)
              if (isAddress(lab, before) && lab.u64(before + cur_func) === caller)
                found.push(`${current} ${cur_func} ${prev}`)
            }
          }
        }
        results.push(found)
      })
    }
    const both = results[0]!.filter((x) => results[1]!.includes(x))
    if (both.length !== 1) throw new Unfound(`in ${both.length} places`)
    const [current, cur_func, prev] = both[0]!.split(" ").map(Number)
    return { current: current!, cur_func: cur_func!, prev: prev! }
  }
  book.note("JSRuntime", "current_stack_frame", () => find().current)
  book.noteAll("JSStackFrame", ["cur_func", "prev_frame"], () => [find().cur_func, find().prev])
}

/** Notes a field of JSStackFrame. */
function noteField(book: Notebook, field: Parameters<typeof book.get<"JSStackFrame">>[1], find: () => number): void {
  book.note("JSStackFrame", field, find)
}

/** What is told apart while the function runs: its values, variables and place in the code. */
function probeRunningFields(lab: Lab, book: Notebook): void {
  const size = book.get("JSStackFrame", "size")
  const source = "(function probeFrame(hook, a) { var x = 51.5; var y = () => [x, a]; hook(y); return 1 })"
  const withPlaces = (look: (frame: number, inner: bigint, hook: bigint, f: bigint) => number): number => {
    let result = -1
    const f = lab.evaluate(source)
    const more = [lab.evaluate("52.5")]
    duringCall(lab, f, (hook, [inner]) => (result = look(callerFrame(lab, book), inner!, hook, f)), more)
    return result
  }
  const toValue = (frame: number, value: bigint) => path(lab, [[frame, value]], [0, size], [0, 8])[0]
  noteField(book, "arg_buf", () => withPlaces((frame, _inner, hook) => toValue(frame, hook)))
  noteField(book, "var_buf", () => withPlaces((frame) => toValue(frame, lab.evaluate("51.5"))))
  noteField(book, "var_refs", () =>
    withPlaces((frame, inner) => {
      // The function captures x and a; one of the two lies first in the frame's list.
      const refs = lab.u32(pointerOf(inner) + book.get("JSObject", "var_refs"))
      const pair = (at: number) => [lab.u32(at), lab.u32(at + 4)].sort().join()
      const isList = (at: number) => isAddress(lab, at) && pair(at) === pair(refs)
      return only((offset) => isList(lab.u32(frame + offset)), 0, size, 4)
    }),
  )
  noteField(book, "cur_pc", () =>
    withPlaces((frame, _inner, _hook, f) => {
      const at = bytecodeOf(lab, book, pointerOf(f))
      const start = lab.u32(at + book.get("JSFunctionBytecode", "byte_code_buf"))
      const length = lab.u32(at + book.get("JSFunctionBytecode", "byte_code_len"))
      const isCalling = (pc: number) => pc > start && pc < start + length && lab.u8(pc - 1) === opcodeByName.call1.code
      return only((offset) => isCalling(lab.u32(frame + offset)), 0, size, 4)
    }),
  )
}

/** What is told apart by comparing frames of functions that are called in different ways. */
function probeCopiedFields(lab: Lab, book: Notebook): void {
  const size = book.get("JSStackFrame", "size")
  const numbered = (frames: number[], value: (i: number) => number): Sample<number>[] =>
    frames.map((frame, i) => [frame, value(i)])
  const onOff = [false, true, false, true]
  const plain = "(function (hook) { hook() })"
  const captures = ["", "a", "a, b", "a, b, c", "a, b, c, d"].map((list) =>
    copyOfFrame(lab, book, `(function (hook) { let a, b, c, d; const f = () => [${list}]; hook(f) })`),
  )
  noteField(book, "var_ref_count", () =>
    offset16(
      lab,
      numbered(captures, (i) => i),
      0,
      size,
    ),
  )
  // Only a call from JavaScript passes its arguments on as they are.
  const passed = ["", ", 1", ", 1, 2", ", 1, 2, 3, 4, 5"].map((more) => copyOfFrame(lab, book, plain, `f(hook${more})`))
  noteField(book, "arg_count", () =>
    offset16(
      lab,
      numbered(passed, (i) => [1, 2, 3, 6][i]!),
      0,
      size,
    ),
  )
  const strict = onOff.map((on) => copyOfFrame(lab, book, `(function (hook) { ${on ? "'use strict'; " : ""}hook() })`))
  noteField(book, "is_strict_mode", () =>
    offset8(
      lab,
      numbered(strict, (i) => i % 2),
      0,
      size,
    ),
  )
  const constructed = onOff.map((on) => copyOfFrame(lab, book, plain, `${on ? "new " : ""}f(hook)`))
  noteField(book, "is_constructor", () =>
    offset8(
      lab,
      numbered(constructed, (i) => i % 2),
      0,
      size,
    ),
  )
}

function probeCatchOffset(lab: Lab, book: Notebook): void {
  book.note("tags", "JS_TAG_CATCH_OFFSET", () => {
    let value = 0n
    const f = lab.evaluate("(function (hook) { var x; try { hook() } catch (e) { x = e } })")
    duringCall(lab, f, () => {
      const variables = lab.u32(callerFrame(lab, book) + book.get("JSStackFrame", "var_buf"))
      const at = bytecodeOf(lab, book, pointerOf(f))
      value = lab.u64(variables + 8 * lab.u16(at + book.get("JSFunctionBytecode", "var_count")))
    })
    const code = lab.u32(bytecodeOf(lab, book, pointerOf(f)) + book.get("JSFunctionBytecode", "byte_code_buf"))
    const at = only(
      (o) => lab.u8(code + o) === opcodeByName.catch.code && o + 1 + lab.u32(code + o + 1) === pointerOf(value),
      0,
      16,
      1,
    )
    if (at < 0) throw new Unfound("no catch")
    return tagOf(value)
  })
}

// Operations on operands of any kind, by the engine's own functions: strings, BigInts, objects that convert themselves.
//
//     operands to two words of the frame, `cur_pc`, call, exception or result
import { opcodeByName, type OpcodeName } from "../../opcodes/quickjs.generated.ts"
import { I64, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { needFrame, setPc, step, coldStep, throwOut } from "../frame/handover.ts"
import type { Val } from "../frame/operand.ts"
import { FrozenFrame } from "../helpers/slots.ts"
import { patternOf, type EngineOperation } from "../patterns.ts"

/** What the engine's function is told of the operation, beside its operands. */
function argumentOf(engine: EngineOperation, opcode: OpcodeName): number | undefined {
  switch (engine) {
    case "js_add_slow":
      return undefined
    case "js_eq_slow":
      return opcode === "neq" ? 1 : 0
    case "js_binary_logic_slow":
    case "js_relational_slow":
    case "js_unary_arith_slow":
      return opcodeByName[opcode].code
    default:
      return engine satisfies never
  }
}

/**
 * `-> result`, boxed and owned, of the current instruction (or of another opcode) on whatever the top operands are,
 * which are used up but for their temporaries. `before` are all operands as they are before the instruction. A step
 * where the engine has no function for it.
 */
export function operateOnAnything(
  frame: Frame,
  before: readonly Val[],
  pops: number,
  opcode = frame.instruction.opcode,
): void {
  const { code: c } = frame
  const { engine } = patternOf(opcode)
  if (engine === undefined) {
    coldStep(frame, before)
    c.get(frame.fp).mem("i64_load", frame.layout.operand(before.length - pops))
    return
  }
  if (opcodeByName[opcode].pops !== pops) throw new Error(`${opcode} takes ${opcodeByName[opcode].pops} operands`)
  const rest = before.slice(0, before.length - pops)
  needFrame(frame)
  before.slice(rest.length).forEach((v, i) => {
    c.get(frame.fp)
    if (v.rep === "slot") frame.boxed(v, rest.length + i)
    else frame.given(v)
    c.mem("i64_store", FrozenFrame.scratch + 8 * i)
  })
  setPc(frame)
  c.i32(frame.realm)
    .get(frame.fp)
    .i32(FrozenFrame.scratch + 8 * pops)
    .op(op.i32_add)
  const argument = argumentOf(engine, opcode)
  if (argument !== undefined) c.i32(argument)
  frame.engine(c, engine).if()
  throwOut(frame, rest)
  c.end().get(frame.fp).mem("i64_load", FrozenFrame.scratch)
}

/**
 * The operands on top of the stack, of kinds for which there is no fast way: the result is an operand of kinds `type`.
 */
export function emitOnAnything(frame: Frame, pops: number, type: number): void {
  if (patternOf(frame.instruction.opcode).engine === undefined) {
    step(frame, pops, [type])
    return
  }
  const { code: c } = frame
  const operands = Array.from({ length: pops }, () => frame.pop()).reverse()
  const result = frame.temp(I64)
  operateOnAnything(frame, [...frame.state.stack, ...operands], pops)
  c.set(result)
  for (const v of operands) frame.forget(v)
  frame.push({ rep: "box", w: result, type, own: true })
}

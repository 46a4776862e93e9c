// One instruction that does not end its block -> WebAssembly, as its row in patterns.ts says: the table of handlers,
// and what needs none.
import { opcodeByName, type OpcodeName } from "../../opcodes/quickjs.generated.ts"
import { popsOf } from "../flow/follow.ts"
import type { Frame } from "../frame/frame.ts"
import { spillLocals, step } from "../frame/handover.ts"
import { patternOf, type HandlerName, type OpcodeOf } from "../patterns.ts"
import { ANY, T } from "../types.ts"
import { emitAddLocal, emitLocalStep } from "./accumulate.ts"
import { emitBinary, emitPower } from "./arith.ts"
import { emitBits } from "./bits.ts"
import { emitCall, emitClosure, emitConstruct, emitDefineField, emitInitConstructor, emitNewObject } from "./call.ts"
import { emitCompare } from "./compare.ts"
import { emitGetElement, emitPutElement } from "./element.ts"
import {
  emitCloseLocal,
  emitConstant,
  emitGetLocal,
  emitGetTwoLocals,
  emitGetVarRef,
  emitPutLocal,
  emitPutVarRef,
  emitSetLocal,
  emitSetVarRef,
  emitUninitialized,
} from "./local.ts"
import { emitGetField, emitGetGlobal, emitGetLength, emitGetPrivate, emitPutField, emitPutPrivate } from "./property.ts"
import {
  emitCheckConstructor,
  emitForOfNext,
  emitNipCatch,
  emitNot,
  emitSpecialObject,
  emitTagTest,
  emitThis,
  emitToKey,
} from "./special.ts"
import { emitUnary } from "./unary.ts"

/** A handler is given the frame at the instruction, and its opcode: one of those whose rows name the handler. */
type Handlers = { [H in HandlerName]: (frame: Frame, opcode: OpcodeOf<H>) => void }

const handlers: Handlers = {
  addLocal: emitAddLocal,
  binary: emitBinary,
  bits: emitBits,
  call: emitCall,
  checkConstructor: emitCheckConstructor,
  closeLocal: emitCloseLocal,
  closure: emitClosure,
  compare: emitCompare,
  constant: emitConstant,
  construct: emitConstruct,
  defineField: emitDefineField,
  forOfNext: emitForOfNext,
  getElement: emitGetElement,
  getField: emitGetField,
  getGlobal: emitGetGlobal,
  getLength: emitGetLength,
  getLocal: emitGetLocal,
  getPrivate: emitGetPrivate,
  getTwoLocals: emitGetTwoLocals,
  getVarRef: emitGetVarRef,
  initConstructor: emitInitConstructor,
  localStep: emitLocalStep,
  newObject: emitNewObject,
  nipCatch: emitNipCatch,
  not: emitNot,
  nothing: () => {},
  power: emitPower,
  putElement: emitPutElement,
  putField: emitPutField,
  putLocal: emitPutLocal,
  putPrivate: emitPutPrivate,
  putVarRef: emitPutVarRef,
  setLocal: emitSetLocal,
  setVarRef: emitSetVarRef,
  specialObject: emitSpecialObject,
  tagTest: emitTagTest,
  this: emitThis,
  toKey: emitToKey,
  unary: emitUnary,
  uninitialized: emitUninitialized,
}

/** Write the current instruction. */
export function emitInstruction(frame: Frame): void {
  const { opcode } = frame.instruction
  const pattern = patternOf(opcode)
  switch (pattern.kind) {
    case "emit":
      // The row is the opcode's own, so the opcode is one of the handler's.
      ;(handlers[pattern.by] as (frame: Frame, opcode: OpcodeName) => void)(frame, opcode)
      return
    case "move":
      moveOperands(frame, pattern.picture)
      return
    case "step": {
      const { pushes } = opcodeByName[opcode]
      if (pattern.readsLocals) spillLocals(frame)
      step(frame, popsOf(frame.instruction), pattern.results ?? new Array<number>(pushes).fill(ANY | T.UNINITIALIZED))
      return
    }
    case "end":
    case "keep":
      throw new Error(`${opcode} cannot be written as a plain instruction`)
    default:
      pattern satisfies never
  }
}

/** `abc>bca`: operands a b c (c on top) become b c a. */
function moveOperands(frame: Frame, picture: string): void {
  const [taken, given] = picture.split(">") as [string, string]
  const operands = [...taken].map(() => frame.pop()).reverse()
  const used = new Set<number>()
  for (const letter of given) {
    const from = taken.indexOf(letter)
    const v = operands[from]!
    frame.push(used.has(from) ? frame.copy(v) : v)
    used.add(from)
  }
  operands.forEach((v, i) => !used.has(i) && frame.drop(v))
}

// What surrounds the blocks of a function: making the frame, returning, and coming back from the interpreter.
import { JSRuntime } from "../../engine/abi.ts"
import { I64, op } from "../../wasm/code.ts"
import type { Frame } from "../frame/frame.ts"
import { callEngine, param, STACK_POINTER, type RuntimeAddresses } from "../helpers/signatures.ts"
import { FrozenFrame, countsOf, varsOf } from "../helpers/slots.ts"
import { EXCEPTION, UNDEFINED } from "../types.ts"
import { kernelPrologue, tryKernel, type KernelCall } from "./kernel.ts"

/** Write the whole body; `writeBlocks` writes the blocks, each of which ends with a branch. */
export function writeBody(
  frame: Frame,
  addresses: RuntimeAddresses,
  kernel: KernelCall | undefined,
  writeBlocks: () => void,
): void {
  const { code: c, mode } = frame
  switch (mode.kind) {
    case "kernel":
      if (!mode.kernel.place) kernelPrologue(c, mode.kernel, frame.realm)
      writeBlocks()
      c.op(op.unreachable)
      return
    case "lean":
      leanPrologue(frame)
      writeWithEnds(frame, writeBlocks, () => leanReturn(frame, addresses))
      return
    case "framed":
      if (kernel) tryKernel(c, frame.info, kernel, addresses)
      prologue(frame)
      writeWithEnds(frame, writeBlocks, (over) => {
        unlink(frame, addresses)
        c.br(over)
      })
      return
    case "refused":
      throw new Error("a function that was refused is written again")
    default:
      mode satisfies never
  }
}

/**
 * The blocks, then what becomes of a normal return, then what becomes of an activation that the interpreter has ended.
 */
function writeWithEnds(frame: Frame, writeBlocks: () => void, writeReturn: (over: number) => void): void {
  const { code: c } = frame
  const over = c.block()
  frame.ended = c.block()
  frame.returned = c.block()
  writeBlocks()
  c.op(op.unreachable).end()
  writeReturn(over)
  c.end()
  c.get(frame.fp).mem("i64_load", FrozenFrame.result).set(frame.result)
  c.end()
  popFrame(frame)
  c.get(frame.result)
}

function prologue(frame: Frame): void {
  const { code: c, info, fp } = frame
  for (const p of Object.values(param)) c.get(p)
  c.i32Later().i32(countsOf(info)).i32(varsOf(info))
  frame.helper(c, "enter").tee(fp).op(op.i32_eqz).if()
  c.i64(EXCEPTION).op(op.return).end()
}

/** No frame yet. Arguments that are read come from where the caller has them. */
function leanPrologue(frame: Frame): void {
  const { code: c, info } = frame
  frame.helper(c.get(param.context).i32Later(), "mayEnter").if()
  c.i64(EXCEPTION).op(op.return).end()
  const read = new Set(info.instructions.flatMap((i) => (i.operands.kind === "arg" ? [i.operands.index] : [])))
  for (const i of [...read].sort((x, y) => x - y)) {
    c.get(param.argc).i32(i).op(op.i32_gt_s).if(I64)
    c.get(param.argv).mem("i64_load", 8 * i)
    c.else().i64(UNDEFINED).end()
    c.set(frame.localHome(i, "held"))
  }
}

/** A lean function has a frame to let go of only where it was made. */
function leanReturn(frame: Frame, addresses: RuntimeAddresses): void {
  const { code: c } = frame
  c.get(frame.fp).if()
  unlink(frame, addresses)
  popFrame(frame)
  c.end()
  c.get(frame.result).op(op.return)
}

/** What the frame holds is freed, and the engine's current frame is the caller's again. */
function unlink(frame: Frame, addresses: RuntimeAddresses): void {
  const { code: c, info, layout, fp } = frame
  if (info.varRefCount > 0) {
    callEngine(c.i32(addresses.runtime).get(fp).i32(FrozenFrame.frame).op(op.i32_add), "close_var_refs")
  }
  if (info.argCount + info.varCount > 0) {
    c.get(fp).i32(FrozenFrame.slots).op(op.i32_add).get(fp).i32(layout.operand(0)).op(op.i32_add)
    frame.helper(c, "freeRange")
  }
  c.i32(addresses.runtime)
    .get(fp)
    .mem("i32_load", FrozenFrame.prevFrame)
    .mem("i32_store", JSRuntime.current_stack_frame)
}

function popFrame(frame: Frame): void {
  frame.code.get(frame.fp).i32Later().op(op.i32_add).setGlobal(STACK_POINTER)
}

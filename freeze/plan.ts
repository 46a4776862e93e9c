// Freeze or keep: which functions are compiled, and why the others are not (a compilation policy).
import type { FunctionInfo } from "./function.ts"
import { patternOf } from "./patterns.ts"
import { anonymous } from "./read/naming.ts"

export type Which = "all" | "auto" | "none"

export interface PlanOptions {
  which: Which
  /** Names of functions; with it, these alone are frozen whatever `which` says. */
  only?: readonly string[]
  except?: readonly string[]
}

/** Bytes of bytecode above which a function stays: engines that run frozen code compile it whole. */
const MAX_BYTES = 64 << 10
/** Slots of a frame above which a function stays: layout.ts packs their numbers. */
const MAX_SLOTS = 0x7fff
/** Bytecode above which `auto` leaves a function alone: what is hot is rarely so large, and its code would be. */
const MAX_AUTO_BYTES = 6 << 10

/** Why a function is kept; undefined when it is to be frozen. */
export function reasonToKeep(info: FunctionInfo, options: PlanOptions): string | undefined {
  const why = cannotFreeze(info)
  if (why !== undefined) return why
  const name = info.name || anonymous
  if (options.except?.includes(name)) return "it is named by --freeze-except"
  if (options.only !== undefined) return options.only.includes(name) ? undefined : "--freeze-only names others"
  if (options.which === "none") return "--freeze is none"
  return options.which === "auto" ? reasonNotWorth(info) : undefined
}

/** Why a function cannot be frozen, whatever is asked for. */
export function cannotFreeze(info: FunctionInfo): string | undefined {
  switch (info.kind) {
    case "generator":
      return "it is a generator"
    case "async":
      return "it is an async function"
    case "async_generator":
      return "it is an async generator"
    case "normal":
      break
    default:
      info.kind satisfies never
  }
  if (info.realm === 0) return "it belongs to no context"
  if (info.code.length > MAX_BYTES) return `its bytecode has more than ${MAX_BYTES} bytes`
  const slots = info.argCount + info.varCount + info.stackSize
  if (slots > MAX_SLOTS) return `it has more than ${MAX_SLOTS} arguments, variables and operands`
  // A function with a direct eval looks its names up as in `with`, too: the eval is the better reason.
  const reasons = info.instructions.flatMap(({ opcode }) => {
    const pattern = patternOf(opcode)
    return pattern.kind === "keep" ? [{ ...pattern, opcode }] : []
  })
  const reason = reasons.find(({ saysMost }) => saysMost) ?? reasons[0]
  if (reason !== undefined) return `${reason.why} (${reason.opcode})`
  return undefined
}

/** `auto`: loops, recursion and arithmetic pay; straight code that the interpreter would step through does not. */
function reasonNotWorth(info: FunctionInfo): string | undefined {
  if (info.code.length > MAX_AUTO_BYTES) return "auto: it is too large to be worth its code"
  let [inline, stepped, arithmetic] = [0, 0, 0]
  let hasLoop = false
  for (const i of info.instructions) {
    const { kind, computes } = patternOf(i.opcode)
    if (kind === "step") stepped++
    else inline++
    if (computes) arithmetic++
    if (i.operands.kind === "label" && i.operands.target <= i.offset) hasLoop = true
  }
  if (stepped * 4 > inline) return "auto: most of it would go through the interpreter anyway"
  if (hasLoop || arithmetic >= 3) return undefined
  return "auto: it neither loops nor computes"
}

// Function bodies on their way to another module: indices change, all else stays. What an instruction refers to is told
// by its immediates (wasm/instructions.ts).
import { Instructions, TYPE_INDEX, type Instruction } from "../../wasm/body.ts"
import { Op, rowOf, rows, type Immediate } from "../../wasm/instructions.ts"
import { isRefType } from "../../wasm/valtypes.ts"
import { Writer } from "../../wasm/bytes.ts"

/** What becomes of an index: another index, or, for a global that never changes, a constant. */
export type GlobalTarget = { index: number } | { constant: number }

/** How indices change when a body moves to another module. */
export interface IndexMaps {
  func: (index: number) => number
  type: (index: number) => number
  global: (index: number) => GlobalTarget
}

/** Copy a body with every function, type and global index mapped. Locals and labels stay; so does all else. */
export function relocate(body: Uint8Array, maps: IndexMaps): Uint8Array {
  const out = new Writer(body.length + 64)
  const code = new Instructions(body)
  let copied = 0
  while (code.next()) {
    if (!refers(code)) continue
    out.bytes(body.subarray(copied, code.at))
    writeMoved(out, code, maps)
    copied = code.end
  }
  return out.bytes(body.subarray(copied)).finish()
}

/** Immediates that mean the same in every module; tables and memories are shared, and each module here has one. */
const constant: ReadonlySet<Immediate> = new Set<Immediate>([
  ...(["labelidx", "labels", "localidx", "tableidx", "memidx", "laneidx", "lanes", "u8", "u32"] as const),
  ...(["i32", "i64", "f32", "f64", "v128", "memarg1", "memarg2", "memarg4", "memarg8", "memarg16"] as const),
])
const referring: ReadonlySet<number> = new Set(
  rows.filter(({ immediates }) => !immediates.every((i) => constant.has(i))).map(({ code }) => code),
)

/** Whether an instruction mentions an index that changes. */
function refers(code: Instruction): boolean {
  if (!referring.has(code.op)) return false
  switch (rowOf(code.op)?.name) {
    case "block":
    case "loop":
    case "if":
      return code.a >= TYPE_INDEX || isRefType(code.a)
    case "ref.null":
      return code.a >= 0
    case "select_t":
      return code.end - code.at > 2 + code.a // a type that takes more than a byte has an index
    default:
      return true
  }
}

function writeMoved(out: Writer, { op, a, b }: Instruction, maps: IndexMaps): void {
  const name = rowOf(op)?.name
  switch (name) {
    case "call":
    case "return_call":
    case "ref.func":
      out.opcode(op).u32(maps.func(a))
      return
    case "call_indirect":
    case "return_call_indirect":
      out.opcode(op).u32(maps.type(a)).u32(b)
      return
    case "global.get":
    case "global.set":
      return writeGlobalAccess(out, op, maps.global(a))
    case "block":
    case "loop":
    case "if":
      if (isRefType(a)) break
      out.opcode(op).s33(maps.type(a - TYPE_INDEX))
      return
  }
  throw new Error(`a function body has ${name}, which refers by index to something that linking would renumber`)
}

function writeGlobalAccess(out: Writer, op: number, target: GlobalTarget): void {
  if ("index" in target) out.opcode(op).u32(target.index)
  else if (op === Op.global_get) out.opcode(Op.i32_const).s32(target.constant)
  else throw new Error("a function body writes to a global that becomes a constant")
}

// The wasm locals of a body (register allocation): temporaries, which are used again when nothing refers to them any
// more, and homes, which have one use.
import type { Code, WasmType } from "../../wasm/code.ts"

export class Registers {
  private readonly code: Code
  /** How many operands refer to each temporary. */
  private uses: number[] = []
  private readonly pools = new Map<WasmType, number[]>()
  private readonly homes = new Map<string, number>()

  constructor(code: Code) {
    this.code = code
  }

  temp(type: WasmType): number {
    let pool = this.pools.get(type)
    if (pool === undefined) this.pools.set(type, (pool = []))
    let found = pool.find((w) => this.uses[w] === 0)
    if (found === undefined) pool.push((found = this.code.local(type)))
    this.uses[found] = 1
    return found
  }

  /** One more operand refers to it, if it is a temporary. */
  share(w: number): void {
    if (this.uses[w] !== undefined) this.uses[w]++
  }

  release(w: number): void {
    const uses = this.uses[w]
    if (uses !== undefined && uses > 0) this.uses[w] = uses - 1
  }

  releaseAll(): void {
    this.uses = this.uses.map(() => 0)
  }

  /** The wasm local where something has its home: a local of the function in one form, an operand at a merge. */
  home(key: string, type: WasmType): number {
    let w = this.homes.get(key)
    if (w === undefined) this.homes.set(key, (w = this.code.local(type)))
    return w
  }

  /** Something has its home in a wasm local that there is already. */
  giveHome(key: string, w: number): void {
    this.homes.set(key, w)
  }
}

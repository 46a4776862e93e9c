// What functions are compiled for: one engine, whose memory they will find as it is now.
import type { Pointer } from "../../engine/live.ts"
import type { RuntimeAddresses } from "../helpers/signatures.ts"

export interface Target {
  addresses: RuntimeAddresses
  /** Room for bytecode and stubs: bytes -> where they will lie. */
  place: (size: number) => Pointer
  atomString: (atom: number) => Pointer | undefined
  /** A word of memory, zeroed. */
  word: () => Pointer
  /** A cache (helpers/cache.ts), empty. */
  cache: () => Pointer
  /** Function index that the next compiled function will have. */
  nextIndex: () => number
}

// node:console: the global.
import type { Kit } from "../guest/kit.ts"

export function start({ modules }: Kit): void {
  modules.set("console", globalThis.console)
}

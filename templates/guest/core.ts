// first light
import type { Native } from "./native.ts"

export function start(native: Native): object {
  const g = globalThis as any
  g.console = { log: (...a: unknown[]) => void native.write(1, a.join(" ") + "\n") }
  return {
    main(app: any) {
      app(() => undefined)
      native.runJobs()
      return 0
    },
    runAtBuild(app: any) {
      app(() => undefined)
    },
    rejection() {},
    loadParts() {},
    describe(e: any) {
      return JSON.stringify({ name: e?.name, message: e?.message, stack: e?.stack })
    },
  }
}

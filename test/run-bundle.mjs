// Runs a bundle under Node, as the guest would: node test/run-bundle.mjs bundle.js module|commonjs [args]
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { runInThisContext } from "node:vm"

const [file, kind, ...args] = process.argv.slice(2)
process.argv = [process.argv[0], "app", ...args]
const app = runInThisContext(readFileSync(file, "utf8"), { filename: file })
const require = createRequire(import.meta.url)
// A CommonJS entry is not run by a job: its ticks come before its jobs.
if (kind === "module") await app(require)
else setImmediate(() => app(require))

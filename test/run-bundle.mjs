// Runs a bundle under Node, as the guest would: node test/run-bundle.mjs bundle.js [args]
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { runInThisContext } from "node:vm"

const [file, ...args] = process.argv.slice(2)
process.argv = [process.argv[0], "app", ...args]
const app = runInThisContext(readFileSync(file, "utf8"), { filename: file })
await app(createRequire(import.meta.url))

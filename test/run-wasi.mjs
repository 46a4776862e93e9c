// Runs an artifact under Node's own WASI: node test/run-wasi.mjs app.wasm [args]
import { readFileSync } from "node:fs"
import { setFlagsFromString } from "node:v8"
import { WASI } from "node:wasi"

// With fast calls, a collection of garbage inside of one crashes Node 22 in large programs (nodejs/node#46777).
setFlagsFromString("--no-turbo-fast-api-calls")
process.removeAllListeners("warning") // "WASI is an experimental feature"
const args = process.argv.slice(2)
const wasi = new WASI({ version: "preview1", args, returnOnExit: true })
const module = await WebAssembly.compile(readFileSync(args[0]))
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()))

// What `import … from "edgebox/runtime"` gives: run a WASI command here and now, in this thread, with buffers for its
// standard streams.
//
//   const { exitCode, stdout } = runInProcess(wasm, { args: ["a"], stdin: new TextEncoder().encode("input") })
export { type Ending, type InProcessOptions, type InProcessResult, type Preopen, runInProcess } from "./run.ts"
export { isProblem, Problem } from "../problem.ts"

// What `import … from "edgebox"` gives: the compiler as a function.
//
//   const { output, wasm, report } = await build({ input: "my-app", output: "app.wasm", minify: true })
export { build, type BuildOptions, type BuildResult } from "./build.ts"
export { isProblem, Problem } from "../problem.ts"

// Real programs for the reader's corpus, each bundled into one script.
import { buildSync } from "esbuild"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

/** An npm package as one script, with the names that its authors gave. */
export function packageScript(name: string): string {
  const result = buildSync({
    stdin: { contents: `export * from ${JSON.stringify(name)}`, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "corpus",
    target: "esnext",
    logLevel: "silent",
  })
  return result.outputFiles[0]!.text
}

/** The TypeScript compiler, which is one script already: more than 20,000 functions. */
export function typescriptScript(): string {
  return readFileSync(require.resolve("typescript"), "utf8")
}

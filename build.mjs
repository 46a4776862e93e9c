// Build EdgeBox itself: TypeScript -> dist/*.js, guest C -> dist/guest.so, engine + guest -> dist/base.wasm.
//
//   node build.mjs                  everything
//   node build.mjs --only <entry>   one JavaScript entry point, without the base
import { build } from "esbuild"
import { existsSync } from "node:fs"
import { chmod } from "node:fs/promises"

/** Output name -> entry point. */
const entries = {
  edgeboxc: "compiler/cli.ts",
  edgebox: "runtime/cli.ts",
  "edgebox-worker": "runtime/worker.ts",
  "gen-opcodes": "opcodes/cli.ts",
  wizer: "wizer/snapshot.ts",
  "wizer-worker": "wizer/node/worker.ts",
  prelink: "engine/prelink-cli.ts",
}

const only = process.argv[2] === "--only" ? process.argv[3] : undefined
const chosen = Object.entries(entries).filter(([name, file]) => (only === undefined || name === only) && existsSync(file))

await build({
  entryPoints: Object.fromEntries(chosen.map(([name, file]) => [name, file])),
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "chunk-[hash]",
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  sourcemap: "linked",
  logLevel: "warning",
})
for (const name of ["edgeboxc", "edgebox", "gen-opcodes"]) {
  if (existsSync(`dist/${name}.js`)) await chmod(`dist/${name}.js`, 0o755)
}

if (only === undefined && existsSync("dist/prelink.js")) {
  const { prelinkCommand } = await import("./dist/prelink.js")
  await prelinkCommand()
}

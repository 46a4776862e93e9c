// npm run test262 -- <checkout of tc39/test262> [--sample N] [--seed S] [--only TEXT] [--workers N]: bundles
// test/test262.ts and runs it.
import { spawnSync } from "node:child_process"
import { build } from "esbuild"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
// Beside the rest of what was built, so that paths relative to the file lead to the same places.
const outfile = join(root, "dist/test262.mjs")
await build({
  entryPoints: [join(root, "test/test262.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
})
process.exitCode = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: "inherit" }).status ?? 1

// npm run docs: write the pages that are made from the source (docs/pages.ts). With --check: say which are not what
// they should be.
import { build } from "esbuild"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

const root = import.meta.dirname
// Inside the repository, because it imports packages.
const outfile = join(root, "dist/pages.mjs")
await build({
  entryPoints: [join(root, "docs/pages.ts")],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  packages: "external",
  logLevel: "warning",
})
const { makePages, textOf } = await import(outfile)
const stale = (await makePages(root)).filter(({ file, text }) => textOf(root, file) !== text)
for (const { file, text } of stale) {
  if (process.argv.includes("--check")) console.log(`${file} is not what the source says`)
  else writeFileSync(join(root, file), text)
}
if (process.argv.includes("--check") && stale.length > 0) process.exitCode = 1

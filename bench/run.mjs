// npm run bench <name> [arguments]: runs bench/<name>.ts (or bench/<name>/run.ts) on any Node that EdgeBox runs on.
import { build } from "esbuild"
import { existsSync, readdirSync } from "node:fs"
import { spawnSync } from "node:child_process"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const [name, ...args] = process.argv.slice(2)
const entry = [`bench/${name}.ts`, `bench/${name}/run.ts`].find((file) => existsSync(join(root, file)))
if (name === undefined || entry === undefined) {
  const names = readdirSync(join(root, "bench")).filter((file) => file.endsWith(".ts"))
  console.error(`npm run bench <name>, one of: ${names.map((file) => file.slice(0, -3)).join(", ")}`)
  process.exit(2)
}
// Beside the rest of what was built, so that paths relative to the file lead to the same places.
const outfile = join(root, `dist/bench-${name}.js`)
await build({
  entryPoints: [join(root, entry)],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
})
process.exitCode = spawnSync(process.execPath, ["--expose-gc", outfile, ...args], { stdio: "inherit" }).status ?? 1

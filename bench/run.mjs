// npm run bench <name> [arguments]: runs bench/<name>.ts (or bench/<name>/run.ts) on any Node that EdgeBox runs on.
//
//   npm run bench interpreter -- --node 24     on another Node, taken from npm's node-<platform>-<arch> packages
import { build } from "esbuild"
import { existsSync, mkdirSync, readdirSync } from "node:fs"
import { spawnSync } from "node:child_process"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const [name, ...rest] = process.argv.slice(2)
const asked = rest.indexOf("--node")
const version = asked < 0 ? undefined : rest[asked + 1]
const args = asked < 0 ? rest : rest.toSpliced(asked, 2)
const entry = [`bench/${name}.ts`, `bench/${name}/run.ts`].find((file) => existsSync(join(root, file)))
if (name === undefined || entry === undefined) {
  const names = readdirSync(join(root, "bench")).filter((file) => file.endsWith(".ts"))
  console.error(`npm run bench <name>, one of: ${names.map((file) => file.slice(0, -3)).join(", ")}`)
  process.exit(2)
}
// Beside the rest of what was built, so that paths relative to the file lead to the same places.
const outfile = join(root, `dist/bench-${name}.mjs`)
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
process.exitCode =
  spawnSync(version === undefined ? process.execPath : installedNode(version), ["--expose-gc", outfile, ...args], {
    stdio: "inherit",
  }).status ?? 1

/** Path of a Node of this version, installed beside what was built when it is not there yet. */
function installedNode(version) {
  if (!/^[\w.]+$/.test(version))
    throw new Error(`--node wants a version, such as 24, and not ${JSON.stringify(version)}`)
  const folder = join(root, ".edgebox-cache", `node-${version}`)
  const name = `node-${process.platform}-${process.arch}`
  const file = join(folder, "node_modules", name, "bin/node")
  if (existsSync(file)) return file
  mkdirSync(folder, { recursive: true })
  const install = ["install", "--no-save", "--ignore-scripts", "--prefix", folder, `${name}@${version}`]
  const { status } = spawnSync("npm", install, { stdio: ["ignore", "ignore", "inherit"] })
  if (status !== 0 || !existsSync(file)) throw new Error(`npm could not install ${name}@${version}`)
  return file
}

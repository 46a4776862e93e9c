// Build EdgeBox itself: TypeScript -> dist/*.js, guest C -> dist/guest.so, engine + guest -> dist/base.wasm.
//
//   node build.mjs                  everything
//   node build.mjs --only <entry>   one JavaScript entry point, without the base
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, readdir, stat } from "node:fs/promises"
import { createRequire } from "node:module"

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
const chosen = Object.entries(entries).filter(
  ([name, file]) => (only === undefined || name === only) && existsSync(file),
)

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

// Type declarations of `edgebox/wizer`. TypeScript takes seconds, so only when a source is newer.
if (only === undefined && (await isOlder("dist/types/wizer/snapshot.d.ts", "wizer"))) {
  const options =
    "--ignoreConfig --declaration --emitDeclarationOnly --outDir dist/types --rootDir . --strict --skipLibCheck"
  const settings = "--rewriteRelativeImportExtensions --target es2022 --lib es2023,dom --module nodenext --types node"
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")
  execFileSync(process.execPath, [tsc, ...`${options} ${settings}`.split(" "), "wizer/snapshot.ts"], {
    stdio: "inherit",
  })
}

/** Whether a file is missing or older than a source in a folder. */
async function isOlder(file, folder) {
  if (!existsSync(file)) return true
  const { mtimeMs } = await stat(file)
  const names = await readdir(folder)
  const times = await Promise.all(names.map(async (name) => (await stat(`${folder}/${name}`)).mtimeMs))
  return times.some((time) => time > mtimeMs)
}

if (only === undefined && existsSync("dist/prelink.js")) {
  const { prelinkCommand } = await import("./dist/prelink.js")
  await prelinkCommand()
}

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
  "gen-opcodes": "opcodes/cli.ts",
  wizer: "wizer/snapshot.ts",
  "wizer-worker": "wizer/node/worker.ts",
  prelink: "engine/prelink/cli.ts",
}

/** The host loads as little as it can, because every run pays for it: two files, as CommonJS, which Node loads faster. */
const hostEntries = { edgebox: "runtime/cli.ts", "edgebox-worker": "runtime/worker.ts" }
/**
 * Second line of dist/edgebox.cjs, for the shell that its first line names; JavaScript sees a string and a comment. Node is
 * started with a larger stack for the main thread, so that no worker is needed, and optimises the interpreter only when it has run
 * for long. glibc's malloc grows by 8 MB at a time, in huge pages where the system has them: a start needs a few MB in
 * pieces, and asking the system for each 4 KB page of them took longer than using them (other C libraries ignore this).
 */
const malloc = ["hugetlb=1", "top_pad=8388608", "mmap_threshold=4194304"].map((tunable) => `glibc.malloc.${tunable}`)
const launcher = [
  `':' //; export GLIBC_TUNABLES="\${GLIBC_TUNABLES:+$GLIBC_TUNABLES:}${malloc.join(":")}";`,
  `exec node --stack-size=5600 --wasm-tiering-budget=13000000 "$0" "$@"`,
].join(" ")

const only = process.argv[2] === "--only" ? process.argv[3] : undefined
const chosen = (all) => Object.fromEntries(Object.entries(all).filter(([name]) => only === undefined || name === only))

const common = {
  outdir: "dist",
  bundle: true,
  platform: "node",
  target: "node20",
  packages: "external",
  sourcemap: "linked",
  logLevel: "warning",
}
await build({
  ...common,
  entryPoints: chosen(entries),
  splitting: true,
  chunkNames: "chunk-[hash]",
  format: "esm",
})
await build({
  ...common,
  entryPoints: chosen(hostEntries),
  format: "cjs",
  outExtension: { ".js": ".cjs" },
  define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
  minifyWhitespace: true,
  minifySyntax: true,
  banner: { js: launcher },
})
for (const file of ["edgeboxc.js", "edgebox.cjs", "gen-opcodes.js"]) {
  if (existsSync(`dist/${file}`)) await chmod(`dist/${file}`, 0o755)
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

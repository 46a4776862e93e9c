// Build EdgeBox itself: TypeScript -> dist/*.js, guest C -> dist/guest.so, engine + guest -> dist/base.wasm.
//
//   node build.mjs                  everything
//   node build.mjs --only <entry>   one JavaScript entry point, without the base
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { relative, resolve } from "node:path"

/** What others import, as ES modules (dist/<name>.mjs): output name -> entry point. `prelink` is only for this file. */
const libraries = { wizer: "wizer/snapshot.ts", prelink: "engine/prelink/cli.ts" }

/**
 * The commands, as CommonJS (dist/<name>.js), which Node loads in half the time that ES modules take: output name ->
 * entry points. What the command line needs at once is one file. What only some commands need is another, loaded when
 * one of them was asked for: `import()` of an entry point becomes `require` of the file that holds it.
 */
const commands = {
  edgeboxc: ["compiler/cli.ts"],
  "edgeboxc-app": [
    "compiler/commands/build-command.ts",
    "compiler/commands/disasm-command.ts",
    "compiler/commands/freeze-command.ts",
  ],
  "edgeboxc-snapshot": ["compiler/commands/snapshot-command.ts"],
  "edgeboxc-inspect": ["compiler/commands/inspect-command.ts"],
  "gen-opcodes": ["opcodes/cli.ts"],
  "wizer-worker": ["wizer/node/worker.ts"],
}

/**
 * The host loads as little as it can, because every run pays for it: two files, as CommonJS, which Node loads faster.
 */
const hostEntries = { edgebox: "runtime/cli.ts", "edgebox-worker": "runtime/worker.ts" }
/**
 * Second line of dist/edgebox.cjs, for the shell that its first line names; JavaScript sees a string and a comment.
 * Node is started with a larger stack for the main thread, so that no worker is needed, and optimises the interpreter
 * only when it has run for long. glibc's malloc grows by 8 MB at a time, in huge pages where the system has them: a
 * start needs a few MB in pieces, and asking the system for each 4 KB page of them took longer than using them (other C
 * libraries ignore this).
 */
const malloc = ["hugetlb=1", "top_pad=8388608", "mmap_threshold=4194304"].map((tunable) => `glibc.malloc.${tunable}`)
const launcher = [
  `':' //; export GLIBC_TUNABLES="\${GLIBC_TUNABLES:+$GLIBC_TUNABLES:}${malloc.join(":")}";`,
  `exec node --stack-size=5600 --wasm-tiering-budget=13000000 "$0" "$@"`,
].join(" ")

/**
 * commander can start programs of its own, for which it loads node:child_process, and with it Node's network: when it
 * starts one.
 */
const startNothing = {
  name: "start-nothing",
  setup(build) {
    build.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes("/commander/") ? { path: "child_process", namespace: "when-used" } : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: "when-used" }, () => ({
      contents: `exports.spawn = (...all) => require("node:child_process").spawn(...all)`,
    }))
  },
}

/** Resolves `import()` of a command's entry point to the file that it is built into. */
const loadLater = {
  name: "load-later",
  setup(build) {
    build.onResolve({ filter: /^\./ }, ({ kind, path, resolveDir, importer }) => {
      if (kind !== "dynamic-import" || !/\bcompiler\/cli\.ts$/.test(importer.replaceAll("\\", "/"))) return undefined
      const wanted = relative(".", resolve(resolveDir, path)).replaceAll("\\", "/")
      const file = Object.keys(commands).find((name) => commands[name].includes(wanted))
      // What is in none of them would be a part of the file that imports it, and loaded by every command.
      if (file === undefined) return { errors: [{ text: `${wanted} has no row in "commands" of build.mjs` }] }
      return { path: `./${file}.js`, external: true }
    })
  },
}

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
  entryPoints: chosen(libraries),
  splitting: true,
  chunkNames: "chunk-[hash]",
  outExtension: { ".js": ".mjs" },
  format: "esm",
})
const commandBuilds = Object.entries(chosen(commands)).map(([name, files]) => buildCommand(name, files))
const bundledPackages = new Set((await Promise.all(commandBuilds)).flat())
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
await mkdir("dist/types", { recursive: true })
await writeFile("dist/package.json", '{ "type": "commonjs" }\n')
await writeFile("dist/types/package.json", '{ "type": "module" }\n')
if (only === undefined) await writeFile("dist/THIRD-PARTY.txt", await licences(bundledPackages))
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

/** Build one file of the commands. Returns the packages that it contains; the large ones stay packages. */
async function buildCommand(name, files) {
  const { metafile } = await build({
    ...common,
    stdin: { contents: files.map((file) => `export * from "./${file}"`).join("\n"), resolveDir: ".", sourcefile: name },
    outdir: undefined,
    outfile: `dist/${name}.js`,
    packages: undefined,
    external: ["esbuild", "binaryen", "quickjs-wasi"],
    format: "cjs",
    supported: { "dynamic-import": false },
    define: {
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
      "import.meta.url": "__fileUrl",
    },
    minifyWhitespace: true,
    minifySyntax: true,
    metafile: true,
    banner: {
      js: `#!/usr/bin/env node\nconst __fileUrl=require("node:url").pathToFileURL(__filename).href;`,
    },
    plugins: [loadLater, startNothing],
  })
  const inputs = Object.keys(metafile.inputs)
  return inputs.flatMap((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1] ?? [])
}

/** The texts under which the packages may be passed on. */
async function licences(packages) {
  const texts = [...packages].sort().map(async (name) => {
    const file = (await readdir(`node_modules/${name}`)).find((entry) => /^licen[cs]e/i.test(entry))
    if (file === undefined) throw new Error(`${name} comes without a licence`)
    return `${name}\n\n${await readFile(`node_modules/${name}/${file}`, "utf8")}`
  })
  return (await Promise.all(texts)).join(`\n${"-".repeat(72)}\n\n`)
}

/** Whether a file is missing or older than a source in a folder. */
async function isOlder(file, folder) {
  if (!existsSync(file)) return true
  const { mtimeMs } = await stat(file)
  const names = await readdir(folder)
  const times = await Promise.all(names.map(async (name) => (await stat(`${folder}/${name}`)).mtimeMs))
  return times.some((time) => time > mtimeMs)
}

if (only === undefined && existsSync("dist/prelink.mjs")) {
  const { prelinkCommand } = await import("./dist/prelink.mjs")
  await prelinkCommand()
}

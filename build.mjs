// Build EdgeBox itself: TypeScript -> dist/*.js, guest C -> dist/guest.so, engine + guest -> dist/base.wasm. What of it
// is shipped is said by "files" in package.json; test/package.test.ts holds that each of them has a reader.
//
//   node build.mjs                  everything
//   node build.mjs --only <entry>   one JavaScript entry point, without the base
import { build } from "esbuild"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join, relative, resolve } from "node:path"

/**
 * What others import, as ES modules (dist/<name>.mjs): output name -> entry point. `edgebox` itself, dist/index.mjs, is
 * in the file of the app's commands. `prelink` is only for this file.
 */
const libraries = { wizer: "wizer/snapshot.ts", runtime: "runtime/index.ts", prelink: "engine/prelink/cli.ts" }

/**
 * The commands, as CommonJS (dist/<name>.js), which Node loads in half the time that ES modules take: output name ->
 * entry points. What the command line needs at once is one file. What only some commands need is another, loaded when
 * one of them was asked for: `import()` of an entry point becomes `require` of the file that holds it.
 */
const commands = {
  edgeboxc: ["compiler/cli.ts"],
  "edgeboxc-commander": ["commander"],
  "edgeboxc-app": [
    "compiler/index.ts",
    "compiler/commands/build-command.ts",
    "compiler/commands/disasm-command.ts",
    "compiler/commands/freeze-command.ts",
  ],
  "edgeboxc-snapshot": ["compiler/commands/snapshot-command.ts"],
  "edgeboxc-inspect": ["compiler/commands/inspect-command.ts"],
  "gen-opcodes": ["opcodes/cli.ts"],
  "wizer-worker": ["wizer/node/worker.ts"],
}

/** Whose types are declared, and where the sources of these lie. */
const typed = ["compiler/index.ts", "wizer/snapshot.ts", "runtime/index.ts"]
const sourceFolders = ["compiler", "engine", "freeze", "opcodes", "runtime", "wasi", "wasm", "wizer"]

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

/** commander is a file of its own, which the files of the commands share. */
const oneCommander = {
  name: "one-commander",
  setup(build) {
    build.onResolve({ filter: /^commander$/ }, () => ({ path: "./edgeboxc-commander.js", external: true }))
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
  logLevel: "warning",
}
await build({
  ...common,
  entryPoints: chosen(libraries),
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
await writeFile("dist/index.mjs", 'export { build, isProblem, Problem } from "./edgeboxc-app.js"\n')
await writeFile("dist/package.json", '{ "type": "commonjs" }\n')
if (only === undefined) await writeFile("dist/THIRD-PARTY.txt", await licences(bundledPackages))
for (const file of ["edgeboxc.js", "edgebox.cjs", "gen-opcodes.js"]) {
  if (existsSync(`dist/${file}`)) await chmod(`dist/${file}`, 0o755)
}

// Type declarations of what others import. TypeScript takes seconds, so only when a source is newer.
if (only === undefined && (await isOlder(typed.map(declarationOf), sourceFolders))) {
  const options =
    "--ignoreConfig --declaration --emitDeclarationOnly --noCheck --outDir dist/types --rootDir . --strict --skipLibCheck"
  const settings =
    "--rewriteRelativeImportExtensions --target es2022 --lib es2023,dom --module nodenext --types node --resolveJsonModule"
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc")
  await rm("dist/types", { recursive: true, force: true })
  execFileSync(process.execPath, [tsc, ...`${options} ${settings}`.split(" "), ...typed], { stdio: "inherit" })
  await keepReached(typed.map(declarationOf))
}
await mkdir("dist/types", { recursive: true })
await writeFile("dist/types/package.json", '{ "type": "module" }\n')

function declarationOf(source) {
  return `dist/types/${source.replace(/\.ts$/, ".d.ts")}`
}

/** Of the declarations, only what one of these files mentions, by way of others or not. */
async function keepReached(files) {
  const reached = new Set(files)
  for (const file of reached) {
    const imports = (await readFile(file, "utf8")).matchAll(/(?:from |import\()"(\.[^"]*)\.[jt]s"/g)
    for (const [, path] of imports) reached.add(join(file, "..", `${path}.d.ts`).replaceAll("\\", "/"))
  }
  for (const file of await filesBelow("dist/types")) if (!reached.has(file)) await rm(file)
}

/** The paths of the files in a folder and in those below it. */
async function filesBelow(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).replaceAll("\\", "/"))
}

/** Build one file of the commands. Returns the packages that it contains; the large ones stay packages. */
async function buildCommand(name, files) {
  const { metafile } = await build({
    ...common,
    stdin: {
      contents: files.map((file) => `export * from "${file.includes("/") ? "./" : ""}${file}"`).join("\n"),
      resolveDir: ".",
      sourcefile: name,
    },
    outdir: undefined,
    outfile: `dist/${name}.js`,
    packages: undefined,
    external: ["esbuild", "binaryen", "quickjs-wasi"],
    format: "cjs",
    // Of the other files, `import()` asks for packages that cannot be required: binaryen is an ES module that awaits.
    supported: { "dynamic-import": name !== "edgeboxc" },
    define: {
      "import.meta.dirname": "__dirname",
      "import.meta.filename": "__filename",
      "import.meta.url": "__fileUrl",
    },
    minifyWhitespace: true,
    minifySyntax: true,
    // Node shows the line of an error that nobody catches, which a program that calls build() may forget to do.
    lineLimit: 120,
    metafile: true,
    banner: {
      js: `#!/usr/bin/env node\nconst __fileUrl=require("node:url").pathToFileURL(__filename).href;`,
    },
    plugins: name === "edgeboxc-commander" ? [startNothing] : [loadLater, oneCommander],
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

/** Whether a file is missing or older than a source in one of the folders. */
async function isOlder(files, folders) {
  if (!files.every(existsSync)) return true
  const made = Math.min(...(await timesOf(files)))
  const sources = (await Promise.all(folders.map(filesBelow))).flat().filter((file) => file.endsWith(".ts"))
  return (await timesOf([...sources, "problem.ts"])).some((time) => time > made)
}

async function timesOf(files) {
  return Promise.all(files.map(async (file) => (await stat(file)).mtimeMs))
}

if (only === undefined && existsSync("dist/prelink.mjs")) {
  const { prelinkCommand } = await import("./dist/prelink.mjs")
  await prelinkCommand()
}

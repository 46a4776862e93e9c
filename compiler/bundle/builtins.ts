// The built-in modules, as esbuild sees them: each is a small CommonJS module that asks the guest when it is first
// used.
//
// An import statement of a built-in module that does not exist is an error while building. `require("os")` and
// `import("os")` of one become an error when they run, as in Node for a module that is not installed: libraries try,
// and go on without.
import { readFile } from "node:fs/promises"
import { builtinModules } from "node:module"
import { extname } from "node:path"
import type { Metafile, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from "esbuild"
import { type Problem } from "../../problem.ts"
import { nativeAddon, remoteModule, unknownBuiltin } from "../errors.ts"
import { fromHere } from "../disk.ts"
import { nearest } from "../../nearest.ts"

export interface BuiltinOptions {
  /** Built-in modules that exist, without `node:`. */
  builtins: readonly string[]
  external?: string[]
}

/** Modules that Node has under their bare name; the rest of what Node has needs `node:`. */
const bareNames = builtinModules.filter((name) => !name.startsWith("_") && !name.includes(":"))

/** esbuild plugin: built-in modules, externals, native addons, and scripts that are to be wrapped as modules. */
export function builtinPlugin(
  options: BuiltinOptions,
  wrap: ReadonlySet<string>,
  texts?: ReadonlyMap<string, string>,
): Plugin {
  const escape = (name: string) => name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replaceAll("\\*", ".*")
  const known = new RegExp(`^(?:node:.*|${[...new Set([...bareNames, ...options.builtins])].map(escape).join("|")})$`)
  return {
    name: "edgebox",
    setup(build) {
      for (const name of options.external ?? []) {
        build.onResolve({ filter: new RegExp(`^${escape(name)}$`) }, ({ path, namespace }) =>
          namespace === "external" ? { path, external: true } : { path, namespace: "external" },
        )
      }
      build.onResolve({ filter: known }, (args) => resolveBuiltin(build, args, options.builtins))
      build.onResolve({ filter: /\.node$/ }, ({ path }) => problem((at) => nativeAddon(path, at)))
      build.onLoad({ filter: /\.node$/ }, ({ path }) => problem((at) => nativeAddon(fromHere(path), at)))
      build.onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({ contents: ask(path) }))
      build.onLoad({ filter: /.*/, namespace: "external" }, ({ path }) => ({ contents: ask(path) }))
      build.onLoad({ filter: /.*/, namespace: MISSING }, ({ path }) => ({ contents: throwMissing(path) }))
      build.onResolve({ filter: /^https?:/ }, ({ path, kind }) =>
        kind === "import-statement" ? problem((at) => remoteModule(path, at)) : { path, namespace: REMOTE },
      )
      build.onLoad({ filter: /.*/, namespace: REMOTE }, ({ path }) => ({ contents: throwRemote(path) }))
      if (wrap.size > 0 || texts !== undefined)
        build.onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => changed(path, wrap, texts))
    },
  }
}

/** The built-in modules that made it into a bundle, sorted. */
export function namesOf(metafile: Metafile): string[] {
  const used = Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs))
  return used.flatMap((path) => (path.startsWith("node:") ? [path.slice("node:".length)] : [])).sort()
}

const MISSING = "missing"

/** The built-in modules that a bundle asks for although they do not exist, with the files that ask. Sorted. */
export function missingOf({ inputs, outputs }: Metafile): { name: string; files: string[] }[] {
  const used = new Set(Object.values(outputs).flatMap((output) => Object.keys(output.inputs)))
  const wanted = [...used].filter((path) => path.startsWith(`${MISSING}:`)).sort()
  return wanted.map((path) => ({
    name: path.slice(MISSING.length + 1),
    files: [...used].filter((file) => inputs[file]?.imports.some((one) => one.path === path)).sort(),
  }))
}

const ask = (name: string) => `module.exports = require(${JSON.stringify(name)})`

const throwMissing = (name: string) =>
  `throw Object.assign(new Error(${JSON.stringify(`Cannot find module '${name}': EdgeBox has no such built-in module`)}), { code: "MODULE_NOT_FOUND" })`

const REMOTE = "remote"

const throwRemote = (url: string) =>
  `throw Object.assign(new Error(${JSON.stringify(`"${url}" cannot be imported: nothing is loaded from the network`)}), { code: "ERR_UNSUPPORTED_ESM_URL_SCHEME" })`

async function resolveBuiltin(
  build: PluginBuild,
  args: OnResolveArgs,
  existing: readonly string[],
): Promise<OnResolveResult | undefined> {
  // Our own stubs ask for the module that they stand for.
  if (args.namespace !== "file" && args.namespace !== "") return { path: args.path, external: true }
  const name = args.path.replace(/^node:/, "")
  if (existing.includes(name)) return { path: name, namespace: "node", sideEffects: false }
  // A package of the same name ("events", "buffer") stands in for a module that we do not have.
  if (!args.path.startsWith("node:") && args.pluginData !== "looked") {
    const { kind, resolveDir, importer } = args
    const found = await build.resolve(args.path, { kind, resolveDir, importer, pluginData: "looked" })
    if (found.errors.length === 0 && found.namespace === "file")
      return { path: found.path, sideEffects: found.sideEffects }
  }
  if (args.pluginData === "looked") return undefined
  if (args.kind !== "import-statement") return { path: args.path, namespace: MISSING }
  return problem((at) => unknownBuiltin(args.path, at, existing, nearest(name, existing)))
}

/** An esbuild error that carries its problem; esbuild adds the place. */
function problem(make: (at: string | undefined) => Problem): { errors: { text: string; detail: unknown }[] } {
  const { message, hint } = make(undefined)
  return { errors: [{ text: [message, ...hint].join(" "), detail: make }] }
}

/** A mention of `module` is what makes esbuild give a file a function of its own. */
async function changed(
  path: string,
  wrap: ReadonlySet<string>,
  texts?: ReadonlyMap<string, string>,
): Promise<OnLoadResult | undefined> {
  const text = texts?.get(path)
  if (!wrap.has(path) && text === undefined) return undefined
  const loader = /^\.[cm]?tsx?$/.test(extname(path)) ? (path.endsWith("x") ? "tsx" : "ts") : "jsx"
  const mention = wrap.has(path) ? "\n;module;" : ""
  return { contents: `${text ?? (await readFile(path, "utf8"))}${mention}`, loader }
}

// The rules of ARCHITECTURE.md about files: who imports whom, what files are called, where tests lie, how wide comments
// are. Held by reading names, import lines and comments.
import { readdirSync, readFileSync } from "node:fs"
import { basename, join, relative, resolve } from "node:path"
import { expect, test } from "vitest"
import { cases, kinds, misplaced } from "./cases.ts"
import { circles } from "./circles.ts"

const root = resolve(import.meta.dirname, "..")

/** Folder -> folders of ours that it may import from. */
const allowed: Record<string, string[]> = {
  compiler: ["compiler", "engine", "freeze", "opcodes", "wizer", "wasm"],
  freeze: ["freeze", "engine", "opcodes", "wasm"],
  engine: ["engine", "wizer", "opcodes", "wasm", "wasi"],
  runtime: ["runtime", "wasi", "wasm"],
  wizer: ["wizer", "wasm"],
  opcodes: ["opcodes", "wasm"],
  wasi: ["wasi"],
  wasm: ["wasm"],
  templates: ["templates"],
}

/** A room of a folder -> what it may import besides. */
const besides: Record<string, string[]> = { "wizer/node/": ["wasi"] }

/** Package -> the only files (or folders) that may import it. */
const confined: Record<string, string[]> = {
  esbuild: [
    "compiler/bundle/assigned.ts",
    "compiler/bundle/bundle.ts",
    "compiler/bundle/builtins.ts",
    "compiler/bundle/strict.ts",
    "engine/prelink/guest.ts",
  ],
  binaryen: ["compiler/optimize.ts", "compiler/wat.ts"],
  "@jridgewell/trace-mapping": ["compiler/positions.ts"],
}

/** Files that import nothing of ours and that every folder may import. */
const tables = ["templates/parts.ts", "templates/guest/scripts.ts"]

/** What every folder may import, beside the folders: problems, how a command line tells of them, writing files. */
const atRoot = ["problem.ts", "command.ts", "nearest.ts", "output.ts"]

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`)
    .sort()
}

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), "utf8")
  const found = text.matchAll(
    /^(?:import|export)\s[^"'();=]*?\sfrom\s*"([^"]+)"|^import\s*"([^"]+)"|import\(\s*"([^"]+)"/gm,
  )
  return [...found].map((m) => m[1] ?? m[2] ?? m[3] ?? "")
}

for (const [folder, may] of Object.entries(allowed)) {
  test(`${folder}/ imports only from ${may.join(", ")}`, () => {
    const wrong: string[] = []
    for (const file of sources(folder)) {
      const more = Object.entries(besides).flatMap(([room, names]) => (file.startsWith(room) ? names : []))
      for (const name of imports(file)) {
        if (name.startsWith(".")) {
          const target = relative(root, resolve(root, file, "..", name)).split("/")[0] ?? ""
          if (tables.includes(relative(root, resolve(root, file, "..", name)))) continue
          if (![...may, ...more, ...atRoot].includes(target) && !name.endsWith("package.json"))
            wrong.push(`${file}: ${name}`)
        } else if (confined[name] && !confined[name].some((place) => file.startsWith(place))) {
          wrong.push(`${file}: ${name}`)
        } else if (folder === "wizer" && !file.startsWith("wizer/node/") && name.startsWith("node:")) {
          wrong.push(`${file}: ${name}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })
}

test("tables that every folder may import import nothing", () => {
  for (const file of tables) expect(imports(file), file).toEqual([])
})

/** Folder -> its files and rooms from the ground up: a file imports from its own floor and from those below it. */
const floors: Record<string, string[]> = {
  engine: ["abi errors package module words callgraph", "live", "probe edit link", "prelink"],
  freeze: [
    "function types patterns rows errors",
    "read",
    "flow",
    "helpers",
    "frame",
    "handlers",
    "compile",
    "plan freeze",
  ],
}

/** Rooms on one floor that must not know each other. */
const strangers = ["engine/probe", "engine/edit", "engine/link"]

for (const [folder, names] of Object.entries(floors)) {
  test(`${folder}/ imports only downwards`, () => {
    const roomOf = (file: string) => file.split(/[/.]/)[1] ?? ""
    const floorOf = (file: string) => names.findIndex((floor) => floor.split(" ").includes(roomOf(file)))
    const wrong: string[] = []
    for (const file of sources(folder)) {
      expect(floorOf(file), `${file} stands on no floor`).toBeGreaterThanOrEqual(0)
      for (const target of importsOfOurs(file).filter((target) => target.startsWith(`${folder}/`))) {
        const isStrange =
          roomOf(file) !== roomOf(target) &&
          [file, target].every((one) => strangers.some((room) => one.startsWith(`${room}/`)))
        if (floorOf(target) > floorOf(file) || isStrange) wrong.push(`${file}: ${target}`)
      }
    }
    expect(wrong).toEqual([])
  })
}

const products = Object.keys(allowed)

/** What the import lines of a file name that is a file of ours. */
function importsOfOurs(file: string): string[] {
  const names = imports(file).filter((name) => name.startsWith("."))
  return names.map((name) => relative(root, resolve(root, file, "..", name)))
}

test("no file imports itself by way of others, for types neither", () => {
  const files = [...products, "test", "bench"].flatMap(sources)
  const found = circles(new Map(files.map((file) => [file, importsOfOurs(file)])))
  expect(found.map((circle) => [...circle, circle[0]].join(" -> "))).toEqual([])
})

/** Names that files of several folders have, because they play the same role there. */
const roles: Record<string, string> = {
  "errors.ts": "the problems of a folder, one function each",
  "cli.ts": "a program: command line -> what it calls",
  "index.ts": "an entry point of the package",
  "worker.ts": "the other end of a thread",
}

/** Folders whose files are called after the modules and globals that they implement. */
const implementations = ["templates/node/", "templates/web/"]

test("files of the product share a name only where they play the same role", () => {
  const files = products.flatMap(sources).filter((file) => !implementations.some((folder) => file.startsWith(folder)))
  const called = (name: string) => files.filter((file) => basename(file) === name)
  const shared = [...new Set(files.map((file) => basename(file)))].filter((name) => called(name).length > 1)
  const wrong = shared.filter((name) => roles[name] === undefined)
  expect(wrong.map((name) => called(name).join(", "))).toEqual([])
  const unused = Object.keys(roles).filter((name) => !shared.includes(name))
  expect(unused, "take these out of roles").toEqual([])
})

test("the tests of a folder lie in a folder of its name", () => {
  // What lies in test/ itself is about the whole.
  const tests = sources("test").filter((file) => file.endsWith(".test.ts") && file.split("/").length > 2)
  expect(tests.filter((file) => !products.includes(file.split("/")[1] ?? ""))).toEqual([])
  const folders = new Set(tests.map((file) => file.split("/")[1]))
  expect(products.filter((folder) => !folders.has(folder))).toEqual([])
})

/** Folders of fixtures/ without cases: each has the programs of one test. */
const programs = ["fs", "recursion", "surface"]

test("every case has the files of its kind, and no others", () => {
  expect(Object.keys(kinds).flatMap((kind) => cases(kind).flatMap((c) => misplaced(kind, c)))).toEqual([])
  const folders = readdirSync(join(root, "fixtures"), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  expect(folders.map(({ name }) => name).sort()).toEqual([...Object.keys(kinds), ...programs].sort())
})

test("comments stay within 120 columns", () => {
  const folders = [...products, "test", "bench", "docs"]
  const inFolders = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  )
  const files = [...readdirSync(root), ...inFolders].filter((file) => /\.(ts|mjs|c|h)$/.test(file))
  const wide = files.flatMap((file) => {
    const lines = readFileSync(join(root, file), "utf8").split("\n")
    const numbered = lines.map((line, i) => ({ line, place: `${file}:${i + 1}` }))
    return numbered.filter(({ line }) => line.length > 120 && /^\s*(\/\/|\/?\*)/.test(line)).map(({ place }) => place)
  })
  expect(wide).toEqual([])
})

// The import rules of ARCHITECTURE.md, held by reading the import lines.
import { readdirSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { expect, test } from "vitest"

const root = resolve(import.meta.dirname, "..")

/** Folder -> folders of ours that it may import from. */
const allowed: Record<string, string[]> = {
  compiler: ["compiler", "engine", "freeze", "opcodes", "wizer", "wasm"],
  freeze: ["freeze", "engine", "opcodes", "wasm"],
  engine: ["engine", "wizer", "opcodes", "wasm"],
  runtime: ["runtime", "wasi", "wasm"],
  wizer: ["wizer", "wasm"],
  opcodes: ["opcodes", "wasm"],
  wasi: ["wasi"],
  wasm: ["wasm"],
}

/** Package -> the only files (or folders) that may import it. */
const confined: Record<string, string[]> = {
  esbuild: ["compiler/bundle/bundle.ts", "compiler/bundle/builtins.ts", "engine/prelink/guest.ts"],
  binaryen: ["compiler/optimize.ts", "compiler/commands/wat.ts"],
  "@jridgewell/trace-mapping": ["compiler/positions.ts"],
}

/** Files that import nothing of ours and that every folder may import. */
const tables = ["templates/parts.ts", "templates/guest/scripts.ts"]

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
      for (const name of imports(file)) {
        if (name.startsWith(".")) {
          const target = relative(root, resolve(root, file, "..", name)).split("/")[0] ?? ""
          if (tables.includes(relative(root, resolve(root, file, "..", name)))) continue
          if (!may.includes(target) && target !== "problem.ts" && !name.endsWith("package.json"))
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

/** The rooms of freeze/ from the ground up: a file imports from its own room and from those before it. */
const floors = [
  "function types patterns rows errors",
  "read",
  "flow",
  "helpers",
  "frame",
  "handlers",
  "compile",
  "plan freeze",
]

test("freeze/ imports only downwards", () => {
  const floorOf = (file: string) => floors.findIndex((names) => names.split(" ").includes(file.split(/[/.]/)[1] ?? ""))
  const wrong: string[] = []
  for (const file of sources("freeze")) {
    expect(floorOf(file), `${file} stands on no floor`).toBeGreaterThanOrEqual(0)
    for (const name of imports(file).filter((name) => name.startsWith("."))) {
      const target = relative(root, resolve(root, file, "..", name))
      if (target.startsWith("freeze/") && floorOf(target) > floorOf(file)) wrong.push(`${file}: ${name}`)
    }
  }
  expect(wrong).toEqual([])
})

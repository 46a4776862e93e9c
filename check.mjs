// npm run check: types, formatting, generated files and pages. All of them run, and the last line says what to do.
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)
const checks = [
  {
    name: "types",
    args: [require.resolve("typescript/bin/tsc"), "-p", "tsconfig.json"],
    advice: (text) =>
      /freeze\/(patterns|rows)\.ts/.test(text)
        ? "The opcode table has changed: give each opcode that is named above a row in freeze/patterns.ts (ARCHITECTURE.md, “To add an opcode”)."
        : "Mend the types that are named above.",
  },
  {
    name: "formatting",
    args: [require.resolve("prettier/bin/prettier.cjs"), "--check", "."],
    advice: () => "Run: npm run format",
  },
  {
    name: "generated files",
    args: ["dist/gen-opcodes.js", "--check"],
    advice: () => "Run: npm run gen-opcodes, then npm run check again.",
  },
  {
    name: "pages",
    args: ["docs.mjs", "--check"],
    advice: () => "Run: npm run docs",
  },
]

const todo = []
for (const { name, args, advice } of checks) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  })
  process.stdout.write(stdout)
  process.stderr.write(stderr)
  if (status !== 0) todo.push(`${name}: ${advice(stdout + stderr)}`)
}
if (todo.length > 0) {
  console.log(todo.join("\n"))
  process.exitCode = 1
} else {
  console.log("types, formatting, generated files and pages are in order")
}

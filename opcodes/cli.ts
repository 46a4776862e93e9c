#!/usr/bin/env node
// gen-opcodes: installed engine -> opcodes/quickjs.generated.ts; or a header, compared with it.
import { makeProgram, runProgram } from "../command.ts"
import { reasonOf, writeOutput } from "../output.ts"
import manifest from "../package.json" with { type: "json" }
import { createHash } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { cannotReadTable, cannotWriteTable, generatedFileStale, noEngine, notGenerated, wrongUsage } from "./errors.ts"
import { parseTable, renderTable, tableDifferences, type TableSource } from "./gen.ts"
import { readHeaderTable } from "./header.ts"
import type { OpcodeTable } from "./table.ts"
import { readEngineTable } from "./extract.ts"

interface Options {
  check?: boolean
  table: string
  define: string[]
}

const nextStep =
  "Next: npm run check. The type checker names every opcode that has no row in freeze/patterns.ts; give each one a row, then npm test."

/** In the source tree and in dist/ alike, the folder above this file is the package. */
const packageRoot = resolve(dirname(fileURLToPath(import.meta.url)), "..")
/** In an installed package the table is built into the compiler, and the file only says what that is. */
const isInstalled = !existsSync(join(packageRoot, "freeze"))
const tablePath = join(packageRoot, "opcodes", "quickjs.generated.ts")

const program = makeProgram({ name: "gen-opcodes", version: manifest.version })
  .description("read the opcode table out of the installed engine, and write opcodes/quickjs.generated.ts")
  .argument("[source]", "compare this quickjs-opcode.h, or engine .wasm, with the current table instead; write nothing")
  .option(
    "--check",
    "write nothing; exit 1 when the generated file does not belong to the installed engine, or differs from the source",
  )
  .option("--table <file>", "the generated file", tablePath)
  .option(
    "--define <macro>",
    "a macro that the header's build defines; can be repeated",
    (m, all: string[]) => [...all, m],
    [],
  )
  .action(async (source: string | undefined, options: Options) => {
    if (source !== undefined) compare(source, options)
    else if (options.check) check(options.table)
    else await generate(options.table)
  })

void runProgram(program, wrongUsage)

async function generate(path: string): Promise<void> {
  if (isInstalled && path === tablePath) throw cannotWriteTable(path, "it belongs to an installed package")
  const { wasm, source } = installedEngine()
  const table = readEngineTable(wasm)
  const text = renderTable(table, source)
  const textBefore = existsSync(path) ? readText(path) : ""
  const before = parseTable(textBefore)
  await write(path, text)
  say(`${relative(".", path)}: ${table.opcodes.length} opcodes of quickjs-wasi ${source.version}`)
  const differences = before === undefined ? [] : tableDifferences(before.table, table)
  for (const line of differences) say(`  ${line}`)
  if (text !== textBefore) say(nextStep)
}

function check(path: string): void {
  const { wasm, source } = installedEngine()
  const table = readEngineTable(wasm)
  if (!existsSync(path)) throw notGenerated(path)
  const text = readText(path)
  if (text === renderTable(table, source)) {
    const name = isInstalled && path === tablePath ? "The compiler's opcode table" : relative(".", path)
    return say(`${name} belongs to quickjs-wasi ${source.version}, which is installed`)
  }
  const current = parseTable(text)
  if (current === undefined) throw notGenerated(path)
  const from = `it was read from quickjs-wasi ${current.source.version}, installed is ${source.version}`
  const differences = tableDifferences(current.table, table)
  const edited = differences.length === 0 && current.source.hash === source.hash
  const right = isInstalled ? `Run: npm install quickjs-wasi@${current.source.version}` : "Run: npm run gen-opcodes"
  throw generatedFileStale(path, edited ? ["it was edited by hand"] : [from, ...differences], right)
}

function compare(sourcePath: string, { table: tablePath, define, check: mustBeEqual }: Options): void {
  const next = readSource(sourcePath, define)
  const current = existsSync(tablePath) ? parseTable(readText(tablePath)) : undefined
  if (current === undefined) throw notGenerated(tablePath)
  const differences = tableDifferences(current.table, next)
  say(`${sourcePath}: ${next.opcodes.length} opcodes, ${next.temporaries.length} temporaries`)
  for (const line of differences) say(`  ${line}`)
  const { version } = current.source
  say(
    differences.length === 0
      ? `the same table as quickjs-wasi ${version}`
      : `${differences.length} difference${differences.length === 1 ? "" : "s"} from quickjs-wasi ${version}`,
  )
  if (mustBeEqual && differences.length > 0) process.exitCode = 1
}

function readSource(path: string, define: readonly string[]): OpcodeTable {
  const bytes = readBytes(path)
  const isWasm = bytes[0] === 0 && bytes[1] === 0x61
  return isWasm ? readEngineTable(bytes) : readHeaderTable(new TextDecoder().decode(bytes), path, define)
}

function installedEngine(): { wasm: Uint8Array; source: TableSource } {
  const require = createRequire(import.meta.url)
  try {
    const { version } = require("quickjs-wasi/package.json") as { version: string }
    const wasm = new Uint8Array(readFileSync(require.resolve("quickjs-wasi/quickjs.wasm")))
    return { wasm, source: { version, hash: createHash("sha256").update(wasm).digest("hex") } }
  } catch (error) {
    throw noEngine((error as Error).message.split("\n")[0]!)
  }
}

function readBytes(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    throw cannotReadTable(path, reasonOf(error))
  }
}

function readText(path: string): string {
  return new TextDecoder().decode(readBytes(path))
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeOutput(path, text)
  } catch (error) {
    throw cannotWriteTable(path, reasonOf(error))
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

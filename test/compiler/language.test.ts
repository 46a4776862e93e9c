// fixtures/language/: programs that the engine as published gets wrong. Node prints what is expected, and so do their
// artifacts, however they are built.
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { build, type BuildOptions } from "../../compiler/build.ts"
import { programs, runNode } from "../apps.ts"
import { cases } from "../cases.ts"

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "edgebox-language-")))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const ways: Record<string, Partial<BuildOptions>> = {
  interpreted: { freeze: "none" },
  frozen: { freeze: "all" },
}

describe.concurrent("programs", () => {
  for (const c of cases("language")) {
    test(c.name, async () => {
      const program = join(
        c.folder,
        readdirSync(c.folder).find((name) => name.startsWith("index."))!,
      )
      const expected = await runNode([program])
      c.expectText("expected.txt", expected.stdout)
      for (const [way, options] of Object.entries(ways)) {
        const output = join(folder, `${c.name}-${way}.wasm`)
        await build({ input: relative(process.cwd(), program), output, ...options })
        const { stdout, stderr } = await runNode([programs.edgebox, output])
        expect({ way, stdout, stderr }).toEqual({ way, stdout: expected.stdout, stderr: "" })
      }
    })
  }
})

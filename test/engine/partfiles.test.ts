// The table of the guest's parts and the files: what would fail a user fails the build of EdgeBox.
import { resolve } from "node:path"
import { expect, test } from "vitest"
import { partComplaints, readPartFiles } from "../../engine/prelink/partfiles.ts"
import { partNames } from "../../templates/parts.ts"

const part = "export function start(kit) {}\n"

test("every row has its file, every file its row", () => {
  const files = readPartFiles(resolve(import.meta.dirname, "../.."))
  expect(partComplaints(partNames, files)).toEqual([])
  expect(files.size).toBeGreaterThanOrEqual(partNames.length)
})

test("a row without a file, and one whose file is no part", () => {
  expect(partComplaints(["node/path", "node/fs"], new Map([["node/fs", "export const start = 1"]]))).toEqual([
    'the row "node/path" has no file templates/node/path.ts',
    "templates/node/fs.ts exports no function start(kit), which its row promises",
  ])
})

test("a file without a row; what a part imports needs none", () => {
  const files = new Map([
    ["node/fs", `import { x } from "./flags.ts"\n${part}`],
    ["node/flags", `import type { Y } from "../web/types.ts"`],
    ["web/types", ""],
    ["node/querystring", part],
  ])
  expect(partComplaints(["node/fs"], files)).toEqual([
    "templates/node/querystring.ts has no row, and no file of a row imports it",
  ])
})

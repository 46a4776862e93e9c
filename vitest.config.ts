import { defineConfig } from "vitest/config"

const all = process.env["EDGEBOX_ALL"] === "1"
/** Where a report as JSON goes, for .ci/run. */
const report = process.env["EDGEBOX_REPORT"]

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]],
    testTimeout: all ? 3_600_000 : 120_000,
    hookTimeout: 120_000,
  },
})

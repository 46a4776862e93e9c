import { defineConfig } from "vitest/config"

const all = process.env["EDGEBOX_ALL"] === "1"
/** Where a report as JSON goes, for .ci/run. */
const outputFile = process.env["EDGEBOX_REPORT"]
const json: ["json", { outputFile: string }][] = outputFile === undefined ? [] : [["json", { outputFile }]]

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    reporters: ["default", "./test/times.ts", ...json],
    // Tests in which node:wasi runs a guest: see test/run-wasi.mjs.
    execArgv: ["--no-turbo-fast-api-calls"],
    // A test that takes so long hangs. None of them takes a minute, on a machine that has nothing else to do.
    testTimeout: all ? 8 * 3_600_000 : 1_200_000,
    hookTimeout: 1_200_000,
  },
})

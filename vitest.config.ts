import { defineConfig } from "vitest/config"

const all = process.env["EDGEBOX_ALL"] === "1"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    testTimeout: all ? 3_600_000 : 120_000,
    hookTimeout: 120_000,
  },
})

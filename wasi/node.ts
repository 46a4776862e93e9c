// Node's own modules, without `import`: an ES module's import of a built-in module evaluates all of its getters, and
// one of node:fs's loads its promises and streams. That alone would take a third of a small program's start.
import type {
  Dirent as FsDirent,
  BigIntStats as FsBigIntStats,
  Stats as FsStats,
  StatsBase as FsStatsBase,
} from "node:fs"

export const fs = process.getBuiltinModule("node:fs")

/** Loaded when a worker is started, and not before. */
export const workerThreads = () => process.getBuiltinModule("node:worker_threads")

export const v8 = () => process.getBuiltinModule("node:v8")

export const net = () => process.getBuiltinModule("node:net")

export type { Socket } from "node:net"
export type Dirent = FsDirent
export type Stats = FsStats
export type BigIntStats = FsBigIntStats
export type AnyStats = FsStatsBase<bigint> | FsStatsBase<number>

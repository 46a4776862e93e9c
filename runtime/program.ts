// A path on the command line -> a program, or a problem that says what is wrong with it.
import * as problems from "./errors.ts"
import { fs } from "../wasi/node.ts"
import { compile } from "./run.ts"
import type { Program } from "./run.ts"
import { withLateOptimization } from "./tiering.ts"

/** Read, check and compile. Throws a Problem. */
export function load(path: string): Program {
  const bytes = readModule(path)
  return withLateOptimization(() => compile(bytes, path))
}

function readModule(path: string): Uint8Array {
  try {
    const stat = fs.statSync(path)
    if (stat.isDirectory()) throw problems.directoryAsModule(path)
    // A pipe is fine (`edgebox <(…)`); a device may never end.
    if (!stat.isFile() && !stat.isFIFO()) throw problems.unreadableModule(path, "it is not a regular file")
    return fs.readFileSync(path)
  } catch (error) {
    throw readingProblem(error, path)
  }
}

function readingProblem(error: unknown, path: string): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
    case "ERR_INVALID_ARG_VALUE": // a NUL in the path
      return problems.missingModule(path)
    case "EACCES":
    case "EPERM":
      return problems.unreadableModule(path, "permission denied")
    case "ERR_FS_FILE_TOO_LARGE":
      return problems.unreadableModule(path, "it is larger than 2 GB")
    case "ELOOP":
      return problems.unreadableModule(path, "its symbolic links go in a circle")
    default:
      return error
  }
}

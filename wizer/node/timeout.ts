// A time limit for initialisers: the job is done in a worker, which can be stopped wherever it is.
import { existsSync } from "node:fs"
import { Worker } from "node:worker_threads"
import { Problem, type ProblemDetails } from "../../problem.ts"
import { timedOut } from "../errors.ts"
import type { SnapshotResult } from "../snapshot.ts"
import type { Job } from "./job.ts"

/** What the worker sends back: its result, or a problem as plain data. */
export type Answer =
  { kind: "done"; result: SnapshotResult } | { kind: "problem"; code: string; message: string; details: ProblemDetails }

/**
 * Do a job, or stop it after so many milliseconds and throw EB315. The time that the thread takes to start does not
 * count.
 */
export async function runJobWithin(job: Job, timeoutMs: number): Promise<SnapshotResult> {
  const worker = new Worker(workerFile(), { workerData: job })
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.once("online", () => {
        const stop = () => reject(timedOut(describe(job), timeoutMs))
        timer = setTimeout(stop, Math.min(timeoutMs, 2 ** 31 - 1))
      })
      worker.once("message", resolve)
      worker.once("error", reject)
      worker.once("exit", (status) => reject(new Error(`the snapshot's thread ended with status ${status}`)))
    })
    if (answer.kind === "done") return answer.result
    throw new Problem(answer.code, answer.message, answer.details)
  } finally {
    clearTimeout(timer)
    await worker.terminate()
  }
}

function describe({ options }: Job): string {
  return options.initFunc === undefined ? "The initialiser" : `"${options.initFunc}"`
}

/** Beside the bundle that this is part of; when run from source, in dist/. */
function workerFile(): URL {
  const bundled = new URL("./wizer-worker.js", import.meta.url)
  const built = new URL("../../dist/wizer-worker.js", import.meta.url)
  const found = [bundled, built].find((url) => existsSync(url))
  if (!found) throw new Error("dist/wizer-worker.js is missing: run `npm run build`")
  return found
}

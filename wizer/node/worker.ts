// The thread in which a job with a time limit is done. See timeout.ts.
import { parentPort, workerData } from "node:worker_threads"
import { isProblem } from "../../problem.ts"
import { runJob, type Job } from "./job.ts"
import type { Answer } from "./timeout.ts"

async function answer(): Promise<Answer> {
  try {
    return { kind: "done", result: await runJob(workerData as Job) }
  } catch (error) {
    if (!isProblem(error)) throw error
    const { code, message, at, hint } = error
    return { kind: "problem", code, message, details: { at, hint } }
  }
}

void answer().then((message) => {
  const transfer = message.kind === "done" ? [message.result.wasm.buffer as ArrayBuffer] : []
  parentPort?.postMessage(message, transfer)
})

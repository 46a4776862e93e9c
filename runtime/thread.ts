// The main thread's side of a guest in a worker: start the worker, compile the module meanwhile, hand it over, wait.
import { exitCodes } from "../problem.ts"
import { complain, fail, reporting } from "./finish.ts"
import type { Grants } from "./finish.ts"
import { load } from "./program.ts"
import { workerThreads } from "../wasi/node.ts"
import { workerStackMb } from "./stack.ts"
import type { WorkerStart } from "./worker.ts"

/** Run `file` in a worker with a large stack; the process ends with the guest's exit code. */
export function runInWorker(file: string, grants: Grants): void {
  const { MessageChannel, Worker } = workerThreads()
  const { port1, port2 } = new MessageChannel()
  const state = new Int32Array(new SharedArrayBuffer(4))
  const workerData: WorkerStart = { grants, port: port2, state }
  // Built beside this file, with the same ending.
  const ending = import.meta.filename.split(".").at(-1)
  const worker = new Worker(`${import.meta.dirname}/edgebox-worker.${ending}`, {
    workerData,
    transferList: [port2],
    env: {},
    execArgv: [],
    resourceLimits: { stackSizeMb: workerStackMb },
  })
  worker.on("exit", (code) => process.exit(code))
  worker.on("error", failed)

  // This takes less time than the worker needs to start; done first, it would delay the guest by 4 ms.
  port1.postMessage(reporting(() => load(file)))
  Atomics.store(state, 0, 1)
  Atomics.notify(state, 0)
}

/** The worker itself died: what the guest and our own code throw is reported there. */
function failed(error: Error & { code?: string }): never {
  if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") return fail(error)
  complain("edgebox: trapped: out of memory\n")
  return process.exit(exitCodes.problem)
}

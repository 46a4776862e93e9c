// The thread that a guest runs in: takes the compiled module from the main thread, runs it, ends with its exit code.
import { runAndExit } from "./finish.ts"
import type { Grants } from "./finish.ts"
import { workerThreads } from "../wasi/node.ts"
import type { Program } from "./run.ts"
import { workerStackBytes } from "./stack.ts"
import type { MessagePort } from "node:worker_threads"

/** What the worker starts with. The program follows on `port` when it is compiled; `state` becomes 1 then. */
export interface WorkerStart {
  grants: Grants
  port: MessagePort
  state: Int32Array
}

const { receiveMessageOnPort, workerData } = workerThreads()
const { grants, port, state } = workerData as WorkerStart
// Waiting here spares the worker an event loop of its own.
Atomics.wait(state, 0, 0)
const { message } = receiveMessageOnPort(port) as { message: Program }
runAndExit(message, grants, workerStackBytes)

/** Entry point of a worker's thread (worker-pool.ts starts it). Whatever goes wrong here before the loop is drained ends the server. */
import { parentPort, workerData } from 'node:worker_threads'
import type { WorkerStart } from './messages.ts'
import { WorkerLoop } from './worker-loop.ts'

await new WorkerLoop(parentPort!, workerData as WorkerStart).start()

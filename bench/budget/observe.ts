/**
 * Loaded into a server before anything else (node --import): counts how often JavaScript calls the addon, and what it allocates.
 * SIGUSR2 begins counting anew, after what was counted since the last one has been written to the file that
 * FSVA_BUDGET_FILE names.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { GCProfiler, getHeapStatistics } from 'node:v8'
import { addon } from '../../native/binding.ts'

/** What stands in the file. */
export interface Observed {
  /** Calls of the addon by class and method. */
  readonly crossings: Readonly<Record<string, number>>
  /** Bytes of JavaScript's heap; memory of buffers is outside. */
  readonly allocatedBytes: number
}

const crossings = new Map<string, number>()
for (const name of ['NativeSession', 'NativeSockets', 'NativeReplies'] as const) {
  count(name, addon[name].prototype as Record<string, unknown>)
}

function count(name: string, prototype: Record<string, unknown>): void {
  for (const method of Object.getOwnPropertyNames(prototype)) {
    const original = prototype[method]
    if (method === 'constructor' || typeof original !== 'function') continue
    const key = `${name}.${method}`
    const value = function (this: unknown, ...words: unknown[]): unknown {
      crossings.set(key, (crossings.get(key) ?? 0) + 1)
      return original.apply(this, words)
    }
    Object.defineProperty(prototype, method, { value })
  }
}

let profiler = new GCProfiler()
let usedBytes = getHeapStatistics().used_heap_size
profiler.start()

process.on('SIGUSR2', () => {
  const report = profiler.stop()
  let allocatedBytes = 0
  for (const { beforeGC, afterGC } of report?.statistics ?? []) {
    allocatedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - usedBytes)
    usedBytes = afterGC.heapStatistics.usedHeapSize
  }
  allocatedBytes += Math.max(0, getHeapStatistics().used_heap_size - usedBytes)
  const observed: Observed = { crossings: Object.fromEntries(crossings), allocatedBytes }
  const file = process.env.FSVA_BUDGET_FILE!
  writeFileSync(`${file}.new`, JSON.stringify(observed))
  renameSync(`${file}.new`, file)
  crossings.clear()
  profiler = new GCProfiler()
  profiler.start()
  usedBytes = getHeapStatistics().used_heap_size
})

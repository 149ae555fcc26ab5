import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { RunningServer } from './servers/server.ts'

const loadBinary = join(import.meta.dirname, 'load', 'target', 'release', 'fsva-load')

export interface Workload {
  readonly name: string
  readonly operation: string
  readonly depth: number
  readonly ioBytes: number
  /** Each with calls to that depth; one if undefined. */
  readonly connections?: number
}

const workload = (operation: string, depth: number, ioBytes = 4096): Workload => ({
  name: `${operation}${['read', 'write'].includes(operation) ? ` ${ioBytes / 1024} KiB` : ''}`,
  operation,
  depth,
  ioBytes,
})

export const workloads: readonly Workload[] = [
  workload('null', 16),
  workload('getattr', 1),
  workload('getattr', 16),
  workload('getattr', 64),
  workload('lookup', 1),
  workload('lookup', 16),
  workload('access', 16),
  workload('read', 1),
  workload('read', 16),
  workload('read', 4, 1 << 20),
  workload('write', 1),
  workload('write', 16),
  workload('write', 4, 256 << 10),
  workload('create', 1),
  workload('create', 16),
  workload('readdirplus', 16),
  workload('commit', 16),
]

export interface Measurement {
  readonly callsPerSecond: number
  readonly p50Us: number
  readonly p99Us: number
  /** CPU time of the server process per call. */
  readonly cpuUsPerCall: number
}

/** One timed run of a workload against one server; fails if any reply is wrong. */
export async function measure(
  server: RunningServer,
  directory: string,
  work: Workload,
  seconds: number,
): Promise<Measurement> {
  const words = ['--port', server.port, '--mount-port', server.mountPort, '--export', directory]
  const what = ['--operation', work.operation, '--depth', work.depth, '--io-bytes', work.ioBytes]
  const width = ['--connections', work.connections ?? 1]
  const before = server.cpuSeconds()
  const { stdout } = await promisify(execFile)(
    loadBinary,
    [...words, ...what, ...width, '--seconds', seconds, '--file-bytes', 16 << 20].map(String),
  )
  const cpuSeconds = server.cpuSeconds() - before
  const result = JSON.parse(stdout) as Record<string, number>
  return {
    callsPerSecond: result.calls_per_s!,
    p50Us: result.p50_us!,
    p99Us: result.p99_us!,
    cpuUsPerCall: (cpuSeconds / result.calls!) * 1e6,
  }
}

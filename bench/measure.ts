import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { RunningServer, ServerKind } from './servers/server.ts'
import type { Workload } from './workload.ts'

export const loadBinary = join(import.meta.dirname, 'load', 'target', 'release', 'fsva-load')

/** One timed run of one workload against one server. */
export interface Measurement {
  readonly callsPerSecond: number
  readonly p10Us: number
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  /** CPU time of the server process per call. */
  readonly cpuUsPerCall: number
}

/** Fails if any reply is wrong. */
export async function measure(
  kind: ServerKind,
  server: RunningServer,
  directory: string,
  work: Workload,
  times: { readonly seconds: number; readonly warmUpSeconds: number },
): Promise<Measurement> {
  const words = [
    ...['--port', server.port, '--mount-port', server.mountPort, '--server-pid', server.pid],
    // Side by side on one export: what one server's cache knows, the other must not change.
    ...['--export', directory, '--work-directory', `load-of-${kind.name.replaceAll(' ', '-')}`],
    ...['--operation', work.operation, '--depth', work.depth, '--connections', work.connections],
    ...['--seconds', times.seconds, '--warm-up', times.warmUpSeconds],
    ...(kind.operations === undefined ? [] : ['--any-data']),
    ...work.words,
  ]
  const { stdout } = await promisify(execFile)(loadBinary, words.map(String)).catch((error: Error) => {
    throw new Error(`${kind.name}, ${work.id}: ${error.message}`)
  })
  const result = JSON.parse(stdout) as Record<string, number>
  return {
    callsPerSecond: result.calls_per_s!,
    p10Us: result.p10_us!,
    p50Us: result.p50_us!,
    p90Us: result.p90_us!,
    p99Us: result.p99_us!,
    p999Us: result.p999_us!,
    cpuUsPerCall: (result.server_cpu_s! / result.calls!) * 1e6,
  }
}

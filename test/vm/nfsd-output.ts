/** What fsva-nfsd says about itself: the ports in its ready line, the calls in its metrics. */

export interface Ports {
  readonly nfs: number
  readonly mount: number
  readonly metrics: number
}

/** The line by which the server says that it is ready, if it is in the output. */
export function findReadyLine(output: string): string | undefined {
  return /^fsva-nfsd ready: .*$/m.exec(output)?.[0]
}

export function parseReadyLine(line: string): Ports {
  const port = (service: string) => {
    const match = new RegExp(`\\b${service} \\S*?:(\\d+)\\b`).exec(line)
    if (match === null) throw new Error(`no ${service} port in the server's ready line: ${line}`)
    return Number(match[1])
  }
  return { nfs: port('nfs'), mount: port('mount'), metrics: port('metrics') }
}

/** Calls answered by `program.procedure`, out of Prometheus' text format; all results of a procedure together. */
export function parseCalls(metrics: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const match of metrics.matchAll(/^fsva_calls_total\{(.*)\} (\d+)$/gm)) {
    const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(match[1]!)?.[1] ?? ''
    const key = `${label('program')}.${label('procedure')}`
    counts.set(key, (counts.get(key) ?? 0) + Number(match[2]))
  }
  return counts
}

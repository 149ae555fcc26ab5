import type { FuzzResult } from './result.ts'

/** For the terminal. */
export function summary(result: FuzzResult): string {
  const { sent, seconds, answered, unanswerable, witness, findings, failures, growth } = result
  const rows = result.procedures.map(
    ({ program, version, procedure, counted, ran, ok, live, liveOk, outcomes }) => {
      const common = Object.entries(outcomes)
        .sort(([, a], [, b]) => b - a)
        .slice(0, 4)
      const figures = [counted, ran, ok, live, liveOk].map((figure) => String(figure).padStart(7)).join('')
      const said = common.map(([name, count]) => `${name.replace('NFS3ERR_', '')} ${count}`).join(', ')
      return `${`${program} ${version} ${procedure}`.padEnd(30)}${figures}  ${said}`
    },
  )
  return [
    `${'procedure'.padEnd(30)}${['counted', 'ran', 'ok', 'live', 'liveOk'].map((name) => name.padStart(7)).join('')}`,
    ...rows,
    `elsewhere: ${JSON.stringify(result.elsewhere)}`,
    `origins: ${JSON.stringify(result.byOrigin)}, ${JSON.stringify(result.byTransport)}`,
    `growth: ${JSON.stringify(growth)}; removed by the janitor: ${result.removed}`,
    `witness: ${witness.rounds} rounds, ${witness.p50_ms.toFixed(1)} ms each, at most ${witness.max_ms.toFixed(1)} ms`,
    `${sent} records in ${seconds} s, ${answered} answered, ${unanswerable} not to be answered`,
    ...findings.map(
      ({ index, what, where, hex }) => `FINDING: record ${index} (${where}): ${what}\n  ${hex}`,
    ),
    ...failures.map((failure) => `FAILURE: ${failure}`),
    findings.length + failures.length === 0
      ? 'all held'
      : `${findings.length} findings, ${failures.length} failures`,
  ].join('\n')
}

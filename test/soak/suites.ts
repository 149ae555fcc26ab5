/** The suites with large cases, and what differs between a file system and the mount of one of its kind. */
import { type ExplainedDifference, explainedDifferences, unexplained } from '../suites/differences.ts'
import { compareOutcomes, countOutcomes } from '../suites/outcomes.ts'
import { suiteNames } from '../suites/suites.ts'
import { TwoRuns } from '../suites/two-runs.ts'
import { type SoakPart, scaled } from './part.ts'

const sizes = 5
const timeoutMs = 3_600_000

export const part: SoakPart = {
  name: 'suites',
  title: 'Suites on a file system and through the mount',
  summary:
    'Programs check what POSIX and Linux say of files: basic, general, special and lock in the spirit of Connectathon, and a ' +
    'POSIX suite. They run in a user VM, first on an ext4 of its own, then through the mount of an ext4. Every check that ends ' +
    'otherwise must be one of the explained differences, and every explained difference must be there.',
  async run(context) {
    const scale = scaled(context, sizes)
    const runs = await TwoRuns.start()
    try {
      const rows: (string | number)[][] = []
      const failures: string[] = []
      for (const suite of suiteNames) {
        const local = await runs.locally(suite, { scale, timeoutMs })
        const mounted = await runs.mounted(suite, { scale, timeoutMs })
        const differences = compareOutcomes(local, mounted)
        const wrong = unexplained(differences, mounted, runs.surroundings)
        const held = [local, mounted].map((outcomes) => countOutcomes(outcomes).get(suite)?.ok ?? 0)
        rows.push([suite, local.size, ...held, differences.length, wrong.length])
        for (const [check, outcome] of local)
          if (outcome !== 'ok') failures.push(`locally: ${check}: ${outcome}`)
        failures.push(...wrong)
        context.progress(`${suite}: ${held.join(' and ')} of ${local.size} held, ${wrong.length} unexplained`)
      }
      return {
        paragraphs: [
          `Linux ${runs.vm.kernelVersion} in the user VM; large cases ${scale} times as large as in \`npm test\`.`,
        ],
        tables: [
          {
            caption: '',
            columns: ['suite', 'checks', 'held locally', 'held through the mount', 'differ', 'unexplained'],
            rows,
          },
          {
            caption:
              'The differences (test/suites/differences.ts), those included that only some kernels or file systems show:',
            columns: ['checks', 'through the mount', 'why'],
            rows: explainedDifferences.map(differenceRow),
          },
        ],
        failures,
      }
    } finally {
      await runs.close()
    }
  },
}

function differenceRow({ checks, mounted, why }: ExplainedDifference): string[] {
  const outcome = typeof mounted === 'string' ? mounted : mounted.source
  return [checks.map((check) => `\`${check}\``).join(', '), `\`${outcome}\``, why]
}

import t from 'tap'
import type { MacroFigures } from '../../../bench/macro/figures.ts'
import { parseMountStats, statsBetween } from '../../../bench/macro/mount-stats.ts'
import { callsTable, timesTable } from '../../../bench/macro/report.ts'

/** As the kernel writes it; the second file system must not be taken for the first one. */
const mountStats = (getattrs: number) => `device proc mounted on /proc with fstype proc
device 10.0.0.1:/a mounted on /mnt/fsva with fstype nfs statvers=1.1
	opts:	rw,vers=3
	per-op statistics
	        NULL: 1 1 0 44 24 5 0 6 0
	     GETATTR: ${getattrs} ${getattrs} 0 300 336 0 ${2 * getattrs} ${3 * getattrs} 0
	      LOOKUP: 0 0 0 0 0 0 0 0 0

device 10.0.0.1:/b mounted on /mnt/knfsd with fstype nfs statvers=1.1
	     GETATTR: 77 77 0 300 336 0 1 1 0
`

t.test('calls of one mount between two looks at its statistics', async (t) => {
  const [before, after] = [3, 13].map((count) => parseMountStats(mountStats(count), '/mnt/fsva'))
  t.same(Object.keys(after!), ['NULL', 'GETATTR'], 'what was never called is left out')
  t.same(statsBetween(before!, after!), { GETATTR: { calls: 10, rttMs: 20, executeMs: 30 } })
  t.same(parseMountStats(mountStats(3), '/mnt/local'), {}, 'a local file system has none')
})

t.test('tables of times and calls', async (t) => {
  const took = (seconds: number, calls = 0) => ({
    seconds,
    userSeconds: 0,
    systemSeconds: 0,
    stats: calls === 0 ? {} : { LOOKUP: { calls, rttMs: calls / 2, executeMs: calls } },
  })
  const figures: MacroFigures = {
    description: '',
    remark: '',
    kernel: '6.1',
    rows: {
      find: {
        day: '2026-01-01',
        rounds: [
          { fsva: took(3, 8), local: took(1) },
          { fsva: took(2, 4), local: took(4) },
          { fsva: took(1, 2), local: took(0.5) },
        ],
      },
    },
  }
  t.same(
    timesTable(figures).split('\n').at(-1),
    '| find | 2.00 (1.00 to 3.00) | 1.00 (0.50 to 4.00) | 2.00 |',
  )
  t.same(callsTable(figures).split('\n').at(-1), '| find | 4: 4 LOOKUP 0.50 |')
})

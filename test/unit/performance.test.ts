import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { charts, documents, withParts } from '../../bench/report/document.ts'
import { goals } from '../../bench/report/goals.ts'
import { readResults, resultsDirectory, type Taken } from '../../bench/results.ts'
import { workloads } from '../../bench/workload.ts'

t.test('the documents and the plots say what the kept results say', async (t) => {
  const results = readResults()
  for (const { path, parts } of documents) {
    const document = readFileSync(path, 'utf8')
    const formatted = execFileSync('biome', ['format', `--stdin-file-path=${path}`], {
      input: withParts(document, parts(results)),
      encoding: 'utf8',
    })
    t.equal(document, formatted, `${path}; make it anew: npm run bench -- --report`)
  }
  for (const [name, svg] of Object.entries(charts(results))) {
    t.equal(readFileSync(join(resultsDirectory, name), 'utf8'), svg, name)
  }
})

t.test('goals are judged by the median of the rounds', async (t) => {
  const measured = (callsPerSecond: number, latencyUs: number) => ({
    callsPerSecond,
    p10Us: latencyUs,
    p50Us: latencyUs,
    p90Us: latencyUs,
    p99Us: latencyUs,
    p999Us: latencyUs,
    cpuUsPerCall: latencyUs,
  })
  const taken = (...ratios: readonly number[]): Taken => ({
    day: '2000-01-01',
    on: 'nothing',
    seconds: 1,
    rounds: ratios.map((ratio) => ({
      fsva: measured(1000 * ratio, 20),
      ganesha: measured(1000, 20 * ratio),
    })),
  })
  const judged = (...ratios: readonly number[]) =>
    goals({ 'getattr d16': taken(...ratios), 'getattr d1': taken(...ratios) }, workloads).map((goal) => [
      goal.what,
      goal.isMet,
    ])
  const what = [
    'GETATTR, depth 16: calls per second',
    'p50 at depth 1, every operation',
    'CPU time per call at depth 16, every operation',
  ]
  t.same(
    judged(4.5, 3.9, 4.2),
    what.map((name) => [name, true]),
  )
  t.same(judged(4.5, 3.9, 3.2), [
    [what[0], false],
    [what[1], true],
    [what[2], true],
  ])
  t.same(
    judged(0.9, 1.1, 0.8),
    what.map((name) => [name, false]),
  )
})
